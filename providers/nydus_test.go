package main

import (
	"context"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

func TestTheFormIsBesideTheImageAndFoundByIt(t *testing.T) {
	for title, options := range map[string][]registry.Option{
		"with the referrers API": {registry.WithReferrersSupport(true)}, "without it": nil,
	} {
		t.Run(title, func(t *testing.T) {
			_, temporary := playNydus(t, "")
			image := anImage(t)
			inputs := toConvert(t, image, options...)
			state := created(t, inputs)
			tags := tagsIn(t, inputs)
			if tags["v1-nydus"] != state.NydusDigest || tags["v1"] != inputs.Digest || state.NydusDigest == inputs.Digest {
				t.Errorf("%s: %v", state.NydusDigest, tags)
			}
			forms := referrersOf(t, inputs.access, digestOf(t, image))
			if len(forms) != 1 || forms[0].Digest.String() != state.NydusDigest {
				t.Errorf("%v", forms)
			}
			if left, _ := filepath.Glob(temporary + "/hero-*"); left != nil {
				t.Errorf("%s are left", left)
			}
		})
	}
}

func TestItIsMadeAgainOnlyWhereItWouldBeAnother(t *testing.T) {
	for title, example := range map[string]struct {
		change func(*nydusInputs)
		calls  int
	}{
		"another password":       {func(i *nydusInputs) { i.Password = "another" }, 1},
		"a registry that stands": {func(i *nydusInputs) { i.Home = "another" }, 1},
		"another tag":            {func(i *nydusInputs) { i.Tags = []string{"v2"} }, 1},
		"another list":           {func(i *nydusInputs) { i.Prefetch = []string{"/etc"} }, 2},
		"another shape":          {func(i *nydusInputs) { i.Merged = true }, 2},
	} {
		t.Run(title, func(t *testing.T) {
			calls, _ := playNydus(t, "")
			inputs := toConvert(t, anImage(t))
			state := created(t, inputs)
			example.change(&inputs)
			after := updated(t, state, inputs)
			if len(calls()) != example.calls || (after.NydusDigest != state.NydusDigest) != (example.calls == 2) {
				t.Errorf("%d calls, and %s became %s", len(calls()), state.NydusDigest, after.NydusDigest)
			}
			tags := tagsIn(t, inputs)
			if len(tags) != 3 && len(tags) != 2 { // where there is no referrers API, it takes a tag
				t.Error(tags)
			}
			for _, tag := range inputs.tags() {
				if tags[tag] != after.NydusDigest {
					t.Errorf("%s is not %s: %v", tag, after.NydusDigest, tags)
				}
			}
			if len(inputs.Tags) == 1 && inputs.Tags[0] == "v2" && tags["v1-nydus"] != "" {
				t.Error("the old tag stays")
			}
		})
	}
}

func TestAnotherImageHasAnotherForm(t *testing.T) {
	calls, _ := playNydus(t, "")
	inputs := toConvert(t, anImage(t))
	state := created(t, inputs)
	other := imageInputs{access: inputs.access, Tags: inputs.Tags}
	digest, err := pushed(t, context.Background(), other, anImage(t))
	if err != nil {
		t.Fatal(err)
	}
	inputs.Digest = digest
	after := updated(t, state, inputs)
	if tagsIn(t, inputs)["v1-nydus"] != after.NydusDigest || after.NydusDigest == state.NydusDigest || len(calls()) != 2 {
		t.Errorf("%s, %d calls", after.NydusDigest, len(calls()))
	}
}

func TestWhatTheRegistryLostIsMadeAgain(t *testing.T) {
	calls, _ := playNydus(t, "")
	image := anImage(t)
	inputs := toConvert(t, image)
	state := created(t, inputs)
	empty := toConvert(t, image) // another registry, which has the image alone
	state.Repository, inputs.Repository, inputs.Home = empty.Repository, empty.Repository, "another"
	if after := updated(t, state, inputs); tagsIn(t, inputs)["v1-nydus"] != after.NydusDigest || len(calls()) != 2 {
		t.Errorf("%s, %d calls", after.NydusDigest, len(calls()))
	}
}

func TestARefreshSeesATagThatIsGoneAndTheNextRunGivesItAgain(t *testing.T) {
	calls, _ := playNydus(t, "")
	inputs := toConvert(t, anImage(t))
	state := created(t, inputs)
	destination, err := newRepository(call{Context: context.Background()}, inputs.access)
	if err != nil {
		t.Fatal(err)
	}
	if err := destination.untag("v1-nydus", state.NydusDigest); err != nil {
		t.Fatal(err)
	}
	outputs, err := nydusImage{}.read(call{Context: context.Background()}, asSent(mustEncode(t, state)))
	if err != nil {
		t.Fatal(err)
	}
	seen := stateOf(t, outputs)
	if !reflect.DeepEqual(seen.Missing, []string{"v1-nydus"}) {
		t.Fatal(seen.Missing)
	}
	difference, err := nydusImage{}.diff(asSent(outputs), inputs.properties(t))
	if err != nil || !reflect.DeepEqual(difference.ChangedKeys, []resource.PropertyKey{"missing"}) {
		t.Error(difference.ChangedKeys, err)
	}
	updated(t, seen, inputs)
	if tagsIn(t, inputs)["v1-nydus"] != state.NydusDigest || len(calls()) != 1 {
		t.Error(tagsIn(t, inputs), len(calls()))
	}
}

func TestWhenItGoesItsTagsGoAndTheImageStays(t *testing.T) {
	playNydus(t, "")
	inputs := toConvert(t, anImage(t))
	state := created(t, inputs)
	if err := (nydusImage{}).remove(call{Context: context.Background()}, asSent(mustEncode(t, state))); err != nil {
		t.Fatal(err)
	}
	tags := tagsIn(t, inputs)
	if _, stays := tags["v1-nydus"]; stays || tags["v1"] != inputs.Digest {
		t.Error(tags)
	}
	state = updated(t, state, inputs) // which names it anew
	state.Keep = true
	if err := (nydusImage{}).remove(call{Context: context.Background()}, asSent(mustEncode(t, state))); err != nil {
		t.Fatal(err)
	}
	if tags := tagsIn(t, inputs); tags["v1-nydus"] != state.NydusDigest {
		t.Error(tags)
	}
	state.Keep = false
	state.Repository = "127.0.0.1:1/hero" // nobody is there any more
	if err := (nydusImage{}).remove(call{Context: context.Background()}, asSent(mustEncode(t, state))); err != nil {
		t.Error(err)
	}
}

func TestAPreviewConvertsNothing(t *testing.T) {
	calls, _ := playNydus(t, "")
	inputs := toConvert(t, anImage(t))
	preview := call{Context: context.Background(), preview: true}
	outputs, err := nydusImage{}.create(preview, inputs.properties(t))
	if err != nil || !outputs["nydusDigest"].IsComputed() {
		t.Error(outputs["nydusDigest"], err)
	}
	olds := asSent(mustEncode(t, nydusState{nydusInputs: inputs, NydusDigest: "sha256:1"}))
	unknown := withUnknown(inputs.properties(t), "digest")
	another := inputs
	another.Merged = true
	for _, news := range []resource.PropertyMap{unknown, another.properties(t)} {
		outputs, err := nydusImage{}.update(preview, olds, news)
		if err != nil || !outputs["nydusDigest"].IsComputed() {
			t.Error(outputs["nydusDigest"], err)
		}
	}
	inputs.Tags = []string{"v2"}
	outputs, err = nydusImage{}.update(preview, olds, inputs.properties(t))
	if err != nil || outputs["nydusDigest"].StringValue() != "sha256:1" {
		t.Error(outputs["nydusDigest"], err)
	}
	if len(calls()) != 0 {
		t.Error(calls())
	}
}

func TestAPathThatIsNoneIsRefused(t *testing.T) {
	for _, path := range []string{"bin/hero", "", "/usr\n/etc"} {
		inputs := nydusInputs{Prefetch: []string{"/usr", path}}
		_, failures, err := nydusImage{}.check(inputs.properties(t))
		if err != nil || len(failures) != 1 || failures[0].Property != "prefetch" {
			t.Error(path, failures, err)
		}
	}
}
