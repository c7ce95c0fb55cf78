package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Where accelctl writes down which image it has converted.
const sourceAnnotation = "containerd.io/snapshot/nydus-source-reference"

// keptManifest is a manifest or an index as a registry has it.
type keptManifest struct {
	mediaType types.MediaType
	raw       []byte
}

func (k keptManifest) RawManifest() ([]byte, error)        { return k.raw, nil }
func (k keptManifest) MediaType() (types.MediaType, error) { return k.mediaType, nil }

func (k keptManifest) digest() string {
	return fmt.Sprintf("sha256:%x", sha256.Sum256(k.raw))
}

// convertToNydus puts the Nydus form of an image beside it; what it is called is another matter. The same image gives the
// same form.
func (r *repository) convertToNydus(call call, inputs nydusInputs) (keptManifest, error) {
	none := keptManifest{}
	platforms, err := r.platformsToConvert(inputs.Digest)
	if err != nil {
		return none, err
	}
	program, err := provideTool(call, "accelctl")
	if err != nil {
		return none, err
	}
	builder, err := provideTool(call, "nydus-image")
	if err != nil {
		return none, err
	}
	folder, err := newScratch("nydus")
	if err != nil {
		return none, err
	}
	defer clearScratch(folder)
	registry, err := openLoopback(r, folder)
	if err != nil {
		return none, err
	}
	defer registry.close()
	converter := accelctl{program: program, builder: builder, folder: folder, platforms: platforms}
	const tag = "image"
	if err := converter.convert(call, registry, ":"+tag+"@"+inputs.Digest, inputs); err != nil {
		return none, err
	}
	made, present := registry.kept(tag + nydusSuffix)
	if !present {
		return none, errors.New("accelctl has pushed nothing")
	}
	return r.publish(registry, made, inputs.Digest)
}

// platformsToConvert are those of an index that has more in it than images, such as the attestations of BuildKit. Of
// anything else all is converted, and none need be named.
func (r *repository) platformsToConvert(digest string) ([]string, error) {
	descriptor, err := remote.Get(r.name.Digest(digest), r.options...)
	if err != nil {
		return nil, r.plain(err)
	}
	if !descriptor.MediaType.IsIndex() {
		return nil, nil
	}
	var index v1.IndexManifest
	if err := json.Unmarshal(descriptor.Manifest, &index); err != nil {
		return nil, err
	}
	var platforms []string
	for _, child := range index.Manifests {
		if child.Platform != nil && child.Platform.OS != "unknown" {
			platforms = append(platforms, child.Platform.String())
		}
	}
	if len(platforms) == len(index.Manifests) {
		return nil, nil
	}
	return platforms, nil
}

// publish puts what is kept on the loopback where it belongs, parts first.
func (r *repository) publish(registry *loopback, made keptManifest, source string) (keptManifest, error) {
	named := fmt.Sprintf("%s/%s@%s", r.host(), r.name.RepositoryStr(), source)
	if made.mediaType.IsIndex() {
		return r.publishIndex(registry, made, source, named)
	}
	return r.publishImage(made, named)
}

func (r *repository) publishIndex(registry *loopback, made keptManifest, source, named string) (keptManifest, error) {
	content := map[string]json.RawMessage{}
	var children []map[string]json.RawMessage
	if err := json.Unmarshal(made.raw, &content); err != nil {
		return made, err
	}
	if err := json.Unmarshal(content["manifests"], &children); err != nil {
		return made, err
	}
	for _, child := range children {
		if err := r.namePlatform(child, source); err != nil {
			return made, err
		}
		var digest string
		if err := json.Unmarshal(child["digest"], &digest); err != nil {
			return made, err
		}
		part, present := registry.kept(digest)
		if !present {
			continue // the registry has it already
		}
		part, err := r.publishImage(part, named)
		if err != nil {
			return made, err
		}
		if err := set(child, "digest", part.digest()); err != nil {
			return made, err
		}
		if err := set(child, "size", len(part.raw)); err != nil {
			return made, err
		}
	}
	if err := set(content, "manifests", children); err != nil {
		return made, err
	}
	// An index need not say what it is (image-spec, "image index"), but some registries look for it there.
	if err := set(content, "mediaType", made.mediaType); err != nil {
		return made, err
	}
	return r.put(made.mediaType, content)
}

// namePlatform fills in what accelctl leaves out where the source is no index. nydus-snapshotter looks for a platform in
// each part of an index, and falls over one that has none.
func (r *repository) namePlatform(child map[string]json.RawMessage, source string) error {
	var platform v1.Platform
	if written, present := child["platform"]; present {
		if err := json.Unmarshal(written, &platform); err != nil {
			return err
		}
	}
	if platform.OS != "" {
		return nil
	}
	image, err := remote.Image(r.name.Digest(source), r.options...)
	if err != nil {
		return r.plain(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		return r.plain(err)
	}
	return set(child, "platform", config.Platform())
}

// publishImage says whose form it is by a name that others can use.
func (r *repository) publishImage(made keptManifest, source string) (keptManifest, error) {
	content := map[string]json.RawMessage{}
	if err := json.Unmarshal(made.raw, &content); err != nil {
		return made, err
	}
	annotations := map[string]string{}
	if written, present := content["annotations"]; present {
		if err := json.Unmarshal(written, &annotations); err != nil {
			return made, err
		}
	}
	if _, present := annotations[sourceAnnotation]; present {
		annotations[sourceAnnotation] = source
		if err := set(content, "annotations", annotations); err != nil {
			return made, err
		}
	}
	return r.put(made.mediaType, content)
}

// put pushes a manifest, whose blobs are there; where it has a subject, the client library sees to it that it is found.
func (r *repository) put(mediaType types.MediaType, content map[string]json.RawMessage) (keptManifest, error) {
	raw, err := json.Marshal(content)
	if err != nil {
		return keptManifest{}, err
	}
	made := keptManifest{mediaType, raw}
	if err := r.recordPush(nil, made.digest()); err != nil {
		return made, err
	}
	return made, r.plain(remote.Put(r.name.Digest(made.digest()), made, r.options...))
}

func set(content map[string]json.RawMessage, key string, value any) error {
	text, err := json.Marshal(value)
	if err == nil {
		content[key] = text
	}
	return err
}
