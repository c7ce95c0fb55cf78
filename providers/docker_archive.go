package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

const (
	saveAgain    = "save the image again: docker save --output FILE IMAGE"
	saveOneImage = "save the one image alone: docker save --output FILE IMAGE"
)

var errMixedLayers = errors.New("its layers are compressed with zstd or in different ways, which manifest.json cannot express")

// openArchive takes a tar, also a compressed one: what `docker save` and others write (manifest.json), or an OCI image
// layout in a tar (index.json). Many have both.
func openArchive(call call, path string) (manifest, error) {
	file, err := openPlain(path)
	if err != nil {
		return nil, cannotDecompress(path, err)
	}
	return openArchiveFile(call, file, path)
}

// openArchiveFile is the same for a file without compression, under the name that messages have for it.
func openArchiveFile(call call, file *os.File, path string) (manifest, error) {
	files, err := readTar(file)
	if err != nil {
		return nil, cannotReadWithHint(path, err, saveAgain)
	}
	layout := ociLayout{files, path}
	if !files.has("manifest.json") {
		return openOCI(call, layout)
	}
	image, err := layout.choosePlatforms()
	if image != nil || err != nil {
		return image, err
	}
	return dockerArchive{files, path}.open(call)
}

func cannotDecompress(path string, err error) error {
	var temporary *fs.PathError
	switch {
	case errors.As(err, &temporary) && temporary.Path != path:
		return cannotReadWithHint(path, err, "free space in "+os.TempDir()+", or set TMPDIR to another directory")
	case errors.Is(err, errXz):
		return cannotReadWithHint(path, err, "decompress it: xz --decompress FILE")
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		err = errTruncated
	}
	return cannotReadWithHint(path, err, saveAgain)
}

// checkArchive refuses in a preview what a push would refuse, as far as that is quick: not in a compressed file.
func checkArchive(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return cannotRead(path, err)
	}
	defer file.Close()
	if _, kind, err := decompress(file); err != nil {
		return cannotDecompress(path, err)
	} else if kind != notCompressed {
		return nil // the push reads all of it, and reports what is wrong
	}
	files, err := readTar(file)
	if err != nil {
		return cannotReadWithHint(path, err, saveAgain)
	}
	if files.has("manifest.json") {
		_, err = dockerArchive{files, path}.entry()
	} else {
		_, err = ociLayout{files, path}.choose()
	}
	return err
}

// choosePlatforms returns the index in an archive that has a manifest.json too, where several platforms are in it: that
// file names one of them alone. Of an image that was pulled for some platforms, containerd leaves the others out and
// names them all the same. It returns nothing where manifest.json names all that is there.
// https://github.com/containerd/containerd/blob/main/core/images/archive/exporter.go
func (l ociLayout) choosePlatforms() (manifest, error) {
	root, err := l.choose()
	if errors.As(err, new(severalImages)) {
		// manifest.json leaves out images of which no platform fits the machine that wrote it.
		return nil, err
	}
	if err != nil {
		return nil, nil //nolint:nilerr // manifest.json tells what is in the archive, and what is wrong with it
	}
	var complete, incomplete []*ociNode
	for _, image := range root.images() {
		if image.isComplete() {
			complete = append(complete, image)
		} else {
			incomplete = append(incomplete, image)
		}
	}
	if len(complete) < 2 {
		return nil, nil
	}
	if len(incomplete) > 0 {
		return nil, cannotReadWithHint(l.path, fmt.Errorf("some of its platforms are missing: %s", described(incomplete)),
			"save one platform: docker save --platform OS/ARCH --output FILE IMAGE")
	}
	if err := root.check(); err != nil {
		return nil, cannotReadWithHint(l.path, err, saveAgain)
	}
	return root.content()
}

// dockerArchive is a tar with a manifest.json.
type dockerArchive struct {
	files tarFiles
	path  string
}

func (a dockerArchive) open(call call) (manifest, error) {
	entry, err := a.entry()
	if err != nil {
		return nil, err
	}
	uniform, err := a.check(entry)
	if err != nil {
		return nil, cannotReadWithHint(a.path, err, saveAgain)
	}
	if !uniform && !a.files.has("index.json") {
		return nil, cannotReadWithHint(a.path, errMixedLayers, saveAgain)
	}
	if !uniform {
		// Docker's own manifest has one media type for all layers. The OCI manifest beside it names each one's.
		return openOCI(call, ociLayout{a.files, a.path})
	}
	image, err := tarball.Image(a.reopen, a.tag(entry))
	if err != nil {
		return nil, cannotReadWithHint(a.path, err, saveAgain)
	}
	return image, nil
}

// reopen reads the archive from its beginning, beside others who do so.
func (a dockerArchive) reopen() (io.ReadCloser, error) {
	facts, err := a.files.file.Stat()
	if err != nil {
		return nil, err
	}
	return io.NopCloser(io.NewSectionReader(a.files.file, 0, facts.Size())), nil
}

// entry returns the one image that manifest.json names.
func (a dockerArchive) entry() (tarball.Descriptor, error) {
	var entries tarball.Manifest
	if err := a.parse("manifest.json", &entries); err != nil {
		return tarball.Descriptor{}, cannotReadWithHint(a.path, err, saveAgain)
	}
	if len(entries) == 0 {
		return tarball.Descriptor{}, cannotReadWithHint(a.path, errors.New("manifest.json names no image"), saveAgain)
	}
	for _, entry := range entries[1:] {
		if entry.Config != entries[0].Config || len(entries[0].RepoTags) == 0 {
			return tarball.Descriptor{}, cannotReadWithHint(a.path, severalImages(titlesOf(entries)), saveOneImage)
		}
	}
	return entries[0], nil
}

func titlesOf(entries tarball.Manifest) string {
	var titles []string
	for _, entry := range entries {
		if len(entry.RepoTags) == 0 {
			titles = append(titles, entry.Config)
		}
		titles = append(titles, entry.RepoTags...)
	}
	return someOf(slices.Compact(titles))
}

// tag chooses among entries that are the same image; one that is alone needs no choice.
func (a dockerArchive) tag(entry tarball.Descriptor) *name.Tag {
	var entries tarball.Manifest
	if err := a.parse("manifest.json", &entries); err != nil || len(entries) == 1 || len(entry.RepoTags) == 0 {
		return nil
	}
	tag, err := name.NewTag(entry.RepoTags[0])
	if err != nil {
		return nil
	}
	return &tag
}

func (a dockerArchive) parse(member string, into any) error {
	file, _, err := a.files.open(member)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is missing", member)
	}
	if err != nil {
		return err
	}
	defer file.Close()
	if err := json.NewDecoder(file).Decode(into); err != nil {
		return fmt.Errorf("%s is not valid JSON: %w", member, err)
	}
	return nil
}

// check compares each layer with the digest that the config has of it, and reports whether all have the same
// compression, and one that Docker's manifest has a media type for.
func (a dockerArchive) check(entry tarball.Descriptor) (uniform bool, err error) {
	var config v1.ConfigFile
	if err := a.parse(entry.Config, &config); err != nil {
		return false, err
	}
	if len(config.RootFS.DiffIDs) != len(entry.Layers) {
		return false, fmt.Errorf("the config names %d layers, and manifest.json %d: this is not a container image",
			len(config.RootFS.DiffIDs), len(entry.Layers))
	}
	kinds := map[compression]bool{}
	for place, member := range entry.Layers {
		wanted := config.RootFS.DiffIDs[place]
		if source, foreign := entry.LayerSources[wanted]; foreign && len(source.URLs) > 0 {
			continue
		}
		kind, err := a.checkLayer(member, wanted)
		if err != nil {
			return false, err
		}
		kinds[kind] = true
	}
	return len(kinds) == 0 || len(kinds) == 1 && (kinds[notCompressed] || kinds[gzipped]), nil
}

func (a dockerArchive) checkLayer(member string, wanted v1.Hash) (compression, error) {
	file, _, err := a.files.open(member)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("the layer %s is missing", member)
	}
	if err != nil {
		return "", err
	}
	defer file.Close()
	content, kind, err := decompress(file)
	if err != nil {
		return kind, fmt.Errorf("the layer %s: %w", member, err)
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, content); err != nil {
		return kind, fmt.Errorf("the layer %s: %w", member, err)
	}
	if found := hex.EncodeToString(sum.Sum(nil)); found != wanted.Hex {
		return kind, fmt.Errorf("the content of the layer %s has the digest sha256:%s, and the config names %s", member, found, wanted)
	}
	return kind, nil
}
