package main

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

func TestTheFormNamesTheImageAndNotTheWayToIt(t *testing.T) {
	playNydus(t, "")
	inputs := toConvert(t, anImage(t))
	state := created(t, inputs)
	destination, err := newRepository(call{Context: context.Background()}, inputs.access)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := remote.Get(destination.name.Digest(state.NydusDigest), destination.options...)
	if err != nil {
		t.Fatal(err)
	}
	mustContain(t, string(stored.Manifest), `"`+sourceAnnotation+`":"`+inputs.Repository+"@"+inputs.Digest+`"`)
	if again := created(t, inputs); again.NydusDigest != state.NydusDigest {
		t.Error("the same image has another form")
	}
}

func TestTheProgramIsToldNoLoginOfTheRegistry(t *testing.T) {
	calls, _ := playNydus(t, "")
	t.Setenv("A_TOKEN", "of somebody else")
	inputs := toConvert(t, anImage(t))
	created(t, inputs)
	if len(calls()) != 1 {
		t.Fatal(calls())
	}
	mustNotContain(t, calls()[0], "hunter2", "pusher", "A_TOKEN", inputs.Repository)
	mustContain(t, calls()[0], `"prefetch_patterns": "/ko-app"`)
}

func TestWithoutAListNothingIsFetchedAhead(t *testing.T) {
	calls, _ := playNydus(t, "")
	inputs := toConvert(t, anImage(t))
	inputs.Prefetch = nil
	created(t, inputs)
	mustContain(t, calls()[0], `"prefetch_patterns": "`+nothingFirst+`"`)
}

func anIndex(t *testing.T) (first, second v1.Image, index v1.ImageIndex) {
	t.Helper()
	first, second = anImage(t), anImage(t)
	of := func(architecture string) v1.Descriptor {
		return v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: architecture}}
	}
	unknown := v1.Descriptor{Platform: &v1.Platform{OS: "unknown", Architecture: "unknown"}}
	return first, second, mutate.AppendManifests(empty.Index,
		mutate.IndexAddendum{Add: first, Descriptor: of("amd64")}, mutate.IndexAddendum{Add: second, Descriptor: of("arm64")},
		mutate.IndexAddendum{Add: anAttestation(t), Descriptor: unknown})
}

func TestEachPlatformHasItsFormAndAttestationsHaveNone(t *testing.T) {
	calls, _ := playNydus(t, "")
	first, second, index := anIndex(t)
	inputs := toConvert(t, index)
	state := created(t, inputs)
	mustContain(t, calls()[0], `"platforms": "linux/amd64,linux/arm64"`)
	content := indexOf(t, inputs, state.NydusDigest)
	if len(content.Manifests) != 2 {
		t.Fatal(content.Manifests)
	}
	for place, image := range []v1.Image{first, second} {
		forms := referrersOf(t, inputs.access, digestOf(t, image))
		if len(forms) != 1 || forms[0].Digest != content.Manifests[place].Digest || forms[0].Size != content.Manifests[place].Size {
			t.Errorf("%v, and in the index %v", forms, content.Manifests[place])
		}
	}
}

func TestMergedHasBothFormsEachWithItsPlatform(t *testing.T) {
	playNydus(t, "")
	image, err := mutate.ConfigFile(anImage(t), &v1.ConfigFile{OS: "linux", Architecture: "arm64"})
	if err != nil {
		t.Fatal(err)
	}
	inputs := toConvert(t, image)
	inputs.Merged = true
	content := indexOf(t, inputs, created(t, inputs).NydusDigest)
	if len(content.Manifests) != 2 || content.Manifests[0].Digest.String() != inputs.Digest {
		t.Fatal(content.Manifests)
	}
	for _, part := range content.Manifests {
		if part.Platform == nil || part.Platform.String() != "linux/arm64" {
			t.Errorf("%v", part)
		}
	}
}

func indexOf(t *testing.T, inputs nydusInputs, digest string) *v1.IndexManifest {
	t.Helper()
	destination, err := newRepository(call{Context: context.Background()}, inputs.access)
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Index(destination.name.Digest(digest), destination.options...)
	if err != nil {
		t.Fatal(err)
	}
	content, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestOfAConversionThatFailsItsOwnWordsAreTold(t *testing.T) {
	logged := `print('time="now" level=fatal msg="convert image %s: run merge command"' % sys.argv[4], file=sys.stderr)`
	for title, example := range map[string]struct {
		trouble string
		told    []string
	}{
		"it says why":     {logged + "\nsys.exit(1)", []string{"accelctl: convert image ", "/team/hero:image@sha256:", ": run merge command"}},
		"it says nothing": {"sys.exit(3)", []string{"accelctl: exit status 3"}},
		"it does nothing": {"sys.exit(0)", []string{"accelctl has pushed nothing"}},
	} {
		t.Run(title, func(t *testing.T) {
			_, temporary := playNydus(t, example.trouble)
			inputs := toConvert(t, anImage(t))
			_, err := nydusImage{}.create(call{Context: context.Background()}, inputs.properties(t))
			if err == nil {
				t.Fatal("it went well")
			}
			mustContain(t, err.Error(), append(example.told, "the Nydus form of "+inputs.Digest+" cannot be made: ")...)
			mustNotContain(t, err.Error(), "hunter2", "level=")
			if left, _ := filepath.Glob(temporary + "/hero-*"); left != nil {
				t.Errorf("%s are left", left)
			}
			if tags := tagsIn(t, inputs); len(tags) != 1 {
				t.Error(tags)
			}
		})
	}
}

func TestAnImageThatIsNotThereIsTold(t *testing.T) {
	calls, _ := playNydus(t, "")
	inputs := toConvert(t, anImage(t))
	inputs.Digest = "sha256:" + strings.Repeat("0", 64)
	_, err := nydusImage{}.create(call{Context: context.Background()}, inputs.properties(t))
	if err == nil || len(calls()) != 0 {
		t.Fatal(err, calls())
	}
	mustContain(t, err.Error(), "MANIFEST_UNKNOWN")
}

func TestWhatAccelctlLogsIsReadable(t *testing.T) {
	for line, words := range map[string]string{
		`time="2026" level=info msg="pulling image \"x\"" module=converter`: `pulling image "x"`,
		`time="2026" level=info msg="Version: 0.2.26 .\n"`:                  "Version: 0.2.26 .",
		`time="2026" level=info msg=done`:                                   "done",
		"panic: whatever":                                                   "panic: whatever",
	} {
		if found := wordsOf(line); found != words {
			t.Errorf("%q", found)
		}
	}
}

func TestTheConfigOfAccelctlIsOfTextAlone(t *testing.T) {
	// It refuses what is no text there.
	text, err := json.Marshal(accelctl{}.config(&loopback{address: "127.0.0.1:1"}, nydusInputs{}))
	if err != nil {
		t.Fatal(err)
	}
	mustContain(t, string(text), `"with_referrer":"true"`, `"docker2oci":"true"`, `"merge_manifest":"false"`)
}
