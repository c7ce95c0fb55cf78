package main

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestOnlyTheRecordsOfThisReleaseAreForgotten(t *testing.T) {
	played := newPlayedCluster(t)
	played.answer("secrets", `{"items": [
		{"metadata": {"name": "sh.helm.release.v1.zot.v1", "labels": {"owner": "helm", "name": "zot", "status": "pending-install"}}},
		{"metadata": {"name": "sh.helm.release.v1.other.v1", "labels": {"owner": "helm", "name": "other"}}},
		{"metadata": {"name": "zot-files"}}]}`)
	kubeconfig := played.wanted(0)["kubeconfig"].StringValue()
	if err := forgetRelease(kubeconfig, "", "heroes", "zot"); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(played.removed, " "); got != "/api/v1/namespaces/heroes/secrets/sh.helm.release.v1.zot.v1" {
		t.Error(got)
	}
}

func TestAReleaseThatCannotBeForgottenIsToldWithTheReason(t *testing.T) {
	played := newPlayedCluster(t)
	played.answer("secrets", `{"items": [{"metadata": {"name": "sh.helm.release.v1.zot.v1", "labels": {"owner": "helm", "name": "zot"}}}]}`)
	played.deleting = http.StatusForbidden
	err := forgetRelease(played.wanted(0)["kubeconfig"].StringValue(), "", "heroes", "zot")
	if err == nil {
		t.Fatal("it is still there")
	}
	mustContain(t, err.Error(), "the cluster of context lab refuses", "secrets is forbidden")
}

func TestForgetRelease_OfRunningProcessFails(t *testing.T) {
	fake := newFakeHelmCluster(t)
	fake.revision(3, "pending-install", "helm", oneService, time.Second)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := impatient.await(ctx, fake.release(), 0, func(string) {}); err == nil || fake.writes() != "" {
		t.Error("a running install was broken", err, fake.writes())
	}
}
