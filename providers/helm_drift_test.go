package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

const (
	portal      = "/apis/apps/v1/namespaces/heroes/deployments/portal"
	portalInUse = `{"apiVersion": "apps/v1", "kind": "Deployment",
		"metadata": {"name": "portal", "namespace": "heroes", "uid": "1", "labels": {"app": "portal", "extra": "x"}},
		"spec": {"replicas": 1, "progressDeadlineSeconds": 600, "template": {"spec": {"dnsPolicy": "ClusterFirst", "containers": [
			{"name": "sidecar", "image": "s"},
			{"name": "portal", "image": "portal:1", "terminationMessagePath": "/dev/termination-log",
			 "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}, "env": [{"name": "A", "value": "1"}]}]}}},
		"status": {"readyReplicas": 1}}`
	portalManifest = `apiVersion: apps/v1
kind: Deployment
metadata: {name: portal, labels: {app: portal}}
spec:
  replicas: 1
  paused: false
  template:
    spec:
      nodeSelector: {}
      containers:
      - name: portal
        image: portal:1
        args:
        resources: {limits: {cpu: 1000m, memory: 1024Mi}}
        env: [{name: A, value: "1"}]
---
apiVersion: v1
kind: Secret
metadata: {name: login}
stringData: {password: hidden-password}
---
apiVersion: batch/v1
kind: Job
metadata: {name: done}
spec: {}
`
)

// fakeDeployedRelease is a cluster in which the release's objects are as its manifest has them.
func fakeDeployedRelease(t *testing.T) *fakeHelmCluster {
	t.Helper()
	fake := newFakeHelmCluster(t)
	fake.revision(1, "superseded", "", oneService, time.Hour)
	fake.revision(2, "deployed", "", portalManifest, time.Hour)
	fake.put(portal, portalInUse)
	fake.put(heroSecrets+"login", `{"metadata": {"name": "login"}, "data": {"password": "aGlkZGVuLXBhc3N3b3Jk"}}`)
	return fake
}

func driftOf(t *testing.T, fake *fakeHelmCluster) string {
	t.Helper()
	drift, err := fake.release().drift(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return sentence(drift.findings())
}

func TestDrift_IsNoneWhereTheManifestIsKept(t *testing.T) {
	if got := driftOf(t, fakeDeployedRelease(t)); got != "" {
		t.Error(got)
	}
}

func TestDrift_NamesWhatDiffers(t *testing.T) {
	for name, test := range map[string]struct{ from, to, want string }{
		"replicas":        {`"replicas": 1`, `"replicas": 0`, "Deployment portal: spec.replicas is 0 instead of 1"},
		"image":           {`"portal:1"`, `"portal:2"`, "Deployment portal: spec.template.spec.containers[portal].image was changed"},
		"limit":           {`"1Gi"`, `"2Gi"`, "Deployment portal: spec.template.spec.containers[portal].resources.limits.memory was changed"},
		"removed label":   {`"app": "portal", `, ``, "Deployment portal: metadata.labels.app is missing"},
		"removed env":     {`{"name": "A", "value": "1"}`, ``, "Deployment portal: spec.template.spec.containers[portal].env[A] is missing"},
		"paused":          {`"replicas": 1`, `"replicas": 1, "paused": true`, "Deployment portal: spec.paused is true instead of false"},
		"added container": {`{"name": "sidecar", "image": "s"},`, `{"name": "sidecar", "image": "s"}, {"name": "other"},`, ""},
		"status":          {`"readyReplicas": 1`, `"readyReplicas": 0`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			fake := fakeDeployedRelease(t)
			changed := strings.Replace(portalInUse, test.from, test.to, 1)
			if changed == portalInUse {
				t.Fatal("nothing was changed")
			}
			fake.put(portal, changed)
			if got := driftOf(t, fake); got != test.want {
				t.Error(got)
			}
		})
	}
}

func TestDrift_NamesMissingObject(t *testing.T) {
	fake := fakeDeployedRelease(t)
	fake.remove(portal)
	if got := driftOf(t, fake); got != "Deployment portal is missing" {
		t.Error(got)
	}
}

func TestDrift_ShowsNoSecret(t *testing.T) {
	fake := fakeDeployedRelease(t)
	fake.put(heroSecrets+"login", `{"metadata": {"name": "login"}, "data": {"password": "b3RoZXI="}}`)
	if got := driftOf(t, fake); got != "Secret login: data.password was changed" {
		t.Error(got)
	}
}

func TestDrift_IgnoresReplicasOfAutoscaler(t *testing.T) {
	fake := fakeDeployedRelease(t)
	fake.put(portal, strings.Replace(portalInUse, `"replicas": 1`, `"replicas": 5`, 1))
	fake.put("/apis/autoscaling/v2/namespaces/heroes/horizontalpodautoscalers/portal",
		`{"spec": {"scaleTargetRef": {"kind": "Deployment", "name": "portal"}}}`)
	if got := driftOf(t, fake); got != "" {
		t.Error(got)
	}
}

func TestDrift_NamesPendingRevision(t *testing.T) {
	fake := fakeDeployedRelease(t)
	fake.revision(3, "pending-upgrade", "pulumi-resource-kubernetes", portalManifest, time.Hour)
	if got := driftOf(t, fake); got != "revision 3 of release zot is pending-upgrade" {
		t.Error(got)
	}
}

func TestReadiness_FindsAndRepairsDrift(t *testing.T) {
	fake := fakeDeployedRelease(t)
	inputs := fake.readiness()
	call, screen := newCall(t)
	state, err := eager.create(call, inputs)
	if err != nil {
		t.Fatal(err)
	}
	mustDrift(t, state, fake, false)
	fake.remove(portal)
	mustDrift(t, state, fake, true)
	read, err := eager.read(call, asSent(state))
	if err != nil || len(read["drift"].ArrayValue()) != 1 {
		t.Fatal(read["drift"], err)
	}
	repaired, err := eager.update(call, asSent(read), inputs)
	if err != nil {
		t.Fatal(err)
	}
	object, _ := json.Marshal(fake.get(portal))
	mustContain(t, string(object), `"meta.helm.sh/release-name":"zot"`, `"app.kubernetes.io/managed-by":"Helm"`, `"image":"portal:1"`)
	mustContain(t, screen.all(), "Deployment portal is missing")
	if strings.Contains(screen.all(), "hidden-password") || !repaired["password"].IsSecret() {
		t.Error("the password is in plaintext")
	}
	mustDrift(t, repaired, fake, false)
}

func TestReadiness_RestoresReplicas(t *testing.T) {
	fake := fakeDeployedRelease(t)
	inputs := fake.readiness()
	call, _ := newCall(t)
	state, err := eager.create(call, inputs)
	if err != nil {
		t.Fatal(err)
	}
	fake.put(portal, strings.Replace(portalInUse, `"replicas": 1`, `"replicas": 0`, 1))
	mustDrift(t, state, fake, true)
	if state, err = eager.update(call, asSent(state), inputs); err != nil {
		t.Fatal(err)
	}
	if got := fake.get(portal)["spec"].(map[string]any)["replicas"]; got != float64(1) {
		t.Error(got)
	}
	mustDrift(t, state, fake, false)
}

func TestReadiness_AcceptsWhatOthersSet(t *testing.T) {
	fake := fakeDeployedRelease(t)
	fake.put(portal, strings.Replace(portalInUse, `"portal:1"`, `"mirror/portal:1"`, 1))
	call, _ := newCall(t)
	state, err := eager.create(call, fake.readiness())
	if err != nil {
		t.Fatal(err)
	}
	if got := fake.writes(); got != "" {
		t.Error("a webhook's field is set again:", got)
	}
	mustDrift(t, state, fake, false)
	fake.remove(portal)
	mustDrift(t, state, fake, true)
}

func TestReadiness_WithoutClusterIsUnchanged(t *testing.T) {
	fake := fakeDeployedRelease(t)
	inputs := fake.readiness()
	call, screen := newCall(t)
	state, err := eager.create(call, inputs)
	if err != nil {
		t.Fatal(err)
	}
	fake.isDown = true
	difference, err := eager.diffLive(call, asSent(state), inputs)
	if err != nil || difference.Changes != plugin.DiffNone {
		t.Error(difference, err)
	}
	read, err := eager.read(call, asSent(state))
	if err != nil || read["drift"].HasValue() && len(read["drift"].ArrayValue()) > 0 {
		t.Error(read["drift"], err)
	}
	mustContain(t, screen.all(), "cannot compare release heroes/zot with the cluster")
}

func TestReadiness_DiscardsPendingRevision(t *testing.T) {
	fake := fakeDeployedRelease(t)
	inputs := fake.readiness()
	call, _ := newCall(t)
	state, err := eager.create(call, inputs)
	if err != nil {
		t.Fatal(err)
	}
	fake.revision(3, "pending-upgrade", "pulumi-resource-kubernetes", portalManifest, time.Hour)
	mustDrift(t, state, fake, true)
	if state, err = eager.update(call, asSent(state), inputs); err != nil {
		t.Fatal(err)
	}
	if got := fake.writes(); got != "DELETE "+newest {
		t.Error(got)
	}
	mustDrift(t, state, fake, false)
}

// mustDrift holds a preview against the cluster; whoever compares does not write.
func mustDrift(t *testing.T, state resource.PropertyMap, fake *fakeHelmCluster, differs bool) {
	t.Helper()
	before := fake.writes()
	inputs := fake.readiness()
	inputs["kubeconfig"] = state["kubeconfig"]
	call, _ := newCall(t)
	difference, err := eager.diffLive(call, asSent(state), inputs)
	if err != nil {
		t.Fatal(err)
	}
	if differs != slices.Contains(difference.ChangedKeys, "drift") || differs != (difference.Changes == plugin.DiffSome) {
		t.Error(difference)
	}
	if fake.writes() != before {
		t.Error("a preview has changed the cluster:", fake.writes())
	}
}
