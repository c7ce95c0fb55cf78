package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

var swift = webhook{pause: time.Millisecond}

// receiver takes calls, after it has given the answers that a test wants from it first.
type receiver struct {
	*httptest.Server
	lock    sync.Mutex
	answers []playedAnswer
	bodies  []string
	headers []http.Header
}

func newReceiver(t *testing.T, answers ...playedAnswer) *receiver {
	t.Helper()
	taking := &receiver{answers: answers}
	taking.Server = httptest.NewServer(taking)
	t.Cleanup(taking.Close)
	return taking
}

func (r *receiver) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	r.lock.Lock()
	defer r.lock.Unlock()
	body, _ := io.ReadAll(request.Body)
	r.bodies, r.headers = append(r.bodies, string(body)), append(r.headers, request.Header)
	if len(r.answers) == 0 {
		return
	}
	answer := r.answers[0]
	r.answers = r.answers[1:]
	if answer.header != "" {
		writer.Header().Set(answer.header, answer.value)
	}
	writer.WriteHeader(answer.status)
}

// address has what must not be told in all places where one can put it.
func (r *receiver) address() string {
	return strings.Replace(r.URL, "http://", "http://caller:hidden-user@", 1) + "/hidden-path?token=hidden-query"
}

func webhookOf(address string, changes ...map[string]any) resource.PropertyMap {
	inputs := map[string]any{
		"url": address, "secret": "hidden-secret", "repository": "docker.io/heroes/hero", "digest": "sha256:1",
		"tags": []any{"v1", "latest"}, "pusher": "hero",
	}
	for _, change := range changes {
		for key, value := range change {
			inputs[key] = value
		}
	}
	return resource.NewPropertyMapFromMap(inputs)
}

func TestAWebhookSaysWhatDockerHubSaysAndIsSigned(t *testing.T) {
	taking := newReceiver(t)
	call, screen := newCall(t)
	begin := time.Now().Unix()
	outputs, err := swift.create(call, webhookOf(taking.address()))
	if err != nil || len(taking.bodies) != 1 {
		t.Fatal(err, taking.bodies)
	}
	var told struct {
		PushData struct {
			PushedAt int64    `json:"pushed_at"`
			Pusher   string   `json:"pusher"`
			Tag      string   `json:"tag"`
			Images   []string `json:"images"`
		} `json:"push_data"`
		CallbackURL *string `json:"callback_url"`
		Repository  struct {
			RepoName  string `json:"repo_name"`
			Name      string `json:"name"`
			Namespace string `json:"namespace"`
			RepoURL   string `json:"repo_url"`
			Status    string `json:"status"`
		} `json:"repository"`
		Digest string   `json:"digest"`
		Tags   []string `json:"tags"`
	}
	if err := json.Unmarshal([]byte(taking.bodies[0]), &told); err != nil {
		t.Fatal(err)
	}
	if told.PushData.PushedAt < begin || told.PushData.Pusher != "hero" || told.PushData.Tag != "v1" || told.PushData.Images == nil ||
		told.CallbackURL == nil || told.Repository.RepoName != "heroes/hero" || told.Repository.Name != "hero" ||
		told.Repository.Namespace != "heroes" || told.Repository.RepoURL != "https://hub.docker.com/r/heroes/hero" ||
		told.Repository.Status != "Active" || told.Digest != "sha256:1" || !slices.Equal(told.Tags, []string{"v1", "latest"}) {
		t.Error(taking.bodies[0])
	}
	if given := taking.headers[0].Get("X-Hub-Signature-256"); given != "sha256="+signature([]byte(taking.bodies[0]), "hidden-secret") {
		t.Error(given)
	}
	if !outputs["secret"].IsSecret() || !outputs["url"].IsSecret() {
		t.Error("secrets are in the state in clear")
	}
	mustNotContain(t, screen.all()+taking.bodies[0], "hidden")
	unsigned := newReceiver(t)
	if _, err := swift.create(call, webhookOf(unsigned.URL, map[string]any{"secret": ""})); err != nil {
		t.Fatal(err)
	}
	if given := unsigned.headers[0].Get("X-Hub-Signature-256"); given != "" {
		t.Error("signed with nothing:", given)
	}
}

func TestTheSignatureIsTheOneThatOthersCompute(t *testing.T) {
	// RFC 4231, test case 2.
	const want = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
	if got := signature([]byte("what do ya want for nothing?"), "Jefe"); got != want {
		t.Error(got)
	}
}

func TestTheRepositoryInTheWebhook(t *testing.T) {
	for repository, want := range map[string][4]string{
		"127.0.0.1:5001/hero":     {"hero", "", "hero", "https://127.0.0.1:5001/hero"},
		"harbor.local/a/b/hero":   {"a/b/hero", "a/b", "hero", "https://harbor.local/a/b/hero"},
		"docker.io/heroes/hero-x": {"heroes/hero-x", "heroes", "hero-x", "https://hub.docker.com/r/heroes/hero-x"},
	} {
		told := webhookInputs{Repository: repository}.payload(time.Now())["repository"].(map[string]any)
		got := [4]string{told["repo_name"].(string), told["namespace"].(string), told["name"].(string), told["repo_url"].(string)}
		if got != want {
			t.Error(repository, got)
		}
	}
}

func TestAWebhookIsCalledForNewsOnly(t *testing.T) {
	taking, another := newReceiver(t), newReceiver(t)
	call, _ := newCall(t)
	created, err := swift.create(call, webhookOf(taking.URL))
	if err != nil {
		t.Fatal(err)
	}
	state := asSent(created)
	if result, err := swift.diff(state, webhookOf(taking.URL)); err != nil || len(result.ChangedKeys) > 0 {
		t.Error(result, err)
	}
	for name, example := range map[string]struct {
		change map[string]any
		calls  int
	}{
		"another image":    {map[string]any{"digest": "sha256:2"}, 1},
		"another place":    {map[string]any{"repository": "docker.io/heroes/other"}, 1},
		"another receiver": {map[string]any{"url": another.URL}, 1},
		"another secret":   {map[string]any{"secret": "other"}, 0},
		"another tag":      {map[string]any{"tags": []any{"v1"}}, 0},
		"another pusher":   {map[string]any{"pusher": "heroine"}, 0},
	} {
		taking.bodies, another.bodies = nil, nil
		news := webhookOf(taking.URL, example.change)
		result, err := swift.diff(state, news)
		if err != nil || len(result.ChangedKeys) != 1 || len(result.ReplaceKeys) > 0 {
			t.Error(name, result, err)
		}
		updated, err := swift.update(call, state, news)
		if err != nil || len(taking.bodies)+len(another.bodies) != example.calls || !asSent(updated).DeepEquals(news) {
			t.Error(name, err, taking.bodies, another.bodies)
		}
	}
}

func TestAPreviewARefreshAndADestroyCallNobody(t *testing.T) {
	taking := newReceiver(t)
	call, _ := newCall(t)
	state := webhookOf(taking.URL)
	if kept, err := swift.read(call, state); err != nil || !asSent(kept).DeepEquals(state) {
		t.Error(kept, err)
	}
	if err := swift.remove(call, state); err != nil {
		t.Error(err)
	}
	call.preview = true
	news := withUnknown(webhookOf(taking.URL), "digest", "secret")
	if _, failures, err := swift.check(news); err != nil || len(failures) > 0 {
		t.Error(failures, err)
	}
	if result, err := swift.diff(state, news); err != nil || !slices.Equal(result.ChangedKeys, []resource.PropertyKey{"digest"}) {
		t.Error(result, err)
	}
	if _, err := swift.create(call, news); err != nil {
		t.Error(err)
	}
	if _, err := swift.update(call, state, news); err != nil {
		t.Error(err)
	}
	if len(taking.bodies) > 0 {
		t.Error(taking.bodies)
	}
}

func TestAReceiverInTroubleIsCalledAgainWithTheSameBytes(t *testing.T) {
	taking := newReceiver(t, playedAnswer{status: 500}, playedAnswer{status: 503}, playedAnswer{status: 502})
	call, screen := newCall(t)
	if _, err := swift.create(call, webhookOf(taking.address())); err != nil {
		t.Fatal(err)
	}
	if len(taking.bodies) != 4 || len(slices.Compact(taking.bodies)) != 1 {
		t.Error(taking.bodies)
	}
	mustContain(t, screen.all(), "try 4 of 5")
	mustNotContain(t, screen.all(), "hidden")
}

func TestAReceiverIsWaitedForAsItAsks(t *testing.T) {
	t.Parallel()
	taking := newReceiver(t, playedAnswer{status: 429, header: "Retry-After", value: "1"})
	call, _ := newCall(t)
	begin := time.Now()
	if _, err := swift.create(call, webhookOf(taking.URL)); err != nil || time.Since(begin) < time.Second {
		t.Error(err, time.Since(begin))
	}
	later := newReceiver(t, playedAnswer{status: 503, header: "Retry-After", value: "3600"})
	_, err := swift.create(call, webhookOf(later.URL))
	if err == nil || len(later.bodies) != 1 {
		t.Fatal(err, later.bodies)
	}
	mustContain(t, err.Error(), "503", "a minute is as long as we try")
}

func TestAWebhookThatFailsSaysSoWithoutSecrets(t *testing.T) {
	trouble := slices.Repeat([]playedAnswer{{status: 500}}, webhookTries)
	for name, example := range map[string]struct {
		answers []playedAnswer
		address func(*receiver) string
		calls   int
		told    []string
	}{
		"refused":        {[]playedAnswer{{status: 404}}, (*receiver).address, 1, []string{"127.0.0.1:", "does not take the webhook: 404 Not Found"}},
		"redirected":     {[]playedAnswer{{status: 307, header: "Location", value: "/"}}, (*receiver).address, 1, []string{"307"}},
		"always trouble": {trouble, (*receiver).address, 5, []string{"500 Internal Server Error, 5 times", "the next ./pulumiw up calls again"}},
		"nobody there": {nil, func(*receiver) string {
			return strings.Replace(closed(), "http://", "http://caller:hidden-user@", 1) + "/hidden-path?token=hidden-query"
		}, 0, []string{"cannot be reached for the webhook", "connection refused", "5 times"}},
	} {
		t.Run(name, func(t *testing.T) {
			taking := newReceiver(t, example.answers...)
			call, screen := newCall(t)
			_, err := swift.create(call, webhookOf(example.address(taking)))
			if err == nil || len(taking.bodies) != example.calls {
				t.Fatal(err, taking.bodies)
			}
			mustContain(t, err.Error(), example.told...)
			mustNotContain(t, err.Error()+screen.all(), "hidden")
		})
	}
}

func TestAnAddressThatIsNoneIsToldBeforehandAndNotRepeated(t *testing.T) {
	for _, address := range []string{"hidden.example.com/hook", "ftp://hidden", "https://", "http://hidden:99999x/", ""} {
		_, failures, err := swift.check(webhookOf(address))
		if err != nil || len(failures) != 1 || failures[0].Property != "url" {
			t.Fatal(address, failures, err)
		}
		mustNotContain(t, fmt.Sprint(failures[0].Reason), "hidden")
	}
}
