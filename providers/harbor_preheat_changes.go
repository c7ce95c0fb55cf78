package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
)

// What follows is of Harbor's src/server/v2.0/handler/preheat.go and src/pkg/p2p/preheat.

const (
	// With the pause between two, some minutes.
	triesToEndAPolicy = 100
	harborInstances   = "/p2p/preheat/instances"
	dragonflyVendor   = "dragonfly"
	tokenInTheHeader  = "OAUTH"
	// As Harbor itself writes them.
	everythingInThere = `[{"type":"repository","value":"**"},{"type":"tag","value":"**"}]`
	whenItIsPushed    = `{"type":"event_based","trigger_setting":{}}`
)

// harborInstance is a Dragonfly, as Harbor keeps it.
type harborInstance struct {
	ID       int64             `json:"id,omitempty"`
	Name     string            `json:"name"`
	Vendor   string            `json:"vendor"`
	Endpoint string            `json:"endpoint"`
	AuthMode string            `json:"auth_mode"`
	AuthInfo map[string]string `json:"auth_info,omitempty"`
	Enabled  bool              `json:"enabled"`
	Default  bool              `json:"default"`
	Insecure bool              `json:"insecure"`
}

// harborPolicy has three texts in it that are JSON.
type harborPolicy struct {
	ID         int64  `json:"id,omitempty"`
	Name       string `json:"name"`
	Provider   int64  `json:"provider_id"`
	Filters    string `json:"filters"`
	Trigger    string `json:"trigger"`
	Enabled    bool   `json:"enabled"`
	ExtraAttrs string `json:"extra_attrs"`
}

type harborPolicyScope struct {
	Scope string `json:"scope"`
}

// managerWhereOurs is nothing where somebody has changed anything else of it.
func (i harborInstance) managerWhereOurs() string {
	if i.Vendor != dragonflyVendor || i.AuthMode != tokenInTheHeader || !i.Enabled {
		return ""
	}
	return i.Endpoint
}

// scopeWhereOurs is nothing where somebody has changed anything else of it.
func (p harborPolicy) scopeWhereOurs(instance int64) string {
	var extra harborPolicyScope
	if json.Unmarshal([]byte(p.ExtraAttrs), &extra) != nil || p.Provider != instance || !p.Enabled ||
		p.Filters != everythingInThere || p.Trigger != whenItIsPushed {
		return ""
	}
	return extra.Scope
}

func (h *harbor) instance(name string) (harborInstance, error) {
	var found harborInstance
	err := h.ask("show the Dragonfly "+name, http.MethodGet, harborInstancePath(name), nil, &found)
	return found, err
}

// putInstance makes it, or goes on with the one that has the name already; its number is what policies name.
func (h *harbor) putInstance(inputs harborPreheatInputs) (int64, error) {
	wanted := harborInstance{
		Name: inputs.Name, Vendor: dragonflyVendor, Endpoint: inputs.Manager, AuthMode: tokenInTheHeader,
		AuthInfo: map[string]string{"token": inputs.Token}, Enabled: true,
	}
	purpose := "keep the Dragonfly " + inputs.Name
	found, err := h.instance(inputs.Name)
	if isGone(err) {
		if err := h.ask(purpose, http.MethodPost, harborInstances, wanted, nil); err != nil {
			return 0, err
		}
		found, err = h.instance(inputs.Name)
		return found.ID, err
	}
	if err != nil {
		return 0, err
	}
	wanted.ID, wanted.Default = found.ID, found.Default
	return found.ID, h.ask(purpose, http.MethodPut, harborInstancePath(inputs.Name), wanted, nil)
}

func (h *harbor) removeInstance(name string) error {
	return h.ask("let the Dragonfly "+name+" go", http.MethodDelete, harborInstancePath(name), nil, nil)
}

func (h *harbor) policy(project, name string) (harborPolicy, error) {
	var found harborPolicy
	err := h.ask("show the preheat policy "+name+" of "+project, http.MethodGet, harborPolicyPath(project, name), nil, &found)
	return found, err
}

func (h *harbor) putPolicy(inputs harborPreheatInputs, instance int64) error {
	extra, err := json.Marshal(harborPolicyScope{inputs.Scope})
	if err != nil {
		return err
	}
	wanted := harborPolicy{
		Name: inputs.Name, Provider: instance, Filters: everythingInThere, Trigger: whenItIsPushed, Enabled: true,
		ExtraAttrs: string(extra),
	}
	purpose := "keep the preheat policy " + inputs.Name + " of " + inputs.Project
	found, err := h.policy(inputs.Project, inputs.Name)
	if isGone(err) {
		return h.ask(purpose, http.MethodPost, harborPolicyPath(inputs.Project, ""), wanted, nil)
	}
	if err != nil {
		return err
	}
	wanted.ID = found.ID
	return h.ask(purpose, http.MethodPut, harborPolicyPath(inputs.Project, inputs.Name), wanted, nil)
}

func (h *harbor) removePolicy(project, name string) error {
	purpose := "let the preheat policy " + name + " of " + project + " go"
	return h.ask(purpose, http.MethodDelete, harborPolicyPath(project, name), nil, nil)
}

// endPolicy waits while Harbor hands on an image by it, as long as which it lets no policy go.
func (h *harbor) endPolicy(call call, state harborPreheatInputs) error {
	for try := 1; ; try++ {
		err := h.removePolicy(state.Project, state.Name)
		if !isNeeded(err) || try == triesToEndAPolicy {
			return err
		}
		call.progress.status("%v; trying again in %s", err, seconds(h.pause))
		if err := h.wait(h.pause); err != nil {
			return err
		}
	}
}

func harborInstancePath(name string) string {
	return harborInstances + "/" + url.PathEscape(name)
}

// harborPolicyPath without a name is where policies are made.
func harborPolicyPath(project, name string) string {
	path := harborProjectPath(project) + "/preheat/policies"
	if name == "" {
		return path
	}
	return path + "/" + url.PathEscape(name)
}

// isNeeded tells whether others still use what was to go.
func isNeeded(err error) bool {
	var refused *refusal
	return errors.As(err, &refused) && refused.status == http.StatusPreconditionFailed
}
