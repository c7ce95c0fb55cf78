package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

func TestAHarborRobotIsGoneOnlyWhenHarborSaysSo(t *testing.T) {
	const show = "GET /robots/7"
	for name, spoil := range map[string]func(*playedHarbor, resource.PropertyMap){
		"refused login": func(_ *playedHarbor, state resource.PropertyMap) {
			state["password"] = resource.NewStringProperty("Wrong-12345")
		},
		"unreachable": func(_ *playedHarbor, state resource.PropertyMap) { state["url"] = resource.NewStringProperty(closed()) },
		"403":         func(played *playedHarbor, _ resource.PropertyMap) { played.before(show, playedAnswer{status: 403}) },
		"404 of what stands before it": func(played *playedHarbor, _ resource.PropertyMap) {
			played.before(show, playedAnswer{status: 404, body: "default backend - 404"})
		},
		"502": func(played *playedHarbor, _ resource.PropertyMap) {
			played.before(show, playedAnswer{status: 502}, playedAnswer{status: 502})
		},
		"clients cannot log in": func(played *playedHarbor, _ resource.PropertyMap) {
			played.before("GET /v2/", playedAnswer{status: 503}, playedAnswer{status: 503})
		},
	} {
		t.Run(name, func(t *testing.T) {
			played := playHarborWithHero(t)
			call, _ := newCall(t)
			state := createdRobot(t, call, played)
			spoil(played, state)
			kept, err := swiftRobot.read(call, state)
			if err == nil || kept != nil {
				t.Fatal("without an error the engine takes it for gone:", kept)
			}
			mustNotContain(t, err.Error(), harborPassword, "Wrong-12345", robotSecret)
			if len(played.asked) > 1+harborTriesOfALook {
				t.Error("a refresh is drawn out:", played.asked)
			}
		})
	}
	for name, lose := range map[string]func(*playedHarbor){
		"deleted":        func(played *playedHarbor) { played.robots = nil },
		"of the project": func(played *playedHarbor) { played.robots[0].name = "heroes+pusher" },
		"of the system":  func(played *playedHarbor) { played.robots[0].project = 0 },
	} {
		played := playHarborWithHero(t)
		call, _ := newCall(t)
		state := createdRobot(t, call, played)
		lose(played)
		if gone, err := swiftRobot.read(call, state); gone != nil || err != nil {
			t.Error(name, gone, err)
		}
		_, err := swiftRobot.update(call, state, robotInputs(played, map[string]any{"disabled": true}))
		if err == nil || len(played.changes()) > 0 {
			t.Fatal(name, played.changes())
		}
		mustContain(t, err.Error(), "the robot hero+pusher is gone from Harbor: ./pulumiw refresh")
		if err := swiftRobot.remove(call, state); err != nil || len(played.changes()) > 0 {
			t.Error(name, "what is not ours was touched:", err, played.changes())
		}
	}
}

func TestDriftOfAHarborRobotIsSeenAndMended(t *testing.T) {
	grant := func(effect string, actions ...string) []any {
		access := []any{}
		for _, each := range actions {
			access = append(access, map[string]any{"resource": "repository", "action": each, "effect": effect})
		}
		return []any{map[string]any{"kind": "project", "namespace": "hero", "access": access}}
	}
	for name, example := range map[string]struct {
		drift func(*playedRobot)
		key   resource.PropertyKey
		sent  string
	}{
		"description": {func(r *playedRobot) { r.described["description"] = "Theirs." }, "description", "PUT"},
		"disabled":    {func(r *playedRobot) { r.described["disable"] = true }, "disabled", "PUT"},
		"days":        {func(r *playedRobot) { r.described["duration"], r.expires = 30.0, 1<<40 }, "days", "PUT"},
		"less leave":  {func(r *playedRobot) { r.described["permissions"] = grant("", "pull") }, "permissions", "PUT"},
		"more leave":  {func(r *playedRobot) { r.described["permissions"] = grant("allow", "pull", "push", "delete") }, "permissions", "PUT"},
		"denied":      {func(r *playedRobot) { r.described["permissions"] = grant("deny", "pull", "push") }, "permissions", "PUT"},
		"none":        {func(r *playedRobot) { r.described["permissions"] = []any{} }, "permissions", "PUT"},
		"its secret":  {func(r *playedRobot) { r.secret = "Another-secret-1" }, "secret", "PATCH"},
	} {
		t.Run(name, func(t *testing.T) {
			played := playHarborWithHero(t)
			call, _ := newCall(t)
			state := createdRobot(t, call, played)
			example.drift(played.robots[0])
			refreshed, err := swiftRobot.read(call, state)
			if err != nil {
				t.Fatal(err)
			}
			if result := mustHaveChanged(t, swiftRobot, asSent(refreshed), robotInputs(played), example.key); len(result.ReplaceKeys) > 0 {
				t.Error("drift must not cost the robot")
			}
			updated, err := swiftRobot.update(call, asSent(refreshed), robotInputs(played))
			if err != nil || !slices.Equal(played.changes(), []string{example.sent + " /robots/7"}) {
				t.Fatal(err, played.changes())
			}
			again, err := swiftRobot.read(call, asSent(updated))
			if err != nil || !asSent(again).DeepEquals(state) {
				t.Error(err, again)
			}
		})
	}
	played := playHarborWithHero(t)
	call, _ := newCall(t)
	state := createdRobot(t, call, played)
	played.robots[0].described["permissions"] = grant("allow", "push", "pull")
	refreshed, err := swiftRobot.read(call, state)
	if err != nil {
		t.Fatal(err)
	}
	mustHaveChanged(t, swiftRobot, asSent(refreshed), robotInputs(played))
}

func TestWhatAHarborRobotLogsInAsFollowsThePrefix(t *testing.T) {
	played := playHarborWithHero(t)
	call, _ := newCall(t)
	state := createdRobot(t, call, played)
	played.prefix = "bot-"
	refreshed, err := swiftRobot.read(call, state)
	if err != nil || refreshed["fullName"].StringValue() != "bot-hero+pusher" || asSent(refreshed)["secret"].StringValue() != robotSecret {
		t.Error(err, refreshed)
	}
}

func TestTheSecretOfAHarborRobotThatOpensNothingAnywayIsNotTried(t *testing.T) {
	for name, spoil := range map[string]func(*playedRobot){
		"disabled": func(robot *playedRobot) { robot.described["disable"] = true },
		"expired":  func(robot *playedRobot) { robot.expires = time.Now().Unix() - 1 },
	} {
		played := playHarborWithHero(t)
		call, _ := newCall(t)
		state := createdRobot(t, call, played)
		spoil(played.robots[0])
		refreshed, err := swiftRobot.read(call, state)
		if err != nil || asSent(refreshed)["secret"].StringValue() != robotSecret || slices.Contains(played.asked, "GET /v2/") {
			t.Error(name, err, refreshed, played.asked)
		}
	}
}

func TestAHarborRobotWhoseDaysAreOverIsReplacedOnceItIsGone(t *testing.T) {
	played := playHarborWithHero(t)
	call, _ := newCall(t)
	news := robotInputs(played, map[string]any{"days": 30})
	state := createdRobot(t, call, played, map[string]any{"days": 30})
	old := played.robots[0]
	old.made, old.expires = old.made.AddDate(0, 0, -31), time.Now().Unix()-1
	refreshed, err := swiftRobot.read(call, state)
	if err != nil {
		t.Fatal(err)
	}
	result := mustHaveChanged(t, swiftRobot, asSent(refreshed), news, "expired")
	if !slices.Equal(result.ReplaceKeys, []resource.PropertyKey{"expired"}) || !result.DeleteBeforeReplace {
		t.Error(result)
	}
	if result, err := swiftRobot.diff(asSent(refreshed), robotInputs(played, map[string]any{"name": "other"})); err != nil || result.DeleteBeforeReplace {
		t.Error(result, err)
	}
	if err := swiftRobot.remove(call, asSent(refreshed)); err != nil {
		t.Fatal(err)
	}
	next := createdRobot(t, call, played, map[string]any{"days": 30})
	mustHaveChanged(t, swiftRobot, next, news)
}

func TestFewerDaysThanAHarborRobotHasLivedAreRefused(t *testing.T) {
	played := playHarborWithHero(t)
	call, _ := newCall(t)
	call.progress.urn = "urn:pulumi:dev::hero::robot"
	state := createdRobot(t, call, played, map[string]any{"days": 100})
	played.robots[0].made = time.Now().AddDate(0, 0, -40)
	_, err := swiftRobot.update(call, state, robotInputs(played, map[string]any{"days": 30}))
	if err == nil || len(played.changes()) > 0 {
		t.Fatal("it opens nothing any more:", played.changes())
	}
	mustContain(t, err.Error(), fmt.Sprintf("from %s, and 30 of them are over", played.robots[0].made.UTC().Format(time.DateOnly)),
		"./pulumiw up --replace 'urn:pulumi:dev::hero::robot'")
	for _, days := range []int{50, forEver} {
		if _, err := swiftRobot.update(call, state, robotInputs(played, map[string]any{"days": days})); err != nil {
			t.Error(days, err)
		}
	}
}

func TestWhatHarborDoesNotTakeOfARobotIsToldBeforehand(t *testing.T) {
	played := playHarborWithHero(t)
	for _, example := range []struct {
		key    resource.PropertyKey
		change map[string]any
	}{
		{"name", map[string]any{"name": "hero+pusher"}},
		{"secret", map[string]any{"secret": "Hidden1"}},
		{"secret", map[string]any{"secret": "hidden-hidden-1"}},
		{"secret", map[string]any{"secret": "HIDDEN-HIDDEN-1"}},
		{"secret", map[string]any{"secret": "Hidden-hidden"}},
		{"secret", map[string]any{"secret": strings.Repeat("Hidden-1", 17)}},
		{"days", map[string]any{"days": 0}},
		{"days", map[string]any{"days": 1 << 31}},
		{"permissions", map[string]any{"permissions": []any{}}},
		{"permissions", map[string]any{"permissions": []any{may("heroes", "repository:pull")}}},
		{"permissions", map[string]any{"permissions": []any{may("hero")}}},
		{"permissions", map[string]any{"permissions": []any{may("hero", "repository")}}},
		{"url", map[string]any{"url": "harbor.local"}},
	} {
		_, failures, err := swiftRobot.check(robotInputs(played, example.change))
		if err != nil || len(failures) != 1 || failures[0].Property != example.key {
			t.Fatal(example, failures, err)
		}
		mustNotContain(t, strings.ToLower(failures[0].Reason), "hidden")
	}
	if _, failures, err := swiftRobot.check(robotInputs(played, ofTheSystem, map[string]any{"days": 1})); err != nil || len(failures) > 0 {
		t.Error(failures, err)
	}
}

func TestAPreviewOfAHarborRobotNeedsNoNetwork(t *testing.T) {
	played := playHarborWithHero(t)
	call, _ := newCall(t)
	state := createdRobot(t, call, played)
	call.preview = true
	news := withUnknown(robotInputs(played), "url", "password", "caCertificate", "secret", "project", "permissions", "name", "days")
	_, failures, err := swiftRobot.check(news)
	if err := errors.Join(err, failed(failures)); err != nil {
		t.Error(err)
	}
	// A project that is replaced takes its robots with it.
	ofAnotherProject := withUnknown(robotInputs(played), "project")
	if result := mustHaveChanged(t, swiftRobot, state, ofAnotherProject, "project"); len(result.ReplaceKeys) != 1 {
		t.Error(result)
	}
	mustHaveChanged(t, swiftRobot, state, withUnknown(robotInputs(played), "url", "username", "password", "caCertificate"))
	created, err := swiftRobot.create(call, news)
	if err != nil || !created["fullName"].ContainsUnknowns() || !created["robotId"].ContainsUnknowns() {
		t.Error(created, err)
	}
	updated, err := swiftRobot.update(call, state, robotInputs(played, map[string]any{"disabled": true}))
	if err != nil || updated["fullName"].StringValue() != "robot$hero+pusher" || updated["robotId"].NumberValue() != 7 {
		t.Error(updated, err)
	}
	if len(played.asked) > 0 {
		t.Error(played.asked)
	}
}
