package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/sigstore/cosign/v2/pkg/oci"
	"github.com/sigstore/cosign/v2/pkg/oci/walk"
	"golang.org/x/sync/errgroup"
)

// The media type that IANA registered for an SPDX document in JSON.
const spdx types.MediaType = "application/spdx+json"

// push sends what the registry has not yet, attaches the SBOMs, and gives the tags last, so that a tag never names an
// image that is not whole.
func (r *repository) push(call call, image manifest, tags []string, sbom bool) (string, error) {
	described, err := partial.Descriptor(image.(partial.Describable))
	if err != nil {
		return "", err
	}
	if err := r.recordPush(tags, digestsWithin(image, described.Digest)...); err != nil {
		return "", err
	}
	group, untilOneFails := errgroup.WithContext(call)
	group.Go(func() error {
		done := r.report(func() string {
			return fmt.Sprintf("pushing to %s/%s: %s sent", r.host(), r.name.RepositoryStr(), megabytes(r.uploaded.Load()))
		})
		defer done()
		return r.pushWhole(untilOneFails, image, described.Digest)
	})
	// A document may be there before what it is about (distribution-spec, "pushing manifests with subject").
	group.Go(func() error { return r.attachDocuments(call.within(untilOneFails), image, sbom) })
	if err := group.Wait(); err != nil {
		return "", err
	}
	return described.Digest.String(), r.tagAs(image, described.Digest.String(), tags)
}

// report shows every half second how far it is, until it is told that all is done. While the registry makes us wait, the
// seconds until it goes on show instead.
func (r *repository) report(words func() string) (done func()) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		for ctx.Err() == nil {
			if r.waiting.Load() == 0 {
				r.progress.status("%s", words())
			}
			select {
			case <-ctx.Done():
			case <-time.After(500 * time.Millisecond):
			}
		}
	}()
	return cancel
}

// attachDocuments makes the SBOM of each image a referrer of it: the one that ko has built brings its own along, others
// are scanned where that is wanted. A registry without the referrers API is given the referrers tag instead, by the
// client library.
func (r *repository) attachDocuments(call call, image manifest, sbom bool) error {
	if signed, ok := image.(oci.SignedEntity); ok {
		return r.attachOwnDocuments(call, signed)
	}
	if !sbom {
		return nil
	}
	return r.attachScans(call, image)
}

func (r *repository) attachOwnDocuments(ctx context.Context, image oci.SignedEntity) error {
	var group errgroup.Group
	err := walk.SignedEntity(ctx, image, func(_ context.Context, entity oci.SignedEntity) error {
		document, err := entity.Attachment("sbom")
		if err != nil {
			return nil //nolint:nilerr // this one has none
		}
		content, err := document.Payload()
		if err != nil {
			return err
		}
		subject, err := partial.Descriptor(entity.(partial.Describable))
		if err != nil {
			return err
		}
		group.Go(func() error { return r.attach(ctx, content, *subject) })
		return nil
	})
	return errors.Join(err, group.Wait())
}

func (r *repository) attach(ctx context.Context, document []byte, subject v1.Descriptor) error {
	image := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	// The artifact's type is the config's where the manifest does not name one (image-spec, "guidelines for artifacts").
	image = mutate.ConfigMediaType(image, spdx)
	image, err := mutate.Append(image, mutate.Addendum{Layer: static.NewLayer(document, spdx)})
	if err != nil {
		return err
	}
	referrer := mutate.Subject(image, v1.Descriptor{
		MediaType: subject.MediaType, Digest: subject.Digest, Size: subject.Size,
	}).(v1.Image)
	digest, err := referrer.Digest()
	if err != nil {
		return err
	}
	return r.pushWhole(ctx, referrer, digest)
}

// countingTransport counts the bytes of the bodies that are sent through it.
type countingTransport struct {
	inner http.RoundTripper
	count *atomic.Int64
}

func (c countingTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Body != nil && request.Body != http.NoBody {
		request.Body = countingBody{request.Body, c.count}
	}
	return c.inner.RoundTrip(request)
}

type countingBody struct {
	io.ReadCloser
	count *atomic.Int64
}

func (c countingBody) Read(buffer []byte) (int, error) {
	read, err := c.ReadCloser.Read(buffer)
	c.count.Add(int64(read))
	return read, err
}
