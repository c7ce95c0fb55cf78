package main

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// storageGuard is the resource that is deleted before all others of a stack. It runs every check that may refuse a
// deletion, so that a refused `destroy` has deleted nothing.
type storageGuard struct{}

type storageGuardInputs struct {
	Storages []guardedStorage `json:"storages"`
	// Identities name the data of each storage. With another one, the guard is replaced and checks the old storage first.
	Identities []string `json:"identities"`
	// Images are those that the stack has pushed, with their tags.
	Images []namedImage `json:"images"`
	// Discard lets images be deleted that the stack has not pushed.
	Discard bool `json:"discard"`
	// Drains are the services of nodes that no pod may use any more.
	Drains []departureInputs `json:"drains"`
}

type storageGuardState struct {
	storageGuardInputs
	// Pushed are the digests that the stack has pushed so far, in former runs too.
	Pushed []string `json:"pushed"`
}

var storageGuardSecrets = []resource.PropertyKey{"storages"}

func (storageGuard) check(news resource.PropertyMap) (resource.PropertyMap, []plugin.CheckFailure, error) {
	return news, nil, nil
}

func (storageGuard) diff(olds, news resource.PropertyMap) (plugin.DiffResult, error) {
	return difference(changedKeys(olds, news), "identities"), nil
}

func (storageGuard) create(call call, news resource.PropertyMap) (resource.PropertyMap, error) {
	if call.preview {
		return news, nil
	}
	inputs, err := decode[storageGuardInputs](news)
	if err != nil {
		return nil, err
	}
	call.storages.guard(inputs)
	return storageGuardState{Pushed: call.storages.handOver(nil)}.next(inputs)
}

func (storageGuard) read(_ call, olds resource.PropertyMap) (resource.PropertyMap, error) {
	return olds, nil
}

// update checks the storages that the stack no longer has, before they are deleted at the end of the run.
func (storageGuard) update(call call, olds, news resource.PropertyMap) (resource.PropertyMap, error) {
	state, err := decode[storageGuardState](olds)
	if err != nil {
		return nil, err
	}
	inputs, err := decode[storageGuardInputs](news)
	if err != nil {
		return nil, err
	}
	call.storages.handOver(state.Pushed)
	// A preview that does not know a password yet does not know which storages the stack has.
	if !inputs.Discard && !news["storages"].ContainsUnknowns() {
		if err := state.without(inputs.Storages).checkStorages(call, "up"); err != nil {
			return nil, err
		}
	}
	if call.preview {
		return news, nil
	}
	return state.next(inputs)
}

func (storageGuard) remove(call call, olds resource.PropertyMap) error {
	state, err := decode[storageGuardState](olds)
	if err != nil {
		return err
	}
	call.storages.handOver(state.Pushed)
	state = state.notReplacedBy(call.storages.guarded())
	if call.storages.command() == "destroy" {
		if err := errors.Join(state.checkDrains(call), state.checkKeepData(call.stack())); err != nil {
			return err
		}
	}
	if state.Discard || call.storages.mayDiscard() {
		call.storages.allowDataLoss()
		return nil
	}
	return state.checkStorages(call, call.storages.command())
}

// next is the state after these inputs: former images of the stack stay its own.
func (s storageGuardState) next(inputs storageGuardInputs) (resource.PropertyMap, error) {
	for _, image := range inputs.Images {
		s.Pushed = union(s.Pushed, []string{image.Digest})
	}
	return encode(storageGuardState{storageGuardInputs: inputs, Pushed: s.Pushed}, storageGuardSecrets...)
}

// notReplacedBy is the same state without the storages that the guard in its place guards, with the same data.
func (s storageGuardState) notReplacedBy(next *storageGuardInputs) storageGuardState {
	if next == nil {
		return s
	}
	var left []guardedStorage
	for place, each := range s.Storages {
		same := slices.IndexFunc(next.Storages, func(other guardedStorage) bool {
			return each.Registry == other.Registry && each.name() == other.name()
		})
		if same < 0 || identityAt(s.Identities, place) != identityAt(next.Identities, same) {
			left = append(left, each)
		}
	}
	s.Storages = left
	return s
}

func identityAt(identities []string, place int) string {
	if place >= len(identities) {
		return ""
	}
	return identities[place]
}

// without is the same state with only those storages that the stack no longer has.
func (s storageGuardState) without(kept []guardedStorage) storageGuardState {
	s.Storages = slices.DeleteFunc(slices.Clone(s.Storages), func(each guardedStorage) bool {
		return slices.ContainsFunc(kept, func(other guardedStorage) bool {
			return each.Registry == other.Registry && each.name() == other.name()
		})
	})
	return s
}

// checkStorages names the foreign images of all storages at once.
func (s storageGuardState) checkStorages(call call, retry string) error {
	var refusals []error
	for _, each := range s.Storages {
		if !each.KeepsImages {
			refusals = append(refusals, s.checkStorage(call, each, retry))
		}
	}
	return errors.Join(refusals...)
}

func (s storageGuardState) checkStorage(call call, storage guardedStorage, retry string) error {
	loss := dataLossError{storage: storage.name(), retry: retry, stack: call.stack()}
	if storage.Directory != "" {
		return s.checkDirectory(call, storage, loss)
	}
	pushed := pushedImages{Digests: s.Pushed, anyDigest: true}.with(storage.path(), s.tags(), nil)
	stored, err := storage.read(call)
	if err != nil {
		return &unreadableError{dataLossError: loss, cause: err, guard: string(call.progress.urn)}
	}
	if call.preview {
		// The move itself has yet to copy these.
		stored = slices.DeleteFunc(stored, func(each storedRepository) bool { return each.name == storage.path() })
	}
	loss.images = call.storages.notSaved(call, foreignImages(stored, pushed), pushed)
	if len(loss.images) == 0 {
		return nil
	}
	return &loss
}

// checkDirectory reads the embedded registry's disk. The record beside the images is written again where it was lost.
func (s storageGuardState) checkDirectory(call call, storage guardedStorage, loss dataLossError) error {
	directory := registryDirectory(storage.Directory)
	if _, err := os.Stat(directory.path(storageFolder)); errors.Is(err, os.ErrNotExist) {
		return nil // the images are gone
	}
	if err := directory.recordPush(storage.path(), s.tags(), s.Pushed); err != nil {
		return &unreadableError{dataLossError: loss, cause: err, guard: string(call.progress.urn)}
	}
	return directory.checkImages(call, loss.stack, loss.retry)
}

func (s storageGuardState) tags() []string {
	var tags []string
	for _, image := range s.Images {
		tags = append(tags, image.Tags...)
	}
	return tags
}

// checkDrains refuses while pods still use a service of the nodes that is deleted with the stack.
func (s storageGuardState) checkDrains(call call) error {
	for _, drain := range s.Drains {
		cluster, err := connectCluster(drain.Kubeconfig, drain.Context)
		if err != nil {
			return err
		}
		guests, err := drain.guests(call, cluster)
		if err != nil {
			return err
		}
		if len(guests) > 0 {
			return fmt.Errorf("cannot delete the DaemonSet %s: pods use the RuntimeClass %s: %s\nhint: delete these pods and what creates them, then repeat this command",
				drain.DaemonSet, drain.RuntimeClass, someOf(guests))
		}
	}
	return nil
}
