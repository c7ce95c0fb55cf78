package main

import (
	"slices"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

func TestACopyHasTheSameDigestAndAllThatIsAttached(t *testing.T) {
	eachRegistry(t, func(t *testing.T, options ...registry.Option) {
		source, there := wanted(t, false).access, wanted(t, false, options...).access
		made := furnish(t, source, "v1")
		inputs := imageCopyInputs{access: there, Source: source, Images: []namedImage{{made.index.String(), []string{"v1", "latest"}}}}
		call, _ := newCall(t)
		state, err := imageCopy{}.create(call, propertiesOf(t, inputs))
		must(t, err)
		if !state["password"].IsSecret() || !state["source"].IsSecret() {
			t.Error("a password is in clear")
		}
		held := contentsAt(t, there)
		if len(held.tags) != 2 || held.tags["v1"] != made.index || held.tags["latest"] != made.index || len(held.manifests) != 6 {
			t.Error(held.told())
		}
		inputs.Images = []namedImage{{made.index.String(), []string{"v2"}}}
		_, err = imageCopy{}.update(call, asSent(state), propertiesOf(t, inputs))
		must(t, err)
		if held := contentsAt(t, there); len(held.tags) != 1 || held.tags["v2"] != made.index {
			t.Error(held.told())
		}
	})
}

func TestACopyThatWentIsMadeAgain(t *testing.T) {
	source, there := wanted(t, false).access, wanted(t, false).access
	made := furnish(t, source, "v1")
	inputs := imageCopyInputs{access: there, Source: source, Images: []namedImage{{made.index.String(), []string{"v1"}}}}
	call, _ := newCall(t)
	state, err := imageCopy{}.create(call, propertiesOf(t, inputs))
	must(t, err)
	properties := propertiesOf(t, inputs)
	difference, err := imageCopy{}.diff(asSent(state), properties)
	must(t, err)
	if len(difference.ChangedKeys) > 0 {
		t.Error(difference.ChangedKeys)
	}
	connection := connected(t, there)
	must(t, remote.Delete(connection.name.Tag("v1"), connection.options...))
	state, err = imageCopy{}.read(call, asSent(state))
	must(t, err)
	difference, err = imageCopy{}.diff(asSent(state), properties)
	must(t, err)
	if len(difference.ChangedKeys) != 1 {
		t.Error(difference.ChangedKeys)
	}
	_, err = imageCopy{}.update(call, asSent(state), properties)
	must(t, err)
	if held := contentsAt(t, there); held.tags["v1"] != made.index {
		t.Error(held.told())
	}
}

func TestAnotherPasswordCopiesNothing(t *testing.T) {
	source, there := wanted(t, false).access, wanted(t, false).access
	made := furnish(t, source, "v1")
	inputs := imageCopyInputs{access: there, Source: source, Images: []namedImage{{made.index.String(), []string{"v1"}}}}
	call, _ := newCall(t)
	state, err := imageCopy{}.create(call, propertiesOf(t, inputs))
	must(t, err)
	inputs.Password = "another"
	// Would it ask anybody, it would fail.
	inputs.Source.Repository = "127.0.0.1:1/hero"
	_, err = imageCopy{}.update(call, asSent(state), propertiesOf(t, inputs))
	must(t, err)
}

func TestEachImageHasItsOwnTags(t *testing.T) {
	source, there := wanted(t, false).access, wanted(t, false).access
	made := furnish(t, source, "v1")
	both := []namedImage{{made.index.String(), []string{"v1"}}, {made.beside.String(), []string{"v1-nydus"}}}
	call, _ := newCall(t)
	state, err := imageCopy{}.create(call, propertiesOf(t, imageCopyInputs{access: there, Source: source, Images: both}))
	must(t, err)
	if held := contentsAt(t, there); held.tags["v1"] != made.index || held.tags["v1-nydus"] != made.beside {
		t.Error(held.tags)
	}
	connection := connected(t, there)
	must(t, remote.Delete(connection.name.Tag("v1-nydus"), connection.options...))
	state, err = imageCopy{}.read(call, asSent(state))
	must(t, err)
	missing, err := decode[imageCopyState](asSent(state))
	must(t, err)
	if !slices.Equal(missing.Missing, []string{"v1-nydus"}) {
		t.Error(missing.Missing)
	}
	_, err = imageCopy{}.update(call, asSent(state), propertiesOf(t, imageCopyInputs{access: there, Source: source, Images: both[:1]}))
	must(t, err)
	if held := contentsAt(t, there); len(held.tags) != 1 {
		t.Error("a name that nobody wants stays", held.tags)
	}
}

func TestAnSbomThatComesLaterIsCopiedToo(t *testing.T) {
	source, there := wanted(t, false).access, wanted(t, false).access
	from := connected(t, source)
	made := anImage(t)
	must(t, remote.Write(from.name.Tag("v1"), made, from.options...))
	inputs := imageCopyInputs{access: there, Source: source, Images: []namedImage{{digestOf(t, made).String(), []string{"v1"}}}}
	call, _ := newCall(t)
	state, err := imageCopy{}.create(call, propertiesOf(t, inputs))
	must(t, err)
	attachTo(t, from, digestOf(t, made))
	inputs.Sbom = true
	_, err = imageCopy{}.update(call, asSent(state), propertiesOf(t, inputs))
	must(t, err)
	if held := contentsAt(t, there); len(held.manifests) != 2 {
		t.Error(held.told())
	}
}

func TestAnotherImageIsCopiedToo(t *testing.T) {
	source, there := wanted(t, false).access, wanted(t, false).access
	made := furnish(t, source, "v1")
	inputs := imageCopyInputs{access: there, Source: source, Images: []namedImage{{made.index.String(), []string{"v1"}}}}
	call, _ := newCall(t)
	state, err := imageCopy{}.create(call, propertiesOf(t, inputs))
	must(t, err)
	inputs.Images = []namedImage{{made.beside.String(), []string{"v1"}}}
	_, err = imageCopy{}.update(call, asSent(state), propertiesOf(t, inputs))
	must(t, err)
	if held := contentsAt(t, there); held.tags["v1"] != made.beside {
		t.Error(held.told())
	}
}

func TestARegistryThatLostItsDataGetsTheCopyAgain(t *testing.T) {
	source, there := wanted(t, false).access, wanted(t, false).access
	made := furnish(t, source, "v1")
	inputs := imageCopyInputs{access: there, Source: source, Images: []namedImage{{made.index.String(), []string{"v1"}}}, Home: "before"}
	call, _ := newCall(t)
	state, err := imageCopy{}.create(call, propertiesOf(t, inputs))
	must(t, err)
	// At the same address, and nobody has looked since.
	connection := connected(t, there)
	must(t, remote.Delete(connection.name.Tag("v1"), connection.options...))
	inputs.Home = "another"
	_, err = imageCopy{}.update(call, asSent(state), propertiesOf(t, inputs))
	must(t, err)
	if held := contentsAt(t, there); held.tags["v1"] != made.index {
		t.Error(held.told())
	}
}
