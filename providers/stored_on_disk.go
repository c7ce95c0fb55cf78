package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/distribution/distribution/v3"
	"github.com/distribution/distribution/v3/registry/storage"
	storagedriver "github.com/distribution/distribution/v3/registry/storage/driver"
	"github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
	"github.com/distribution/reference"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/opencontainers/go-digest"
)

// pushedFile lists what the stack itself has pushed to the registry. It stays with the images.
const pushedFile = "pushed.json"

const filesAtOnce = 25

var pushedLock sync.Mutex

// storedImages reads all repositories from the disk, whether the registry runs or not.
func (d registryDirectory) storedImages(ctx context.Context) ([]storedRepository, error) {
	if _, err := os.Stat(d.path(storageFolder)); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	driver := filesystem.New(filesystem.DriverParameters{RootDirectory: d.path(storageFolder), MaxThreads: filesAtOnce})
	namespace, err := storage.NewRegistry(ctx, driver)
	if err != nil {
		return nil, err
	}
	var repositories []storedRepository
	err = namespace.(distribution.RepositoryEnumerator).Enumerate(ctx, func(name string) error {
		found, err := readStored(ctx, namespace, name)
		repositories = append(repositories, found)
		return err
	})
	if err != nil && !isEmptyStorage(err) {
		return nil, fmt.Errorf("cannot read the images in %s: %w", d, err)
	}
	return repositories, nil
}

func readStored(ctx context.Context, namespace distribution.Namespace, name string) (storedRepository, error) {
	found := storedRepository{name: name, tags: map[string]string{}, manifests: map[string]manifestLinks{}}
	named, err := reference.WithName(name)
	if err != nil {
		return found, err
	}
	repository, err := namespace.Repository(ctx, named)
	if err != nil {
		return found, err
	}
	if err := found.readManifests(ctx, repository); err != nil {
		return found, err
	}
	return found, found.readTags(ctx, repository)
}

// readManifests counts a manifest that cannot be parsed as an image too.
func (r storedRepository) readManifests(ctx context.Context, repository distribution.Repository) error {
	manifests, err := repository.Manifests(ctx)
	if err != nil {
		return err
	}
	err = manifests.(distribution.ManifestEnumerator).Enumerate(ctx, func(found digest.Digest) error {
		r.manifests[found.String()] = manifestLinks{}
		if manifest, err := manifests.Get(ctx, found); err == nil {
			if _, content, err := manifest.Payload(); err == nil {
				r.manifests[found.String()] = linksOf(content)
			}
		}
		return nil
	})
	if isEmptyStorage(err) {
		return nil
	}
	return err
}

func (r storedRepository) readTags(ctx context.Context, repository distribution.Repository) error {
	tags, err := repository.Tags(ctx).All(ctx)
	if isEmptyStorage(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, tag := range tags {
		named, err := repository.Tags(ctx).Get(ctx, tag)
		switch {
		case errors.As(err, new(distribution.ErrTagUnknown)):
			continue // a push that was killed has left it: it names no image
		case isDamagedLink(err):
			r.tags[tag] = "" // which image it named is lost, so it counts as a foreign one
		case err != nil:
			return fmt.Errorf("tag %s:%s: %w", r.name, tag, err)
		default:
			r.tags[tag] = named.Digest.String()
		}
	}
	return nil
}

// isDamagedLink is a tag's link file that was cut short.
func isDamagedLink(err error) bool {
	return errors.Is(err, digest.ErrDigestInvalidFormat) || errors.Is(err, digest.ErrDigestInvalidLength) ||
		errors.Is(err, digest.ErrDigestUnsupported)
}

func isEmptyStorage(err error) bool {
	var noPath storagedriver.PathNotFoundError
	var noRepository distribution.ErrRepositoryUnknown
	return errors.As(err, &noPath) || errors.As(err, &noRepository)
}

// pushedImages reads the record of the stack's own pushes. A damaged record is an empty one: it protects more images, and
// the next push or the stack's guard writes it again.
func (d registryDirectory) pushedImages() (pushedImages, error) {
	text, err := os.ReadFile(d.path(pushedFile))
	if errors.Is(err, os.ErrNotExist) {
		return pushedImages{}, nil
	}
	if err != nil {
		return pushedImages{}, err
	}
	var pushed pushedImages
	if json.Unmarshal(text, &pushed) != nil {
		return pushedImages{}, nil
	}
	return pushed, nil
}

// recordPush notes the stack's own images before they are pushed, so that a run that is killed leaves no image that
// looks like another user's. The storage's ID selects the directory: the registry runs while it is pushed to.
func recordPush(storageID, repository string, tags, digests []string) error {
	if storageID == "" {
		return nil
	}
	for _, path := range registries() {
		directory := registryDirectory(path)
		if directory.storage() == storageID {
			return directory.recordPush(repository, tags, digests)
		}
	}
	return nil
}

// recordPush notes what the stack is about to push here under these tags.
func (r *repository) recordPush(tags []string, digests ...string) error {
	return recordPush(r.storageID, r.name.RepositoryStr(), tags, digests)
}

// digestsWithin are the digests of an image, or of an index and all that it lists.
func digestsWithin(image manifest, digest v1.Hash) []string {
	digests := []string{digest.String()}
	content, err := image.RawManifest()
	if err != nil {
		return digests // the push itself will fail
	}
	for _, child := range linksOf(content).Manifests {
		digests = append(digests, child.Digest.String())
	}
	return digests
}

func (c contents) digests() []string {
	var digests []string
	for digest := range c.manifests {
		digests = append(digests, digest.String())
	}
	return digests
}

func (d registryDirectory) recordPush(repository string, tags, digests []string) error {
	pushedLock.Lock()
	defer pushedLock.Unlock()
	pushed, err := d.pushedImages()
	if err != nil {
		return err
	}
	content, err := json.MarshalIndent(pushed.with(repository, tags, digests), "", "  ")
	if err != nil {
		return err
	}
	return d.replace(pushedFile, content)
}

// foreignImages finds the images in the directory that the stack has not pushed.
func (d registryDirectory) foreignImages(ctx context.Context) ([]foreignImage, pushedImages, error) {
	stored, err := d.storedImages(ctx)
	if err != nil || len(stored) == 0 {
		return nil, pushedImages{}, err
	}
	pushed, err := d.pushedImages()
	if err != nil {
		return nil, pushedImages{}, err
	}
	return foreignImages(stored, pushed), pushed, nil
}
