package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// layoutOf writes an OCI layout as the source of an image.
func layoutOf(t *testing.T, content any) source {
	t.Helper()
	path := t.TempDir()
	written, err := layout.Write(path, empty.Index)
	must(t, err)
	switch content := content.(type) {
	case v1.ImageIndex:
		must(t, written.AppendIndex(content))
	case v1.Image:
		must(t, written.AppendImage(content))
	}
	return source{Kind: "layout", Path: path}
}

func inputsOf(t *testing.T, there access, content any) resource.PropertyMap {
	t.Helper()
	inputs := imageInputs{access: there, Tags: []string{"v1"}, Source: layoutOf(t, content)}
	checked, failures, err := image{}.check(propertiesOf(t, inputs))
	must(t, err)
	if len(failures) > 0 {
		t.Fatal(failures)
	}
	return checked
}

// mustServe reads all of an image and compares its digests.
func mustServe(t *testing.T, there access, digest v1.Hash) {
	t.Helper()
	found := connected(t, there).newInspection(t.Context(), func(v1.Hash) bool { return true })
	must(t, found.image(digest.String()))
	if damaged := found.list(); len(damaged) > 0 {
		t.Error(damaged)
	}
}

// refreshed is the state after a refresh, which has to find damage.
func refreshed(t *testing.T, news, state resource.PropertyMap) resource.PropertyMap {
	t.Helper()
	call, _ := newCall(t)
	state, err := image{}.read(call, asSent(state))
	must(t, err)
	difference, err := image{}.diff(asSent(state), news)
	must(t, err)
	if difference.Changes != plugin.DiffSome || !state["damaged"].IsArray() {
		t.Error("the refresh finds no damage", state)
	}
	return state
}

func TestIntegrity_EmbeddedDamageIsFoundAndRepaired(t *testing.T) {
	child := anImage(t)
	index := newIndex(child, anImage(t))
	for part, digest := range map[string]v1.Hash{
		"layer": layerOf(t, child), "config": configOf(t, child), "child manifest": digestOf(t, child), "index": digestOf(t, index),
	} {
		for name, damage := range damages(t) {
			t.Run(part+" "+name, func(t *testing.T) {
				there := newDistributionRegistry(t)
				news := inputsOf(t, there.access, index)
				call, _ := newCall(t)
				state, err := image{}.create(call, news)
				must(t, err)
				mustServe(t, there.access, digestOf(t, index))
				damage(there.data(digest))
				if part == "index" {
					state, err = image{}.read(call, asSent(state))
					must(t, err)
				} else {
					state = refreshed(t, news, state)
				}
				state, err = image{}.update(call, asSent(state), news)
				must(t, err)
				mustServe(t, there.access, digestOf(t, index))
				if state["damaged"].HasValue() {
					t.Error(state["damaged"])
				}
			})
		}
	}
}

func TestIntegrity_AnotherImageAndBackRepairs(t *testing.T) {
	for name, damage := range damages(t) {
		t.Run(name, func(t *testing.T) {
			there := newDistributionRegistry(t)
			one, other := anImage(t), anImage(t)
			first, second := inputsOf(t, there.access, one), inputsOf(t, there.access, other)
			call, _ := newCall(t)
			state, err := image{}.create(call, first)
			must(t, err)
			state, err = image{}.update(call, asSent(state), second)
			must(t, err)
			damage(there.data(layerOf(t, one)))
			_, err = image{}.update(call, asSent(state), first)
			must(t, err)
			mustServe(t, there.access, digestOf(t, one))
		})
	}
}

// wrongSize answers about a blob as a registry does whose file was cut.
func wrongSize(writer http.ResponseWriter, _ *http.Request) {
	writer.Header().Set("Content-Length", "3")
	_, _ = writer.Write([]byte("abc"))
}

func sameSize(size int) http.HandlerFunc {
	return func(writer http.ResponseWriter, _ *http.Request) { _, _ = writer.Write(make([]byte, size)) }
}

func TestIntegrity_OtherRegistriesGetDamagedBlobsAgain(t *testing.T) {
	content := anImage(t)
	for name, answer := range map[string]http.HandlerFunc{"missing": http.NotFound, "wrong size": wrongSize} {
		t.Run(name, func(t *testing.T) {
			there := newDamagedRegistry(t)
			news := inputsOf(t, there.access, content)
			call, _ := newCall(t)
			state, err := image{}.create(call, news)
			must(t, err)
			layer := layerOf(t, content)
			there.answers[layer.String()] = answer
			clear(there.puts)
			state = refreshed(t, news, state)
			_, err = image{}.update(call, asSent(state), news)
			must(t, err)
			if there.puts[layer.String()] == 0 {
				t.Error("the layer was not pushed again", there.puts)
			}
			mustServe(t, there.access, digestOf(t, content))
		})
	}
}

func TestIntegrity_ChangedBytesAreFoundByVerify(t *testing.T) {
	content := anImage(t)
	layers, err := content.Layers()
	must(t, err)
	size, err := layers[0].Size()
	must(t, err)
	there := newDamagedRegistry(t)
	news := inputsOf(t, there.access, content)
	call, _ := newCall(t)
	state, err := image{}.create(call, news)
	must(t, err)
	asked, err := json.Marshal([]verifiedImages{{there.access, "zot", []string{digestOf(t, content).String()}}})
	must(t, err)
	var out, progress strings.Builder
	must(t, verifyImages(bytes.NewReader(asked), &out, &progress))
	mustContain(t, out.String(), digestOf(t, content).String(), "ok", "All content has the digests")
	there.answers[layerOf(t, content).String()] = sameSize(int(size))
	err = verifyImages(bytes.NewReader(asked), &out, &progress)
	if !isDamageFound(err) {
		t.Fatal(err)
	}
	mustContain(t, err.Error(), layerOf(t, content).String()+" (layer)")
	mustNotContain(t, out.String()+progress.String()+err.Error(), "hunter2")
	t.Setenv(verifyVariable, "1")
	state = refreshed(t, news, state)
	t.Setenv(verifyVariable, "")
	_, err = image{}.update(call, asSent(state), news)
	must(t, err)
	mustServe(t, there.access, digestOf(t, content))
}

func TestIntegrity_RegistryThatKeepsDamageIsNamed(t *testing.T) {
	there := newDamagedRegistry(t)
	content := anImage(t)
	layer := layerOf(t, content).String()
	news := inputsOf(t, there.access, content)
	call, _ := newCall(t)
	state, err := image{}.create(call, news)
	must(t, err)
	state["damaged"] = resource.NewArrayProperty([]resource.PropertyValue{resource.NewStringProperty(layer + " (layer): 3 bytes")})
	there.keep, there.answers[layer] = true, wrongSize
	_, err = image{}.update(call, asSent(state), news)
	if err == nil {
		t.Fatal("no error")
	}
	mustContain(t, err.Error(), "the registry keeps damaged content: "+layer, "\nhint: ")
}

func TestIntegrity_MirrorIsCheckedAndRepaired(t *testing.T) {
	source, there := wanted(t, false).access, newDamagedRegistry(t)
	content := anImage(t)
	pushAs(t, source, "v1", content)
	news := propertiesOf(t, imageCopyInputs{
		access: there.access, Source: source, Images: []namedImage{{digestOf(t, content).String(), []string{"v1"}}},
	})
	call, _ := newCall(t)
	state, err := imageCopy{}.create(call, news)
	must(t, err)
	there.answers[layerOf(t, content).String()] = wrongSize
	state, err = imageCopy{}.read(call, asSent(state))
	must(t, err)
	difference, err := imageCopy{}.diff(asSent(state), news)
	must(t, err)
	if difference.Changes != plugin.DiffSome {
		t.Error(state)
	}
	_, err = imageCopy{}.update(call, asSent(state), news)
	must(t, err)
	mustServe(t, there.access, digestOf(t, content))
}

func TestIntegrity_WhereNamesDamage(t *testing.T) {
	there := newDamagedRegistry(t)
	content := anImage(t)
	pushAs(t, there.access, "v1", content)
	_, err := whereTold(t, dwelling{there.access, "zot", []string{"v1"}})
	must(t, err)
	there.answers[layerOf(t, content).String()] = wrongSize
	_, err = whereTold(t, dwelling{there.access, "zot", []string{"v1"}})
	if err == nil {
		t.Fatal("no error")
	}
	mustContain(t, err.Error(), "serves damaged content", layerOf(t, content).String(), "\nhint: ")
}

func TestIntegrity_SbomThatIsLostIsAttachedAgain(t *testing.T) {
	there := newDamagedRegistry(t)
	content := anImage(t)
	pushAs(t, there.access, "v1", content)
	connection := connected(t, there.access)
	call, _ := newCall(t)
	must(t, connection.attach(call, []byte(`{"spdxVersion": "SPDX-2.3"}`), descriptorOf(t, content)))
	digest := digestOf(t, content)
	found, err := connection.damagedImage(call, digest.String(), nil, nil, true)
	must(t, err)
	if len(found) > 0 {
		t.Error(found)
	}
	attached, err := connection.attachedTo(digest)
	must(t, err)
	there.lose(attached...)
	found, err = connection.damagedImage(call, digest.String(), nil, nil, true)
	must(t, err)
	if len(found) != 1 || !strings.Contains(found[0], "SBOM") {
		t.Error(found)
	}
}
