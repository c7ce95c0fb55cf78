package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const (
	writeLayoutAgain = "write the layout again, with the tool that made it"
	oneImageOnly     = "write the one image into a layout of its own: skopeo copy %s:NAME oci:image"
)

// Where tools write the name of an image: the OCI specification's annotation, and containerd's.
var nameAnnotations = []string{"io.containerd.image.name", "org.opencontainers.image.ref.name"}

var imageConfigs = []types.MediaType{types.OCIConfigJSON, types.DockerConfigJSON, "application/vnd.wasm.config.v0+json"}

// What image layers are called begins with one of these; cosign's signatures have the config of an image too.
var layerPrefixes = []string{
	"application/vnd.oci.image.layer.", "application/vnd.docker.image.rootfs.", "application/wasm", "application/vnd.wasm.",
}

func openLayout(call call, path string) (manifest, error) {
	return openOCI(call, ociLayout{folderFiles(path), path})
}

// checkLayout refuses in a preview what a push would refuse, as far as index.json and what it names tell.
func checkLayout(path string) error {
	_, err := ociLayout{folderFiles(path), path}.choose()
	return err
}

// openOCI returns the one image, or the one index of images, of a layout.
func openOCI(call call, layout ociLayout) (manifest, error) {
	root, err := layout.choose()
	if err != nil {
		return nil, err
	}
	if len(root.beside) > 0 {
		call.progress.info("%s: pushing %s, and not what is beside it: %s", layout.path, root.title(), described(root.beside))
	}
	if err := root.check(); err != nil {
		return nil, cannotReadWithHint(layout.path, err, writeLayoutAgain)
	}
	return root.content()
}

// choose returns the entry of index.json that is an image. Signatures, SBOMs and attestations beside it, other names of
// it, and manifests that it names itself are no choice.
func (l ociLayout) choose() (*ociNode, error) {
	raw, err := l.read("index.json")
	if errors.Is(err, fs.ErrNotExist) && !l.isFolder() {
		return nil, cannotReadWithHint(l.path, errors.New("no image is in it: it has neither manifest.json nor index.json"), saveAgain)
	}
	if err != nil {
		return nil, cannotReadWithHint(l.path+"/index.json", err, writeLayoutAgain)
	}
	var content v1.IndexManifest
	if err := json.Unmarshal(raw, &content); err != nil {
		return nil, cannotReadWithHint(l.path+"/index.json", fmt.Errorf("not valid JSON: %w", err), writeLayoutAgain)
	}
	entries, err := l.loadEntries(content)
	if err != nil {
		return nil, cannotReadWithHint(l.path, err, writeLayoutAgain)
	}
	images := outermost(slices.DeleteFunc(slices.Clone(entries), func(entry *ociNode) bool { return !entry.isRunnable() }))
	switch {
	case len(images) == 1:
		images[0].beside = slices.DeleteFunc(entries, func(entry *ociNode) bool {
			return entry == images[0] || images[0].names(entry)
		})
		return images[0], nil
	case len(images) == 0:
		return nil, cannotReadWithHint(l.path, fmt.Errorf("no container image is in it: %s", described(entries)),
			"name a layout with an image in it in hero:image.source")
	case len(entries) == len(content.Manifests) && areOneForEachPlatform(entries):
		return &ociNode{
			layout: l, raw: raw, children: entries, links: manifestLinks{Manifests: content.Manifests},
			descriptor: describeRaw(raw),
		}, nil
	}
	return nil, cannotReadWithHint(l.path, severalImages(described(images)), fmt.Sprintf(oneImageOnly, l.reference()))
}

// reference is what skopeo calls the layout.
func (l ociLayout) reference() string {
	if l.isFolder() {
		return "oci:" + l.path
	}
	return "oci-archive:" + l.path
}

// severalImages is the error of an archive or layout with more than one image; it holds what they are called.
type severalImages string

func (s severalImages) Error() string {
	return "more than one image is in it: " + string(s)
}

func describeRaw(raw []byte) v1.Descriptor {
	digest, size, _ := v1.SHA256(strings.NewReader(string(raw)))
	return v1.Descriptor{MediaType: types.OCIImageIndex, Digest: digest, Size: size}
}

// loadEntries reads each manifest once, however many names it has.
func (l ociLayout) loadEntries(content v1.IndexManifest) ([]*ociNode, error) {
	var entries []*ociNode
	for _, descriptor := range content.Manifests {
		same := slices.IndexFunc(entries, func(entry *ociNode) bool { return entry.descriptor.Digest == descriptor.Digest })
		if same >= 0 {
			continue
		}
		entry, err := l.load(descriptor, 0)
		if err != nil {
			return nil, err
		}
		if entry.missing {
			return nil, fmt.Errorf("%s is named in index.json and missing", descriptor.Digest)
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

// outermost leaves out what another entry names: oras lists the manifests of an index beside the index.
func outermost(entries []*ociNode) []*ociNode {
	return slices.DeleteFunc(slices.Clone(entries), func(entry *ociNode) bool {
		return slices.ContainsFunc(entries, func(other *ociNode) bool { return other != entry && other.names(entry) })
	})
}

func (n *ociNode) names(other *ociNode) bool {
	return slices.ContainsFunc(n.children, func(child *ociNode) bool {
		return child.descriptor.Digest == other.descriptor.Digest || child.names(other)
	})
}

// areOneForEachPlatform reports whether index.json itself is the index of one image, as some tools write it.
func areOneForEachPlatform(entries []*ociNode) bool {
	platforms, names := map[string]bool{}, map[string]bool{}
	for _, entry := range entries {
		platform := entry.descriptor.Platform
		if entry.isAttestation() {
			continue
		}
		if entry.isIndex() || !entry.isRunnable() || platform == nil || platforms[platform.String()] {
			return false
		}
		platforms[platform.String()] = true
		names[entry.name()] = true
	}
	return len(names) == 1
}

func (n *ociNode) isIndex() bool {
	return n.descriptor.MediaType.IsIndex() || len(n.links.Manifests) > 0
}

// isRunnable reports whether it is an image, or an index with one in it.
func (n *ociNode) isRunnable() bool {
	if n.isIndex() {
		return n.links.Subject == nil && slices.ContainsFunc(n.children, (*ociNode).isRunnable)
	}
	return !n.isAttestation() && (n.missing || n.hasImageContent())
}

// hasImageContent reports whether the manifest is one of an image, and not of a signature or another artifact.
func (n *ociNode) hasImageContent() bool {
	if n.links.Config == nil || n.links.Subject != nil {
		return false
	}
	return slices.Contains(imageConfigs, n.links.Config.MediaType) &&
		!slices.ContainsFunc(n.links.Layers, func(layer v1.Descriptor) bool { return !isLayer(layer.MediaType) })
}

func isLayer(mediaType types.MediaType) bool {
	return slices.ContainsFunc(layerPrefixes, func(prefix string) bool { return strings.HasPrefix(string(mediaType), prefix) })
}

// isAttestation reports whether BuildKit has put it beside an image.
// https://github.com/moby/buildkit/blob/master/docs/attestations/attestation-storage.md
func (n *ociNode) isAttestation() bool {
	platform := n.descriptor.Platform
	return n.descriptor.Annotations["vnd.docker.reference.type"] != "" ||
		platform != nil && platform.OS == "unknown" && platform.Architecture == "unknown"
}

// images are those in it for which there is a platform to run on.
func (n *ociNode) images() []*ociNode {
	if !n.isIndex() {
		if n.isRunnable() {
			return []*ociNode{n}
		}
		return nil
	}
	var found []*ociNode
	for _, child := range n.children {
		found = append(found, child.images()...)
	}
	return found
}

// check makes sure that a client can pull it: every manifest and blob is in the layout, whole.
func (n *ociNode) check() error {
	if n.missing {
		return fmt.Errorf("%s is missing", n.title())
	}
	if !n.isIndex() && !n.descriptor.MediaType.IsImage() {
		return fmt.Errorf("%s is neither an image nor an index", n.title())
	}
	if digest, _, err := v1.SHA256(strings.NewReader(string(n.raw))); err != nil || digest != n.descriptor.Digest {
		return errors.Join(err, fmt.Errorf("the content of %s has the digest %s", n.descriptor.Digest, digest))
	}
	for _, child := range n.children {
		if err := child.check(); err != nil {
			return err
		}
	}
	return n.checkBlobs(n.layout.check)
}

func (n *ociNode) checkBlobs(check func(v1.Descriptor) error) error {
	for _, blob := range n.blobs() {
		if err := check(blob); err != nil {
			return fmt.Errorf("%s: %w", n.title(), err)
		}
	}
	return nil
}

// isComplete reports whether it and its blobs are there, whatever is in them.
func (n *ociNode) isComplete() bool {
	return !n.missing && n.checkBlobs(func(blob v1.Descriptor) error {
		file, _, err := n.layout.open(blob.Digest)
		if err != nil {
			return err
		}
		return file.Close()
	}) == nil
}

func (n *ociNode) blobs() []v1.Descriptor {
	return storedManifest{links: n.links}.blobs()
}

func (n *ociNode) name() string {
	for _, annotation := range nameAnnotations {
		if name := n.descriptor.Annotations[annotation]; name != "" {
			return name
		}
	}
	return ""
}

// title is the digest, and what is known besides of what it is.
func (n *ociNode) title() string {
	known := []string{n.name(), n.artifact}
	if n.descriptor.Platform != nil {
		known = append(known, n.descriptor.Platform.String())
	}
	if !n.isIndex() && n.links.Config != nil && n.artifact == "" && !n.hasImageContent() {
		known = append(known, n.artifactLike())
	}
	known = slices.DeleteFunc(known, func(text string) bool { return text == "" })
	if len(known) == 0 {
		return n.descriptor.Digest.String()
	}
	return fmt.Sprintf("%s (%s)", n.descriptor.Digest, strings.Join(known, ", "))
}

// artifactLike is the media type that tells best what a manifest is of which nothing else is known.
func (n *ociNode) artifactLike() string {
	for _, layer := range n.links.Layers {
		if !isLayer(layer.MediaType) {
			return string(layer.MediaType)
		}
	}
	return string(n.links.Config.MediaType)
}

func described(entries []*ociNode) string {
	if len(entries) == 0 {
		return "index.json names nothing"
	}
	titles := make([]string, len(entries))
	for place, entry := range entries {
		titles[place] = entry.title()
	}
	return someOf(titles)
}
