package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

var eager = readiness{pause: time.Millisecond}

const (
	aWorkload = `{"items": [{"metadata": {"name": "zot", "uid": "of-zot", "generation": 2}, "spec": {"replicas": 1}, "status": {
		"observedGeneration": %d, "replicas": 1, "readyReplicas": %d, "updatedReplicas": 1,
		"currentRevision": "a", "updateRevision": "a"}}]}`
	aPod = `{"items": [{"metadata": {"name": "zot-0"}, "status": {"phase": "Pending", "conditions": [%s], "containerStatuses": [%s]}}]}`
)

// playedCluster is a cluster's API with one workload, and a registry beside it.
type playedCluster struct {
	t      *testing.T
	server *httptest.Server
	lock   sync.Mutex
	// answers are by the last word of the path that is asked for.
	answers map[string]string
	// health and push are what the registry answers, and said is what it says with the first.
	health, push int
	said         string
	// removed are the paths of what was to be taken away, which is answered with deleting.
	removed  []string
	deleting int
}

func newPlayedCluster(t *testing.T) *playedCluster {
	t.Helper()
	played := &playedCluster{t: t, answers: map[string]string{}, health: http.StatusOK, push: http.StatusAccepted, deleting: http.StatusOK}
	played.answers["statefulsets"] = fmt.Sprintf(aWorkload, 2, 1)
	played.server = httptest.NewServer(played)
	t.Cleanup(played.server.Close)
	return played
}

func (p *playedCluster) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	p.lock.Lock()
	defer p.lock.Unlock()
	words := strings.Split(strings.TrimSuffix(request.URL.Path, "/"), "/")
	switch last := words[len(words)-1]; {
	case last == "readyz":
		writer.WriteHeader(p.health)
		fmt.Fprint(writer, p.said)
	case last == "v2":
		writer.Header().Set("WWW-Authenticate", `Basic realm="zot"`)
		if _, password, _ := request.BasicAuth(); password == "" {
			writer.WriteHeader(http.StatusUnauthorized)
		}
	case last == "uploads":
		writer.Header().Set("Location", request.URL.Path+"/1")
		writer.WriteHeader(p.push)
	case request.Method == http.MethodDelete:
		p.removed = append(p.removed, request.URL.Path)
		writer.WriteHeader(p.deleting)
		fmt.Fprint(writer, `{"kind": "Status", "message": "secrets is forbidden"}`)
	case p.answers[last] != "":
		fmt.Fprint(writer, p.answers[last])
	default:
		fmt.Fprint(writer, `{"items": []}`)
	}
}

func (p *playedCluster) answer(kind, text string) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.answers[kind] = text
}

// wanted is a wait for the cluster's workload and registry, with so many seconds of patience.
func (p *playedCluster) wanted(patience int) resource.PropertyMap {
	p.t.Helper()
	return resource.NewPropertyMapFromMap(map[string]any{
		"kubeconfig": kubeconfigOf(p.t, p.server.URL), "context": "", "namespace": "heroes", "settled": "1", "patience": patience,
		"url": p.server.URL + "/readyz", "repository": strings.TrimPrefix(p.server.URL, "http://") + "/hero",
		"username": "pusher", "password": "hidden-password", "caCertificate": "", "plainHttp": true,
	})
}

// kubeconfigOf is a file with the way to a cluster at this address.
func kubeconfigOf(t *testing.T, address string) string {
	t.Helper()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	content := fmt.Sprintf(`{"apiVersion": "v1", "kind": "Config", "current-context": "lab",
		"clusters": [{"name": "lab", "cluster": {"server": %q}}], "users": [{"name": "lab", "user": {"token": "hidden-token"}}],
		"contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab"}}]}`, address)
	if err := os.WriteFile(kubeconfig, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return kubeconfig
}

func TestWithoutAnAddressOnlyWorkloadsAreWaitedFor(t *testing.T) {
	played := newPlayedCluster(t)
	played.health = http.StatusBadGateway
	inputs := played.wanted(0)
	inputs["url"], inputs["repository"] = resource.NewStringProperty(""), resource.NewStringProperty("")
	call, _ := newCall(t)
	if _, err := eager.create(call, inputs); err != nil {
		t.Error(err)
	}
	played.answer("statefulsets", fmt.Sprintf(aWorkload, 2, 0))
	if _, err := eager.create(call, inputs); err == nil {
		t.Error("a workload is not waited for")
	}
}

func TestWhatIsReadyIsNotWaitedFor(t *testing.T) {
	call, screen := newCall(t)
	outputs, err := eager.create(call, newPlayedCluster(t).wanted(0))
	if err != nil {
		t.Fatal(err)
	}
	if !outputs["password"].IsSecret() {
		t.Error("the password is in clear")
	}
	if screen.all() != "" {
		t.Error(screen.all())
	}
}

func TestWhatIsNotReadyIsToldWithItsReason(t *testing.T) {
	notReady := `{"type": "Ready", "status": "False"}`
	for name, test := range map[string]struct {
		conditions, container, events string
		told                          []string
	}{
		"an image that is not there": {notReady,
			`{"name": "zot", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}}`, "",
			[]string{"pod zot-0: zot: ImagePullBackOff: Back-off pulling image", "kubectl --context lab --namespace heroes describe pod zot-0"}},
		"a crash": {notReady,
			`{"name": "zot", "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
				"lastState": {"terminated": {"exitCode": 1, "reason": "Error", "message": "bad config"}}}`, "",
			[]string{"pod zot-0: zot has ended with code 1 (Error), 3 times: bad config", "logs --previous zot-0"}},
		"a claim that is not bound": {
			`{"type": "PodScheduled", "status": "False", "message": "pod has unbound immediate PersistentVolumeClaims"}`, "", "",
			[]string{"pod zot-0 has no node: pod has unbound immediate PersistentVolumeClaims"}},
		"a secret that is not there": {notReady,
			`{"name": "zot", "state": {"waiting": {"reason": "ContainerCreating"}}}`,
			`{"type": "Warning", "reason": "FailedMount", "message": "secret \"zot-tls\" not found", "involvedObject": {"kind": "Pod", "name": "zot-0"}}`,
			[]string{`pod zot-0: FailedMount: secret "zot-tls" not found`}},
		"a pod that only starts": {notReady, `{"name": "zot", "state": {"running": {}}}`, "", []string{"pod zot-0 starts"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			played := newPlayedCluster(t)
			played.answer("statefulsets", fmt.Sprintf(aWorkload, 2, 0))
			played.answer("pods", fmt.Sprintf(aPod, test.conditions, test.container))
			played.answer("events", `{"items": [`+test.events+`]}`)
			call, screen := newCall(t)
			_, err := eager.create(call, played.wanted(1))
			if err == nil {
				t.Fatal("it is not ready")
			}
			mustContain(t, err.Error(), append(test.told, "hero:cluster.patience")...)
			mustContain(t, screen.all(), test.told[0])
			mustNotContain(t, err.Error()+screen.all(), "hidden")
		})
	}
}

// Of several, whoever is first by name may wait for another one.
func TestWhoeverIsToBlameIsToldAndNotWhoeverWaitsForIt(t *testing.T) {
	const (
		notReady = `"conditions": [{"type": "Ready", "status": "False"}]`
		starts   = `{"metadata": {"name": "core"}, "status": {` + notReady + `, "containerStatuses": [{"name": "core", "state": {"running": {}}}]}}`
		crashes  = `{"metadata": {"name": %q}, "status": {` + notReady + `, "containerStatuses": [{"name": "main", "restartCount": 2,
			"lastState": {"terminated": {"exitCode": 1, "reason": "Error"}}}]}}`
		noImage = `{"metadata": {"name": "database"}, "status": {` + notReady + `, "containerStatuses": [{"name": "main",
			"state": {"waiting": {"reason": "ErrImagePull"}}}]}}`
		claims = `{"metadata": {"name": "database"}, "spec": {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]},
			"status": {` + notReady + `}}`
		unbound = `{"metadata": {"name": "database"}, "spec": {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]},
			"status": {"conditions": [{"type": "PodScheduled", "status": "False", "message": "unbound"}]}}`
		probed = `{"type": "Warning", "reason": "Unhealthy", "message": "Startup probe failed", "involvedObject": {"kind": "Pod", "name": "core"}}`
		lost   = `{"type": "Warning", "message": "no volume plugin matched", "involvedObject": {"kind": "PersistentVolumeClaim", "name": "data"}}`
		waits  = `{"metadata": {"name": "database"}, "spec": {"nodeName": "one", "volumes": [{"name": "data",
			"persistentVolumeClaim": {"claimName": "data"}}]}, "status": {` + notReady + `, "initContainerStatuses": [
			{"name": "before", "ready": true, "state": {"terminated": {}}}, {"name": "wait-for-redis", "state": {"running": {}}}]}}`
		unplaced = `{"type": "Warning", "reason": "FailedScheduling", "message": "not so far", "involvedObject": {"kind": "Pod", "name": "database"}}`
		others   = `{"type": "Warning", "message": "of somebody else", "involvedObject": {"kind": "PersistentVolumeClaim", "name": "other"}}`
	)
	crash := func(name string) string { return fmt.Sprintf(crashes, name) }
	for name, test := range map[string]struct {
		pods, events []string
		told         string
	}{
		"an image that is not there, behind a probe": {[]string{starts, noImage}, []string{probed}, "pod database: main: ErrImagePull"},
		"an image that is not there, behind a crash": {[]string{crash("core"), noImage}, nil, "pod database: main: ErrImagePull"},
		"a crash, behind a probe":                    {[]string{starts, crash("database")}, []string{probed}, "pod database: main has ended"},
		"several that crash": {[]string{crash("core"), crash("database"), crash("portal"), crash("queue")}, nil,
			"pod core: main has ended with code 1 (Error), 2 times; pod database: main has ended with code 1 (Error), 2 times; pod portal: main"},
		"a claim that nobody serves, and no node": {[]string{starts, unbound}, []string{probed, lost},
			"pod database has no node: unbound; claim data: no volume plugin matched"},
		"a claim that nobody can serve": {[]string{starts, claims}, []string{probed, lost}, "pod database: claim data: no volume plugin matched"},
		"the claim of somebody else":    {[]string{claims}, []string{others}, "pod database starts"},
		"what was before it had a node": {[]string{waits}, []string{unplaced, lost}, "pod database is not through with wait-for-redis"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			played := newPlayedCluster(t)
			played.answer("statefulsets", fmt.Sprintf(aWorkload, 2, 0))
			played.answer("pods", `{"items": [`+strings.Join(test.pods, ",")+`]}`)
			played.answer("events", `{"items": [`+strings.Join(test.events, ",")+`]}`)
			call, _ := newCall(t)
			_, err := eager.create(call, played.wanted(0))
			if err == nil {
				t.Fatal("it is not ready")
			}
			mustContain(t, err.Error(), test.told)
			mustNotContain(t, err.Error(), "queue")
		})
	}
}

func TestANodeThatIsDeadIsNotWaitedFor(t *testing.T) {
	const (
		set = `{"items": [{"metadata": {"name": "nodes", "uid": "of-nodes", "annotations": {"deprecated.daemonset.template.generation": "2"}},
			"status": {"desiredNumberScheduled": 2, "updatedNumberScheduled": %d, "numberReady": %d}}]}`
		onNode = `{"metadata": {"name": "nodes-%[1]s", "labels": {"pod-template-generation": %[3]q},
			"ownerReferences": [{"uid": "of-nodes", "kind": "DaemonSet", "controller": true}]},
			"spec": {"nodeName": %[1]q}, "status": {"conditions": [{"type": "Ready", "status": %[2]q}]}}`
		node = `{"metadata": {"name": %q}, "status": {"conditions": [{"type": "Ready", "status": %q}]}}`
	)
	type pod struct{ ready, generation string }
	now, before, notReady, gone := pod{"True", "2"}, pod{"True", "1"}, pod{"False", "2"}, pod{"False", "1"}
	for name, test := range map[string]struct {
		updated, ready int
		onWell, onDown pod
		well, down     string // nodes
		hinders        string
	}{
		"its pod is of before a change":        {1, 1, now, gone, "True", "Unknown", ""},
		"its pod is of after a change":         {2, 1, now, notReady, "True", "False", ""},
		"another one is not there yet":         {2, 0, notReady, notReady, "True", "Unknown", "pod nodes-well starts"},
		"another one is of before a change":    {0, 1, before, gone, "True", "Unknown", "nodes is not yet what it was told to be"},
		"only its own is of after a change":    {1, 1, before, notReady, "True", "Unknown", "nodes is not yet what it was told to be"},
		"the node is well and its pod is not":  {2, 1, now, notReady, "True", "True", "pod nodes-down starts"},
		"nobody has looked for the pod so far": {1, 1, now, before, "True", "Unknown", "nodes has 1 of 2 pods ready"},
		"no node is well":                      {2, 0, notReady, notReady, "Unknown", "Unknown", "pod nodes-"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			played := newPlayedCluster(t)
			played.answer("daemonsets", fmt.Sprintf(set, test.updated, test.ready))
			pods := []string{
				fmt.Sprintf(onNode, "down", test.onDown.ready, test.onDown.generation),
				fmt.Sprintf(onNode, "well", test.onWell.ready, test.onWell.generation),
			}
			played.answer("pods", `{"items": [`+strings.Join(pods, ",")+`]}`)
			played.answer("nodes", fmt.Sprintf(`{"items": [`+node+`, `+node+`]}`, "well", test.well, "down", test.down))
			call, _ := newCall(t)
			_, err := eager.create(call, played.wanted(0))
			if (err == nil) != (test.hinders == "") {
				t.Fatal(err)
			}
			if err != nil {
				mustContain(t, err.Error(), test.hinders)
			}
		})
	}
}

// Kubernetes never replaces a pod of a StatefulSet that is not ready, also where another one would be.
func TestAPodOfBeforeAChangeThatIsNotReadyMakesWay(t *testing.T) {
	for revision, removed := range map[string]string{"before": "/api/v1/namespaces/heroes/pods/zot-0", "a": ""} {
		played := newPlayedCluster(t)
		played.answer("statefulsets", fmt.Sprintf(aWorkload, 2, 0))
		played.answer("pods", fmt.Sprintf(`{"items": [{"metadata": {"name": "zot-0", "labels": {"controller-revision-hash": %q},
			"ownerReferences": [{"uid": "of-zot", "controller": true}]}}]}`, revision))
		call, _ := newCall(t)
		if _, err := eager.create(call, played.wanted(0)); err == nil {
			t.Fatal("it is not ready")
		}
		if got := strings.Join(slices.Compact(played.removed), " "); got != removed {
			t.Errorf("%s: %q", revision, got)
		}
	}
}

func TestAWorkloadThatLetsNoPodBeIsToldWithTheEvent(t *testing.T) {
	played := newPlayedCluster(t)
	played.answer("statefulsets", fmt.Sprintf(aWorkload, 2, 0))
	played.answer("events", `{"items": [{"type": "Warning", "message": "exceeded quota", "involvedObject": {"kind": "StatefulSet", "name": "zot"}}]}`)
	call, _ := newCall(t)
	_, err := eager.create(call, played.wanted(0))
	if err == nil {
		t.Fatal("it is not ready")
	}
	mustContain(t, err.Error(), "zot has 0 of 1 pods ready: exceeded quota")
}

// A change is applied before the cluster has looked at it: all pods are ready then, and they are the old ones.
func TestPodsOfBeforeAChangeAreNotTakenForThoseAfterIt(t *testing.T) {
	played := newPlayedCluster(t)
	played.answer("statefulsets", fmt.Sprintf(aWorkload, 1, 1))
	call, screen := newCall(t)
	screen.whenShown(call, "zot is not yet what it was told to be", func() {
		played.answer("statefulsets", fmt.Sprintf(aWorkload, 2, 1))
	})
	if _, err := eager.create(call, played.wanted(600)); err != nil {
		t.Fatal(err)
	}
	mustContain(t, screen.all(), "zot is not yet what it was told to be")
}

func TestAnEmptyNamespaceIsNotReady(t *testing.T) {
	played := newPlayedCluster(t)
	played.answer("statefulsets", "")
	call, _ := newCall(t)
	_, err := eager.create(call, played.wanted(0))
	if err == nil {
		t.Fatal("nothing is there")
	}
	mustContain(t, err.Error(), "nothing runs in the namespace heroes yet")
}

func TestPodsThatAreReadyAreNotEnough(t *testing.T) {
	for name, test := range map[string]struct {
		health, push int
		told         string
	}{
		"who does not answer":          {http.StatusServiceUnavailable, http.StatusAccepted, "does not answer as it should: it says 503"},
		"who lets nobody push":         {http.StatusOK, http.StatusForbidden, "does not let pusher push"},
		"who fails at the first thing": {http.StatusOK, http.StatusInternalServerError, "does not let pusher push"},
	} {
		t.Run(name, func(t *testing.T) {
			played := newPlayedCluster(t)
			played.health, played.push = test.health, test.push
			call, _ := newCall(t)
			_, err := eager.create(call, played.wanted(0))
			if err == nil {
				t.Fatal("it is not ready")
			}
			mustContain(t, err.Error(), test.told)
			mustNotContain(t, err.Error(), "hidden")
		})
	}
}

func TestAClusterThatCannotBeReachedIsToldByItsContext(t *testing.T) {
	played := newPlayedCluster(t)
	wanted := played.wanted(0)
	played.server.Close()
	call, _ := newCall(t)
	_, err := eager.create(call, wanted)
	if err == nil {
		t.Fatal("nobody is there")
	}
	mustContain(t, err.Error(), "the cluster of context lab cannot be reached", "connection refused")
}

func TestACalledOffWaitEnds(t *testing.T) {
	played := newPlayedCluster(t)
	played.answer("statefulsets", "")
	call, _ := newCall(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := eager.create(call.within(ctx), played.wanted(600)); err == nil {
		t.Fatal("nothing is there")
	}
}

func TestAPreviewARefreshAndADestroyAskNobody(t *testing.T) {
	played := newPlayedCluster(t)
	wanted := played.wanted(0)
	played.server.Close()
	call, _ := newCall(t)
	if _, err := eager.read(call, wanted); err != nil {
		t.Error(err)
	}
	if err := eager.remove(call, wanted); err != nil {
		t.Error(err)
	}
	call.preview = true
	if _, err := eager.update(call, wanted, wanted); err != nil {
		t.Error(err)
	}
}
