package main

import (
	"fmt"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/daemon"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// source is where an image comes from; its kind says which of the fields count.
type source struct {
	// Kind is ko (Path is a Go main package), archive (a file that `docker save` wrote), layout (a folder in the OCI
	// image layout), engine (Reference is an image of the Docker engine) or registry (Reference is one in a registry
	// that the same login opens).
	Kind      string   `json:"kind"`
	Path      string   `json:"path,omitempty"`
	Platforms []string `json:"platforms,omitempty"`
	Reference string   `json:"reference,omitempty"`
}

// manifest is an image or an index of images, as the registry takes it.
type manifest = remote.Taggable

func (s source) fingerprint() (string, error) {
	switch s.Kind {
	case "ko":
		return goSourceFingerprint(s.Path)
	case "archive":
		return fileFingerprint(s.Path)
	case "layout":
		// The index names every blob by its digest.
		return fileFingerprint(filepath.Join(s.Path, "index.json"))
	default:
		return s.Reference, nil
	}
}

func (s source) open(call call, destination *repository) (manifest, error) {
	switch s.Kind {
	case "ko":
		return buildGo(call, s)
	case "archive":
		return openArchive(s.Path)
	case "layout":
		return openLayout(s.Path)
	case "engine":
		reference, err := name.ParseReference(s.Reference)
		if err != nil {
			return nil, err
		}
		image, err := daemon.Image(reference, daemon.WithContext(call))
		if err != nil {
			return nil, fmt.Errorf("the Docker engine does not give %s: %w", s.Reference, err)
		}
		return image, nil
	case "registry":
		reference, err := name.ParseReference(s.Reference)
		if err != nil {
			return nil, err
		}
		return destination.get(reference)
	}
	return nil, fmt.Errorf("an image cannot come from %q", s.Kind)
}

func openArchive(path string) (manifest, error) {
	image, err := tarball.ImageFromPath(path, nil)
	if err != nil {
		return nil, fmt.Errorf("%s is not an archive with one image in it, as `docker save` writes it: %w", path, err)
	}
	return image, nil
}

// openLayout takes the one image, or the one index, of a layout; a layout of several becomes an index of them.
func openLayout(path string) (manifest, error) {
	index, err := layout.ImageIndexFromPath(path)
	if err != nil {
		return nil, fmt.Errorf("%s is not an OCI image layout: %w", path, err)
	}
	content, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	if len(content.Manifests) != 1 {
		return index, nil
	}
	only := content.Manifests[0]
	if only.MediaType.IsIndex() {
		return index.ImageIndex(only.Digest)
	}
	return index.Image(only.Digest)
}
