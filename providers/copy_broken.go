package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"golang.org/x/sync/errgroup"
)

// copying is one copy of contents to a repository, and what of them turned out to be broken.
type copying struct {
	to      *repository
	held    contents
	options []remote.Option

	lock   sync.Mutex
	broken map[v1.Hash]error
}

// pushAll pushes the manifests and all within them, and returns those that are not whole in the source.
func (r *repository) pushAll(call call, held contents) (map[v1.Hash]error, error) {
	target, err := r.forPush()
	if err != nil {
		return nil, err
	}
	group, untilOneFails := errgroup.WithContext(call)
	group.SetLimit(manifestsAtOnce)
	options := append(slices.Clone(target.options), remote.WithContext(untilOneFails))
	copied := &copying{to: target, held: held, options: options, broken: map[v1.Hash]error{}}
	for _, each := range held.roots() {
		group.Go(func() error { return copied.push(untilOneFails, each) })
	}
	return copied.broken, group.Wait()
}

// push copies a manifest whole. One that is broken in the source, and not the stack's own, is copied as far as it goes.
func (c *copying) push(ctx context.Context, each storedManifest) error {
	if each.MediaType.IsIndex() && !c.held.own[each.Digest] {
		return c.pushIndex(ctx, each)
	}
	err := remote.Push(c.to.name.Digest(each.Digest.String()), each.Descriptor, c.options...)
	if err == nil || ctx.Err() != nil || !isDefect(err, c.held.source) {
		return c.to.plain(err)
	}
	if c.held.own[each.Digest] {
		return &brokenImageError{fmt.Sprintf("%s@%s", c.held.source, each.Digest), err}
	}
	c.note(each.Digest, err)
	return nil
}

// pushIndex copies what another user's index has, one by one, and then the index itself where the registry takes it. In
// one push, a broken child would have the client give up its siblings half-way.
func (c *copying) pushIndex(ctx context.Context, index storedManifest) error {
	for _, child := range index.links.Manifests {
		stored, there := c.held.manifests[child.Digest]
		if !there {
			continue
		}
		if err := c.push(ctx, stored); err != nil {
			return err
		}
	}
	err := remote.Put(c.to.name.Digest(index.Digest.String()), index.Descriptor, c.options...)
	if refusesContent(err) {
		c.note(index.Digest, err)
		return nil
	}
	return c.to.plain(err)
}

func (c *copying) note(digest v1.Hash, cause error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.broken[digest] = cause
}

// refusesContent tells a manifest that the registry finds incomplete from a refused login, a limit or a failure.
func refusesContent(err error) bool {
	var refused *transport.Error
	return errors.As(err, &refused) && slices.Contains([]int{
		http.StatusBadRequest, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity,
	}, refused.StatusCode)
}

// pushAgain sends everything of these contents that the registry does not serve whole, although it says it has it.
func (r *repository) pushAgain(call call, held contents) error {
	for digest := range held.manifests {
		r.force(digest.String())
	}
	for digest, size := range held.blobs {
		if err := r.checkBlob(digest, size, r.options); err != nil {
			r.force(digest.String())
		}
	}
	_, err := r.pushAll(call, held)
	return err
}
