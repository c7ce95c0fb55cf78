package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"k8s.io/apimachinery/pkg/util/validation"
)

const (
	patienceWithKeptSecrets = time.Minute
	// A text has one of each kind of character at least.
	shortestText = 3
)

// keptSecrets are generated texts that outlive the stack's state, because data that is kept opens with nothing else: they
// are in a Secret of the cluster, where the next state finds them. As long as there is a state, it is the truth.
type keptSecrets struct{}

type keptSecretsInputs struct {
	Kubeconfig string `json:"kubeconfig"`
	Context    string `json:"context"`
	Namespace  string `json:"namespace"`
	// Name is the Secret's.
	Name string `json:"name"`
	// Lengths has each key of the Secret that is ours, and in how many characters a text for it is made.
	Lengths map[string]int `json:"lengths"`
}

type keptSecretsState struct {
	keptSecretsInputs
	Values map[string]string `json:"values"`
	// Present is false once the cluster no longer says what Values says.
	Present bool `json:"present"`
	// Holder is written on the Secret by whoever takes it over. One that comes in another's place may find the very same
	// Secret, by another way to the same cluster; the other one must not take it away then.
	Holder string `json:"holder"`
}

func (keptSecrets) check(news resource.PropertyMap) (resource.PropertyMap, []plugin.CheckFailure, error) {
	inputs, err := decode[keptSecretsInputs](news)
	if err != nil {
		return nil, nil, err
	}
	var failures []plugin.CheckFailure
	for _, key := range slices.Sorted(maps.Keys(inputs.Lengths)) {
		if complaints := validation.IsConfigMapKey(key); len(complaints) > 0 {
			failures = append(failures, plugin.CheckFailure{Property: "lengths", Reason: fmt.Sprintf(
				"%q is no key of a Secret: %s", key, strings.Join(complaints, ", "))})
		}
		if length := inputs.Lengths[key]; length < shortestText {
			failures = append(failures, plugin.CheckFailure{Property: "lengths", Reason: fmt.Sprintf(
				"%s cannot have %d characters: there are a small letter, a capital and a digit in each", key, length)})
		}
	}
	return news, failures, nil
}

// diff makes another Secret for another place. The old one goes only when whoever reads it has been told of the new one.
func (keptSecrets) diff(olds, news resource.PropertyMap) (plugin.DiffResult, error) {
	state, err := decode[keptSecretsState](olds)
	if err != nil {
		return plugin.DiffResult{}, err
	}
	changed := changedKeys(olds, news)
	if !state.Present {
		changed = append(changed, "present")
	}
	return newOneFirst(difference(changed, "context", "kubeconfig", "name", "namespace")), nil
}

// create goes on with a Secret of ours that is there already: data may have been made with what is in it.
func (keptSecrets) create(call call, news resource.PropertyMap) (resource.PropertyMap, error) {
	if call.preview {
		return withUnknown(news, "values"), nil
	}
	inputs, err := decode[keptSecretsInputs](news)
	if err != nil {
		return nil, err
	}
	return keptSecretsState{keptSecretsInputs: inputs, Holder: randomName()}.write(call)
}

// read never forgets a text: what is gone from the cluster is nowhere else than here.
func (keptSecrets) read(call call, olds resource.PropertyMap) (resource.PropertyMap, error) {
	state, err := decode[keptSecretsState](olds)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(call, patienceWithKeptSecrets)
	defer cancel()
	cluster, err := connectCluster(state.Kubeconfig, state.Context)
	if err != nil {
		return nil, err
	}
	found, err := state.look(ctx, cluster)
	if err != nil {
		return nil, err
	}
	state.Present = state.isSaidBy(found)
	return state.encoded()
}

// update makes no other text for another length: data was made with the one that there is.
func (keptSecrets) update(call call, olds, news resource.PropertyMap) (resource.PropertyMap, error) {
	state, err := decode[keptSecretsState](olds)
	if err != nil {
		return nil, err
	}
	inputs, err := decode[keptSecretsInputs](news)
	if err != nil {
		return nil, err
	}
	if call.preview {
		return state.foreseen(inputs, news), nil
	}
	state.keptSecretsInputs = inputs
	return state.write(call)
}

// foreseen is what an update comes to, as far as that is known: not what a new key will have.
func (s keptSecretsState) foreseen(inputs keptSecretsInputs, news resource.PropertyMap) resource.PropertyMap {
	if news["lengths"].ContainsUnknowns() {
		return withUnknown(news, "values")
	}
	values := resource.PropertyMap{}
	for key := range inputs.Lengths {
		if s.Values[key] == "" {
			return withUnknown(news, "values")
		}
		values[resource.PropertyKey(key)] = resource.NewStringProperty(s.Values[key])
	}
	outputs := news.Copy()
	outputs["values"] = resource.MakeSecret(resource.NewObjectProperty(values))
	return outputs
}

func (keptSecrets) remove(call call, olds resource.PropertyMap) error {
	state, err := decode[keptSecretsState](olds)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(call, patienceWithKeptSecrets)
	defer cancel()
	cluster, err := connectCluster(state.Kubeconfig, state.Context)
	if err != nil {
		return err
	}
	found, err := state.look(ctx, cluster)
	if err != nil || !isThere(found) {
		return err
	}
	if !isOurs(found) || found.Annotations[holderAnnotation] != state.Holder {
		call.progress.info("the Secret %s of the namespace %s stays: it is another's by now", state.Name, state.Namespace)
		return nil
	}
	return cluster.remove(ctx, state.path())
}

func (keptSecrets) identity(state resource.PropertyMap) string {
	return state["namespace"].StringValue() + "/" + state["name"].StringValue()
}

func (s keptSecretsState) encoded() (resource.PropertyMap, error) {
	return encode(s, "values")
}
