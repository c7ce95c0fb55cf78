package main

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

func repositoryInputs(played *playedHub, changes ...map[string]any) resource.PropertyMap {
	inputs := map[string]any{
		"api": played.URL, "username": "hero", "token": hubToken, "namespace": "heroes", "name": "hero",
		"description": "A hero.", "overview": "# Hero\n", "private": false,
		"immutableTags": []any{`v\d{1,3}`, "stable"}, "keepData": false,
	}
	for _, change := range changes {
		for key, value := range change {
			inputs[key] = value
		}
	}
	return resource.NewPropertyMapFromMap(inputs)
}

// createdRepository is the state of a repository that was just made.
func createdRepository(t *testing.T, call call, played *playedHub) resource.PropertyMap {
	t.Helper()
	outputs, err := hubRepository{}.create(call, repositoryInputs(played))
	if err != nil {
		t.Fatal(err)
	}
	if !outputs["token"].IsSecret() {
		t.Error("the token is in the state in clear")
	}
	played.forget()
	return asSent(outputs)
}

func mustChange(t *testing.T, olds, news resource.PropertyMap, keys ...resource.PropertyKey) plugin.DiffResult {
	t.Helper()
	result, err := hubRepository{}.diff(olds, news)
	if err != nil || !slices.Equal(result.ChangedKeys, keys) {
		t.Errorf("%v, want %v; %v", result.ChangedKeys, keys, err)
	}
	return result
}

func TestARepositoryIsMadeAsConfigSaysAndThenUnchanged(t *testing.T) {
	played := playHub(t)
	call, screen := newCall(t)
	state := createdRepository(t, call, played)
	made := played.repositories["heroes/hero"]
	immutable, _ := made["immutable_tags_settings"].(map[string]any)
	if made["description"] != "A hero." || made["full_description"] != "# Hero\n" || made["is_private"] != false ||
		immutable["enabled"] != true || !slices.Equal(immutable["rules"].([]any), []any{`v\d{1,3}`, "stable"}) {
		t.Error(made)
	}
	mustChange(t, state, repositoryInputs(played))
	refreshed, err := hubRepository{}.read(call, state)
	if err != nil {
		t.Fatal(err)
	}
	mustChange(t, asSent(refreshed), repositoryInputs(played))
	mustNotContain(t, screen.stayed(), "taken over")
	mustNotContain(t, screen.all(), hubToken, hubBearer)
	if identifier := (hubRepository{}).identity(refreshed); identifier != "heroes/hero" {
		t.Error(identifier)
	}
}

func TestARepositoryThatIsThereAlreadyIsTakenOver(t *testing.T) {
	for name, answer := range map[string]playedAnswer{
		"409": {},
		"400": {status: http.StatusBadRequest, body: `{"message": "repository already exists"}`},
	} {
		t.Run(name, func(t *testing.T) {
			played := playHub(t)
			played.repositories["heroes/hero"] = map[string]any{"description": "", "full_description": "old", "is_private": false}
			if answer.status != 0 {
				played.before("POST /v2/namespaces/heroes/repositories", answer)
			}
			call, screen := newCall(t)
			createdRepository(t, call, played)
			if made := played.repositories["heroes/hero"]; made["full_description"] != "# Hero\n" {
				t.Error(made)
			}
			mustContain(t, screen.stayed(), "info: docker.io/heroes/hero is on Docker Hub already; it is taken over",
				"destroy takes it and all its images away")
		})
	}
}

func TestACreateWhoseAnswerWasLostIsHealedByTheNext(t *testing.T) {
	played := playHub(t)
	played.before("POST /v2/namespaces/heroes/repositories", playedAnswer{status: http.StatusBadGateway, after: true})
	call, _ := newCall(t)
	if _, err := (hubRepository{}).create(call, repositoryInputs(played)); err == nil {
		t.Fatal("a lost answer went unnoticed")
	}
	createdRepository(t, call, played)
}

func TestAPrivateRepositoryIsNotShownToEverybodyByTheWay(t *testing.T) {
	played := playHub(t)
	played.repositories["heroes/hero"] = map[string]any{"is_private": true}
	call, _ := newCall(t)
	_, err := hubRepository{}.create(call, repositoryInputs(played))
	if err == nil || played.repositories["heroes/hero"]["is_private"] != true {
		t.Fatal(err, played.repositories)
	}
	mustContain(t, err.Error(), "heroes/hero is on Docker Hub already, and private", "hero:dockerhub.private true")
}

func TestARefusedCreateIsNoTakeOver(t *testing.T) {
	for _, status := range []int{http.StatusBadRequest, http.StatusConflict, http.StatusForbidden} {
		played := playHub(t)
		refused := playedAnswer{status: status, body: `{"message": "too many private repositories"}`}
		played.before("POST /v2/namespaces/heroes/repositories", refused)
		call, _ := newCall(t)
		_, err := hubRepository{}.create(call, repositoryInputs(played))
		if err == nil {
			t.Fatal("the refusal went unnoticed")
		}
		mustContain(t, err.Error(), fmt.Sprintf("refuses to make heroes/hero (%d: too many private repositories)", status))
	}
}

func TestOnlyWhatDiffersIsSent(t *testing.T) {
	for name, example := range map[string]struct {
		change map[string]any
		sent   []string
	}{
		"another token":       {map[string]any{"token": "dckr_pat_new", "username": "heroine"}, []string{}},
		"keepData":            {map[string]any{"keepData": true}, []string{}},
		"another overview":    {map[string]any{"overview": "# New\n"}, []string{"PATCH /v2/repositories/heroes/hero/"}},
		"private":             {map[string]any{"private": true}, []string{"POST /v2/repositories/heroes/hero/privacy"}},
		"no immutable tags":   {map[string]any{"immutableTags": []any{}}, []string{"PATCH /v2/namespaces/heroes/repositories/hero/immutabletags"}},
		"another description": {map[string]any{"description": "Ours."}, []string{"PATCH /v2/repositories/heroes/hero/"}},
	} {
		t.Run(name, func(t *testing.T) {
			played := playHub(t)
			call, _ := newCall(t)
			state := createdRepository(t, call, played)
			news := repositoryInputs(played, example.change)
			updated, err := hubRepository{}.update(call, state, news)
			if err != nil || !slices.Equal(played.changes(), example.sent) {
				t.Fatal(err, played.changes())
			}
			mustChange(t, asSent(updated), news)
			if len(example.sent) == 0 && len(played.asked) != 0 {
				t.Error("Docker Hub was asked for nothing:", played.asked)
			}
			if name == "another token" {
				return // which this Hub does not know
			}
			refreshed, err := hubRepository{}.read(call, asSent(updated))
			if err != nil {
				t.Fatal(err)
			}
			mustChange(t, asSent(refreshed), news)
		})
	}
}

func TestDriftIsSeenAndMended(t *testing.T) {
	for key, drifted := range map[resource.PropertyKey]map[string]any{
		"description":   {"description": "Theirs."},
		"overview":      {"full_description": "Theirs."},
		"private":       {"is_private": true},
		"immutableTags": {"immutable_tags_settings": map[string]any{"enabled": false, "rules": []any{`v\d{1,3}`, "stable"}}},
	} {
		t.Run(string(key), func(t *testing.T) {
			played := playHub(t)
			call, _ := newCall(t)
			state := createdRepository(t, call, played)
			for field, value := range drifted {
				played.repositories["heroes/hero"][field] = value
			}
			refreshed, err := hubRepository{}.read(call, state)
			if err != nil {
				t.Fatal(err)
			}
			if result := mustChange(t, asSent(refreshed), repositoryInputs(played), key); len(result.ReplaceKeys) > 0 {
				t.Error("drift must not cost the repository")
			}
			updated, err := hubRepository{}.update(call, asSent(refreshed), repositoryInputs(played))
			if err != nil || len(played.changes()) != 1 {
				t.Fatal(err, played.changes())
			}
			again, err := hubRepository{}.read(call, asSent(updated))
			if err != nil {
				t.Fatal(err)
			}
			mustChange(t, asSent(again), repositoryInputs(played))
		})
	}
}

func TestWhatTheHubStoresDifferentlyIsNoDrift(t *testing.T) {
	played := playHub(t)
	call, _ := newCall(t)
	state := createdRepository(t, call, played)
	played.repositories["heroes/hero"]["full_description"] = "# Hero"
	played.repositories["heroes/hero"]["immutable_tags_settings"] = map[string]any{"enabled": true, "rules": []any{"stable", `v\d{1,3}`}}
	delete(played.repositories["heroes/hero"], "description")
	refreshed, err := hubRepository{}.read(call, state)
	if err != nil {
		t.Fatal(err)
	}
	mustChange(t, asSent(refreshed), repositoryInputs(played))
}

func TestARepositoryIsGoneOnlyWhenTheHubSaysSo(t *testing.T) {
	const show = "GET /v2/namespaces/heroes/repositories/hero"
	for name, spoil := range map[string]func(*playedHub, resource.PropertyMap){
		"refused login": func(_ *playedHub, state resource.PropertyMap) {
			state["token"] = resource.NewStringProperty("dckr_pat_old")
		},
		"unreachable": func(_ *playedHub, state resource.PropertyMap) { state["api"] = resource.NewStringProperty(closed()) },
		"403":         func(played *playedHub, _ resource.PropertyMap) { played.before(show, playedAnswer{status: 403}) },
		"502":         func(played *playedHub, _ resource.PropertyMap) { played.before(show, playedAnswer{status: 502}) },
	} {
		t.Run(name, func(t *testing.T) {
			played := playHub(t)
			call, screen := newCall(t)
			state := createdRepository(t, call, played)
			spoil(played, state)
			kept, err := hubRepository{}.read(call, state)
			if err != nil || !asSent(kept).DeepEquals(state) {
				t.Error(err, kept)
			}
			mustContain(t, screen.stayed(), "warning: docker.io/heroes/hero is left in the state as it is")
			mustNotContain(t, screen.all(), hubToken, "dckr_pat_old")
		})
	}
	played := playHub(t)
	call, _ := newCall(t)
	state := createdRepository(t, call, played)
	delete(played.repositories, "heroes/hero")
	if gone, err := (hubRepository{}).read(call, state); gone != nil || err != nil {
		t.Error(gone, err)
	}
	// And an update does not need a refresh before it.
	news := repositoryInputs(played, map[string]any{"description": "Back again."})
	if _, err := (hubRepository{}).update(call, state, news); err != nil || played.repositories["heroes/hero"] == nil {
		t.Error(err, played.repositories)
	}
}

func TestWhatBecomesOfTheRepositoryIsSaidInConfig(t *testing.T) {
	played := playHub(t)
	call, screen := newCall(t)
	state := createdRepository(t, call, played)
	state["keepData"] = resource.NewBoolProperty(true)
	if err := (hubRepository{}).remove(call, state); err != nil || len(played.asked) != 0 || played.repositories["heroes/hero"] == nil {
		t.Error(err, played.asked)
	}
	mustContain(t, screen.stayed(), "info: docker.io/heroes/hero stays on Docker Hub with its images")
	state["keepData"] = resource.NewBoolProperty(false)
	if err := (hubRepository{}).remove(call, state); err != nil || played.repositories["heroes/hero"] != nil {
		t.Error(err)
	}
	if err := (hubRepository{}).remove(call, state); err != nil {
		t.Error("deleted already, and yet:", err)
	}
	played.before("DELETE /v2/repositories/heroes/hero/", playedAnswer{status: 403})
	if err := (hubRepository{}).remove(call, state); !hasStatus(err, http.StatusForbidden) {
		t.Error(err)
	}
}

func TestANewNameIsAnotherRepositoryAndTheOldOneGoesLast(t *testing.T) {
	played := playHub(t)
	call, _ := newCall(t)
	state := createdRepository(t, call, played)
	result := mustChange(t, state, repositoryInputs(played, map[string]any{"name": "heroine"}), "name")
	if !slices.Equal(result.ReplaceKeys, []resource.PropertyKey{"name"}) || result.DeleteBeforeReplace {
		t.Error(result)
	}
}
