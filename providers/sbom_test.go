package main

import (
	"context"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

func TestEachImageOfAnIndexGetsADocumentOfItsOwn(t *testing.T) {
	for title, options := range map[string][]registry.Option{
		"with the referrers API": {registry.WithReferrersSupport(true)}, "without it": nil,
	} {
		t.Run(title, func(t *testing.T) {
			calls, temporary := fakeSyft(t, "echo '"+aDocument+"'")
			inputs := wanted(t, true, options...)
			first, second, attestation := anImage(t), anImage(t), anAttestation(t)
			index := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: first},
				mutate.IndexAddendum{Add: attestation},
				mutate.IndexAddendum{Add: mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: second})})
			if _, err := pushed(t, context.Background(), inputs, index); err != nil {
				t.Fatal(err)
			}
			for _, image := range []v1.Image{first, second} {
				if documents := documentsOf(t, inputs, digestOf(t, image)); !reflect.DeepEqual(documents, []string{aDocument + "\n"}) {
					t.Errorf("the documents are %q", documents)
				}
			}
			for _, other := range []v1.Hash{digestOf(t, index), digestOf(t, attestation)} {
				if documents := documentsOf(t, inputs, other); documents != nil {
					t.Errorf("%s has the documents %q", other, documents)
				}
			}
			if len(calls()) != 2 || !hasTag(t, inputs) {
				t.Errorf("syft was called %d times", len(calls()))
			}
			if left, _ := filepath.Glob(temporary + "/hero-*"); left != nil {
				t.Errorf("%s are left", left)
			}
		})
	}
}

func TestSyftIsToldNoSecretAndNotToAskAnybody(t *testing.T) {
	calls, temporary := fakeSyft(t, "echo '"+aDocument+"'")
	inputs := wanted(t, true)
	t.Setenv("A_TOKEN", "of somebody else")
	if _, err := pushed(t, context.Background(), inputs, anImage(t)); err != nil {
		t.Fatal(err)
	}
	said := calls()[0]
	for _, unwanted := range []string{"hunter2", "pusher", "A_TOKEN", "SYFT_FORMAT_PRETTY"} {
		if strings.Contains(said, unwanted) {
			t.Errorf("syft is told %s: %s", unwanted, said)
		}
	}
	for _, needed := range []string{"SYFT_CHECK_FOR_APP_UPDATE=false", "TMPDIR=" + temporary + "/hero-sbom-", "--source-name " + inputs.Repository + " "} {
		if !strings.Contains(said, needed) {
			t.Errorf("syft is not told %s: %s", needed, said)
		}
	}
}

func TestNothingIsScannedWhereNoDocumentIsWanted(t *testing.T) {
	calls, _ := fakeSyft(t, "exit 1")
	inputs := wanted(t, false)
	image := anImage(t)
	if _, err := pushed(t, context.Background(), inputs, image); err != nil {
		t.Fatal(err)
	}
	if len(calls()) != 0 || documentsOf(t, inputs, digestOf(t, image)) != nil || !hasTag(t, inputs) {
		t.Errorf("syft was called: %q", calls())
	}
}

func TestWhatHasADocumentIsNotScannedAgain(t *testing.T) {
	calls, _ := fakeSyft(t, "echo '"+aDocument+"'")
	inputs := wanted(t, true)
	image := anImage(t)
	for range 2 {
		if _, err := pushed(t, context.Background(), inputs, image); err != nil {
			t.Fatal(err)
		}
	}
	if len(calls()) != 1 || len(documentsOf(t, inputs, digestOf(t, image))) != 1 {
		t.Errorf("syft was called %d times", len(calls()))
	}
}

func TestAFailureIsToldInSyftsWordsAndNoTagIsGiven(t *testing.T) {
	for title, lines := range map[string]string{
		"no such layer": "echo no such layer >&2; exit 1", "exit status 3": "exit 3", "no SPDX document": "echo '{}'",
	} {
		t.Run(title, func(t *testing.T) {
			fakeSyft(t, lines)
			inputs := wanted(t, true)
			_, err := pushed(t, context.Background(), inputs, anImage(t))
			if err == nil || !strings.Contains(err.Error(), "the SBOM of sha256:") || !strings.Contains(err.Error(), title) {
				t.Errorf("told is %v", err)
			}
			if hasTag(t, inputs) {
				t.Error("the tag names an image that lacks its SBOM")
			}
		})
	}
}

func TestAScanThatIsInterruptedEndsAndLeavesNothing(t *testing.T) {
	calls, temporary := fakeSyft(t, "exec sleep 60")
	inputs := wanted(t, true)
	ctx, interrupt := context.WithCancel(context.Background())
	go func() {
		for len(calls()) == 0 {
			time.Sleep(10 * time.Millisecond)
		}
		interrupt()
	}()
	started := time.Now()
	_, err := pushed(t, ctx, inputs, anImage(t))
	if err == nil || !strings.HasSuffix(err.Error(), "interrupted") || time.Since(started) > 30*time.Second {
		t.Errorf("told is %v after %s", err, time.Since(started))
	}
	if left, _ := filepath.Glob(temporary + "/hero-*"); left != nil {
		t.Errorf("%s are left", left)
	}
}

func TestSwitchingItOnAttachesToWhatIsThere(t *testing.T) {
	calls, _ := fakeSyft(t, "echo '"+aDocument+"'")
	inputs := wanted(t, false)
	content := anImage(t)
	digest, err := pushed(t, context.Background(), inputs, content)
	if err != nil {
		t.Fatal(err)
	}
	state := propertiesOf(t, imageState{imageInputs: inputs, Digest: digest})
	for _, step := range []struct {
		sbom bool
		want int
	}{{false, 0}, {true, 1}, {true, 1}, {false, 1}, {true, 1}} {
		inputs.Sbom = step.sbom
		state, err = image{}.update(call{Context: context.Background()}, state, propertiesOf(t, inputs))
		if err != nil {
			t.Fatal(err)
		}
		// The engine hands secrets to a plugin in clear.
		state["password"] = state["password"].SecretValue().Element
		if len(calls()) != step.want || len(documentsOf(t, inputs, digestOf(t, content))) != step.want {
			t.Errorf("after %t there were %d scans", step.sbom, len(calls()))
		}
		if state["sbom"].BoolValue() != step.sbom || state["digest"].StringValue() != digest {
			t.Errorf("the state is %v", state)
		}
	}
}

func TestAnImageFromBeforeTheChoiceIsUnchangedUntilItIsMade(t *testing.T) {
	inputs := imageInputs{access: access{Repository: "registry.example/hero"}, Tags: []string{"v1"}}
	old := propertiesOf(t, imageState{imageInputs: inputs})
	delete(old, "sbom")
	for sbom, changed := range map[bool][]resource.PropertyKey{false: nil, true: {"sbom"}} {
		inputs.Sbom = sbom
		found, err := image{}.diff(old, propertiesOf(t, inputs))
		if err != nil || !reflect.DeepEqual(found.ChangedKeys, changed) || len(found.ReplaceKeys) != 0 {
			t.Errorf("with %t changed are %v, %v", sbom, found.ChangedKeys, err)
		}
	}
}
