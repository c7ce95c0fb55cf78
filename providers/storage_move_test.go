package main

import (
	"slices"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// movingFrom is a home in an embedded registry that does not run.
func movingFrom(t *testing.T, stored storedOnDisk) homeInputs {
	t.Helper()
	inputs := homeInputs{access: access{Repository: "127.0.0.1:1/hero", Username: "pusher", Password: "hunter2"}}
	inputs.Registry, inputs.Tags, inputs.Copy, inputs.Directory = "embedded", []string{"latest"}, "all", string(stored.registryDirectory)
	return inputs
}

func TestMove_FromARegistryThatDoesNotRun(t *testing.T) {
	stored := newStorage(t)
	stored.pushOwn(t, "hero", anImage(t), "latest")
	furnish(t, access{Repository: stored.address + "/hero"}, "v1")
	before := contentsAt(t, access{Repository: stored.address + "/hero"})
	old, next := movingFrom(t, stored), homeIn(t, "zot")
	told, err := moved(t, settled(t, old), next, true)
	must(t, err)
	mustContain(t, told, "Hero moves from embedded to zot")
	told, err = moved(t, settled(t, old), next, false)
	must(t, err)
	mustContain(t, told, "does not run; its images are read from")
	mustHaveTheSame(t, before, contentsAt(t, next.access))
}

func TestMove_RefusesToLoseOtherRepositories(t *testing.T) {
	stored := newStorage(t)
	stored.pushOwn(t, "hero", anImage(t), "latest")
	pushForeign(t, stored)
	there := stored.repository(t, "hero")
	untagged := anImage(t)
	must(t, remote.Write(there.name.Digest(digestOf(t, untagged).String()), untagged, there.options...))
	old, next := movingFrom(t, stored), homeIn(t, "zot")
	for _, preview := range []bool{true, false} {
		_, err := moved(t, settled(t, old), next, preview)
		mustRefuse(t, err, "cannot move to zot", "hero@"+digestOf(t, untagged).String()+", team/other:v1", "hint: ")
	}
	if held := contentsAt(t, next.access); len(held.tags) > 0 {
		t.Error("something was copied before the refusal:", held.told())
	}
	next.Discard = true
	_, err := moved(t, settled(t, old), next, false)
	must(t, err)
}

func TestMove_RefusesToLoseOtherRepositoriesOfZot(t *testing.T) {
	old, next := homeIn(t, "zot"), homeIn(t, "embedded")
	there := connected(t, old.access)
	must(t, remote.Write(there.name.Tag("v1"), anImage(t), there.options...))
	other := old.access
	other.Repository = there.name.RegistryStr() + "/team/other"
	theirs := connected(t, other)
	must(t, remote.Write(theirs.name.Tag("v2"), anImage(t), theirs.options...))
	_, err := moved(t, settled(t, old), next, false)
	mustRefuse(t, err, "team/other:v2")
}

func TestStorageMemory_CopiedImagesAreNotLost(t *testing.T) {
	stored := newStorage(t)
	stored.pushOwn(t, "hero", anImage(t), "latest")
	there := stored.repository(t, "hero")
	theirs := anImage(t)
	must(t, remote.Write(there.name.Tag("theirs"), theirs, there.options...))
	next := homeIn(t, "zot")
	call, _ := newCall(t)
	call.storages = &storageMemory{}
	mustRefuse(t, registryProcess{}.remove(call, propertiesOf(t, stored.state())), "hero:theirs")
	call.storages.remember(homeToken, propertiesOf(t, next))
	mustRefuse(t, registryProcess{}.remove(call, propertiesOf(t, stored.state())), "hero:theirs")
	current := connected(t, next.access)
	must(t, remote.Write(current.name.Tag("theirs"), anImage(t), current.options...))
	mustRefuse(t, registryProcess{}.remove(call, propertiesOf(t, stored.state())), "hero:theirs")
	must(t, remote.Write(current.name.Tag("theirs"), theirs, current.options...))
	must(t, registryProcess{}.remove(call, propertiesOf(t, stored.state())))
}

func TestStorageMemory_DiscardOfThisRun(t *testing.T) {
	stored := newStorage(t)
	pushForeign(t, stored)
	call, _ := newCall(t)
	call.storages = &storageMemory{}
	call.storages.remember("hero-home:provider:StorageGuard", propertiesOf(t, storageGuardInputs{Discard: true}))
	must(t, registryProcess{}.remove(call, propertiesOf(t, stored.state())))
}

func TestStorageGuard_KeepsHistoryWhenReplaced(t *testing.T) {
	call, _ := newCall(t)
	call.storages = &storageMemory{}
	old := guardOf()
	old.Pushed, old.Discard = []string{"sha256:former"}, true
	must(t, storageGuard{}.remove(call, propertiesOf(t, old)))
	made, err := storageGuard{}.create(call, propertiesOf(t, storageGuardInputs{Images: []namedImage{{"sha256:now", []string{"v1"}}}}))
	must(t, err)
	state, err := decode[storageGuardState](asSent(made))
	must(t, err)
	if !slices.Equal(state.Pushed, []string{"sha256:former", "sha256:now"}) || !made["storages"].IsSecret() {
		t.Error(state.Pushed)
	}
}

func TestStorageGuard_ChecksStoragesThatAreDeleted(t *testing.T) {
	stored := newStorage(t)
	pushForeign(t, stored)
	old := guardOf(guardedStorage{
		Registry: "embedded", Directory: string(stored.registryDirectory), access: access{Repository: "127.0.0.1:1/hero"},
	})
	call, _ := newCall(t)
	_, err := storageGuard{}.update(call, propertiesOf(t, old), propertiesOf(t, storageGuardInputs{}))
	mustRefuse(t, err, "team/other:v1")
	_, err = storageGuard{}.update(call, propertiesOf(t, old), propertiesOf(t, storageGuardInputs{Discard: true}))
	must(t, err)
	_, err = storageGuard{}.update(call, propertiesOf(t, old), propertiesOf(t, old.storageGuardInputs))
	must(t, err)
}

func TestStorageGuard_PreviewWithUnknownStorages(t *testing.T) {
	stored := newStorage(t)
	pushForeign(t, stored)
	old := guardOf(guardedStorage{
		Registry: "embedded", Directory: string(stored.registryDirectory), access: access{Repository: "127.0.0.1:1/hero"},
	})
	call, _ := newCall(t)
	call.preview = true
	news := withUnknown(propertiesOf(t, old.storageGuardInputs), "storages")
	_, err := storageGuard{}.update(call, propertiesOf(t, old), news)
	must(t, err)
}

func TestStorageGuard_OtherDataReplaceIt(t *testing.T) {
	old, next := guardOf(), storageGuardInputs{Identities: []string{"another"}}
	old.Identities = []string{"one"}
	difference, err := storageGuard{}.diff(propertiesOf(t, old), propertiesOf(t, next))
	if err != nil || len(difference.ReplaceKeys) != 1 || !difference.DeleteBeforeReplace {
		t.Error(err, difference)
	}
}
