package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// repository is one repository of a registry, seen with one login.
type repository struct {
	name     name.Repository
	options  []remote.Option
	uploaded atomic.Int64
	progress progress
}

func newRepository(call call, inputs imageInputs) (*repository, error) {
	repositoryName, err := name.NewRepository(inputs.Repository)
	if err != nil {
		return nil, err
	}
	destination := &repository{name: repositoryName, progress: call.progress}
	sender, err := destination.transport(inputs.CaCertificate)
	if err != nil {
		return nil, err
	}
	login := authn.Anonymous
	if inputs.Username != "" {
		login = &authn.Basic{Username: inputs.Username, Password: inputs.Password}
	}
	options := []remote.Option{
		remote.WithContext(call), remote.WithAuth(login), remote.WithTransport(sender), remote.WithUserAgent("hero"),
	}
	pusher, err := remote.NewPusher(options...)
	if err != nil {
		return nil, err
	}
	puller, err := remote.NewPuller(options...)
	if err != nil {
		return nil, err
	}
	// So that the registry is asked only once how one logs in.
	destination.options = append(options, remote.Reuse(pusher), remote.Reuse(puller))
	return destination, nil
}

// transport trusts the registry's own authority beside the system's, and counts what is sent.
func (r *repository) transport(authority string) (http.RoundTripper, error) {
	sender := remote.DefaultTransport.(*http.Transport).Clone()
	if authority != "" {
		trusted, err := x509.SystemCertPool()
		if err != nil {
			return nil, err
		}
		if !trusted.AppendCertsFromPEM([]byte(authority)) {
			return nil, errors.New("the registry's CA certificate is not PEM")
		}
		sender.TLSClientConfig = &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}
	}
	return countingTransport{inner: sender, count: &r.uploaded}, nil
}

func (r *repository) get(reference name.Reference) (manifest, error) {
	descriptor, err := remote.Get(reference, r.options...)
	if err != nil {
		return nil, r.plain(err)
	}
	return descriptor, nil
}

func (r *repository) has(digest string) (bool, error) {
	if digest == "" {
		return false, nil
	}
	_, err := remote.Head(r.name.Digest(digest), r.options...)
	if isMissing(err) {
		return false, nil
	}
	return err == nil, r.plain(err)
}

// missingTags are those that name no image, or another one.
func (r *repository) missingTags(tags []string, digest string) ([]string, error) {
	var missing []string
	for _, tag := range tags {
		descriptor, err := remote.Head(r.name.Tag(tag), r.options...)
		if err != nil && !isMissing(err) {
			return nil, r.plain(err)
		}
		if err != nil || descriptor.Digest.String() != digest {
			missing = append(missing, tag)
		}
	}
	return missing, nil
}

// tag gives further names to an image that is there already.
func (r *repository) tag(digest string, tags []string) error {
	descriptor, err := r.get(r.name.Digest(digest))
	if err != nil {
		return err
	}
	return r.tagAs(descriptor, tags)
}

func (r *repository) tagAs(image manifest, tags []string) error {
	for _, tag := range tags {
		if err := remote.Tag(r.name.Tag(tag), image, r.options...); err != nil {
			return r.plain(err)
		}
	}
	return nil
}

// untag takes a tag away, unless somebody has given it to another image since.
func (r *repository) untag(tag, digest string) error {
	descriptor, err := remote.Head(r.name.Tag(tag), r.options...)
	if isMissing(err) || (err == nil && descriptor.Digest.String() != digest) {
		return nil
	}
	if err != nil {
		return r.plain(err)
	}
	return r.plain(remote.Delete(r.name.Tag(tag), r.options...))
}

func isMissing(err error) bool {
	var refused *transport.Error
	return errors.As(err, &refused) && refused.StatusCode == http.StatusNotFound
}

// plain says first what happened, then what the client says of it.
func (r *repository) plain(err error) error {
	var refused *transport.Error
	var unreachable *net.OpError
	switch {
	case errors.As(err, &refused) && refused.StatusCode == http.StatusUnauthorized:
		return fmt.Errorf("%s refuses the login: %w", r.name.RegistryStr(), err)
	case errors.As(err, &refused) && refused.StatusCode == http.StatusForbidden:
		return fmt.Errorf("%s does not allow this to that login: %w", r.name.RegistryStr(), err)
	case errors.As(err, &unreachable):
		return fmt.Errorf("%s cannot be reached: %w; the next ./pulumiw up goes on from here", r.name.RegistryStr(), err)
	}
	return err
}
