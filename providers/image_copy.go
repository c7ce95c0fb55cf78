package main

import (
	"reflect"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// imageCopy is what a stack keeps in a further registry too: its images, byte by byte, with all that is attached to them.
// As with image, they stay there when the resource goes.
type imageCopy struct{}

type imageCopyInputs struct {
	// Where it goes.
	access
	// Registry is the choice by its name in config.
	Registry string `json:"registry"`
	// Source is where it lives already.
	Source access       `json:"source"`
	Images []namedImage `json:"images"`
	// Sbom tells whether one is attached. It may come after the image that it is of.
	Sbom bool `json:"sbom"`
	// Home changes when the registry lost its data.
	Home string `json:"home"`
}

// namedImage is an image with the tags that it has in each of its homes.
type namedImage struct {
	Digest string   `json:"digest"`
	Tags   []string `json:"tags"`
}

type imageCopyState struct {
	imageCopyInputs
	// Uploaded is how many bytes the last copy sent.
	Uploaded int64 `json:"uploaded"`
	// Missing are the tags that a refresh did not find, or found on another image.
	Missing []string `json:"missing"`
	// Damaged is content that a refresh did not find whole, each as `DIGEST (PART): CAUSE`.
	Damaged []string `json:"damaged,omitempty"`
}

func (imageCopy) check(news resource.PropertyMap) (resource.PropertyMap, []plugin.CheckFailure, error) {
	return news, nil, nil
}

func (imageCopy) diff(olds, news resource.PropertyMap) (plugin.DiffResult, error) {
	state, err := decode[imageCopyState](olds)
	if err != nil {
		return plugin.DiffResult{}, err
	}
	return differenceWithTags(olds, news, state.Missing, state.Damaged), nil
}

func (imageCopy) create(call call, news resource.PropertyMap) (resource.PropertyMap, error) {
	return copyImage(call, imageCopyState{}, news)
}

// update touches nothing where only a login or a certificate is another one.
func (imageCopy) update(call call, olds, news resource.PropertyMap) (resource.PropertyMap, error) {
	state, err := decode[imageCopyState](olds)
	if err != nil {
		return nil, err
	}
	inputs, err := decode[imageCopyInputs](news)
	if err != nil {
		return nil, err
	}
	if !call.preview && state.isThere(inputs) {
		return imageCopyState{imageCopyInputs: inputs}.encode()
	}
	return copyImage(call, state, news)
}

func (s imageCopyState) isThere(wanted imageCopyInputs) bool {
	return len(s.Missing) == 0 && len(s.Damaged) == 0 && s.Repository == wanted.Repository && s.Home == wanted.Home &&
		s.Sbom == wanted.Sbom && reflect.DeepEqual(s.Images, wanted.Images)
}

func (imageCopy) read(call call, olds resource.PropertyMap) (resource.PropertyMap, error) {
	state, err := decode[imageCopyState](olds)
	if err != nil {
		return nil, err
	}
	destination, err := newRepository(call, state.access)
	if err != nil {
		return nil, err
	}
	var missing, damaged []string
	for _, image := range state.Images {
		found, _, err := destination.missingTags(image.Tags, image.Digest)
		if err != nil {
			call.progress.warning("%s cannot be asked for the image, so its state is left as it is: %v", state.Repository, err)
			return state.encode()
		}
		missing = append(missing, found...)
		broken, err := destination.damagedImage(call, image.Digest, image.Tags, found, false)
		if err != nil {
			call.progress.warning("cannot check the content of %s: %v", state.Repository, err)
			return state.encode()
		}
		damaged = append(damaged, broken...)
	}
	state.Missing, state.Damaged = missing, damaged
	return state.encode()
}

func (imageCopy) remove(call, resource.PropertyMap) error {
	return nil
}

func copyImage(call call, old imageCopyState, news resource.PropertyMap) (resource.PropertyMap, error) {
	if call.preview {
		return withUnknown(news, "uploaded"), nil
	}
	inputs, err := decode[imageCopyInputs](news)
	if err != nil {
		return nil, err
	}
	source, err := newRepository(call, inputs.Source)
	if err != nil {
		return nil, err
	}
	held, err := source.contentsOfImages(inputs.Images)
	if err != nil {
		return nil, err
	}
	destination, err := newRepository(call, inputs.access)
	if err != nil {
		return nil, err
	}
	destination.storageID = inputs.Home
	if err := destination.recordPush(inputs.tags(), held.digests()...); err != nil {
		return nil, err
	}
	if old.Repository == inputs.Repository {
		destination.forceAll(old.Damaged)
	}
	if err := destination.take(call, held); err != nil {
		return nil, err
	}
	if old.Repository == inputs.Repository {
		for _, image := range old.Images {
			destination.dropTags(call, without(image.Tags, inputs.tags()), image.Digest)
		}
	}
	return imageCopyState{imageCopyInputs: inputs, Uploaded: destination.uploaded.Load()}.encode()
}

func (i imageCopyInputs) tags() []string {
	var tags []string
	for _, image := range i.Images {
		tags = append(tags, image.Tags...)
	}
	return tags
}

func (s imageCopyState) encode() (resource.PropertyMap, error) {
	return encode(s, slices.Concat(accessSecrets, []resource.PropertyKey{"source"})...)
}
