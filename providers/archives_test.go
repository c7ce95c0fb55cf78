package main

import (
	"context"
	"io"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// onDisk is an archive or a layout as a tool writes it, and what has to become of it: an image with this digest, or a
// refusal with these words.
type onDisk struct {
	path    string
	digest  v1.Hash
	refused []string
}

func pushedAs(content interface{ Digest() (v1.Hash, error) }) func(*testing.T, string) onDisk {
	return func(t *testing.T, path string) onDisk { return onDisk{path: path, digest: digestOf(t, content)} }
}

// asManifestJSON is the digest that an archive with a manifest.json has had all along.
func asManifestJSON(t *testing.T, path string) onDisk {
	t.Helper()
	image, err := tarball.ImageFromPath(path, nil)
	must(t, err)
	return onDisk{path: path, digest: digestOf(t, image)}
}

func refusedWith(words ...string) func(*testing.T, string) onDisk {
	return func(_ *testing.T, path string) onDisk {
		return onDisk{path: path, refused: append([]string{"cannot read " + path, "\nhint: "}, words...)}
	}
}

func hexPath(hex string) string { return hex + ".tar" }

func layerPath(hex string) string { return hex + "/layer.tar" }

func TestArchive_OfOtherTools(t *testing.T) {
	for tool, made := range dockerArchives {
		t.Run(tool, func(t *testing.T) { made(t).mustBehave(t) })
	}
}

func TestLayout_OfOtherTools(t *testing.T) {
	for tool, made := range ociLayouts {
		t.Run(tool, func(t *testing.T) { made(t).mustBehave(t) })
	}
}

func (d onDisk) mustBehave(t *testing.T) {
	t.Helper()
	kind := "archive"
	if isFolder(d.path) {
		kind = "layout"
	}
	content, err := source{Kind: kind, Path: d.path}.open(call{Context: context.Background()}, nil)
	if d.refused != nil {
		if err == nil {
			t.Fatal("not refused")
		}
		mustContain(t, err.Error(), d.refused...)
		return
	}
	must(t, err)
	inputs := wanted(t, false)
	digest, err := pushed(t, context.Background(), inputs, content)
	must(t, err)
	if digest != d.digest.String() {
		t.Errorf("pushed as %s instead of %s", digest, d.digest)
	}
	mustBePullable(t, inputs.Repository+":v1", d.digest)
}

// mustBePullable downloads every manifest and blob and compares their digests.
func mustBePullable(t *testing.T, text string, digest v1.Hash) {
	t.Helper()
	reference, err := name.ParseReference(text)
	must(t, err)
	found, err := remote.Get(reference)
	must(t, err)
	if found.Digest != digest {
		t.Errorf("the tag names %s", found.Digest)
	}
	if !found.MediaType.IsIndex() {
		image, err := found.Image()
		must(t, err)
		mustHaveItsLayers(t, image)
		return
	}
	index, err := found.ImageIndex()
	must(t, err)
	children, err := index.IndexManifest()
	must(t, err)
	for _, child := range children.Manifests {
		image, err := index.Image(child.Digest)
		must(t, err)
		mustHaveItsLayers(t, image)
	}
}

// mustHaveItsLayers reads each layer; the client compares it with its digest.
func mustHaveItsLayers(t *testing.T, image v1.Image) {
	t.Helper()
	layers, err := image.Layers()
	must(t, err)
	for _, layer := range layers {
		content, err := layer.Compressed()
		must(t, err)
		_, err = io.Copy(io.Discard, content)
		must(t, err)
	}
}

func TestLayout_NamesWhatIsNotPushed(t *testing.T) {
	image := ociImageFor(t, "linux/amd64")
	sbom := referrerTo(t, image)
	path := ociFiles(t, image, sbom).indexed(t, entry(t, sbom), entry(t, image, refName, "v1")).writeLayout(t)
	call, terminal := newCall(t)
	_, err := source{Kind: "layout", Path: path}.open(call, nil)
	must(t, err)
	mustContain(t, terminal.stayed(), "not what is beside it", digestOf(t, sbom).String())
}

func TestSource_RefusedInPreview(t *testing.T) {
	for kind, disk := range map[string]onDisk{
		"layout": ociLayouts["skopeo copy, two images"](t), "archive": dockerArchives["docker 24 save, two images"](t),
	} {
		inputs := wanted(t, false)
		inputs.Source = source{Kind: kind, Path: disk.path}
		_, failures, err := image{}.check(propertiesOf(t, inputs))
		must(t, err)
		if len(failures) != 1 {
			t.Fatalf("%s: the preview refuses nothing", kind)
		}
		mustContain(t, failures[0].Reason, disk.refused...)
	}
}
