package main

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

const (
	pullersPassword = "the-pullers-password"
	makeJob         = "POST /oapi/v1/jobs"
)

var swiftPreheat = preheat{pause: aMoment, challenge: givesTokens}

func givesTokens(call, preheatInputs) (string, error) { return "bearer", nil }

func playDragonflyWithToken(t *testing.T) *playedDragonfly {
	t.Helper()
	played := playDragonfly(t)
	played.tokens[1], played.names[1] = "token-number-1", dragonflyToken
	return played
}

func preheatedInputs(played *playedDragonfly, changes ...map[string]any) resource.PropertyMap {
	inputs := map[string]any{
		"token": "token-number-1", "repository": "https://hero.example.com:5000/v2/team/hero", "digest": heroDigest,
		"username": "puller", "password": pullersPassword, "caCertificate": "", "scope": "all_seed_peers",
	}
	return played.inputs(append([]map[string]any{inputs}, changes...)...)
}

func fetched(t *testing.T, played *playedDragonfly) resource.PropertyMap {
	t.Helper()
	call, _ := newCall(t)
	outputs, err := swiftPreheat.create(call, preheatedInputs(played))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []resource.PropertyKey{"password", "token"} {
		if !outputs[key].IsSecret() {
			t.Errorf("%s is in the state in clear", key)
		}
	}
	played.calls = nil
	return asSent(outputs)
}

func TestAJobWaitsUntilEveryNodeKnowsOfEveryScheduler(t *testing.T) {
	const now, longAgo = time.Duration(0), -time.Hour
	for name, played := range map[string]struct {
		schedulers []time.Duration
		waits      bool
	}{
		"one alone, and new":             {[]time.Duration{now}, false},
		"all for long":                   {[]time.Duration{longAgo, longAgo, longAgo}, false},
		"one of them new":                {[]time.Duration{longAgo, now, longAgo}, true},
		"a clock that is ahead of ours":  {[]time.Duration{longAgo, time.Hour}, true},
		"new, and nobody waits for that": {[]time.Duration{longAgo, -3 * time.Second}, false},
	} {
		t.Run(name, func(t *testing.T) {
			dragonfly := playDragonflyWithToken(t)
			dragonfly.schedulers = nil
			for _, since := range played.schedulers {
				dragonfly.schedulers = append(dragonfly.schedulers, time.Now().Add(since))
			}
			waiting := preheat{pause: aMoment, unknown: 2 * time.Second, challenge: givesTokens}
			call, screen := newCall(t)
			begun := time.Now()
			if _, err := waiting.create(call, preheatedInputs(dragonfly)); err != nil {
				t.Fatal(err)
			}
			// A slow machine takes long without a wait too: whether there was one is in what it says.
			if took := time.Since(begun); played.waits && took < 500*time.Millisecond {
				t.Errorf("it took %s", took)
			}
			if told := strings.Contains(screen.all(), "until every node knows of dragonfly-scheduler-1"); told != played.waits {
				t.Error(screen.all())
			}
		})
	}
}

func TestANewImageIsFetchedByOneJobAndWaitedFor(t *testing.T) {
	played := playDragonflyWithToken(t)
	part := func(state string) string { return `{"state": "` + state + `"}` }
	played.jobs = []string{
		`{"id": 7, "state": "PENDING", "result": {}}`,
		`{"id": 7, "state": "STARTED", "result": {"job_states": [` + part("SUCCESS") + "," + part("PENDING") + `]}}`,
		`{"id": 7, "state": "SUCCESS", "args": {"password": "the-pullers-password"}}`,
	}
	call, screen := newCall(t)
	outputs, err := swiftPreheat.create(call, preheatedInputs(played))
	if err != nil || outputs["digest"].StringValue() != heroDigest {
		t.Fatal(outputs, err)
	}
	if jobs := slices.DeleteFunc(played.calls, func(call string) bool { return call != makeJob }); len(jobs) != 1 {
		t.Error(jobs)
	}
	arguments := played.asked["args"].(map[string]any)
	expected := map[string]any{
		"type": "image", "url": "https://hero.example.com:5000/v2/team/hero/manifests/" + heroDigest,
		"username": "puller", "password": pullersPassword, "scope": "all_seed_peers", "timeout": 60e9,
	}
	for key, value := range expected {
		if arguments[key] != value {
			t.Errorf("%s is %v and not %v", key, arguments[key], value)
		}
	}
	mustContain(t, screen.all(), "fetching hero.example.com:5000/team/hero@sha256:0123456789ab for all_seed_peers: PENDING (0 s)",
		"STARTED, 1 of 2 (0 s)", "fetched hero.example.com:5000/team/hero@sha256:0123456789ab")
	mustNotContain(t, screen.all(), pullersPassword)
}

func TestAPreviewStartsNoJob(t *testing.T) {
	played := playDragonflyWithToken(t)
	call, _ := newCall(t)
	call.preview = true
	outputs, err := swiftPreheat.create(call, preheatedInputs(played))
	if err != nil || len(played.calls) > 0 || !outputs["digest"].IsComputed() {
		t.Error(outputs, err, played.calls)
	}
}

func TestAJobThatFailsIsToldInItsOwnWords(t *testing.T) {
	played := playDragonflyWithToken(t)
	trouble := `{"state": "FAILURE", "error": "scheduler dragonfly-scheduler-0: no peer took it, the-pullers-password"}`
	played.jobs = []string{`{"id": 7, "state": "FAILURE", "result": {"job_states": [` + trouble + "," + trouble + `]}}`}
	call, _ := newCall(t)
	_, err := swiftPreheat.create(call, preheatedInputs(played))
	if err == nil {
		t.Fatal("it is fetched")
	}
	mustContain(t, err.Error(), "Dragonfly's job 7, to fetch hero.example.com:5000/team/hero@sha256:0123456789ab, has failed: "+
		"scheduler dragonfly-scheduler-0: no peer took it, [secret]; the image is where it should be")
	if strings.Count(err.Error(), "no peer took it") != 1 {
		t.Error(err)
	}
}

func TestAJobThatSaysNothingIsToldAsThat(t *testing.T) {
	played := playDragonflyWithToken(t)
	played.jobs = []string{`{"id": 7, "state": "FAILURE", "result": null}`}
	call, _ := newCall(t)
	_, err := swiftPreheat.create(call, preheatedInputs(played))
	if err == nil {
		t.Fatal("it is fetched")
	}
	mustContain(t, err.Error(), "it does not say why")
}

func TestAJobThatStaysPendingForEverHasAnEnd(t *testing.T) {
	played := playDragonflyWithToken(t)
	played.jobs = []string{`{"id": 7, "state": "PENDING"}`}
	call, _ := newCall(t)
	_, err := swiftPreheat.create(call, preheatedInputs(played, map[string]any{"patience": 1}))
	if err == nil {
		t.Fatal("it is fetched")
	}
	mustContain(t, err.Error(), "after 1 s Dragonfly's job 7", "is not over: it is PENDING", "hero:cluster.patience waits longer", "kubectl")
}

func TestAManagerThatKnowsNoSchedulerYetIsAskedAgain(t *testing.T) {
	played := playDragonflyWithToken(t)
	played.refusals = []string{"500 active schedulers not found", "429 Too Many Requests"}
	call, screen := newCall(t)
	if _, err := swiftPreheat.create(call, preheatedInputs(played)); err != nil {
		t.Fatal(err)
	}
	mustContain(t, screen.all(), "(500: active schedulers not found)", "429")
}

func TestWhoeverShallFetchAndIsNotThereYetIsWaitedFor(t *testing.T) {
	played := playDragonflyWithToken(t)
	played.jobs = []string{
		`{"id": 7, "state": "FAILURE", "result": {"job_states": [{"error": "cluster 1 scheduler 10.0.0.1 no available seed peer"}]}}`,
		`{"id": 7, "state": "SUCCESS"}`,
	}
	call, screen := newCall(t)
	if _, err := swiftPreheat.create(call, preheatedInputs(played)); err != nil {
		t.Fatal(err)
	}
	mustContain(t, screen.all(), "no available seed peer; the image is where it should be")
	played.jobs = []string{`{"id": 7, "state": "FAILURE", "result": {"job_states": [{"error": "it has no available peer"}]}}`}
	// One look, and no time for a second try.
	slow := preheat{pause: 2100 * time.Millisecond, challenge: givesTokens}
	_, err := slow.create(call, preheatedInputs(played, map[string]any{"patience": 3}))
	if err == nil {
		t.Fatal("it is fetched")
	}
	mustContain(t, err.Error(), "no available peer", "hero:cluster.patience waits longer")
}

// A job is a success to the manager where one has fetched all of it; this is what it says then of the others.
func oneOfTwo(tasks string) string {
	return `{"id": 7, "state": "SUCCESS", "result": {"job_states": [{"state": "SUCCESS", "results": [
		{"success_tasks": [{"hostname": "node-1"}, {"hostname": "node-1"}], ` + tasks + `}]}]}}`
}

const (
	fetchedByTwo = `{"id": 7, "state": "SUCCESS", "result": {"job_states": [
		{"results": [{"success_tasks": [{"hostname": "node-1"}, {"hostname": "node-2"}]}]},
		{"results": [{"success_tasks": [{"hostname": "node-1"}], "failure_tasks": [{"hostname": "node-2", "description": "away"}]}]}]}}`
	oneFailed = `"failure_tasks": [{"hostname": "node-2", "description": "no space left, the-pullers-password"}]`
)

func TestAJobThatSomeHaveNotDoneIsNoSuccess(t *testing.T) {
	played := playDragonflyWithToken(t)
	played.jobs = []string{oneOfTwo(oneFailed), fetchedByTwo}
	patient := preheat{pause: aMoment, unknown: time.Minute, challenge: givesTokens}
	played.schedulers = []time.Time{{}}
	call, screen := newCall(t)
	if _, err := patient.create(call, preheatedInputs(played)); err != nil {
		t.Fatal(err)
	}
	mustContain(t, screen.all(), "has failed: node-2: no space left, [secret]")
	played.jobs = []string{oneOfTwo(oneFailed)}
	_, err := swiftPreheat.create(call, preheatedInputs(played))
	if err == nil {
		t.Fatal("it is fetched")
	}
	mustContain(t, err.Error(), "Dragonfly's job 7, to fetch hero.example.com:5000/team/hero@sha256:0123456789ab, has failed: node-2: no space left, [secret];")
	mustNotContain(t, err.Error(), "node-1")
}

func TestWhoeverIsReadyAndUnknownToTheSchedulersIsWaitedForAndThenNamed(t *testing.T) {
	played := playDragonflyWithToken(t)
	played.dfdaemons = []string{"client", "client", "seed-client"}
	played.jobs = []string{oneOfTwo(`"failure_tasks": []`), fetchedByTwo}
	patient := preheat{pause: aMoment, unknown: time.Minute, challenge: givesTokens}
	call, screen := newCall(t)
	forAll := map[string]any{"scope": "all_peers"}
	if _, err := patient.create(call, preheatedInputs(played, forAll)); err != nil {
		t.Fatal(err)
	}
	if jobs := slices.DeleteFunc(played.calls, func(call string) bool { return call != makeJob }); len(jobs) != 2 {
		t.Error(jobs)
	}
	played.jobs = []string{oneOfTwo(`"failure_tasks": []`)}
	if _, err := swiftPreheat.create(call, preheatedInputs(played, forAll)); err != nil {
		t.Fatal(err)
	}
	mustContain(t, screen.all(), "is fetched by 1, and 2 are ready; the schedulers do not know of the rest")
	// Nobody is to wait longer than the patience, and it is no reason to fail.
	if _, err := patient.create(call, preheatedInputs(played, forAll, map[string]any{"patience": 1})); err != nil {
		t.Fatal(err)
	}
	played.jobs = []string{oneOfTwo(`"failure_tasks": []`), `{"id": 7, "state": "PENDING"}`}
	if _, err := patient.create(call, preheatedInputs(played, forAll, map[string]any{"patience": 1})); err != nil {
		t.Fatal("nor where the last job has no time left:", err)
	}
	played.jobs = []string{oneOfTwo(`"failure_tasks": []`)}
	if _, err := swiftPreheat.create(call, preheatedInputs(played)); err != nil {
		t.Fatal("there is one seed, which has it:", err)
	}
}

func TestALongJobThatBeganTooEarlyIsDoneAgain(t *testing.T) {
	for name, first := range map[string]string{"who is unknown": `"failure_tasks": []`, "who has failed": oneFailed} {
		played := playDragonflyWithToken(t)
		played.dfdaemons = []string{"client", "client"}
		pending := `{"id": 7, "state": "PENDING"}`
		played.jobs = []string{pending, pending, pending, pending, oneOfTwo(first), fetchedByTwo}
		slow := preheat{pause: 100 * time.Millisecond, unknown: 300 * time.Millisecond, challenge: givesTokens}
		call, screen := newCall(t)
		if _, err := slow.create(call, preheatedInputs(played, map[string]any{"scope": "all_peers"})); err != nil {
			t.Fatal(name, err)
		}
		if jobs := slices.DeleteFunc(played.calls, func(call string) bool { return call != makeJob }); len(jobs) != 2 {
			t.Error(name, jobs)
		}
		mustNotContain(t, screen.stayed(), "warning")
	}
}

func TestWhatTheManagerRefusesIsToldInItsWords(t *testing.T) {
	for refusal, told := range map[string]string{
		"500 manifest unknown the-pullers-password": "refuses to fetch hero.example.com:5000/team/hero@sha256:0123456789ab (500: manifest unknown [secret])",
		"403 Token has expired":                     "another text in hero:dragonfly.rotate makes another one",
	} {
		played := playDragonflyWithToken(t)
		played.refusals = []string{refusal}
		call, _ := newCall(t)
		_, err := swiftPreheat.create(call, preheatedInputs(played))
		if err == nil {
			t.Fatal("it is fetched")
		}
		mustContain(t, err.Error(), told)
	}
}

func TestATokenThatIsGoneIsToldWithWhatMendsIt(t *testing.T) {
	played := playDragonfly(t)
	call, _ := newCall(t)
	_, err := swiftPreheat.create(call, preheatedInputs(played))
	if err == nil {
		t.Fatal("it is fetched")
	}
	mustContain(t, err.Error(), "401", "hero:dragonfly.rotate")
}

func TestOnlyWhatHasToBeFetchedAgainIs(t *testing.T) {
	for name, each := range map[string]struct {
		change  map[string]any
		fetched bool
	}{
		"another image":     {map[string]any{"digest": "sha256:" + strings.Repeat("f", 64)}, true},
		"another place":     {map[string]any{"repository": "https://hero.example.com/v2/hero"}, true},
		"for others too":    {map[string]any{"scope": "all_peers"}, true},
		"another Dragonfly": {map[string]any{"identity": "uid-2"}, true},
		"another login":     {map[string]any{"password": "another"}, false},
		"another patience":  {map[string]any{"patience": 90}, false},
	} {
		played := playDragonflyWithToken(t)
		state := fetched(t, played)
		call, _ := newCall(t)
		news := preheatedInputs(played, each.change, map[string]any{"kubeconfig": state["kubeconfig"].StringValue()})
		if difference, err := swiftPreheat.diff(state, news); err != nil || len(difference.ChangedKeys) != 1 || len(difference.ReplaceKeys) > 0 {
			t.Error(name, difference, err)
		}
		call.preview = true
		if _, err := swiftPreheat.update(call, state, news); err != nil || len(played.calls) > 0 {
			t.Error(name, err, played.calls)
		}
		call.preview = false
		if _, err := swiftPreheat.update(call, state, news); err != nil || slices.Contains(played.calls, makeJob) != each.fetched {
			t.Error(name, err, played.calls)
		}
	}
}

func TestAScopeThatThereIsNotIsRefusedFirst(t *testing.T) {
	played := playDragonfly(t)
	_, failures, err := swiftPreheat.check(preheatedInputs(played, map[string]any{"scope": "everybody"}))
	if err != nil || len(failures) != 1 {
		t.Fatal(failures, err)
	}
	mustContain(t, failures[0].Reason, `"everybody" is none; there are all_peers, all_seed_peers`)
}

func TestWhereARegistryWantsThePasswordItselfWhoeverFetchesComesWithIt(t *testing.T) {
	challenges := map[string]string{"Basic": `Basic realm="hero"`, "Bearer": `Bearer realm="https://auth.example.com",service="hero"`, "none": ""}
	for name, challenge := range challenges {
		registry := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
			if request.URL.Path != "/v2/" || request.Header.Get("Authorization") != "" {
				t.Error(name, request.URL.Path, "was asked for")
			}
			if challenge != "" {
				writer.Header().Set("WWW-Authenticate", challenge)
				writer.WriteHeader(http.StatusUnauthorized)
			}
		}))
		defer registry.Close()
		played := playDragonflyWithToken(t)
		basic := base64.StdEncoding.EncodeToString([]byte("puller:" + pullersPassword))
		trouble := `{"state": "FAILURE", "error": "401 of ` + basic + `"}`
		played.jobs = []string{`{"id": 7, "state": "FAILURE", "result": {"job_states": [` + trouble + `]}}`}
		call, _ := newCall(t)
		asking := preheat{pause: aMoment, challenge: askForChallenge}
		_, err := asking.create(call, preheatedInputs(played, map[string]any{"repository": registry.URL + "/v2/team/hero"}))
		if err == nil {
			t.Fatal(name, "it is fetched")
		}
		mustContain(t, err.Error(), "401 of [secret]")
		arguments := played.asked["args"].(map[string]any)
		headers, _ := arguments["headers"].(map[string]any)
		if name == "Basic" {
			if headers["Authorization"] != "Basic "+basic || arguments["password"] != nil || arguments["username"] != nil {
				t.Error(name, arguments)
			}
		} else if headers != nil || arguments["password"] != pullersPassword || arguments["username"] != "puller" {
			t.Error(name, arguments)
		}
	}
}

func TestARegistryThatCannotBeAskedHowOneLogsInIsNamed(t *testing.T) {
	played := playDragonflyWithToken(t)
	registry := httptest.NewServer(http.NotFoundHandler())
	registry.Close()
	call, _ := newCall(t)
	asking := preheat{pause: aMoment, challenge: askForChallenge}
	_, err := asking.create(call, preheatedInputs(played, map[string]any{"repository": registry.URL + "/v2/team/hero"}))
	if err == nil || len(played.calls) > 0 {
		t.Fatal(err, played.calls)
	}
	mustContain(t, err.Error(), registry.URL+" cannot be asked how one logs in to it", "the next ./pulumiw up fetches it")
}
