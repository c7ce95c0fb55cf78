package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

func TestHowLongAnAnswerAsksToWait(t *testing.T) {
	now := time.Unix(1_800_000_000, 0).UTC()
	for _, example := range []struct {
		key, value string
		pause      time.Duration
		asked      bool
	}{
		{"Retry-After", "30", 30 * time.Second, true},
		{"Retry-After", "1800000042", 42 * time.Second, true},
		{"Retry-After", now.Add(time.Minute).Format(http.TimeFormat), time.Minute, true},
		{"X-Retry-After", "1800000042", 42 * time.Second, true},
		{"X-Retry-After", "1799999999", time.Second, true}, // the server's clock is behind
		{"Retry-After", "0", time.Second, true},
		{"Retry-After", "soon", 0, false},
		{"Retry-After", "", 0, false},
	} {
		pause, asked := askedToWait(http.Header{example.key: []string{example.value}}, now)
		if pause != example.pause || asked != example.asked {
			t.Errorf("%s: %q is read as %s, %t", example.key, example.value, pause, asked)
		}
	}
}

func TestHowManyPullsAreLeft(t *testing.T) {
	for _, example := range [][3]string{
		{"100;w=21600", "87;w=21600", "87 of 100 pulls left in 6 h"},
		{"100;w=60", "87;w=60", "87 of 100 pulls left in 60 s"},
		{"100", "87", "87 of 100 pulls left"},
		{"many", "87", ""},
		{"", "87;w=21600", ""},
	} {
		limit := &pullLimit{}
		header := http.Header{}
		header.Set("RateLimit-Limit", example[0])
		header.Set("RateLimit-Remaining", example[1])
		limit.note(header)
		if told := limit.told(); told != example[2] {
			t.Errorf("%q, %q: %q", example[0], example[1], told)
		}
	}
}

// busy refuses the first so many requests, and then hands on to another handler.
func busy(times int32, header, value string, then http.Handler) (http.Handler, *atomic.Int32) {
	var asked atomic.Int32
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if asked.Add(1) <= times {
			writer.Header().Set(header, value)
			writer.WriteHeader(http.StatusTooManyRequests)
			return
		}
		then.ServeHTTP(writer, request)
	}), &asked
}

func polite(call call) (http.Client, *pullLimit) {
	limit := &pullLimit{}
	return http.Client{Transport: politeTransport{
		inner: http.DefaultTransport, server: "docker.io", progress: call.progress, pulls: limit, waiting: &atomic.Int32{},
	}}, limit
}

func TestARefusedRequestIsSentAgainAsAWhole(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			call, screen := newCall(t)
			var received string
			handler, asked := busy(1, "Retry-After", "1", http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
				body, _ := io.ReadAll(request.Body)
				received = string(body)
			}))
			server := httptest.NewServer(handler)
			defer server.Close()
			client, _ := polite(call)
			want := ""
			if method != "GET" && method != "HEAD" {
				want = "the whole body"
			}
			request, err := http.NewRequestWithContext(call, method, server.URL, strings.NewReader(want))
			if err != nil {
				t.Fatal(err)
			}
			response, err := client.Do(request)
			if err != nil || response.StatusCode != http.StatusOK || asked.Load() != 2 || received != want {
				t.Error(err, response, asked.Load(), received)
			}
			mustContain(t, screen.all(), "docker.io has had too many requests; going on in 1 s")
		})
	}
}

func TestABodyThatCannotBeReadTwiceIsLeftToTheClient(t *testing.T) {
	t.Parallel()
	call, _ := newCall(t)
	handler, asked := busy(1, "Retry-After", "1", http.NotFoundHandler())
	server := httptest.NewServer(handler)
	defer server.Close()
	client, _ := polite(call)
	request, err := http.NewRequestWithContext(call, http.MethodPatch, server.URL, io.NopCloser(strings.NewReader("once")))
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	response, err := client.Do(request)
	if err != nil || response.StatusCode != http.StatusTooManyRequests || asked.Load() != 1 {
		t.Fatal(err, response, asked.Load())
	}
	if time.Since(begin) < time.Second {
		t.Error("the client would try again too early")
	}
}

func TestNobodyWaitsForHours(t *testing.T) {
	t.Parallel()
	call, _ := newCall(t)
	handler, asked := busy(9, "X-Retry-After", fmt.Sprint(time.Now().Add(time.Hour).Unix()), http.NotFoundHandler())
	server := httptest.NewServer(handler)
	defer server.Close()
	client, _ := polite(call)
	_, err := client.Get(server.URL)
	if err == nil || asked.Load() != 1 {
		t.Fatal(err, asked.Load())
	}
	mustContain(t, err.Error(), "docker.io has had too many requests and takes the next one in", "run ./pulumiw again then")
}

func TestPatienceIsForAllWaitsTogether(t *testing.T) {
	t.Parallel()
	call, _ := newCall(t)
	patience := patience{progress: call.progress, server: "docker.io", left: 1500 * time.Millisecond}
	if err := patience.wait(call, time.Second); err != nil {
		t.Fatal(err)
	}
	if err := patience.wait(call, time.Second); err == nil {
		t.Error("the second wait exceeds what was left after the first")
	}
}

func TestWaitingEndsWithTheCall(t *testing.T) {
	t.Parallel()
	call, _ := newCall(t)
	handler, _ := busy(9, "Retry-After", "300", http.NotFoundHandler())
	server := httptest.NewServer(handler)
	defer server.Close()
	client, _ := polite(call)
	ctx, cancel := context.WithTimeout(call, 200*time.Millisecond)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if _, err := client.Do(request); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) > time.Minute {
		t.Error(err, time.Since(begin))
	}
}

// playDockerIO answers for every host name, so that what is meant for docker.io ends here.
func playDockerIO(t *testing.T, handler http.Handler) {
	t.Helper()
	server := httptest.NewTLSServer(handler)
	usual := remote.DefaultTransport
	here := usual.(*http.Transport).Clone()
	here.Proxy = nil
	here.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // this server plays another host
	here.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}
	remote.DefaultTransport = here
	t.Cleanup(func() {
		remote.DefaultTransport = usual
		server.Close()
	})
}

// randomLayout is an OCI image layout with an image in it.
func randomLayout(t *testing.T) string {
	t.Helper()
	image, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(t.TempDir(), "layout")
	path, err := layout.Write(folder, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	if err := path.AppendImage(image); err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestAPushToDockerIOTellsThePullsThatAreLeft(t *testing.T) {
	var lock sync.Mutex
	var hosts []string
	inMemory := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	playDockerIO(t, http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		lock.Lock()
		hosts = append(hosts, request.Host)
		lock.Unlock()
		if request.Method == http.MethodHead && strings.Contains(request.URL.Path, "/manifests/") {
			writer.Header().Set("ratelimit-limit", "100;w=21600")
			writer.Header().Set("ratelimit-remaining", "87;w=21600")
		}
		inMemory.ServeHTTP(writer, request)
	}))
	call, screen := newCall(t)
	outputs, err := image{}.create(call, resource.NewPropertyMapFromMap(map[string]any{
		"repository": "docker.io/heroes/hero", "tags": []any{"v1", "latest"}, "fingerprint": "1",
		"source": map[string]any{"kind": "layout", "path": randomLayout(t)},
	}))
	if err != nil {
		t.Fatal(err)
	}
	if given := outputs["repository"].StringValue(); given != "docker.io/heroes/hero" {
		t.Errorf("the repository became %s", given)
	}
	for _, host := range hosts {
		if host != "index.docker.io" {
			t.Errorf("%s was asked", host)
		}
	}
	mustContain(t, screen.stayed(), "info: docker.io: 87 of 100 pulls left in 6 h")
	call, screen = newCall(t)
	again, err := image{}.read(call, asSent(outputs))
	if err != nil || !again["missing"].IsNull() {
		t.Error(err, again)
	}
	mustContain(t, screen.stayed(), "info: docker.io: 87 of 100 pulls left in 6 h")
	said, err := whereTold(t, dwelling{access{Repository: "docker.io/heroes/hero"}, "dockerhub", []string{"v1", "latest"}})
	must(t, err)
	mustContain(t, said, "\ndocker.io: 87 of 100 pulls left in 6 h\n")
}

func TestAPushIsWaitedForAndARegistryWithoutLimitsSaysNothing(t *testing.T) {
	t.Parallel()
	handler, _ := busy(1, "Retry-After", "2", registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	server := httptest.NewServer(handler)
	defer server.Close()
	call, screen := newCall(t)
	_, err := image{}.create(call, resource.NewPropertyMapFromMap(map[string]any{
		"repository": strings.TrimPrefix(server.URL, "http://") + "/hero", "tags": []any{"v1"}, "fingerprint": "1",
		"source": map[string]any{"kind": "layout", "path": randomLayout(t)},
	}))
	if err != nil {
		t.Fatal(err)
	}
	mustContain(t, screen.all(), "127.0.0.1", "has had too many requests; going on in 2 s", "pushing to 127.0.0.1")
	_, waiting, _ := strings.Cut(screen.all(), "going on in 2 s")
	waiting, _, _ = strings.Cut(waiting, "going on in 1 s")
	mustNotContain(t, waiting, "pushing")
	mustNotContain(t, screen.stayed(), "pulls left")
}

func TestARegistryThatDoesNotSayHowLongToWaitIsNamed(t *testing.T) {
	t.Parallel()
	handler, _ := busy(1000, "RateLimit-Remaining", "0;w=21600", http.NotFoundHandler())
	server := httptest.NewServer(handler)
	defer server.Close()
	call, _ := newCall(t)
	destination, err := newRepository(call, access{Repository: strings.TrimPrefix(server.URL, "http://") + "/hero"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = destination.has("sha256:" + strings.Repeat("0", 64))
	if err == nil {
		t.Fatal("no error")
	}
	mustContain(t, err.Error(), "127.0.0.1:", "has had too many requests, and does not say when it takes more")
}
