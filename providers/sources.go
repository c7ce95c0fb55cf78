package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/daemon"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

const patienceWithEngine = 30 * time.Second

// source is where an image comes from; its kind says which of the fields count.
type source struct {
	// Kind is ko (Path is a Go main package), archive (a file that `docker save` wrote), layout (a folder in the OCI
	// image layout), engine (Reference is an image of the Docker engine, by name or ID) or registry (Reference is one
	// in a registry that the same login opens).
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
	case "engine":
		return engineFingerprint(s.Reference)
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
		return openEngine(call, s.Reference)
	case "registry":
		return openStored(call, s.Reference, destination)
	}
	return nil, fmt.Errorf("an image cannot come from %q", s.Kind)
}

// engineReference is what the Docker engine knows an image by: a name, or the ID (sha256:…), which the client library
// would take for the tag of a repository that is called sha256.
type engineReference struct {
	name.Reference
	id string
}

// Name is what the engine is asked for.
func (e engineReference) Name() string {
	return e.id
}

func parseEngineReference(text string) (name.Reference, error) {
	reference, err := name.ParseReference(text)
	if err != nil || !isEngineID(text) {
		return reference, err
	}
	return engineReference{reference, text}, nil
}

func isEngineID(text string) bool {
	return strings.HasPrefix(text, "sha256:")
}

// engineFingerprint is the image's ID: the same name may mean another image today.
func engineFingerprint(text string) (string, error) {
	if isEngineID(text) {
		return text, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patienceWithEngine)
	defer cancel()
	image, err := openEngine(ctx, text)
	if err != nil {
		return "", err
	}
	id, err := image.ConfigName()
	return id.String(), err
}

func openEngine(ctx context.Context, text string) (v1.Image, error) {
	reference, err := parseEngineReference(text)
	if err != nil {
		return nil, err
	}
	image, err := daemon.Image(reference, daemon.WithContext(ctx))
	if err != nil {
		return nil, fmt.Errorf("the Docker engine does not give %s: %w", text, err)
	}
	return image, nil
}

// openStored takes what the Docker engine has pushed already, so that it only gets further names. Where the registry
// has lost it since, the engine may have it still.
func openStored(ctx context.Context, text string, destination *repository) (manifest, error) {
	reference, err := name.ParseReference(text)
	if err != nil {
		return nil, err
	}
	descriptor, err := remote.Get(reference, destination.options...)
	if isMissing(err) {
		image, err := openEngine(ctx, text)
		if err != nil {
			return nil, fmt.Errorf("the registry has lost the image, and %w; "+
				"`./pulumiw up --replace '**-build'` builds it anew", err)
		}
		return image, nil
	}
	if err != nil {
		return nil, destination.plain(err)
	}
	if descriptor.MediaType.IsIndex() {
		return descriptor.ImageIndex()
	}
	return descriptor.Image()
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
