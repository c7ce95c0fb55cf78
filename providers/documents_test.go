package main

import (
	"context"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

const aDocument = `{"spdxVersion": "SPDX-2.3"}`

// fakeSyft puts a syft on PATH that writes down how it was called and then does as it is told.
func fakeSyft(t *testing.T, lines string) (calls func() []string, temporary string) {
	t.Helper()
	folder := t.TempDir()
	script := "#!/bin/sh\n[ \"$1\" = --version ] && echo syft 1.57.0 && exit\n" +
		"[ -f \"${2#oci-dir:}/index.json\" ] || exit 9\n" +
		"echo \"$* $(env | tr '\\n' ' ')\" >> '" + folder + "/calls'\n" + lines + "\n"
	write(t, folder, map[string]string{"bin/syft": script, "temporary/.keep": ""})
	if err := os.Chmod(filepath.Join(folder, "bin", "syft"), 0o700); err != nil {
		t.Fatal(err)
	}
	temporary = filepath.Join(folder, "temporary")
	t.Setenv("PATH", filepath.Join(folder, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("TMPDIR", temporary)
	t.Setenv("SYFT_FORMAT_PRETTY", "true")
	t.Chdir("..") // where the engine starts the plugin
	return func() []string {
		text, _ := os.ReadFile(filepath.Join(folder, "calls"))
		return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")[:strings.Count(string(text), "\n")]
	}, temporary
}

// wanted are the inputs of an image in a registry that only this test has.
func wanted(t *testing.T, sbom bool, options ...registry.Option) imageInputs {
	t.Helper()
	quietly := registry.Logger(log.New(io.Discard, "", 0))
	server := httptest.NewServer(registry.New(append(options, quietly)...))
	t.Cleanup(server.Close)
	return imageInputs{
		access: access{
			Repository: strings.TrimPrefix(server.URL, "http://") + "/team/hero", Username: "pusher", Password: "hunter2",
		},
		Tags: []string{"v1"}, Sbom: sbom,
	}
}

func pushed(t *testing.T, ctx context.Context, inputs imageInputs, content manifest) (string, error) {
	t.Helper()
	destination, err := newRepository(call{Context: ctx}, inputs.access)
	if err != nil {
		t.Fatal(err)
	}
	return destination.push(call{Context: ctx}, content, inputs.Tags, inputs.Sbom)
}

// referrersOf are what the registry knows to be attached to an image.
func referrersOf(t *testing.T, inputs access, digest v1.Hash) []v1.Descriptor {
	t.Helper()
	repository, err := name.NewRepository(inputs.Repository)
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Referrers(repository.Digest(digest.String()))
	if err != nil {
		t.Fatal(err)
	}
	found, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	return found.Manifests
}

// documentsOf are the documents that the registry has of an image, by what they say their subject is.
func documentsOf(t *testing.T, inputs imageInputs, digest v1.Hash) []string {
	t.Helper()
	repository, err := name.NewRepository(inputs.Repository)
	if err != nil {
		t.Fatal(err)
	}
	var documents []string
	for _, descriptor := range referrersOf(t, inputs.access, digest) {
		image, err := remote.Image(repository.Digest(descriptor.Digest.String()))
		if err != nil {
			t.Fatal(err)
		}
		content, err := image.Manifest()
		if err != nil {
			t.Fatal(err)
		}
		if content.Subject.Digest != digest || descriptor.ArtifactType != string(spdx) {
			t.Errorf("%s is about %s", descriptor.ArtifactType, content.Subject.Digest)
		}
		layer, err := remote.Layer(repository.Digest(content.Layers[0].Digest.String()))
		if err != nil {
			t.Fatal(err)
		}
		reader, err := layer.Compressed()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, string(text))
	}
	return documents
}

func hasTag(t *testing.T, inputs imageInputs) bool {
	t.Helper()
	reference, err := name.NewTag(inputs.Repository + ":v1")
	if err != nil {
		t.Fatal(err)
	}
	_, err = remote.Head(reference)
	return err == nil
}

func anImage(t *testing.T) v1.Image {
	t.Helper()
	image, err := random.Image(1000, 1)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func digestOf(t *testing.T, content interface{ Digest() (v1.Hash, error) }) v1.Hash {
	t.Helper()
	digest, err := content.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

// anAttestation is what BuildKit puts beside an image.
func anAttestation(t *testing.T) v1.Image {
	t.Helper()
	image, err := mutate.AppendLayers(empty.Image, static.NewLayer([]byte("{}"), types.MediaType("application/vnd.in-toto+json")))
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func propertiesOf(t *testing.T, value any) resource.PropertyMap {
	t.Helper()
	properties, err := encode(value)
	if err != nil {
		t.Fatal(err)
	}
	return properties
}
