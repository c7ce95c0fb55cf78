package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// asked is a wait that asks how the registry is, and not for leave to push.
func (p *playedCluster) asked(patience int) resource.PropertyMap {
	wanted := p.wanted(patience)
	wanted["health"] = resource.NewBoolProperty(true)
	for _, key := range []resource.PropertyKey{"repository", "username", "password"} {
		wanted[key] = resource.NewStringProperty("")
	}
	return wanted
}

func (p *playedCluster) say(words string) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.said = words
}

func TestWhatSaysWith200ThatItIsNotWellIsNotReady(t *testing.T) {
	for name, test := range map[string]struct{ said, told string }{
		"a component": {
			`{"status": "unhealthy", "components": [{"name": "core", "status": "healthy"},
				{"name": "jobservice", "status": "unhealthy", "error": "failed to check:\n connection refused"}]}`,
			"/readyz says that jobservice is unhealthy: failed to check: connection refused; look further with",
		},
		"two components": {
			`{"status": "unhealthy", "components": [{"name": "redis", "status": "unhealthy", "error": "unknown status"}, {"name": "portal"}]}`,
			"/readyz says that redis is unhealthy: unknown status, portal is not healthy",
		},
		"a very long error": {
			`{"status": "unhealthy", "components": [{"name": "core", "status": "unhealthy", "error": "` + strings.Repeat("é", 9000) + `"}]}`,
			"ééé…",
		},
		"no component":            {`{"status": "starting"}`, "/readyz says that it is starting"},
		"a page":                  {`<html>`, "/readyz does not say whether it is healthy"},
		"something else":          {`{"healthy": true}`, "/readyz does not say whether it is healthy"},
		"more than anybody reads": {`{"status": "healthy", "more": "` + strings.Repeat("a", longestAnswer) + `"}`, "its answer is no JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			played := newPlayedCluster(t)
			played.say(test.said)
			call, _ := newCall(t)
			_, err := eager.create(call, played.asked(0))
			if err == nil {
				t.Fatal("it is not ready")
			}
			mustContain(t, err.Error(), "all pods are ready, but http", test.told, "--namespace heroes get pods")
			if len(err.Error()) > 1000 {
				t.Errorf("%d bytes are too many for a person", len(err.Error()))
			}
			if strings.Contains(err.Error(), "core is healthy") {
				t.Error(err)
			}
		})
	}
}

func TestWhoIsNotWellYetIsWaitedFor(t *testing.T) {
	played := newPlayedCluster(t)
	played.say(`{"status": "unhealthy", "components": [{"name": "jobservice", "status": "unhealthy", "error": "unknown status"}]}`)
	call, screen := newCall(t)
	screen.whenShown(call, "jobservice is unhealthy", func() {
		played.say(`{"status": "healthy", "components": [{"name": "jobservice", "status": "healthy"}]}`)
	})
	outputs, err := eager.create(call, played.asked(600))
	if err != nil {
		t.Fatal(err)
	}
	if !outputs["health"].BoolValue() {
		t.Error(outputs)
	}
	mustContain(t, screen.all(), "says that jobservice is unhealthy: unknown status")
}

func TestWhoIsNotAskedHowItIsMaySayAnything(t *testing.T) {
	played := newPlayedCluster(t)
	played.say(`{"status": "unhealthy"}`)
	call, _ := newCall(t)
	if _, err := eager.create(call, played.wanted(0)); err != nil {
		t.Error(err)
	}
}

func TestWithoutARepositoryNobodyAsksForLeaveToPush(t *testing.T) {
	played := newPlayedCluster(t)
	played.say(`{"status": "healthy"}`)
	played.push = 403
	call, _ := newCall(t)
	if _, err := eager.create(call, played.asked(0)); err != nil {
		t.Error(err)
	}
}

// Harbor's jobservice panics until core is up.
func TestACrashThatPassesIsOnlyToldOfInTheMeantime(t *testing.T) {
	const deployment = `{"items": [{"metadata": {"name": "jobservice"}, "status": {"replicas": 1, "updatedReplicas": 1, "availableReplicas": %d}}]}`
	played := newPlayedCluster(t)
	played.answer("deployments", fmt.Sprintf(deployment, 0))
	played.answer("pods", `{"items": [{"metadata": {"name": "jobservice-0"}, "status": {"containerStatuses": [{"name": "jobservice", "restartCount": 2,
		"lastState": {"terminated": {"exitCode": 2, "reason": "Error", "message": "panic: failed to load configuration"}}}]}}]}`)
	call, screen := newCall(t)
	screen.whenShown(call, "jobservice has ended with code 2", func() {
		played.answer("deployments", fmt.Sprintf(deployment, 1))
	})
	if _, err := eager.create(call, played.wanted(600)); err != nil {
		t.Fatal(err)
	}
	mustContain(t, screen.all(), "jobservice has ended with code 2 (Error), 2 times: panic: failed to load configuration")
}

func TestAWaitOfBeforeOneCouldAskForHealthIsTheSame(t *testing.T) {
	played := newPlayedCluster(t)
	before := played.wanted(0)
	with := func(health bool) resource.PropertyMap {
		properties := before.Copy()
		properties["health"] = resource.NewBoolProperty(health)
		return properties
	}
	for name, test := range map[string]struct {
		olds, news resource.PropertyMap
		changed    int
	}{
		"left out":              {before, before, 0},
		"said to be none":       {before, with(false), 0},
		"wanted":                {before, with(true), 1},
		"wanted no longer":      {with(true), before, 1},
		"wanted as it was":      {with(true), with(true), 0},
		"written down as false": {with(false), before, 0},
	} {
		result, err := eager.diff(test.olds, test.news)
		if err != nil || len(result.ChangedKeys) != test.changed || len(result.ReplaceKeys) > 0 {
			t.Errorf("%s: %v, %v", name, result.ChangedKeys, err)
		}
	}
	// What is written down today is what was written down then.
	call, _ := newCall(t)
	outputs, err := eager.create(call, before)
	if _, said := outputs["health"]; said || err != nil {
		t.Error(outputs, err)
	}
}
