package main

import (
	"net/http"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

func tokenInputs(played *playedHub, changes ...map[string]any) resource.PropertyMap {
	inputs := map[string]any{
		"api": played.URL, "username": "hero", "token": hubToken,
		"label": "hero/dev pusher", "scopes": []any{"repo:write"}, "generation": "2026-11",
	}
	for _, change := range changes {
		for key, value := range change {
			inputs[key] = value
		}
	}
	return resource.NewPropertyMapFromMap(inputs)
}

func createdToken(t *testing.T, call call, played *playedHub) resource.PropertyMap {
	t.Helper()
	outputs, err := hubAccessToken{}.create(call, tokenInputs(played))
	if err != nil {
		t.Fatal(err)
	}
	if !outputs["token"].IsSecret() || !outputs["value"].IsSecret() {
		t.Error("a token is in the state in clear")
	}
	played.forget()
	return asSent(outputs)
}

func (p *playedHub) uuids() []string {
	uuids := []string{}
	for _, token := range p.tokens {
		uuids = append(uuids, token["uuid"].(string))
	}
	return uuids
}

func TestATokenIsMadeOnceAndThenUnchanged(t *testing.T) {
	played := playHub(t)
	call, screen := newCall(t)
	state := createdToken(t, call, played)
	made := played.tokens[0]
	if made["token_label"] != "hero/dev pusher (2026-11)" || !slices.Equal(made["scopes"].([]any), []any{"repo:write"}) {
		t.Error(made)
	}
	if state["uuid"].StringValue() != "uuid-1" || state["value"].StringValue() != "dckr_pat_value-1" {
		t.Error(state)
	}
	if identifier := (hubAccessToken{}).identity(state); identifier != "uuid-1" {
		t.Error(identifier)
	}
	refreshed, err := hubAccessToken{}.read(call, state)
	if err != nil || !asSent(refreshed).DeepEquals(state) {
		t.Error(err, refreshed)
	}
	if result, err := (hubAccessToken{}).diff(asSent(refreshed), tokenInputs(played)); err != nil || len(result.ChangedKeys) > 0 {
		t.Error(result, err)
	}
	mustNotContain(t, screen.all(), hubToken, hubBearer, "dckr_pat_value-1")
}

func TestAnotherTokenIsThereBeforeTheOldOneGoes(t *testing.T) {
	played := playHub(t)
	call, _ := newCall(t)
	state := createdToken(t, call, played)
	for key, value := range map[string]any{
		"generation": "2026-12", "label": "hero/dev puller", "scopes": []any{"repo:read"}, "username": "heroine", "api": "https://hub",
	} {
		result, err := hubAccessToken{}.diff(state, tokenInputs(played, map[string]any{key: value}))
		if err != nil || !slices.Equal(result.ReplaceKeys, []resource.PropertyKey{resource.PropertyKey(key)}) || result.DeleteBeforeReplace {
			t.Error(key, result, err)
		}
	}
	next, err := hubAccessToken{}.create(call, tokenInputs(played, map[string]any{"generation": "2026-12"}))
	if err != nil || !slices.Equal(played.uuids(), []string{"uuid-1", "uuid-2"}) {
		t.Fatal(err, played.uuids())
	}
	if err := (hubAccessToken{}).remove(call, state); err != nil || !slices.Equal(played.uuids(), []string{"uuid-2"}) {
		t.Error(err, played.uuids())
	}
	if err := (hubAccessToken{}).remove(call, state); err != nil {
		t.Error("deleted already, and yet:", err)
	}
	if err := (hubAccessToken{}).remove(call, asSent(next)); err != nil || len(played.tokens) > 0 {
		t.Error(err, played.uuids())
	}
}

func TestAnotherAdministratorTouchesNoToken(t *testing.T) {
	played := playHub(t)
	call, _ := newCall(t)
	state := createdToken(t, call, played)
	news := tokenInputs(played, map[string]any{"token": "dckr_pat_new"})
	result, err := hubAccessToken{}.diff(state, news)
	if err != nil || len(result.ReplaceKeys) > 0 || !slices.Equal(result.ChangedKeys, []resource.PropertyKey{"token"}) {
		t.Error(result, err)
	}
	updated, err := hubAccessToken{}.update(call, state, news)
	if err != nil || len(played.asked) > 0 || !asSent(updated)["value"].DeepEquals(state["value"]) {
		t.Error(err, played.asked, updated)
	}
}

func TestWhatARunThatWasCutShortLeftIsCleared(t *testing.T) {
	played := playHub(t)
	entry := func(uuid, label string, active bool, used any) map[string]any {
		return map[string]any{"uuid": uuid, "token_label": label, "is_active": active, "last_used": used}
	}
	played.tokens = []map[string]any{
		entry("other-generation", "hero/dev pusher (2026-10)", true, nil),
		entry("other-label", "hero/dev pusher", true, nil),
		entry("switched-off", "hero/dev pusher (2026-11)", false, nil),
		entry("in-use", "hero/dev pusher (2026-11)", true, "2026-11-20T10:00:00Z"),
		entry("left", "hero/dev pusher (2026-11)", true, nil),
		entry("left-too", "hero/dev pusher (2026-11)", true, "0001-01-01T00:00:00Z"),
	}
	call, _ := newCall(t)
	createdToken(t, call, played)
	want := []string{"other-generation", "other-label", "switched-off", "in-use", "uuid-1"}
	if !slices.Equal(played.uuids(), want) {
		t.Error(played.uuids())
	}
}

func TestATokenWhoseAnswerWasLostDoesNotStay(t *testing.T) {
	played := playHub(t)
	played.before("POST /v2/access-tokens", playedAnswer{status: http.StatusBadGateway, after: true})
	call, _ := newCall(t)
	if _, err := (hubAccessToken{}).create(call, tokenInputs(played)); err == nil || len(played.tokens) != 1 {
		t.Fatal(err, played.tokens)
	}
	createdToken(t, call, played)
	if !slices.Equal(played.uuids(), []string{"uuid-2"}) {
		t.Error(played.uuids())
	}
}

func TestATokenIsGoneOnlyWhenTheHubSaysSo(t *testing.T) {
	played := playHub(t)
	call, screen := newCall(t)
	state := createdToken(t, call, played)
	played.before("GET /v2/access-tokens/uuid-1", playedAnswer{status: http.StatusServiceUnavailable})
	if kept, err := (hubAccessToken{}).read(call, state); err != nil || !asSent(kept).DeepEquals(state) {
		t.Error(kept, err)
	}
	mustContain(t, screen.stayed(), "warning: the access token hero/dev pusher (2026-11) is left in the state as it is")
	played.tokens[0]["is_active"] = false
	switchedOff, err := hubAccessToken{}.read(call, state)
	if err != nil {
		t.Fatal(err)
	}
	result, err := hubAccessToken{}.diff(asSent(switchedOff), tokenInputs(played))
	if err != nil || !slices.Equal(result.ReplaceKeys, []resource.PropertyKey{"active"}) {
		t.Error(result, err)
	}
	played.tokens = nil
	if gone, err := (hubAccessToken{}).read(call, state); gone != nil || err != nil {
		t.Error(gone, err)
	}
}

func TestALoginThatMayNotMakeTokensIsToldWhatToDoInstead(t *testing.T) {
	for _, request := range []string{"POST /v2/access-tokens", "GET /v2/access-tokens"} {
		for _, status := range []int{400, 403} {
			played := playHub(t)
			played.before(request, playedAnswer{status: status, body: `{"message": "not for organisations"}`})
			call, _ := newCall(t)
			_, err := hubAccessToken{}.create(call, tokenInputs(played))
			if err == nil {
				t.Fatal(request, status)
			}
			mustContain(t, err.Error(), "not for organisations", "hero:dockerhub.pusherToken", "hero:dockerhub.pullerToken")
		}
	}
}

func TestWhatGoesWhenTheTokenIsRotatedGoesWithTheNewOne(t *testing.T) {
	played := playHub(t)
	call, _ := newCall(t)
	repository, token := createdRepository(t, call, played), createdToken(t, call, played)
	for _, state := range []resource.PropertyMap{repository, token} {
		state["token"] = resource.NewStringProperty("dckr_pat_revoked")
	}
	if err := (hubAccessToken{}).remove(call, token); err == nil {
		t.Fatal("a token that was revoked is still good")
	}
	for _, username := range []string{"heroine", "hero"} {
		works := username == "hero"
		call.logins = &knownLogins{}
		call.logins.remember(resource.NewPropertyMapFromMap(map[string]any{
			"api": played.URL, "username": username, "token": hubToken,
		}))
		if err := (hubAccessToken{}).remove(call, token); (err == nil) != works {
			t.Error(username, err)
		}
		if err := (hubRepository{}).remove(call, repository); (err == nil) != works {
			t.Error(username, err)
		}
	}
	if len(played.tokens) > 0 || len(played.repositories) > 0 {
		t.Error(played.tokens, played.repositories)
	}
}

func TestAPreviewOfATokenNeedsNoNetwork(t *testing.T) {
	played := playHub(t)
	call, _ := newCall(t)
	state := createdToken(t, call, played)
	call.preview = true
	news := withUnknown(tokenInputs(played), "token")
	if _, failures, err := (hubAccessToken{}).check(news); err != nil || len(failures) > 0 {
		t.Error(failures, err)
	}
	if result, err := (hubAccessToken{}).diff(state, news); err != nil || len(result.ChangedKeys) > 0 {
		t.Error(result, err)
	}
	created, err := hubAccessToken{}.create(call, news)
	if err != nil || !created["value"].ContainsUnknowns() || !created["uuid"].ContainsUnknowns() {
		t.Error(created, err)
	}
	updated, err := hubAccessToken{}.update(call, state, news)
	if err != nil || !updated["value"].IsSecret() || updated["uuid"].StringValue() != "uuid-1" {
		t.Error(updated, err)
	}
	if len(played.asked) > 0 {
		t.Error(played.asked)
	}
	wrong := tokenInputs(played, map[string]any{"scopes": []any{"repo:all"}, "label": string(make([]rune, 95))})
	if _, failures, err := (hubAccessToken{}).check(wrong); err != nil || len(failures) != 2 {
		t.Error(failures, err)
	}
}
