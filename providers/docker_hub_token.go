package main

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

const longestTokenLabel = 100

// hubAccessToken is a personal access token that we make, so that whoever pushes or pulls need not hold the token that
// administers. It opens every repository of its account: Docker Hub cannot bind it to one.
type hubAccessToken struct{}

type hubAccessTokenInputs struct {
	hubLogin
	// Label is what people see in the account's settings; it must belong to this stack alone.
	Label  string   `json:"label"`
	Scopes []string `json:"scopes"`
	// Generation is any text; another text means another token.
	Generation string `json:"generation"`
}

type hubAccessTokenState struct {
	hubAccessTokenInputs
	UUID string `json:"uuid"`
	// Value is told once, when the token is made.
	Value string `json:"value"`
	// Active is false once somebody has switched the token off.
	Active bool `json:"active"`
}

var hubAccessTokenSecrets = []resource.PropertyKey{"token", "value"}

// hubAccessTokenFound is a token as Docker Hub lists it.
type hubAccessTokenFound struct {
	UUID     string  `json:"uuid"`
	Label    string  `json:"token_label"`
	Active   *bool   `json:"is_active"`
	LastUsed *string `json:"last_used"`
	Value    string  `json:"token"`
}

func (f hubAccessTokenFound) active() bool {
	return f.Active == nil || *f.Active
}

func (f hubAccessTokenFound) used() bool {
	const never = "0001-01-01"
	return f.LastUsed != nil && *f.LastUsed != "" && !strings.HasPrefix(*f.LastUsed, never)
}

func (hubAccessToken) check(news resource.PropertyMap) (resource.PropertyMap, []plugin.CheckFailure, error) {
	inputs, err := decode[hubAccessTokenInputs](news)
	if err != nil {
		return nil, nil, err
	}
	var failures []plugin.CheckFailure
	if length := len([]rune(inputs.fullLabel())); length > longestTokenLabel {
		failures = append(failures, plugin.CheckFailure{Property: "label", Reason: fmt.Sprintf(
			"with the generation it has %d characters; Docker Hub takes %d", length, longestTokenLabel)})
	}
	for _, scope := range inputs.Scopes {
		if !slices.Contains([]string{"repo:public_read", "repo:read", "repo:write", "repo:admin"}, scope) {
			failures = append(failures, plugin.CheckFailure{Property: "scopes", Reason: fmt.Sprintf(
				"%q is none; there are repo:public_read, repo:read, repo:write and repo:admin", scope)})
		}
	}
	return news, failures, nil
}

// diff replaces a token that shall be another one, and one that somebody switched off. The new one is made first: what
// pulls with the old one must be able to until it has been told the new one.
func (hubAccessToken) diff(olds, news resource.PropertyMap) (plugin.DiffResult, error) {
	state, err := decode[hubAccessTokenState](olds)
	if err != nil {
		return plugin.DiffResult{}, err
	}
	changed := changedKeys(olds, news, "username", "token")
	if !state.Active {
		changed = append(changed, "active")
	}
	return newOneFirst(difference(changed, "active", "api", "generation", "label", "scopes", "username")), nil
}

func (hubAccessToken) create(call call, news resource.PropertyMap) (resource.PropertyMap, error) {
	if call.preview {
		return withUnknown(news, "uuid", "value"), nil
	}
	inputs, err := decode[hubAccessTokenInputs](news)
	if err != nil {
		return nil, err
	}
	hub, err := inputs.open(call)
	if err != nil {
		return nil, err
	}
	label := inputs.fullLabel()
	if err := hub.clearUnusedTokens(label); err != nil {
		return nil, insteadOfTokens(err)
	}
	var made hubAccessTokenFound
	err = hub.ask("make the access token "+label, http.MethodPost, "/v2/access-tokens",
		map[string]any{"token_label": label, "scopes": inputs.Scopes}, &made)
	if err != nil {
		return nil, insteadOfTokens(err)
	}
	if made.UUID == "" || made.Value == "" {
		return nil, fmt.Errorf("Docker Hub has made the access token %s and does not tell it; "+
			"the next ./pulumiw up makes another one", label)
	}
	state := hubAccessTokenState{hubAccessTokenInputs: inputs, UUID: made.UUID, Value: made.Value, Active: true}
	return encode(state, hubAccessTokenSecrets...)
}

// read leaves the state as it is whenever Docker Hub cannot be asked: what is not seen is not gone.
func (hubAccessToken) read(call call, olds resource.PropertyMap) (resource.PropertyMap, error) {
	state, err := decode[hubAccessTokenState](olds)
	if err != nil {
		return nil, err
	}
	var found hubAccessTokenFound
	hub, err := state.reopen(call)
	if err == nil {
		err = hub.ask("show the access token "+state.fullLabel(), http.MethodGet, state.path(), nil, &found)
	}
	switch {
	case call.Err() != nil:
		return nil, call.Err()
	case hasStatus(err, http.StatusNotFound):
		return nil, nil
	case err != nil:
		call.progress.warning("the access token %s is left in the state as it is: %v", state.fullLabel(), err)
	default:
		state.Active = found.active()
	}
	return encode(state, hubAccessTokenSecrets...)
}

// update only writes down another login: whatever else changes makes another token.
func (hubAccessToken) update(call call, olds, news resource.PropertyMap) (resource.PropertyMap, error) {
	state, err := decode[hubAccessTokenState](olds)
	if err != nil {
		return nil, err
	}
	inputs, err := decode[hubAccessTokenInputs](news)
	if err != nil {
		return nil, err
	}
	if call.preview {
		outputs := news.Copy()
		outputs["uuid"] = resource.NewStringProperty(state.UUID)
		outputs["value"] = resource.MakeSecret(resource.NewStringProperty(state.Value))
		return outputs, nil
	}
	state.hubAccessTokenInputs = inputs
	return encode(state, hubAccessTokenSecrets...)
}

func (hubAccessToken) remove(call call, olds resource.PropertyMap) error {
	state, err := decode[hubAccessTokenState](olds)
	if err != nil {
		return err
	}
	hub, err := state.reopen(call)
	if err != nil {
		return err
	}
	return hub.deleteToken(state.UUID, state.fullLabel())
}

func (hubAccessToken) identity(state resource.PropertyMap) string {
	return state["uuid"].StringValue()
}

// fullLabel carries the generation, so that a token that is still in use and the one that comes after it differ.
func (i hubAccessTokenInputs) fullLabel() string {
	if i.Generation == "" {
		return i.Label
	}
	return i.Label + " (" + i.Generation + ")"
}

func (s hubAccessTokenState) path() string {
	return "/v2/access-tokens/" + url.PathEscape(s.UUID)
}

// clearUnusedTokens deletes what a run that was cut short has left: tokens with this very label, whose value nobody ever
// got to know. One that was used belongs to somebody, whatever its label is.
func (h *hub) clearUnusedTokens(label string) error {
	tokens, err := h.accessTokens()
	if err != nil {
		return err
	}
	for _, token := range tokens {
		if token.Label != label || !token.active() || token.used() {
			continue
		}
		if err := h.deleteToken(token.UUID, label); err != nil {
			return err
		}
	}
	return nil
}

// accessTokens are all tokens of the account. Pages are counted, because the address of the next one that Docker Hub
// gives is not where a mirror of it is.
func (h *hub) accessTokens() ([]hubAccessTokenFound, error) {
	var tokens []hubAccessTokenFound
	for page := 1; ; page++ {
		var answer struct {
			Next    *string               `json:"next"`
			Results []hubAccessTokenFound `json:"results"`
		}
		path := fmt.Sprintf("/v2/access-tokens?page=%d&page_size=100", page)
		if err := h.ask("list the access tokens of "+h.Username, http.MethodGet, path, nil, &answer); err != nil {
			return nil, err
		}
		tokens = append(tokens, answer.Results...)
		if answer.Next == nil || *answer.Next == "" || len(answer.Results) == 0 {
			return tokens, nil
		}
	}
}

func (h *hub) deleteToken(uuid, label string) error {
	err := h.ask("delete the access token "+label, http.MethodDelete, "/v2/access-tokens/"+url.PathEscape(uuid), nil, nil)
	if hasStatus(err, http.StatusNotFound) {
		return nil
	}
	return err
}

// insteadOfTokens says what to do where a login may not make tokens, as an organisation's may not.
func insteadOfTokens(err error) error {
	if !hasStatus(err, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound) {
		return err
	}
	return fmt.Errorf("%w. Or make two tokens yourself, one that may read and write and one that may only read, and give them: "+
		"./pulumiw config set --secret --path hero:dockerhub.pusherToken, "+
		"./pulumiw config set --secret --path hero:dockerhub.pullerToken", err)
}
