package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/moby/moby/client"
)

const patienceWithEngine = 30 * time.Second

// source is where an image comes from; its kind says which of the fields count.
type source struct {
	// Kind is ko (Path is a Go main package), archive (a file that `docker save` wrote, or an OCI image layout in a tar),
	// layout (a folder in the OCI image layout), engine (Reference is an image of the Docker engine, by name or ID) or registry (Reference is one
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
		return goSourceFingerprint(s.Path, s.Platforms...)
	case "archive":
		if err := checkArchive(s.Path); err != nil {
			return "", err
		}
		return fileFingerprint(s.Path)
	case "layout":
		if err := checkLayout(s.Path); err != nil {
			return "", err
		}
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
		return openArchive(call, s.Path)
	case "layout":
		return openLayout(call, s.Path)
	case "engine":
		return openEngine(call, s.Reference)
	case "registry":
		return openStored(call, s.Reference, destination)
	}
	return nil, fmt.Errorf("an image cannot come from %q", s.Kind)
}

// isStored says whether the digest is of the same image in another dress. The Docker engine packs layers anew when it
// pushes or saves them, so that one image, by its ID, may have several digests; the first one stays.
func (s source) isStored(content manifest, destination *repository, digest string) (bool, error) {
	image, isImage := content.(v1.Image)
	if digest == "" || !isImage || (s.Kind != "engine" && s.Kind != "registry") {
		return false, nil
	}
	descriptor, err := remote.Get(destination.name.Digest(digest), destination.options...)
	if isMissing(err) || isWithheld(err) {
		return false, nil
	}
	if err != nil {
		return false, destination.plain(err)
	}
	if !descriptor.MediaType.IsImage() {
		return false, nil
	}
	stored, err := descriptor.Image()
	if err != nil {
		return false, err
	}
	here, err := image.ConfigName()
	if err != nil {
		return false, err
	}
	there, err := stored.ConfigName()
	return here == there, err
}

// engineFingerprint is the image's ID: the same name may mean another image today.
func engineFingerprint(reference string) (string, error) {
	if strings.HasPrefix(reference, "sha256:") {
		return reference, nil // an ID already
	}
	ctx, cancel := context.WithTimeout(context.Background(), patienceWithEngine)
	defer cancel()
	engine, err := client.New(client.FromEnv)
	if err != nil {
		return "", err
	}
	defer engine.Close()
	found, err := engine.ImageInspect(ctx, reference)
	if err != nil {
		return "", engineRefuses(reference, err)
	}
	return found.ID, nil
}

// openEngine has the engine save the image into a file that has no name any more, so that however large the image is
// it fills no memory, and however the plugin ends nothing is left of it.
func openEngine(call call, reference string) (manifest, error) {
	engine, err := client.New(client.FromEnv)
	if err != nil {
		return nil, err
	}
	defer engine.Close()
	saved, err := engine.ImageSave(call, []string{reference})
	if err != nil {
		return nil, engineRefuses(reference, err)
	}
	defer saved.Close()
	file, err := spool(saved)
	if err != nil {
		return nil, engineRefuses(reference, err)
	}
	return openArchiveFile(call, file, reference)
}

func engineRefuses(reference string, err error) error {
	return fmt.Errorf("the Docker engine does not give %s: %w", reference, err)
}

// openStored takes what the Docker engine has pushed already, so that it only gets further names. Where the registry
// has lost it since, the engine may have it still.
func openStored(call call, text string, destination *repository) (manifest, error) {
	reference, err := name.ParseReference(text)
	if err != nil {
		return nil, err
	}
	descriptor, err := remote.Get(reference, destination.options...)
	if isMissing(err) {
		image, err := openEngine(call, text)
		if err != nil {
			return nil, fmt.Errorf("the registry has lost the image, and %w; "+
				"`./pulumiw up --replace '**-build'` builds it anew", err)
		}
		return image, nil
	}
	if isWithheld(err) {
		if image, err := openEngine(call, text); err == nil {
			return image, nil
		}
	}
	if err != nil {
		return nil, destination.plain(err)
	}
	if descriptor.MediaType.IsIndex() {
		return descriptor.ImageIndex()
	}
	return descriptor.Image()
}
