package main

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

const robotSecret = "Secret-of-the-robot-1"

var swiftRobot = harborRobot{pause: aMoment}

func may(project string, actions ...any) map[string]any {
	return map[string]any{"project": project, "actions": actions}
}

func robotInputs(played *playedHarbor, changes ...map[string]any) resource.PropertyMap {
	inputs := map[string]any{
		"project": "hero", "name": "pusher", "description": "Pushes Hero.", "secret": robotSecret, "days": forEver, "disabled": false,
		"permissions": []any{may("hero", "repository:pull", "repository:push")},
	}
	return resource.NewPropertyMapFromMap(played.inputs(append([]map[string]any{inputs}, changes...)...))
}

// ofTheSystem makes it a robot of Harbor itself.
var ofTheSystem = map[string]any{
	"project": "", "permissions": []any{may("/", "project:create"), may("*", "repository:pull", "repository:list")},
}

// playHarborWithHero has the project that a robot needs.
func playHarborWithHero(t *testing.T) *playedHarbor {
	t.Helper()
	played := playHarbor(t)
	played.projects["hero"] = &playedProject{number: 3}
	return played
}

func createdRobot(t *testing.T, call call, played *playedHarbor, changes ...map[string]any) resource.PropertyMap {
	t.Helper()
	outputs, err := swiftRobot.create(call, robotInputs(played, changes...))
	if err != nil {
		t.Fatal(err)
	}
	if !outputs["password"].IsSecret() || !outputs["secret"].IsSecret() {
		t.Error("a secret is in the state in clear")
	}
	played.forget()
	return asSent(outputs)
}

// aRobot is one that was there before us.
func aRobot(number, project int, name string, days int) *playedRobot {
	return &playedRobot{
		number: number, project: project, name: name, secret: "Old-secret-1", made: time.Now().AddDate(0, -2, 0), expires: forEver,
		described: map[string]any{"description": "", "duration": float64(days), "disable": false, "permissions": []any{}},
	}
}

func TestAHarborRobotIsMadeAsConfigSaysAndThenUnchanged(t *testing.T) {
	for name, example := range map[string]struct {
		change   map[string]any
		fullName string
	}{
		"of a project":  {map[string]any{}, "bot+hero+pusher"},
		"of the system": {ofTheSystem, "bot+pusher"},
		"with days":     {map[string]any{"days": 30}, "bot+hero+pusher"},
		"disabled":      {map[string]any{"disabled": true}, "bot+hero+pusher"},
	} {
		t.Run(name, func(t *testing.T) {
			played := playHarborWithHero(t)
			played.prefix = "bot+"
			call, screen := newCall(t)
			state := createdRobot(t, call, played, example.change)
			news := robotInputs(played, example.change)
			if state["fullName"].StringValue() != example.fullName || state["robotId"].NumberValue() != 7 || swiftRobot.identity(state) != "/robots/7" {
				t.Error(state)
			}
			if made := played.robots[0]; made.secret != robotSecret || made.described["disable"] != news["disabled"].BoolValue() {
				t.Error(made)
			}
			mustHaveChanged(t, swiftRobot, state, news)
			refreshed, err := swiftRobot.read(call, state)
			if err != nil || !asSent(refreshed).DeepEquals(state) {
				t.Error(err, refreshed)
			}
			mustNotContain(t, screen.all(), "taken over", harborPassword, robotSecret)
			if err := swiftRobot.remove(call, state); err != nil || len(played.robots) > 0 {
				t.Error(err)
			}
			if err := swiftRobot.remove(call, state); err != nil {
				t.Error("deleted already, and yet:", err)
			}
		})
	}
}

func TestHarborIsToldOfARobotWhatItUnderstands(t *testing.T) {
	played := playHarborWithHero(t)
	call, _ := newCall(t)
	createdRobot(t, call, played, ofTheSystem, map[string]any{"days": 30})
	described := played.robots[0].described
	want := "[map[access:[map[action:list resource:repository] map[action:pull resource:repository]] kind:project namespace:*] " +
		"map[access:[map[action:create resource:project]] kind:system namespace:/]]"
	if fmt.Sprint(described["permissions"]) != want || described["level"] != "system" || described["name"] != "pusher" ||
		described["duration"] != 30.0 || described["description"] != "Pushes Hero." {
		t.Error(described)
	}
}

func TestAHarborRobotThatIsThereAlreadyIsTakenOver(t *testing.T) {
	for name, example := range map[string]struct {
		change map[string]any
		number int
		sent   []string
	}{
		"of a project":  {map[string]any{}, 13, []string{"POST /robots", "PUT /robots/13", "PATCH /robots/13"}},
		"of the system": {ofTheSystem, 23, []string{"POST /robots", "PUT /robots/23", "PATCH /robots/23"}},
		// Its days begin when it is made.
		"with days": {map[string]any{"days": 30}, 7, []string{"POST /robots", "DELETE /robots/13", "POST /robots", "PATCH /robots/7"}},
		"disabled": {
			map[string]any{"days": 30, "disabled": true}, 7,
			[]string{"POST /robots", "DELETE /robots/13", "POST /robots", "PUT /robots/7", "PATCH /robots/7"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			played := playHarborWithHero(t)
			played.prefix = "bot-"
			played.robots = []*playedRobot{
				aRobot(11, 3, "hero+x-pusher", 30), aRobot(12, 4, "heroes+pusher", 30), aRobot(14, 3, "hero+puller", 30),
				aRobot(13, 3, "hero+pusher", 30),
				aRobot(21, 0, "x-pusher", 30), aRobot(22, 0, "puller", 30), aRobot(23, 0, "pusher", 30),
			}
			call, screen := newCall(t)
			outputs, err := swiftRobot.create(call, robotInputs(played, example.change))
			if err != nil || !slices.Equal(played.changes(), example.sent) {
				t.Fatal(err, played.changes())
			}
			state := asSent(outputs)
			if swiftRobot.identity(state) != fmt.Sprintf("/robots/%d", example.number) {
				t.Error(state["robotId"])
			}
			for _, each := range played.robots {
				if (each.secret == robotSecret) != (each.number == example.number) {
					t.Error(each)
				}
			}
			refreshed, err := swiftRobot.read(call, state)
			if err != nil || !asSent(refreshed).DeepEquals(state) {
				t.Error(err, refreshed)
			}
			mustContain(t, screen.stayed(), "is in Harbor already; it is taken over, and whoever uses its old secret is refused")
		})
	}
}

func TestAHarborRobotWhoseAnswersWereLostIsNoObstacle(t *testing.T) {
	played := playHarborWithHero(t)
	call, _ := newCall(t)
	played.before("POST /robots", playedAnswer{status: http.StatusBadGateway, after: true})
	createdRobot(t, call, played)
	played.robots = nil
	const refused = `{"errors": [{"message": "the secret ` + robotSecret + ` is too weak"}]}`
	played.before("PATCH /robots/8", playedAnswer{status: http.StatusBadRequest, body: refused})
	_, err := swiftRobot.create(call, robotInputs(played))
	if err == nil || len(played.robots) != 1 {
		t.Fatal(err, played.robots)
	}
	mustContain(t, err.Error(), "refuses to give the robot robot$hero+pusher its secret (400: the secret [secret] is too weak)")
	state := createdRobot(t, call, played)
	if played.robots[0].secret != robotSecret || swiftRobot.identity(state) != "/robots/8" {
		t.Error(played.robots[0])
	}
}

func TestAHarborRobotThatIsRefusedIsNotTakenOver(t *testing.T) {
	played := playHarborWithHero(t)
	call, _ := newCall(t)
	_, err := swiftRobot.create(call, robotInputs(played, map[string]any{"project": "heroes", "permissions": []any{may("heroes", "repository:pull")}}))
	if err == nil || len(played.asked) != 1 {
		t.Fatal(err, played.asked)
	}
	mustContain(t, err.Error(), "refuses to make the robot heroes+pusher (404: project heroes not found)")
	played.before("POST /robots", playedAnswer{status: http.StatusConflict, body: `{"errors": [{"message": "another reason"}]}`})
	_, err = swiftRobot.create(call, robotInputs(played))
	if !hasStatus(err, http.StatusConflict) {
		t.Fatal(err)
	}
	mustContain(t, err.Error(), "another reason")
}

func TestOnlyWhatDiffersOfARobotIsSentToHarbor(t *testing.T) {
	for name, example := range map[string]struct {
		change map[string]any
		sent   []string
	}{
		"another login":   {map[string]any{"username": "operator", "password": "Other-12345", "caCertificate": "PEM"}, []string{}},
		"another address": {map[string]any{"url": "https://harbor.local"}, []string{}},
		"another order":   {map[string]any{"permissions": []any{may("hero", "repository:push", "repository:pull")}}, []string{}},
		"twice": {
			map[string]any{"permissions": []any{may("hero", "repository:push"), may("hero", "repository:pull", "repository:push")}}, []string{},
		},
		"less leave":      {map[string]any{"permissions": []any{may("hero", "repository:pull")}}, []string{"PUT /robots/7"}},
		"disabled":        {map[string]any{"disabled": true}, []string{"PUT /robots/7"}},
		"days":            {map[string]any{"days": 30}, []string{"PUT /robots/7"}},
		"a description":   {map[string]any{"description": "Ours."}, []string{"PUT /robots/7"}},
		"another secret":  {map[string]any{"secret": "Another-secret-1"}, []string{"PATCH /robots/7"}},
		"secret and more": {map[string]any{"secret": "Another-secret-1", "description": ""}, []string{"PUT /robots/7", "PATCH /robots/7"}},
	} {
		t.Run(name, func(t *testing.T) {
			played := playHarborWithHero(t)
			call, _ := newCall(t)
			state := createdRobot(t, call, played)
			// Who logs in does so with today's prefix, and Harbor knows the robot by no other name.
			played.prefix = "bot-"
			news := robotInputs(played, example.change)
			updated, err := swiftRobot.update(call, state, news)
			if err != nil || !slices.Equal(played.changes(), example.sent) {
				t.Fatal(err, played.changes())
			}
			mustHaveChanged(t, swiftRobot, asSent(updated), news)
			if updated["robotId"].NumberValue() != 7 || !updated["secret"].IsSecret() {
				t.Error(updated)
			}
			if len(example.sent) == 0 {
				if len(played.asked) > 0 {
					t.Error("Harbor was asked for nothing:", played.asked)
				}
				return
			}
			if updated["fullName"].StringValue() != "bot-hero+pusher" {
				t.Error(updated["fullName"])
			}
			refreshed, err := swiftRobot.read(call, asSent(updated))
			if err != nil || !asSent(refreshed).DeepEquals(asSent(updated)) {
				t.Error(err, refreshed)
			}
		})
	}
}

func TestAHarborRobotElsewhereIsAnotherOne(t *testing.T) {
	played := playHarborWithHero(t)
	call, _ := newCall(t)
	state := createdRobot(t, call, played)
	for _, key := range []resource.PropertyKey{"name", "project"} {
		result := mustHaveChanged(t, swiftRobot, state, robotInputs(played, map[string]any{string(key): "other"}), key)
		if !slices.Equal(result.ReplaceKeys, []resource.PropertyKey{key}) || result.DeleteBeforeReplace {
			t.Error(result)
		}
	}
	for key, value := range map[string]any{"url": "https://harbor.local", "secret": "Another-secret-1", "days": 3} {
		result := mustHaveChanged(t, swiftRobot, state, robotInputs(played, map[string]any{key: value}), resource.PropertyKey(key))
		if len(result.ReplaceKeys) > 0 {
			t.Error(result)
		}
	}
}
