package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

const patienceWithScan = 10 * time.Minute

// attachScans has syft write the SBOM of each image that has none yet. The images need not be in the registry yet.
func (r *repository) attachScans(call call, content manifest) error {
	images, err := imagesIn(content)
	if err != nil {
		return err
	}
	if len(images) == 0 {
		call.progress.warning("nothing that goes to %s is an image that could have an SBOM", r.name)
	}
	for _, image := range images {
		if err := r.attachScan(call, image); err != nil {
			return err
		}
	}
	return nil
}

func (r *repository) attachScan(call call, image v1.Image) error {
	subject, err := partial.Descriptor(image)
	if err != nil {
		return err
	}
	present, err := r.hasDocument(call, subject.Digest)
	if err != nil || present {
		return err
	}
	syft, err := provideTool(call, "syft")
	if err != nil {
		return err
	}
	call.progress.status("looking for the packages in %s", subject.Digest)
	document, err := r.scan(call, syft, image, subject.Digest)
	if err != nil {
		return fmt.Errorf("the SBOM of %s cannot be made: %w", subject.Digest, err)
	}
	return r.attach(call, document, *subject)
}

// hasDocument tells whether an SBOM is attached that can be read, also one of an earlier resource or of another client.
func (r *repository) hasDocument(ctx context.Context, digest v1.Hash) (bool, error) {
	filter := remote.WithFilter("artifactType", string(spdx))
	referrers, err := remote.Referrers(r.name.Digest(digest.String()), append(slices.Clone(r.options), filter)...)
	if err != nil {
		return false, r.plain(err)
	}
	found, err := referrers.IndexManifest()
	if err != nil {
		return false, err
	}
	if r.isDockerHub() {
		return len(found.Manifests) > 0, nil // each read manifest counts as a pull there
	}
	for _, each := range found.Manifests {
		whole, err := r.isWhole(ctx, each.Digest)
		if err != nil || whole {
			return whole, err
		}
	}
	return false, nil
}

// scan lets syft read the image from a folder, so that it needs neither a network nor a password.
func (r *repository) scan(ctx context.Context, syft string, image v1.Image, digest v1.Hash) ([]byte, error) {
	folder, err := newScratch("sbom")
	if err != nil {
		return nil, err
	}
	defer clearScratch(folder)
	written, err := layout.Write(filepath.Join(folder, "image"), empty.Index)
	if err != nil {
		return nil, err
	}
	if err := written.AppendImage(image); err != nil {
		return nil, r.plain(err)
	}
	// Without these names the document would tell the folder's, which is another one each time.
	return runSyft(ctx, folder, syft, "scan", "oci-dir:"+string(written),
		"--source-name", r.name.String(), "--source-version", digest.String())
}

// runSyft returns the document that it writes to its standard output.
func runSyft(ctx context.Context, folder, syft string, words ...string) ([]byte, error) {
	environment, config, err := quietly(folder)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patienceWithScan)
	defer cancel()
	var said bytes.Buffer
	command := exec.CommandContext(ctx, syft, append(words, "--config", config, "--output", "spdx-json")...)
	command.Dir, command.Env, command.Stderr = folder, environment, &said
	document, err := output(ctx, command)
	if err != nil {
		return nil, fmt.Errorf("syft: %s", told(strings.Split(said.String(), "\n"), err))
	}
	return document, ensureSpdx(document)
}

// quietly is an environment and a config in which syft asks nobody on the network anything, whatever the user has set up
// for their own scans, and knows nothing that it does not need.
func quietly(folder string) (environment []string, config string, err error) {
	config = filepath.Join(folder, "syft.yaml")
	if err := os.WriteFile(config, []byte("check-for-app-update: false\n"), 0o600); err != nil {
		return nil, "", err
	}
	environment = []string{"SYFT_CHECK_FOR_APP_UPDATE=false", "NO_COLOR=1", "TMPDIR=" + folder, "XDG_CACHE_HOME=" + folder}
	// What is on PATH may be the script of a version manager, which looks for its own files.
	for _, name := range []string{"PATH", "HOME"} {
		environment = append(environment, name+"="+os.Getenv(name))
	}
	return environment, config, nil
}

func ensureSpdx(document []byte) error {
	var known struct {
		Version string `json:"spdxVersion"`
	}
	if err := json.Unmarshal(document, &known); err != nil || known.Version == "" {
		return errors.New("what syft wrote is no SPDX document")
	}
	return nil
}

// imagesIn are the images of an index, and of the indexes within it, or the one image.
func imagesIn(content any) ([]v1.Image, error) {
	switch content := content.(type) {
	case *remote.Descriptor:
		return imagesOfDescriptor(content)
	case v1.ImageIndex:
		return imagesOfIndex(content)
	case v1.Image:
		if runnable, err := isRunnable(content); err != nil || !runnable {
			return nil, err
		}
		return []v1.Image{content}, nil
	}
	return nil, nil
}

func imagesOfDescriptor(descriptor *remote.Descriptor) ([]v1.Image, error) {
	if descriptor.MediaType.IsIndex() {
		index, err := descriptor.ImageIndex()
		if err != nil {
			return nil, err
		}
		return imagesOfIndex(index)
	}
	image, err := descriptor.Image()
	if err != nil {
		return nil, err
	}
	return imagesIn(image)
}

func imagesOfIndex(index v1.ImageIndex) ([]v1.Image, error) {
	children, err := partial.Manifests(index)
	if err != nil {
		return nil, err
	}
	var images []v1.Image
	for _, child := range children {
		below, err := imagesIn(child)
		if err != nil {
			return nil, err
		}
		images = append(images, below...)
	}
	return images, nil
}

// isRunnable tells an image from what is only packed as one, such as the attestations that BuildKit puts beside it.
func isRunnable(image v1.Image) (bool, error) {
	content, err := image.Manifest()
	if err != nil {
		return false, err
	}
	return hasOnlyLayers(content.Config, content.Layers), nil
}

// hasOnlyLayers tells an image's config and layers from those of an attestation or another artifact.
func hasOnlyLayers(config v1.Descriptor, layers []v1.Descriptor) bool {
	strange := slices.ContainsFunc(layers, func(layer v1.Descriptor) bool { return !layer.MediaType.IsLayer() })
	return config.MediaType.IsConfig() && !strange
}
