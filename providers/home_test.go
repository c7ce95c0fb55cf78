package main

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// homeIn is a home of that choice in a registry that only this test has.
func homeIn(t *testing.T, choice string, options ...registry.Option) homeInputs {
	t.Helper()
	return homeInputs{access: wanted(t, false, options...).access, Registry: choice, Tags: []string{"v1"}, Copy: "all"}
}

func settled(t *testing.T, inputs homeInputs) resource.PropertyMap {
	t.Helper()
	call, _ := newCall(t)
	state, err := home{}.create(call, propertiesOf(t, inputs))
	must(t, err)
	if !state["password"].IsSecret() {
		t.Error("the password is in clear")
	}
	return asSent(state)
}

// moved updates the home, and gives what the person reads.
func moved(t *testing.T, old resource.PropertyMap, to homeInputs, preview bool) (string, error) {
	t.Helper()
	call, screen := newCall(t)
	call.preview = preview
	_, err := home{}.update(call, old, propertiesOf(t, to))
	return screen.stayed(), err
}

func contentsAt(t *testing.T, inputs access) contents {
	t.Helper()
	there := connected(t, inputs)
	tags, err := there.listTags()
	must(t, err)
	held, err := there.contentsOf(tags)
	must(t, err)
	return held
}

func mustHaveTheSame(t *testing.T, here, there contents) {
	t.Helper()
	if !maps.Equal(here.tags, there.tags) || !maps.Equal(here.blobs, there.blobs) {
		t.Errorf("%s is not %s", there.told(), here.told())
	}
	for digest, each := range here.manifests {
		other, found := there.manifests[digest]
		if !found || string(other.Manifest) != string(each.Manifest) || len(other.attached) != len(each.attached) {
			t.Errorf("%s is not the same", digest)
		}
	}
}

func TestAMoveBringsEverythingAlong(t *testing.T) {
	eachRegistry(t, func(t *testing.T, from ...registry.Option) {
		eachRegistry(t, func(t *testing.T, to ...registry.Option) {
			old, next := homeIn(t, "embedded", from...), homeIn(t, "zot", to...)
			furnish(t, old.access, "v1", "v0")
			before := contentsAt(t, old.access)
			told, err := moved(t, settled(t, old), next, true)
			must(t, err)
			mustContain(t, told, "Hero moves from embedded to zot", "4 tags (8 manifests, ", "Then embedded goes with all that lives there.")
			if nothing := contentsAt(t, next.access); len(nothing.tags) > 0 {
				t.Error("a preview has copied")
			}
			told, err = moved(t, settled(t, old), next, false)
			must(t, err)
			mustContain(t, told, "has, with the same digests as")
			mustHaveTheSame(t, before, contentsAt(t, next.access))
			mustHaveTheSame(t, before, contentsAt(t, old.access))
		})
	})
}

func TestAMoveAlongTheSameChoiceCopiesNothing(t *testing.T) {
	old, next := homeIn(t, "embedded"), homeIn(t, "embedded")
	furnish(t, old.access, "v1")
	told, err := moved(t, settled(t, old), next, false)
	must(t, err)
	if told != "" || len(contentsAt(t, next.access).tags) > 0 {
		t.Error(told)
	}
}

func TestWhatIsCopiedAlreadyIsNotSentAgain(t *testing.T) {
	old, next := homeIn(t, "embedded"), homeIn(t, "zot")
	furnish(t, old.access, "v1")
	_, err := moved(t, settled(t, old), next, false)
	must(t, err)
	told, err := moved(t, settled(t, old), next, false)
	must(t, err)
	mustContain(t, told, "0.0 MB were sent")
}

func TestCurrentRefusesToLoseTheRest(t *testing.T) {
	old, next := homeIn(t, "embedded"), homeIn(t, "zot")
	made := furnish(t, old.access, "v1")
	next.Copy = "current"
	for _, preview := range []bool{true, false} {
		_, err := moved(t, settled(t, old), next, preview)
		if err == nil {
			t.Fatal("it goes on")
		}
		mustContain(t, err.Error(), "2 tags that are nowhere else: beside, "+made.cosign, "hero:switch.discard true",
			"it is still Hero's home")
	}
	if len(contentsAt(t, next.access).tags) > 0 {
		t.Error("something was copied")
	}
	next.Discard = true
	told, err := moved(t, settled(t, old), next, true)
	must(t, err)
	mustContain(t, told, "these are nowhere else: beside")
	_, err = moved(t, settled(t, old), next, false)
	must(t, err)
	if found := contentsAt(t, next.access); len(found.tags) != 1 || found.tags["v1"] != made.index {
		t.Error(found.told())
	}
}

func TestAKeptRegistryLosesNothing(t *testing.T) {
	old, next := homeIn(t, "dockerhub"), homeIn(t, "zot")
	furnish(t, old.access, "v1")
	old.KeepsImages, next.Copy = true, "none"
	told, err := moved(t, settled(t, old), next, true)
	must(t, err)
	mustContain(t, told, "Copied, with the same digests: nothing.", "its images stay")
	_, err = moved(t, settled(t, old), next, false)
	must(t, err)
	if len(contentsAt(t, next.access).tags) > 0 {
		t.Error("something was copied")
	}
}

func TestWhatStaysAsAMirrorLosesNothing(t *testing.T) {
	old, next := homeIn(t, "embedded"), homeIn(t, "zot")
	furnish(t, old.access, "v1")
	next.Copy, next.Mirrors = "current", []string{"embedded"}
	told, err := moved(t, settled(t, old), next, true)
	must(t, err)
	mustContain(t, told, "embedded stays, as a mirror.")
	_, err = moved(t, settled(t, old), next, false)
	must(t, err)
	next.Mirrors = []string{"harbor"}
	if _, err = moved(t, settled(t, old), next, false); err == nil {
		t.Error("what is nowhere else goes")
	}
}

func TestAMoveTakesNoTagFromOthers(t *testing.T) {
	old, next := homeIn(t, "embedded"), homeIn(t, "dockerhub")
	furnish(t, old.access, "v1")
	// v1 is the stack's own, beside is somebody's.
	theirs := furnish(t, next.access, "v1")
	_, err := moved(t, settled(t, old), next, false)
	if err == nil {
		t.Fatal("it goes on")
	}
	mustContain(t, err.Error(), "these tags name other images already, or what is not handed out, and those would lose them: beside.", "copy: current")
	if found := contentsAt(t, next.access); found.tags["beside"] != theirs.beside {
		t.Error(found.tags)
	}
	next.Discard = true
	_, err = moved(t, settled(t, old), next, false)
	must(t, err)
	if found := contentsAt(t, next.access); found.tags["beside"] == theirs.beside {
		t.Error("it is still theirs")
	}
}

func TestAMoveFromWhatCannotBeRead(t *testing.T) {
	old, next := homeIn(t, "embedded"), homeIn(t, "zot")
	old.Repository = "127.0.0.1:1/hero"
	told, err := moved(t, settled(t, old), next, true)
	must(t, err)
	mustContain(t, told, "warning: Hero moves from embedded to zot. What is there to copy is not known here")
	_, err = moved(t, settled(t, old), next, false)
	if err == nil {
		t.Fatal("it goes on")
	}
	mustContain(t, err.Error(), "copy: none and discard: true")
	next.Copy, next.Discard = "none", true
	told, err = moved(t, settled(t, old), next, false)
	must(t, err)
	mustContain(t, told, "warning", "nothing is copied from it")
}

func TestTheLastHomeIsNotLeftWithImagesOfOthers(t *testing.T) {
	inputs := homeIn(t, "embedded")
	furnish(t, inputs.access, "v1")
	call, _ := newCall(t)
	err := home{}.remove(call, settled(t, inputs))
	if err == nil {
		t.Fatal("it goes")
	}
	mustContain(t, err.Error(), "has a tag that is nowhere else: beside", "hero:switch.discard true")
	discarding, keeping := inputs, inputs
	discarding.Discard, keeping.KeepsImages = true, true
	must(t, home{}.remove(call, settled(t, discarding)))
	must(t, home{}.remove(call, settled(t, keeping)))
	inputs.Tags = []string{"v1", "beside"}
	must(t, home{}.remove(call, settled(t, inputs)))
}

func TestTagsOfAnUpThatFailedAreStillTheStacks(t *testing.T) {
	inputs := homeIn(t, "embedded")
	there := connected(t, inputs.access)
	must(t, remote.Write(there.name.Tag("v1"), anImage(t), there.options...))
	call, _ := newCall(t)
	later := inputs
	later.Tags = []string{"v2"}
	state, err := home{}.update(call, settled(t, inputs), propertiesOf(t, later))
	must(t, err)
	must(t, home{}.remove(call, asSent(state)))
	// Where v2 has come, v1 is there because somebody wants it.
	must(t, remote.Write(there.name.Tag("v2"), anImage(t), there.options...))
	if err := (home{}).remove(call, asSent(state)); err == nil || !strings.Contains(err.Error(), "nowhere else: v1") {
		t.Error(err)
	}
}

func TestARegistryThatIsGoneStopsNoDestroy(t *testing.T) {
	inputs := homeIn(t, "embedded")
	inputs.Repository = "127.0.0.1:1/hero"
	call, screen := newCall(t)
	must(t, home{}.remove(call, settled(t, inputs)))
	mustContain(t, screen.stayed(), "warning: nobody has looked")
}
