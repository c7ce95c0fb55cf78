package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/sync/errgroup"
)

const (
	mostPushes = 3
	// verifyVariable has a refresh download and hash all content; `make verify` sets it.
	verifyVariable = "HERO_VERIFY"
)

// damagedPart is content of an image that the registry does not serve as it was pushed.
type damagedPart struct {
	digest      v1.Hash
	part, cause string
}

func (d damagedPart) String() string {
	return fmt.Sprintf("%s (%s): %s", d.digest, d.part, d.cause)
}

// unrepairedError is a registry that keeps damaged content also when it is pushed again.
type unrepairedError struct {
	repository string
	damaged    []string
}

func (e *unrepairedError) Error() string {
	return fmt.Sprintf("cannot push to %s: the registry keeps damaged content: %s\n"+
		"hint: delete the image in the registry and run its garbage collection, then ./pulumiw up", e.repository, someOf(e.damaged))
}

// inspection walks an image, its children and its blobs, and collects what is damaged.
type inspection struct {
	*repository
	ctx context.Context
	// deep downloads and hashes the blob with this digest. Otherwise its existence and size are compared.
	deep func(v1.Hash) bool
	// sboms checks that each runnable image has an SBOM that is whole.
	sboms bool

	lock    sync.Mutex
	damaged []damagedPart
	seen    map[v1.Hash]int64
	hashed  atomic.Int64
}

func (r *repository) newInspection(ctx context.Context, deep func(v1.Hash) bool) *inspection {
	return &inspection{repository: r, ctx: ctx, deep: deep, seen: map[v1.Hash]int64{}}
}

// damagedImage lists what is damaged of an image that has at least one of its tags: of one that is lost altogether the
// missing tags tell already. Docker Hub counts each read manifest as a pull, so there only `make verify` reads them.
func (r *repository) damagedImage(ctx context.Context, digest string, tags, missing []string, sboms bool) ([]string, error) {
	verify := os.Getenv(verifyVariable) != ""
	lost := len(tags) > 0 && len(missing) == len(tags)
	if digest == "" || lost || r.isDockerHub() && !verify {
		return nil, nil
	}
	found := r.newInspection(ctx, func(each v1.Hash) bool { return verify || r.isForced(&each) })
	found.sboms = sboms
	if verify {
		defer r.report(found.progressText)()
	}
	if err := found.image(digest); err != nil {
		return nil, err
	}
	return found.list(), nil
}

func (i *inspection) progressText() string {
	return fmt.Sprintf("checking %s/%s: %s read", i.host(), i.name.RepositoryStr(), megabytes(i.hashed.Load()))
}

func (i *inspection) list() []string {
	var all []string
	for _, each := range i.damaged {
		all = append(all, each.String())
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (i *inspection) note(digest v1.Hash, part string, err error) {
	i.lock.Lock()
	defer i.lock.Unlock()
	cause := briefCause(err)
	if isMissing(err) {
		cause = "not found"
	}
	i.damaged = append(i.damaged, damagedPart{digest, part, cause})
}

// image checks a manifest and all that it leads to.
func (i *inspection) image(digest string) error {
	hash, err := v1.NewHash(digest)
	if err != nil {
		return err
	}
	blobs := map[v1.Hash]blobPart{}
	if err := i.manifest(hash, "manifest", blobs); err != nil {
		return err
	}
	group, untilOneFails := errgroup.WithContext(i.ctx)
	group.SetLimit(requestsAtOnce)
	options := append(slices.Clone(i.options), remote.WithContext(untilOneFails))
	for digest, blob := range blobs {
		i.seen[digest] = blob.size
		group.Go(func() error { return i.blob(digest, blob, options) })
	}
	return group.Wait()
}

type blobPart struct {
	size int64
	part string
}

func (i *inspection) manifest(digest v1.Hash, part string, blobs map[v1.Hash]blobPart) error {
	if _, known := i.seen[digest]; known {
		return nil
	}
	// What it reads it compares with the digest.
	descriptor, err := remote.Get(i.name.Digest(digest.String()), append(slices.Clone(i.options), remote.WithContext(i.ctx))...)
	switch {
	case isWithheld(err):
		return nil
	case isDefect(err, i.name):
		i.note(digest, part, err)
		return nil
	case err != nil:
		return i.plain(err)
	}
	i.seen[digest] = descriptor.Size
	found := storedManifest{Descriptor: descriptor}
	if err := json.Unmarshal(descriptor.Manifest, &found.links); err != nil {
		i.note(digest, part, &defectError{"it is no manifest"})
		return nil
	}
	for _, blob := range found.blobs() {
		kind := "layer"
		if found.links.Config != nil && blob.Digest == found.links.Config.Digest {
			kind = "config"
		}
		blobs[blob.Digest] = blobPart{blob.Size, kind}
	}
	for _, child := range found.links.Manifests {
		if err := i.manifest(child.Digest, "manifest in the index", blobs); err != nil {
			return err
		}
	}
	if i.sboms && found.isRunnable() {
		return i.sbom(digest)
	}
	return nil
}

// isRunnable tells an image from an attestation or another artifact.
func (m storedManifest) isRunnable() bool {
	return m.links.Config != nil && hasOnlyLayers(*m.links.Config, m.links.Layers)
}

func (i *inspection) blob(digest v1.Hash, want blobPart, options []remote.Option) error {
	layer, err := remote.Layer(i.name.Digest(digest.String()), options...)
	if err != nil {
		return i.plain(err)
	}
	size, err := layer.Size()
	switch {
	case isDefect(err, i.name):
		i.note(digest, want.part, err)
		return nil
	case err != nil:
		return i.plain(err)
	case size >= 0 && size != want.size:
		i.note(digest, want.part, fmt.Errorf("%d bytes instead of %d", size, want.size))
		return nil
	case !i.deep(digest):
		return nil
	}
	content, err := layer.Compressed()
	if err == nil {
		_, err = io.Copy(&countingWriter{&i.hashed}, content)
		err = errors.Join(err, content.Close())
	}
	if isDefect(err, i.name) {
		i.note(digest, want.part, err)
		return nil
	}
	return i.plain(err)
}

type countingWriter struct{ count *atomic.Int64 }

func (w *countingWriter) Write(content []byte) (int, error) {
	w.count.Add(int64(len(content)))
	return len(content), nil
}

// sbom notes an image that has no SBOM which can be read. Attachments of others may be broken.
func (i *inspection) sbom(image v1.Hash) error {
	whole, err := i.hasDocument(i.ctx, image)
	if err != nil {
		return err
	}
	if !whole {
		i.note(image, "SBOM", errors.New("no SBOM of it can be read"))
	}
	return nil
}

// isWhole tells whether a manifest and its blobs are served with the right sizes.
func (r *repository) isWhole(ctx context.Context, digest v1.Hash) (bool, error) {
	found := r.newInspection(ctx, func(v1.Hash) bool { return false })
	if err := found.image(digest.String()); err != nil {
		return false, err
	}
	return len(found.damaged) == 0, nil
}

// pushWhole pushes an image and looks at what the registry serves of it then: content that it had before may be damaged.
func (r *repository) pushWhole(ctx context.Context, image manifest, digest v1.Hash) error {
	for try := 1; ; try++ {
		target, err := r.forPush()
		if err != nil {
			return err
		}
		options := append(slices.Clone(target.options), remote.WithContext(ctx))
		if err := remote.Push(r.name.Digest(digest.String()), image, options...); err != nil {
			return r.plain(err)
		}
		damaged, err := r.damagedImage(ctx, digest.String(), nil, nil, false)
		if err != nil || len(damaged) == 0 {
			return err
		}
		if try == mostPushes {
			return &unrepairedError{r.host() + "/" + r.name.RepositoryStr(), damaged}
		}
		r.forceAll(damaged)
		r.progress.status("pushing damaged content again: %s", strings.Join(damaged, ", "))
	}
}
