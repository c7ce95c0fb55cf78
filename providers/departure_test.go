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

const (
	ourDaemonSet = "/apis/apps/v1/namespaces/hero-dev-nydus/daemonsets/hero-dev-nydus"
	aGuest       = `{"metadata": {"namespace": "team", "name": %q}, "spec": {"runtimeClassName": %q, "nodeName": %q}, "status": {"phase": %q}}`
	aServant     = `{"metadata": {"namespace": "hero-dev-nydus", "name": %q, "labels": {"app": %q}}, "spec": {"nodeName": "node-1"}}`
)

// playedNodes is a cluster's API with pods that live from a DaemonSet, and with the DaemonSet's own.
type playedNodes struct {
	t      *testing.T
	server *httptest.Server
	lock   sync.Mutex
	guests []string
	// servants go, one at each look, once the DaemonSet goes, as long as they do not stay.
	servants []string
	staying  bool
	// removed are the paths of what was to be taken away, which is answered with deleting.
	removed  []string
	deleting int
}

func playNodes(t *testing.T) *playedNodes {
	t.Helper()
	played := &playedNodes{t: t, deleting: http.StatusOK}
	played.server = httptest.NewServer(played)
	t.Cleanup(played.server.Close)
	return played
}

func (p *playedNodes) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	p.lock.Lock()
	defer p.lock.Unlock()
	switch {
	case request.Method == http.MethodDelete:
		var options struct {
			PropagationPolicy string `json:"propagationPolicy"`
		}
		content, _ := io.ReadAll(request.Body)
		if err := json.Unmarshal(content, &options); err != nil || options.PropagationPolicy != "Foreground" {
			p.t.Errorf("its pods would be told nothing: %s", content)
		}
		p.removed = append(p.removed, request.URL.Path)
		writer.WriteHeader(p.deleting)
		fmt.Fprint(writer, `{"kind": "Status", "message": "daemonsets is forbidden"}`)
	case request.URL.Path == "/api/v1/pods":
		fmt.Fprintf(writer, `{"items": [%s]}`, strings.Join(p.guests, ","))
	case request.URL.Path == "/api/v1/namespaces/hero-dev-nydus/pods":
		fmt.Fprintf(writer, `{"items": [%s]}`, strings.Join(p.servants, ","))
		if len(p.removed) > 0 && len(p.servants) > 0 && !p.staying {
			p.servants = p.servants[1:]
		}
	default:
		p.t.Errorf("nobody asks for %s", request.URL.Path)
	}
}

func (p *playedNodes) state(patience int) resource.PropertyMap {
	p.t.Helper()
	return resource.NewPropertyMapFromMap(map[string]any{
		"kubeconfig": kubeconfigOf(p.t, p.server.URL), "context": "", "namespace": "hero-dev-nydus",
		"daemonSet": "hero-dev-nydus", "runtimeClass": "hero-dev-nydus", "patience": patience,
	})
}

func guest(name, class, node, phase string) string {
	return fmt.Sprintf(aGuest, name, class, node, phase)
}

func servant(name, app string) string {
	return fmt.Sprintf(aServant, name, app)
}

var brisk = departure{pause: time.Millisecond}

func TestPodsThatLiveFromItAreNamedAndNothingGoes(t *testing.T) {
	played := playNodes(t)
	played.guests = []string{
		guest("hero-1", "hero-dev-nydus", "node-1", "Running"), guest("hero-2", "hero-dev-nydus", "", "Pending"),
		guest("other", "gvisor", "node-1", "Running"), guest("done", "hero-dev-nydus", "node-1", "Succeeded"),
		guest("failed", "hero-dev-nydus", "node-1", "Failed"),
	}
	call, _ := newCall(t)
	err := brisk.remove(call, played.state(10))
	if err == nil {
		t.Fatal("it goes")
	}
	for _, words := range []string{"2 pods still run", "team/hero-1 on node-1, team/hero-2.", "hero-dev-nydus"} {
		if !strings.Contains(err.Error(), words) {
			t.Errorf("%q is not in: %v", words, err)
		}
	}
	for _, words := range []string{"other", "done", "failed"} {
		if strings.Contains(err.Error(), words) {
			t.Errorf("%q is in: %v", words, err)
		}
	}
	if len(played.removed) > 0 {
		t.Error(played.removed)
	}
}

func TestOfManyPodsSomeAreNamedAndTheRestCounted(t *testing.T) {
	played := playNodes(t)
	for number := range 14 {
		played.guests = append(played.guests, guest(fmt.Sprintf("hero-%02d", number), "hero-dev-nydus", "node-1", "Running"))
	}
	call, _ := newCall(t)
	err := brisk.remove(call, played.state(10))
	if err == nil || !strings.Contains(err.Error(), "team/hero-09 on node-1 and 4 more.") {
		t.Error(err)
	}
}

func TestItIsWaitedForUntilEachNodeHasTakenItAway(t *testing.T) {
	played := playNodes(t)
	played.servants = []string{servant("a", "hero-dev-nydus"), servant("b", "hero-dev-nydus")}
	call, screen := newCall(t)
	if err := brisk.remove(call, played.state(10)); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(played.removed, []string{ourDaemonSet}) || len(played.servants) > 0 {
		t.Error(played.removed, played.servants)
	}
	if shown := screen.all(); !strings.Contains(shown, "2 nodes have yet to take hero-dev-nydus away: a on node-1, b on node-1") {
		t.Error(shown)
	}
}

func TestOtherPodsOfItsNamespaceAreNotWaitedFor(t *testing.T) {
	played := playNodes(t)
	played.staying = true
	played.servants = []string{servant("theirs", "something-else")}
	call, _ := newCall(t)
	if err := brisk.remove(call, played.state(10)); err != nil {
		t.Error(err)
	}
}

func TestANodeThatDoesNotAnswerIsNamed(t *testing.T) {
	played := playNodes(t)
	played.staying = true
	played.servants = []string{servant("a", "hero-dev-nydus")}
	call, _ := newCall(t)
	err := brisk.remove(call, played.state(0))
	if err == nil || !strings.Contains(err.Error(), "a on node-1") || !strings.Contains(err.Error(), "--context lab --namespace hero-dev-nydus delete pods") {
		t.Error(err)
	}
}

func TestWhatIsGoneAlreadyIsGone(t *testing.T) {
	played := playNodes(t)
	played.deleting = http.StatusNotFound
	call, _ := newCall(t)
	if err := brisk.remove(call, played.state(10)); err != nil {
		t.Error(err)
	}
}

func TestAClusterThatRefusesIsQuoted(t *testing.T) {
	played := playNodes(t)
	played.deleting = http.StatusForbidden
	call, _ := newCall(t)
	err := brisk.remove(call, played.state(10))
	if err == nil || !strings.Contains(err.Error(), "daemonsets is forbidden") {
		t.Error(err)
	}
}

func TestAnotherClassIsNamedBeforeTheOldOneGoes(t *testing.T) {
	played := playNodes(t)
	olds := played.state(10)
	for key, replaces := range map[resource.PropertyKey]bool{
		"runtimeClass": true, "daemonSet": true, "namespace": true, "kubeconfig": false, "context": false,
	} {
		news := olds.Copy()
		news[key] = resource.NewStringProperty("another")
		result, err := brisk.diff(olds, news)
		if err != nil || result.DeleteBeforeReplace || !slices.Equal(result.ChangedKeys, []resource.PropertyKey{key}) ||
			(len(result.ReplaceKeys) > 0) != replaces {
			t.Error(key, result, err)
		}
	}
	if result, err := brisk.diff(olds, olds); err != nil || len(result.ChangedKeys) > 0 {
		t.Error(result, err)
	}
}
