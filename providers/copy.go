package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/sync/errgroup"
)

// Each sends up to four blobs at once.
const manifestsAtOnce = 4

// take copies what another repository holds, byte by byte, and reads it back. What is here already is not sent again,
// so that it goes on where a run before it has ended; within one registry blobs are mounted. The tags come last: none
// ever names what is not whole. What is broken in the source, and none of the stack's own, is left out with a warning.
func (r *repository) take(call call, held contents) error {
	done := r.report(func() string {
		return fmt.Sprintf("copying to %s/%s: %s of %s sent",
			r.host(), r.name.RepositoryStr(), megabytes(r.uploaded.Load()), megabytes(held.bytes()))
	})
	defer done()
	broken, err := r.pushAll(call, held)
	if err != nil {
		return err
	}
	if names := held.brokenNames(broken); len(names) > 0 {
		call.progress.warning("cannot copy all of %s: %s\nhint: push these again there, or delete them", held.source, someOf(names))
	}
	return r.nameAndCheck(call, held.withoutBroken(broken))
}

// nameAndCheck lists what is attached, gives the tags and looks at all of it. What the registry had before and does not
// serve whole is pushed again, once.
func (r *repository) nameAndCheck(call call, held contents) error {
	if err := r.attachAll(held); err != nil {
		return err
	}
	if err := r.tagAll(held); err != nil {
		return err
	}
	err := r.readBack(call, held)
	var damaged *damagedCopyError
	if !errors.As(err, &damaged) {
		return err
	}
	if err := r.pushAgain(call, held); err != nil {
		return err
	}
	return r.readBack(call, held)
}

func (r *repository) tagAll(held contents) error {
	var group errgroup.Group
	group.SetLimit(requestsAtOnce)
	for tag, digest := range held.tags {
		group.Go(func() error { return r.tagAs(held.manifests[digest].Descriptor, digest.String(), []string{tag}) })
	}
	return group.Wait()
}

// otherwise are the tags that name something else here, or may do so, in order.
func (r *repository) otherwise(ctx context.Context, held contents) ([]string, error) {
	var lock sync.Mutex
	var others []string
	group, untilOneFails := errgroup.WithContext(ctx)
	group.SetLimit(requestsAtOnce)
	options := append(slices.Clone(r.options), remote.WithContext(untilOneFails))
	for tag, digest := range held.tags {
		group.Go(func() error {
			found, err := r.head(r.name.Tag(tag), options...)
			if isMissing(err) {
				return nil
			}
			// Of what is withheld nobody can tell.
			if isWithheld(err) || err == nil && found.Digest != digest {
				lock.Lock()
				defer lock.Unlock()
				others = append(others, tag)
				return nil
			}
			return r.plain(err)
		})
	}
	err := group.Wait()
	slices.Sort(others)
	return others, err
}

// attachAll makes sure that what is attached is found. A registry without the referrers API keeps a list of it that
// clients write, and that one may have missed who was ended, or who wrote beside another.
func (r *repository) attachAll(held contents) error {
	for digest, each := range held.manifests {
		if len(each.attached) == 0 {
			continue
		}
		there, err := r.attachedTo(digest)
		if err != nil {
			return err
		}
		for _, attached := range each.attached {
			if slices.Contains(there, attached) {
				continue
			}
			// Only a manifest that is put again is entered in the list.
			if err := remote.Put(r.name.Digest(attached.String()), held.manifests[attached].Descriptor, r.options...); err != nil {
				return r.plain(err)
			}
		}
	}
	return nil
}

// readBack looks at each manifest, tag and blob, and at what is attached.
func (r *repository) readBack(ctx context.Context, held contents) error {
	group, untilOneFails := errgroup.WithContext(ctx)
	group.SetLimit(requestsAtOnce)
	options := append(slices.Clone(r.options), remote.WithContext(untilOneFails))
	for digest, each := range held.manifests {
		group.Go(func() error { return r.checkManifest(r.name.Digest(digest.String()), digest, options) })
		if len(each.attached) > 0 {
			group.Go(func() error { return r.checkAttached(each) })
		}
	}
	for tag, digest := range held.tags {
		group.Go(func() error { return r.checkManifest(r.name.Tag(tag), digest, options) })
	}
	for digest, size := range held.blobs {
		group.Go(func() error { return r.checkBlob(digest, size, options) })
	}
	return group.Wait()
}

func (r *repository) checkManifest(reference name.Reference, wanted v1.Hash, options []remote.Option) error {
	// What it reads it compares with the digest.
	found, err := remote.Get(reference, options...)
	if isWithheld(err) {
		return nil // it is there, and its project hands it out when it is scanned, or signed
	}
	if isDefect(err, r.name) {
		return &damagedCopyError{wanted, reference.String(), r.plain(err)}
	}
	if err != nil {
		return fmt.Errorf("%s was copied and cannot be read back: %w", reference, r.plain(err))
	}
	if found.Digest != wanted {
		return fmt.Errorf("%s was copied as %s and is %s now; somebody else pushes there", reference, wanted, found.Digest)
	}
	return nil
}

func (r *repository) checkAttached(each storedManifest) error {
	there, err := r.attachedTo(each.Digest)
	if err != nil {
		return err
	}
	for _, attached := range each.attached {
		if !slices.Contains(there, attached) {
			return fmt.Errorf("%s has %s and does not say that it is attached to %s", r.name, attached, each.Digest)
		}
	}
	return nil
}

func (r *repository) checkBlob(digest v1.Hash, wanted int64, options []remote.Option) error {
	blob, err := remote.Layer(r.name.Digest(digest.String()), options...)
	if err != nil {
		return err
	}
	size, err := blob.Size()
	reference := fmt.Sprintf("%s@%s", r.name, digest)
	if isDefect(err, r.name) {
		return &damagedCopyError{digest, reference, r.plain(err)}
	}
	if err != nil {
		return fmt.Errorf("%s was copied and cannot be found: %w", reference, r.plain(err))
	}
	if size != wanted {
		return &damagedCopyError{digest, reference, fmt.Errorf("it has %d bytes instead of %d", size, wanted)}
	}
	return nil
}

// damagedCopyError is content that the destination says it has, and does not serve whole.
type damagedCopyError struct {
	digest    v1.Hash
	reference string
	cause     error
}

func (e *damagedCopyError) Error() string {
	return fmt.Sprintf("cannot read back %s: %v\nhint: the registry keeps damaged content; delete the image there, then ./pulumiw up", e.reference, e.cause)
}

func (e *damagedCopyError) Unwrap() error { return e.cause }
