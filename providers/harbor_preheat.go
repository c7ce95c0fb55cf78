package main

import (
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// harborPreheat has a Harbor tell a Dragonfly of each new image in a project. Harbor calls the Dragonfly an instance, and
// the rule of the project a policy; both get the same name.
type harborPreheat struct {
	// pause comes before Harbor is asked a second time for what it could not do.
	pause time.Duration
}

type harborPreheatInputs struct {
	harborLogin
	Project string `json:"project"`
	Name    string `json:"name"`
	// Manager is where Harbor finds the Dragonfly's manager.
	Manager string `json:"manager"`
	// Token is the manager's, and good for jobs.
	Token string `json:"token"`
	// Scope is who fetches the images, in Dragonfly's words.
	Scope string `json:"scope"`
}

func (harborPreheat) check(news resource.PropertyMap) (resource.PropertyMap, []plugin.CheckFailure, error) {
	inputs, err := decode[harborPreheatInputs](news)
	if err != nil {
		return nil, nil, err
	}
	return news, inputs.harborLogin.check(news), nil
}

// diff takes the old one away before there is one of another name or project: Harbor knows each Dragonfly once.
func (harborPreheat) diff(olds, news resource.PropertyMap) (plugin.DiffResult, error) {
	return difference(changedKeys(olds, news, harborLoginKeys...), "project", "name"), nil
}

func (p harborPreheat) create(call call, news resource.PropertyMap) (resource.PropertyMap, error) {
	if call.preview {
		return news, nil
	}
	inputs, err := decode[harborPreheatInputs](news)
	if err != nil {
		return nil, err
	}
	return p.tell(call, inputs)
}

// read takes it for gone when one of the two is. Harbor tells nobody the token, so that is taken for what it was.
func (p harborPreheat) read(call call, olds resource.PropertyMap) (resource.PropertyMap, error) {
	state, err := decode[harborPreheatInputs](olds)
	if err != nil {
		return nil, err
	}
	harbor, err := state.look(call, p.pause)
	if err != nil {
		return nil, err
	}
	defer harbor.close()
	instance, err := harbor.instance(state.Name)
	if err == nil {
		var policy harborPolicy
		policy, err = harbor.policy(state.Project, state.Name)
		state.Scope, state.Manager = policy.scopeWhereOurs(instance.ID), instance.managerWhereOurs()
	}
	if isGone(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return state.properties()
}

// update tells Harbor all of it again, unless only its own address or login is another one.
func (p harborPreheat) update(call call, olds, news resource.PropertyMap) (resource.PropertyMap, error) {
	if call.preview {
		return news, nil
	}
	state, err := decode[harborPreheatInputs](olds)
	if err != nil {
		return nil, err
	}
	inputs, err := decode[harborPreheatInputs](news)
	if err != nil {
		return nil, err
	}
	if state.harborLogin = inputs.harborLogin; state == inputs {
		return inputs.properties()
	}
	return p.tell(call, inputs)
}

func (p harborPreheat) tell(call call, inputs harborPreheatInputs) (resource.PropertyMap, error) {
	harbor, err := inputs.open(call, p.pause)
	if err != nil {
		return nil, err
	}
	defer harbor.close()
	harbor.hidden = append(harbor.hidden, inputs.Token)
	instance, err := harbor.putInstance(inputs)
	if err != nil {
		return nil, err
	}
	if err := harbor.putPolicy(inputs, instance); err != nil {
		return nil, err
	}
	return inputs.properties()
}

// remove leaves the instance where somebody else's policy needs it, and says so.
func (p harborPreheat) remove(call call, olds resource.PropertyMap) error {
	state, err := decode[harborPreheatInputs](olds)
	if err != nil {
		return err
	}
	harbor, err := state.reopen(call, p.pause)
	if err != nil {
		return err
	}
	defer harbor.close()
	if err := harbor.endPolicy(call, state); err != nil && !isGone(err) {
		return err
	}
	err = harbor.removeInstance(state.Name)
	if isNeeded(err) {
		call.progress.warning("the Dragonfly %s stays in Harbor: %v", state.Name, err)
		return nil
	}
	if isGone(err) {
		return nil
	}
	return err
}

func (i harborPreheatInputs) properties() (resource.PropertyMap, error) {
	return encode(i, "password", "token")
}
