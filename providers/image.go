package main

import (
	"fmt"
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// image is an image in a registry, put there without Docker's help: built from Go source, or taken from where it
// already is. It stays in the registry when the resource goes: what becomes of the images is the registry's to say.
type image struct{}

type imageInputs struct {
	access
	Tags   []string `json:"tags"`
	Source source   `json:"source"`
	// Fingerprint stands for the content of the source; another one means another image.
	Fingerprint string `json:"fingerprint"`
	// Home changes when the registry lost its data.
	Home string `json:"home"`
	// Sbom attaches an SBOM to an image that brings none along; what is attached stays when it is no longer wanted.
	Sbom bool `json:"sbom"`
}

type imageState struct {
	imageInputs
	Digest string `json:"digest"`
	// Uploaded is how many bytes the last push sent.
	Uploaded int64 `json:"uploaded"`
	// Missing are the tags that a refresh did not find, or found on another image.
	Missing []string `json:"missing"`
	// Damaged is content that a refresh did not find whole, each as `DIGEST (PART): CAUSE`.
	Damaged []string `json:"damaged,omitempty"`
}

func (image) check(news resource.PropertyMap) (resource.PropertyMap, []plugin.CheckFailure, error) {
	if news["source"].ContainsUnknowns() {
		return withUnknown(news, "fingerprint"), nil, nil
	}
	inputs, err := decode[imageInputs](news)
	if err != nil {
		return nil, nil, err
	}
	fingerprint, err := inputs.Source.fingerprint()
	if err != nil {
		return nil, []plugin.CheckFailure{{Reason: err.Error()}}, nil
	}
	checked := news.Copy()
	checked["fingerprint"] = resource.NewStringProperty(fingerprint)
	return checked, nil, nil
}

func (image) diff(olds, news resource.PropertyMap) (plugin.DiffResult, error) {
	state, err := decode[imageState](olds)
	if err != nil {
		return plugin.DiffResult{}, err
	}
	olds = olds.Copy()
	for _, key := range []resource.PropertyKey{"sbom", "plainHttp"} {
		// A state from before this could be chosen.
		if !olds.HasValue(key) {
			olds[key] = resource.NewBoolProperty(false)
		}
	}
	return differenceWithTags(olds, news, state.Missing, state.Damaged), nil
}

func (image) create(call call, news resource.PropertyMap) (resource.PropertyMap, error) {
	if call.preview {
		return withUnknown(news, "digest", "uploaded"), nil
	}
	inputs, err := decode[imageInputs](news)
	if err != nil {
		return nil, err
	}
	return inputs.push(call, imageState{})
}

func (image) read(call call, olds resource.PropertyMap) (resource.PropertyMap, error) {
	state, err := decode[imageState](olds)
	if err != nil {
		return nil, err
	}
	destination, err := newRepository(call, state.access)
	if err != nil {
		return nil, err
	}
	missing, _, err := destination.missingTags(state.Tags, state.Digest)
	if err != nil {
		call.progress.warning("%s cannot be asked for the image, so its state is left as it is: %v", state.Repository, err)
		return encode(state, accessSecrets...)
	}
	if told := destination.pullsLeft(); told != "" {
		call.progress.info("%s", told)
	}
	state.Missing = missing
	damaged, err := destination.damagedImage(call, state.Digest, state.Tags, missing, state.Sbom)
	if err != nil {
		call.progress.warning("cannot check the content of %s: %v", state.Repository, err)
		return encode(state, accessSecrets...)
	}
	state.Damaged = damaged
	return encode(state, accessSecrets...)
}

// update does no more than it must: a new password or certificate alone touches nothing, a new tag is only a name for
// what is there already, an SBOM is attached to what is there, and only another source, or a registry that lost the
// image, means a build and a push.
func (image) update(call call, olds, news resource.PropertyMap) (resource.PropertyMap, error) {
	state, err := decode[imageState](olds)
	if err != nil {
		return nil, err
	}
	inputs, err := decode[imageInputs](news)
	if err != nil {
		return nil, err
	}
	sameContent := state.Fingerprint == inputs.Fingerprint && reflect.DeepEqual(state.Source, inputs.Source)
	if call.preview {
		return previewImage(state, news, sameContent)
	}
	if !sameContent {
		return inputs.push(call, state)
	}
	destination, err := newRepository(call, inputs.access)
	if err != nil {
		return nil, err
	}
	destination.storageID = inputs.Home
	present, err := destination.has(state.Digest)
	if err != nil {
		return nil, err
	}
	if !present {
		return inputs.push(call, state)
	}
	found, err := destination.damagedImage(call, state.Digest, nil, nil, false)
	if err != nil {
		return nil, err
	}
	if state.Damaged = append(state.Damaged, found...); len(state.Damaged) > 0 {
		return inputs.push(call, state)
	}
	if err := destination.complete(call, state.Digest, inputs); err != nil {
		return nil, err
	}
	return inputs.settle(call, destination, state, state.Digest)
}

func (image) remove(call, resource.PropertyMap) error {
	return nil
}

func previewImage(state imageState, news resource.PropertyMap, sameContent bool) (resource.PropertyMap, error) {
	if !sameContent {
		return withUnknown(news, "digest", "uploaded"), nil
	}
	outputs := news.Copy()
	outputs["digest"] = resource.NewStringProperty(state.Digest)
	return withUnknown(outputs, "uploaded"), nil
}

// push puts the source where the inputs say. The old state, where there is one, names the tags to take away.
func (i imageInputs) push(call call, old imageState) (resource.PropertyMap, error) {
	destination, err := newRepository(call, i.access)
	if err != nil {
		return nil, err
	}
	destination.storageID = i.Home
	damaged := old.damagedIn(i.Repository)
	content, err := i.open(call, destination, damaged)
	if err != nil {
		return nil, err
	}
	destination.forceAll(damaged)
	if same, err := i.Source.isStored(content, destination, old.Digest); err != nil {
		return nil, err
	} else if same && len(damaged) == 0 {
		if err := destination.complete(call, old.Digest, i); err != nil {
			return nil, err
		}
		return i.settle(call, destination, old, old.Digest)
	}
	destination.named = old.named(i.Repository)
	digest, err := destination.push(call, content, i.Tags, i.Sbom)
	if err != nil {
		return nil, err
	}
	return i.settle(call, destination, old, digest)
}

// open reads the source. An image that the registry alone had, and serves damaged, can only come from the Docker engine.
func (i imageInputs) open(call call, destination *repository, damaged []string) (manifest, error) {
	if i.Source.Kind != "registry" || len(damaged) == 0 {
		return i.Source.open(call, destination)
	}
	content, err := openEngine(call, i.Source.Reference)
	if err != nil {
		return nil, fmt.Errorf("cannot push the damaged image %s again: %w\nhint: ./pulumiw up --replace '**-build'", i.Source.Reference, err)
	}
	return content, nil
}

// damagedIn is what a refresh has found damaged in the repository.
func (s imageState) damagedIn(repository string) []string {
	if s.Repository != repository {
		return nil
	}
	return s.Damaged
}

// named is what each tag names in the repository, as far as this state knows.
func (s imageState) named(repository string) map[string]string {
	named := map[string]string{}
	if s.Repository == repository {
		for _, tag := range without(s.Tags, s.Missing) {
			named[tag] = s.Digest
		}
	}
	return named
}

// settle takes away the tags that are no longer wanted, as far as the registry lets a pusher do so.
func (i imageInputs) settle(call call, destination *repository, old imageState, digest string) (resource.PropertyMap, error) {
	if old.Repository == i.Repository {
		destination.dropTags(call, without(old.Tags, i.Tags), old.Digest)
	}
	destination.tellPullsLeft(call, digest)
	return encode(imageState{imageInputs: i, Digest: digest, Uploaded: destination.uploaded.Load()}, accessSecrets...)
}
