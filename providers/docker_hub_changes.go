package main

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

// hubRepositoryFound is a repository as Docker Hub describes it. What it leaves out stays nil.
type hubRepositoryFound struct {
	Description *string `json:"description"`
	Overview    *string `json:"full_description"`
	Private     bool    `json:"is_private"`
	Immutable   struct {
		Enabled bool `json:"enabled"`
		// Rules stay there while they are switched off.
		Rules []string `json:"rules"`
	} `json:"immutable_tags_settings"`
}

func (f hubRepositoryFound) rules() []string {
	if !f.Immutable.Enabled {
		return nil
	}
	return f.Immutable.Rules
}

func (h *hub) repository(namespace, name string) (hubRepositoryFound, error) {
	var found hubRepositoryFound
	err := h.ask("show "+namespace+"/"+name, http.MethodGet, namespacePath(namespace, name), nil, &found)
	return found, err
}

func namespacePath(namespace, name string) string {
	return "/v2/namespaces/" + url.PathEscape(namespace) + "/repositories/" + url.PathEscape(name)
}

// makeOrTakeOver makes the repository, or goes on with the one that is there already: a push may have made it, or a run
// that was cut short before it could write down what it had done.
func (i hubRepositoryInputs) makeOrTakeOver(hub *hub) error {
	hub.call.progress.status("making %s on Docker Hub", i.path())
	err := hub.ask("make "+i.path(), http.MethodPost, "/v2/namespaces/"+url.PathEscape(i.Namespace)+"/repositories", map[string]any{
		"name": i.Name, "namespace": i.Namespace, "registry": "docker.io", "is_private": i.Private,
		"description": i.Description, "full_description": i.Overview,
	}, nil)
	if err == nil {
		made := i
		made.ImmutableTags = nil // these can only be set on what is there
		return i.apply(hub, made)
	}
	if !hasStatus(err, http.StatusBadRequest, http.StatusConflict) {
		return err
	}
	found, lookError := hub.repository(i.Namespace, i.Name)
	if lookError != nil {
		return err // so it was refused for another reason
	}
	if found.Private && !i.Private {
		return fmt.Errorf("%s is on Docker Hub already, and private; taking it over would show it to everybody, as config says. "+
			"Either keep it private: ./pulumiw config set --path hero:dockerhub.private true, "+
			"or make it public on Docker Hub, then ./pulumiw up", i.path())
	}
	hub.call.progress.info("docker.io/%s is on Docker Hub already; it is taken over and made as config says%s", i.path(), i.fate())
	return i.apply(hub, i.as(found))
}

// fate says what becomes of what was there before us.
func (i hubRepositoryInputs) fate() string {
	if i.KeepData {
		return ""
	}
	return "; with keepData: false, destroy takes it and all its images away"
}

// apply changes what differs from how the repository is, and nothing else.
func (i hubRepositoryInputs) apply(hub *hub, current hubRepositoryInputs) error {
	if i.Description != current.Description || i.Overview != current.Overview {
		err := hub.ask("describe "+i.path(), http.MethodPatch, i.settingsPath()+"/", map[string]any{
			"description": i.Description, "full_description": i.Overview,
		}, nil)
		if err != nil {
			return err
		}
	}
	if i.Private != current.Private {
		privacy := map[string]any{"is_private": i.Private}
		if err := hub.ask("change who sees "+i.path(), http.MethodPost, i.settingsPath()+"/privacy", privacy, nil); err != nil {
			return err
		}
	}
	if slices.Equal(i.ImmutableTags, current.ImmutableTags) {
		return nil
	}
	return i.applyImmutableTags(hub)
}

// applyImmutableTags sends the rules as a list. The older way, one text with commas between them, has no place for a
// rule that contains a comma itself, such as v\d{1,3}.
func (i hubRepositoryInputs) applyImmutableTags(hub *hub) error {
	rules := i.ImmutableTags
	if rules == nil {
		rules = []string{}
	}
	return hub.ask("set the immutable tags of "+i.path(), http.MethodPatch, namespacePath(i.Namespace, i.Name)+"/immutabletags",
		map[string]any{"immutable_tags": len(rules) > 0, "immutable_tags_rules": rules}, nil)
}
