package main

import (
	"strings"
	"testing"
	"time"
)

const (
	oneService  = "apiVersion: v1\nkind: Service\nmetadata:\n  name: zot\n"
	twoServices = oneService + "---\napiVersion: v1\nkind: Service\nmetadata:\n  name: metrics\n" +
		"---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: data\n"
	newest = heroSecrets + "sh.helm.release.v1.zot.v3"
)

var impatient = pendingHandling{pulumiGrace: 0, helmGrace: time.Hour, pollInterval: time.Millisecond}

func TestPendingRevision_IsDeletedAlone(t *testing.T) {
	for _, status := range []string{"pending-upgrade", "pending-rollback", "pending-install"} {
		t.Run(status, func(t *testing.T) {
			fake := newFakeHelmCluster(t)
			fake.revision(1, "superseded", "pulumi-resource-kubernetes", oneService, time.Hour)
			fake.revision(2, "deployed", "pulumi-resource-kubernetes", oneService, time.Hour)
			fake.revision(3, status, "pulumi-resource-kubernetes", oneService, time.Second)
			if err := impatient.discardPending(t.Context(), fake.release(), 0, func(string) {}); err != nil {
				t.Fatal(err)
			}
			if got := fake.writes(); got != "DELETE "+newest {
				t.Error(got)
			}
		})
	}
}

func TestPendingRevision_DeletesWhatItAloneBrought(t *testing.T) {
	fake := newFakeHelmCluster(t)
	fake.revision(2, "deployed", "", oneService, time.Hour)
	fake.revision(3, "pending-upgrade", "pulumi-resource-kubernetes", twoServices, time.Minute)
	owned := `{"metadata": {"name": "x", "creationTimestamp": "` + time.Now().UTC().Format(time.RFC3339) + `",
		"annotations": {"meta.helm.sh/release-name": "zot", "meta.helm.sh/release-namespace": "heroes"}}}`
	for _, path := range []string{"services/zot", "services/metrics", "persistentvolumeclaims/data"} {
		fake.put("/api/v1/namespaces/heroes/"+path, owned)
	}
	if err := impatient.discardPending(t.Context(), fake.release(), 0, func(string) {}); err != nil {
		t.Fatal(err)
	}
	if got := fake.writes(); got != "DELETE /api/v1/namespaces/heroes/services/metrics\nDELETE "+newest {
		t.Error(got)
	}
}

func TestPendingRevision_LeavesWhatOthersOwn(t *testing.T) {
	fake := newFakeHelmCluster(t)
	fake.revision(2, "deployed", "", oneService, time.Hour)
	fake.revision(3, "pending-upgrade", "pulumi-resource-kubernetes", twoServices, time.Minute)
	fake.put("/api/v1/namespaces/heroes/services/metrics", `{"metadata": {"name": "metrics"}}`)
	if err := impatient.discardPending(t.Context(), fake.release(), 0, func(string) {}); err != nil {
		t.Fatal(err)
	}
	if got := fake.writes(); got != "DELETE "+newest {
		t.Error(got)
	}
}

func TestPendingInstall_BecomesFailed(t *testing.T) {
	fake := newFakeHelmCluster(t)
	fake.revision(3, "pending-install", "pulumi-resource-kubernetes", oneService, time.Second)
	release := fake.release()
	if err := impatient.discardPending(t.Context(), release, 0, func(string) {}); err != nil {
		t.Fatal(err)
	}
	history, err := release.history(t.Context())
	if err != nil || len(history) != 1 || history[0].status != "failed" {
		t.Fatal(history, err)
	}
	record, _, err := release.record(t.Context(), history[0])
	if err != nil || record.Info.Status != "failed" || record.Version != 3 || record.Manifest != oneService {
		t.Error(record, err)
	}
}

func TestPendingRevision_OfRunningProcessStays(t *testing.T) {
	fake := newFakeHelmCluster(t)
	fake.revision(2, "deployed", "", oneService, time.Hour)
	fake.revision(3, "pending-upgrade", "helm", oneService, time.Minute)
	err := impatient.discardPending(t.Context(), fake.release(), 10*time.Millisecond, func(string) {})
	if err == nil {
		t.Fatal("a running upgrade was broken")
	}
	mustContain(t, err.Error(), "cannot change release heroes/zot: another process", "revision 3 is pending-upgrade",
		"hint:", "delete secret sh.helm.release.v1.zot.v3")
	if fake.writes() != "" {
		t.Error(fake.writes())
	}
}

func TestPendingRevision_IsWaitedForUntilItEnds(t *testing.T) {
	fake := newFakeHelmCluster(t)
	fake.revision(3, "pending-upgrade", "helm", oneService, time.Minute)
	reads := 0
	fake.onGet = func() {
		if reads++; reads == 3 {
			labels := fake.objects[newest]["metadata"].(map[string]any)["labels"].(map[string]any)
			labels["status"] = "deployed"
		}
	}
	var reported []string
	report := func(message string) { reported = append(reported, message) }
	if err := impatient.discardPending(t.Context(), fake.release(), time.Minute, report); err != nil {
		t.Fatal(err)
	}
	if fake.writes() != "" || len(reported) != 2 || !strings.Contains(reported[0], "revision 3 of release heroes/zot") {
		t.Error(fake.writes(), reported)
	}
}

func TestPendingRevision_OfLongAgoIsAbandoned(t *testing.T) {
	fake := newFakeHelmCluster(t)
	fake.revision(2, "deployed", "", oneService, 48*time.Hour)
	fake.revision(3, "pending-upgrade", "helm", oneService, 24*time.Hour)
	if err := impatient.discardPending(t.Context(), fake.release(), 0, func(string) {}); err != nil {
		t.Fatal(err)
	}
	if got := fake.writes(); got != "DELETE "+newest {
		t.Error(got)
	}
}

func TestDeployedRevision_IsLeftAlone(t *testing.T) {
	fake := newFakeHelmCluster(t)
	fake.revision(3, "deployed", "", oneService, time.Hour)
	if err := impatient.discardPending(t.Context(), fake.release(), 0, func(string) {}); err != nil || fake.writes() != "" {
		t.Error(err, fake.writes())
	}
}
