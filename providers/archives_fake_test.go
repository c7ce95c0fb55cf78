package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/zstd"
)

const (
	refName        = "org.opencontainers.image.ref.name"
	containerdName = "io.containerd.image.name"
)

// ociImageFor is an image with two layers for this platform.
func ociImageFor(t *testing.T, text string) v1.Image {
	t.Helper()
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	for range 2 {
		layer, err := random.Layer(300, types.OCILayer)
		must(t, err)
		image, err = mutate.AppendLayers(image, layer)
		must(t, err)
	}
	platform, err := v1.ParsePlatform(text)
	must(t, err)
	file, err := image.ConfigFile()
	must(t, err)
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Variant = platform.OS, platform.Architecture, platform.Variant
	image, err = mutate.ConfigFile(image, file)
	must(t, err)
	return image
}

// ociIndexOf is an index of these, each with the platform of its config; an attestation has none.
func ociIndexOf(t *testing.T, images ...v1.Image) v1.ImageIndex {
	t.Helper()
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, image := range images {
		descriptor := descriptorOf(t, image)
		file, err := image.ConfigFile()
		must(t, err)
		descriptor.Platform = file.Platform()
		if file.Architecture == "" {
			descriptor.Platform = &v1.Platform{OS: "unknown", Architecture: "unknown"}
			descriptor.Annotations = map[string]string{
				"vnd.docker.reference.type":   "attestation-manifest",
				"vnd.docker.reference.digest": digestOf(t, images[0]).String(),
			}
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: descriptor})
	}
	return index
}

// referrerTo is an artifact with this as its subject, as oras attach pushes it.
func referrerTo(t *testing.T, subject partial.Describable) v1.Image {
	t.Helper()
	artifact := mutate.ConfigMediaType(anAttestation(t), "application/vnd.oci.empty.v1+json")
	return mutate.Subject(mutate.MediaType(artifact, types.OCIManifestSchema1), descriptorOf(t, subject)).(v1.Image)
}

// cosignSignature is what cosign stores under sha256-….sig: a manifest with the config of an image.
func cosignSignature(t *testing.T) v1.Image {
	t.Helper()
	layer, err := random.Layer(100, "application/vnd.dev.cosign.simplesigning.v1+json")
	must(t, err)
	signature := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	signature, err = mutate.AppendLayers(signature, layer)
	must(t, err)
	return signature
}

func descriptorOf(t *testing.T, content partial.Describable) v1.Descriptor {
	t.Helper()
	descriptor, err := partial.Descriptor(content)
	must(t, err)
	return *descriptor
}

// files are the files of a layout or the members of a tar.
type files map[string][]byte

func (f files) put(t *testing.T, content []byte) {
	t.Helper()
	digest, _, err := v1.SHA256(bytes.NewReader(content))
	must(t, err)
	f["blobs/sha256/"+digest.Hex] = content
}

// add stores a manifest with all that it names.
func (f files) add(t *testing.T, content any) {
	t.Helper()
	switch content := content.(type) {
	case v1.ImageIndex:
		raw, err := content.RawManifest()
		must(t, err)
		f.put(t, raw)
		children, err := partial.Manifests(content)
		must(t, err)
		for _, child := range children {
			f.add(t, child)
		}
	case v1.Image:
		raw, err := content.RawManifest()
		must(t, err)
		f.put(t, raw)
		raw, err = content.RawConfigFile()
		must(t, err)
		f.put(t, raw)
		layers, err := content.Layers()
		must(t, err)
		for _, layer := range layers {
			f.put(t, compressedOf(t, layer))
		}
	}
}

func compressedOf(t *testing.T, layer v1.Layer) []byte {
	t.Helper()
	reader, err := layer.Compressed()
	must(t, err)
	content, err := io.ReadAll(reader)
	must(t, err)
	return content
}

func uncompressedOf(t *testing.T, layer v1.Layer) []byte {
	t.Helper()
	reader, err := layer.Uncompressed()
	must(t, err)
	content, err := io.ReadAll(reader)
	must(t, err)
	return content
}

// entry is an entry of index.json.
func entry(t *testing.T, content partial.Describable, annotations ...string) v1.Descriptor {
	t.Helper()
	descriptor := descriptorOf(t, content)
	for place := 0; place < len(annotations); place += 2 {
		if descriptor.Annotations == nil {
			descriptor.Annotations = map[string]string{}
		}
		descriptor.Annotations[annotations[place]] = annotations[place+1]
	}
	return descriptor
}

// indexed writes index.json and oci-layout.
func (f files) indexed(t *testing.T, entries ...v1.Descriptor) files {
	t.Helper()
	index, err := json.Marshal(v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: entries})
	must(t, err)
	f["index.json"], f["oci-layout"] = index, []byte(`{"imageLayoutVersion":"1.0.0"}`)
	return f
}

// ociFiles is a layout with these in it.
func ociFiles(t *testing.T, contents ...any) files {
	t.Helper()
	made := files{}
	for _, content := range contents {
		made.add(t, content)
	}
	return made
}

// named writes a manifest.json like that of `docker save`, with the members under these names.
func (f files) named(t *testing.T, entries ...map[string]any) files {
	t.Helper()
	text, err := json.Marshal(entries)
	must(t, err)
	f["manifest.json"] = text
	return f
}

// savedBlobs is an entry of manifest.json whose members are the blobs of a layout, as Docker since 25 and containerd write it.
func savedBlobs(t *testing.T, image v1.Image, tags ...string) map[string]any {
	t.Helper()
	content, err := image.Manifest()
	must(t, err)
	layers := []string{}
	for _, layer := range content.Layers {
		layers = append(layers, "blobs/sha256/"+layer.Digest.Hex)
	}
	return map[string]any{"Config": "blobs/sha256/" + content.Config.Digest.Hex, "RepoTags": tags, "Layers": layers}
}

// savedPlain stores an image as Docker's graph drivers do, with layers that are not compressed.
func (f files) savedPlain(t *testing.T, image v1.Image, member func(hex string) string, tags ...string) map[string]any {
	t.Helper()
	config, err := image.RawConfigFile()
	must(t, err)
	name, err := image.ConfigName()
	must(t, err)
	f[name.Hex+".json"] = config
	found, err := image.Layers()
	must(t, err)
	layers := []string{}
	for _, layer := range found {
		digest, err := layer.DiffID()
		must(t, err)
		f[member(digest.Hex)] = uncompressedOf(t, layer)
		layers = append(layers, member(digest.Hex))
	}
	return map[string]any{"Config": name.Hex + ".json", "RepoTags": tags, "Layers": layers}
}

func (f files) without(name string) files {
	delete(f, "blobs/sha256/"+name)
	return f
}

func (f files) writeLayout(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range f {
		path := filepath.Join(folder, filepath.FromSlash(name))
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, content, 0o644))
	}
	return folder
}

func (f files) tar(t *testing.T) []byte {
	t.Helper()
	var buffer bytes.Buffer
	writer := tar.NewWriter(&buffer)
	names := []string{}
	for name := range f {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		header := &tar.Header{Name: name, Mode: 0o644, Size: int64(len(f[name]))}
		if target, link := strings.CutPrefix(string(f[name]), "link:"); link {
			header.Typeflag, header.Linkname, header.Size = tar.TypeSymlink, target, 0
		}
		must(t, writer.WriteHeader(header))
		if header.Size > 0 {
			_, err := writer.Write(f[name])
			must(t, err)
		}
	}
	must(t, writer.Close())
	return buffer.Bytes()
}

func (f files) writeTar(t *testing.T) string {
	t.Helper()
	return writeFile(t, f.tar(t))
}

func writeFile(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image.tar")
	must(t, os.WriteFile(path, content, 0o644))
	return path
}

func tarballLayer(content []byte, mediaType types.MediaType) (v1.Layer, error) {
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content)), nil
	}, tarball.WithMediaType(mediaType))
}

func gzipOf(t *testing.T, content []byte) []byte {
	t.Helper()
	var buffer bytes.Buffer
	writer := gzip.NewWriter(&buffer)
	_, err := writer.Write(content)
	must(t, err)
	must(t, writer.Close())
	return buffer.Bytes()
}

func zstdOf(t *testing.T, content []byte) []byte {
	t.Helper()
	writer, err := zstd.NewWriter(nil)
	must(t, err)
	return writer.EncodeAll(content, nil)
}
