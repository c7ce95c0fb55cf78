package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// ociLayout is an OCI image layout in a folder or in a tar.
// https://github.com/opencontainers/image-spec/blob/main/image-layout.md
type ociLayout struct {
	files imageFiles
	// path is what messages call it.
	path string
}

func (l ociLayout) isFolder() bool {
	_, folder := l.files.(folderFiles)
	return folder
}

func (l ociLayout) blobName(digest v1.Hash) string {
	return "blobs/" + digest.Algorithm + "/" + digest.Hex
}

func (l ociLayout) open(digest v1.Hash) (io.ReadCloser, int64, error) {
	return l.files.open(l.blobName(digest))
}

func (l ociLayout) read(name string) ([]byte, error) {
	file, _, err := l.files.open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(file)
}

// check compares a blob with its descriptor.
func (l ociLayout) check(blob v1.Descriptor) error {
	file, size, err := l.open(blob.Digest)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is missing", blob.Digest)
	}
	if err != nil {
		return err
	}
	defer file.Close()
	if size != blob.Size {
		return fmt.Errorf("%s has %d bytes instead of %d", blob.Digest, size, blob.Size)
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return err
	}
	if found := hex.EncodeToString(sum.Sum(nil)); found != blob.Digest.Hex {
		return fmt.Errorf("the content of %s has the digest sha256:%s", blob.Digest, found)
	}
	return nil
}

// ociNode is a manifest or an index of a layout, with what it names.
type ociNode struct {
	layout     ociLayout
	descriptor v1.Descriptor
	raw        []byte
	links      manifestLinks
	artifact   string
	children   []*ociNode
	// missing is set where the layout has no such blob.
	missing bool
	// beside are the entries of index.json that are not the image.
	beside []*ociNode
}

const mostNested = 5

// load reads a manifest and, of an index, all that it names.
func (l ociLayout) load(descriptor v1.Descriptor, depth int) (*ociNode, error) {
	node := &ociNode{layout: l, descriptor: descriptor}
	raw, err := l.read(l.blobName(descriptor.Digest))
	if errors.Is(err, fs.ErrNotExist) {
		node.missing = true
		return node, nil
	}
	if err != nil {
		return nil, err
	}
	node.raw = raw
	var content struct {
		manifestLinks
		ArtifactType string          `json:"artifactType"`
		MediaType    types.MediaType `json:"mediaType"`
	}
	if err := json.Unmarshal(raw, &content); err != nil {
		return nil, fmt.Errorf("%s is not valid JSON: %w", l.blobName(descriptor.Digest), err)
	}
	node.links, node.artifact = content.manifestLinks, content.ArtifactType
	if node.descriptor.MediaType == "" {
		node.descriptor.MediaType = content.MediaType
	}
	if len(node.links.Manifests) > 0 && depth >= mostNested {
		return nil, fmt.Errorf("indexes are nested more than %d deep", mostNested)
	}
	for _, child := range node.links.Manifests {
		loaded, err := l.load(child, depth+1)
		if err != nil {
			return nil, err
		}
		node.children = append(node.children, loaded)
	}
	return node, nil
}

// content is what a registry client pushes.
func (n *ociNode) content() (manifest, error) {
	if n.isIndex() {
		return ociIndex{n}, nil
	}
	return partial.CompressedToImage(ociImage{n})
}

type ociImage struct{ node *ociNode }

func (i ociImage) MediaType() (types.MediaType, error) { return i.node.descriptor.MediaType, nil }
func (i ociImage) RawManifest() ([]byte, error)        { return i.node.raw, nil }

func (i ociImage) RawConfigFile() ([]byte, error) {
	if i.node.links.Config == nil {
		return nil, errors.New("the manifest names no config")
	}
	return i.node.layout.read(i.node.layout.blobName(i.node.links.Config.Digest))
}

func (i ociImage) LayerByDigest(digest v1.Hash) (partial.CompressedLayer, error) {
	for _, blob := range i.node.blobs() {
		if blob.Digest == digest {
			return ociBlob{i.node.layout, blob}, nil
		}
	}
	return nil, fmt.Errorf("the manifest names no blob %s", digest)
}

type ociBlob struct {
	layout     ociLayout
	descriptor v1.Descriptor
}

func (b ociBlob) Digest() (v1.Hash, error)            { return b.descriptor.Digest, nil }
func (b ociBlob) Size() (int64, error)                { return b.descriptor.Size, nil }
func (b ociBlob) MediaType() (types.MediaType, error) { return b.descriptor.MediaType, nil }
func (b ociBlob) Descriptor() (*v1.Descriptor, error) { return &b.descriptor, nil }
func (b ociBlob) Compressed() (io.ReadCloser, error) {
	content, _, err := b.layout.open(b.descriptor.Digest)
	return content, err
}

type ociIndex struct{ node *ociNode }

func (i ociIndex) MediaType() (types.MediaType, error) { return i.node.descriptor.MediaType, nil }
func (i ociIndex) Digest() (v1.Hash, error)            { return partial.Digest(i) }
func (i ociIndex) Size() (int64, error)                { return int64(len(i.node.raw)), nil }
func (i ociIndex) RawManifest() ([]byte, error)        { return i.node.raw, nil }

func (i ociIndex) IndexManifest() (*v1.IndexManifest, error) {
	return v1.ParseIndexManifest(bytes.NewReader(i.node.raw))
}

func (i ociIndex) Image(digest v1.Hash) (v1.Image, error) {
	child, err := i.child(digest)
	if err != nil {
		return nil, err
	}
	return partial.CompressedToImage(ociImage{child})
}

func (i ociIndex) ImageIndex(digest v1.Hash) (v1.ImageIndex, error) {
	child, err := i.child(digest)
	return ociIndex{child}, err
}

func (i ociIndex) child(digest v1.Hash) (*ociNode, error) {
	for _, child := range i.node.children {
		if child.descriptor.Digest == digest {
			return child, nil
		}
	}
	return nil, fmt.Errorf("the index names no manifest %s", digest)
}
