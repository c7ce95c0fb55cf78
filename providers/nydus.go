package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// What tells the Nydus form of an image from the image, in its tags.
const nydusSuffix = "-nydus"

// nydusImage is the form of an image from which a container starts before it has arrived, beside the image in its
// registry: under each of its tags with -nydus behind it. The image itself stays as it is.
type nydusImage struct{}

type nydusInputs struct {
	access
	// Tags are those of the image.
	Tags []string `json:"tags"`
	// Digest is the image's.
	Digest string `json:"digest"`
	// Merged makes an index that has the usual form too, for nodes that know no other.
	Merged bool `json:"merged"`
	// Prefetch are the files and folders that are fetched ahead of being read.
	Prefetch []string `json:"prefetch"`
	// Home changes when the registry lost its data.
	Home string `json:"home"`
	// Keep leaves the tags in the registry, which keeps its images too when all else goes.
	Keep bool `json:"keep"`
}

type nydusState struct {
	nydusInputs
	NydusDigest string `json:"nydusDigest"`
	// Missing are the tags that a refresh did not find, or found on another image.
	Missing []string `json:"missing"`
	// Damaged is content that a refresh did not find whole, each as `DIGEST (PART): CAUSE`.
	Damaged []string `json:"damaged,omitempty"`
}

func (nydusImage) check(news resource.PropertyMap) (resource.PropertyMap, []plugin.CheckFailure, error) {
	inputs, err := decode[nydusInputs](news)
	if err != nil {
		return nil, nil, err
	}
	for _, path := range inputs.Prefetch {
		if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "\r\n") {
			return nil, []plugin.CheckFailure{{
				Property: "prefetch", Reason: fmt.Sprintf("%q is no absolute path in one line", path),
			}}, nil
		}
	}
	return news, nil, nil
}

func (nydusImage) diff(olds, news resource.PropertyMap) (plugin.DiffResult, error) {
	state, err := decode[nydusState](olds)
	if err != nil {
		return plugin.DiffResult{}, err
	}
	return differenceWithTags(olds, news, state.Missing, state.Damaged), nil
}

func (nydusImage) create(call call, news resource.PropertyMap) (resource.PropertyMap, error) {
	if call.preview {
		return withUnknown(news, "nydusDigest"), nil
	}
	inputs, err := decode[nydusInputs](news)
	if err != nil {
		return nil, err
	}
	destination, err := newRepository(call, inputs.access)
	if err != nil {
		return nil, err
	}
	return inputs.settle(call, destination, nydusState{})
}

func (nydusImage) read(call call, olds resource.PropertyMap) (resource.PropertyMap, error) {
	state, err := decode[nydusState](olds)
	if err != nil {
		return nil, err
	}
	destination, err := newRepository(call, state.access)
	if err != nil {
		return nil, err
	}
	missing, _, err := destination.missingTags(state.tags(), state.NydusDigest)
	if err != nil {
		call.progress.warning("%s cannot be asked for the image's Nydus form, so its state is left as it is: %v", state.Repository, err)
		return encode(state, accessSecrets...)
	}
	state.Missing = missing
	damaged, err := destination.damagedImage(call, state.NydusDigest, state.tags(), missing, false)
	if err != nil {
		call.progress.warning("cannot check the content of %s: %v", state.Repository, err)
		return encode(state, accessSecrets...)
	}
	state.Damaged = damaged
	return encode(state, accessSecrets...)
}

// update converts again only where the outcome would be another, or where the registry lost it. A new tag is only a name
// for what is there, and a new password touches nothing.
func (nydusImage) update(call call, olds, news resource.PropertyMap) (resource.PropertyMap, error) {
	state, err := decode[nydusState](olds)
	if err != nil {
		return nil, err
	}
	inputs, err := decode[nydusInputs](news)
	if err != nil {
		return nil, err
	}
	if call.preview {
		if !inputs.meansTheSameAs(state) || inputs.Repository != state.Repository || inputs.Home != state.Home {
			return withUnknown(news, "nydusDigest"), nil
		}
		outputs := news.Copy()
		outputs["nydusDigest"] = resource.NewStringProperty(state.NydusDigest)
		return outputs, nil
	}
	destination, err := newRepository(call, inputs.access)
	if err != nil {
		return nil, err
	}
	return inputs.settle(call, destination, state)
}

// remove takes the tags away, which nobody wants any more. That is no reason to fail: the registry may let nobody delete,
// or go next itself.
func (nydusImage) remove(call call, olds resource.PropertyMap) error {
	state, err := decode[nydusState](olds)
	if err != nil {
		return err
	}
	if state.Keep {
		call.progress.info("%s keeps %s, as keepData says", state.Repository, strings.Join(state.tags(), ", "))
		return nil
	}
	destination, err := newRepository(call, state.access)
	if err != nil {
		return err
	}
	destination.dropTags(call, state.tags(), state.NydusDigest)
	return nil
}

func (i nydusInputs) tags() []string {
	var tags []string
	for _, tag := range i.Tags {
		tags = append(tags, tag+nydusSuffix)
	}
	return tags
}

func (i nydusInputs) meansTheSameAs(old nydusState) bool {
	return i.Digest == old.Digest && i.Merged == old.Merged &&
		slices.Equal(i.Prefetch, old.Prefetch)
}

// settle makes what is not there yet, names it, and takes away the names that are no longer wanted.
func (i nydusInputs) settle(call call, destination *repository, old nydusState) (resource.PropertyMap, error) {
	digest, err := i.ensure(call, destination, old)
	if err != nil {
		return nil, err
	}
	if old.Repository == i.Repository {
		destination.dropTags(call, without(old.tags(), i.tags()), old.NydusDigest)
	}
	return encode(nydusState{nydusInputs: i, NydusDigest: digest}, accessSecrets...)
}

// ensure has the registry itself say whether it still has what was made, whatever it may have lost.
func (i nydusInputs) ensure(call call, destination *repository, old nydusState) (string, error) {
	destination.storageID = i.Home
	if i.meansTheSameAs(old) {
		present, err := destination.has(old.NydusDigest)
		if err != nil {
			return "", err
		}
		if present {
			found, err := destination.damagedImage(call, old.NydusDigest, nil, nil, false)
			if err != nil {
				return "", err
			}
			old.Damaged = append(old.Damaged, found...)
		}
		if present && len(old.Damaged) == 0 {
			if err := destination.recordPush(i.tags(), old.NydusDigest); err != nil {
				return "", err
			}
			return old.NydusDigest, destination.nameAgain(old.NydusDigest, i.tags())
		}
		destination.forceAll(old.Damaged)
	}
	made, err := destination.convertWhole(call, i)
	if err != nil {
		return "", fmt.Errorf("the Nydus form of %s cannot be made: %w", i.Digest, err)
	}
	if err := destination.recordPush(i.tags(), made.digest()); err != nil {
		return "", err
	}
	return made.digest(), destination.tagAs(made, made.digest(), i.tags())
}

// convertWhole converts, and once more where the registry kept damaged content of an earlier conversion.
func (r *repository) convertWhole(call call, inputs nydusInputs) (keptManifest, error) {
	for try := 1; ; try++ {
		target, err := r.forPush()
		if err != nil {
			return keptManifest{}, err
		}
		made, err := target.convertToNydus(call, inputs)
		if err != nil {
			return keptManifest{}, err
		}
		damaged, err := r.damagedImage(call, made.digest(), nil, nil, false)
		if err != nil || len(damaged) == 0 {
			return made, err
		}
		if try == mostPushes {
			return keptManifest{}, &unrepairedError{r.host() + "/" + r.name.RepositoryStr(), damaged}
		}
		r.forceAll(damaged)
	}
}

func (r *repository) nameAgain(digest string, tags []string) error {
	stored, err := r.get(r.name.Digest(digest))
	if err != nil {
		return err
	}
	return r.tagAs(stored, digest, tags)
}
