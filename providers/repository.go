package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

const patienceWithCourtesy = 10 * time.Second

// access is a repository, and how one gets in.
type access struct {
	Repository    string `json:"repository"`
	Username      string `json:"username"`
	Password      string `json:"password"`
	CaCertificate string `json:"caCertificate"`
	// PlainHTTP speaks http to a registry that is not on this machine.
	PlainHTTP bool `json:"plainHttp"`
	// IdentityKey is what the embedded registry proves its identity with. Other registries have none.
	IdentityKey string `json:"identityKey,omitempty"`
}

// accessSecrets are the properties of an access that the state keeps encrypted.
var accessSecrets = []resource.PropertyKey{"password", "identityKey"}

// repository is one repository of a registry, seen with one login.
type repository struct {
	name     name.Repository
	options  []remote.Option
	uploaded atomic.Int64
	// waiting is how many requests wait until the registry takes more of them.
	waiting atomic.Int32
	pulls   pullLimit
	// withheld are the paths of what is there and not handed out.
	withheld sync.Map
	// named is what each tag names as far as the state knows, for those of which nobody can see it.
	named    map[string]string
	progress progress
	// storageID names the registry's data, where the stack pushes images of its own there.
	storageID string
	// forced are digests that a push sends although the registry says it has them.
	forced sync.Map
	// connection and sender are what options are made of.
	connection []remote.Option
	sender     http.RoundTripper
}

func newRepository(call call, inputs access) (*repository, error) {
	repositoryName, err := nameRepository(inputs.Repository, inputs.PlainHTTP)
	if err != nil {
		return nil, err
	}
	destination := &repository{name: repositoryName, progress: call.progress}
	sender, err := destination.transport(call, inputs)
	if err != nil {
		return nil, err
	}
	login := authn.Anonymous
	if inputs.Username != "" {
		login = &authn.Basic{Username: inputs.Username, Password: inputs.Password}
	}
	destination.sender = sender
	destination.connection = []remote.Option{remote.WithContext(call), remote.WithAuth(login), remote.WithUserAgent("hero")}
	options := append(slices.Clone(destination.connection), remote.WithTransport(sender))
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

// nameRepository speaks http to a registry that has no certificate. Otherwise only one on this machine may go without.
func nameRepository(repository string, plainHTTP bool) (name.Repository, error) {
	if plainHTTP {
		return name.NewRepository(repository, name.Insecure)
	}
	return name.NewRepository(repository)
}

// host is the registry as people write it in an image reference; Docker Hub's API has another name.
func (r *repository) host() string {
	if r.isDockerHub() {
		return "docker.io"
	}
	return r.name.RegistryStr()
}

func (r *repository) isDockerHub() bool {
	return r.name.RegistryStr() == name.DefaultRegistry
}

// transport waits where the registry asks for it, and counts what is sent.
func (r *repository) transport(call call, inputs access) (http.RoundTripper, error) {
	sender, err := registryTransport(call, r.name.RegistryStr(), inputs)
	if err != nil {
		return nil, err
	}
	answers := answersTransport{inner: sender, repository: r.host() + "/" + r.name.RepositoryStr()}
	counting := countingTransport{inner: answers, count: &r.uploaded}
	polite := politeTransport{
		inner: counting, server: r.host(), progress: r.progress, pulls: &r.pulls, waiting: &r.waiting,
	}
	return withheldTransport{polite, &r.withheld}, nil
}

// registryTransport trusts the registry's CA, keeps credentials within TLS and bounds each wait.
func registryTransport(call call, host string, inputs access) (http.RoundTripper, error) {
	sender, err := trusting(inputs.CaCertificate)
	if err != nil {
		return nil, err
	}
	limits := call.waitLimits()
	if inputs.IdentityKey != "" {
		sender = verifiedTransport(inputs.IdentityKey, sender)
		limits.response = limits.commit // it hashes a blob before it first serves it after a restart
	}
	limited := limitedTransport{inner: sender, limits: limits, progress: call.progress}
	return newTLSOnlyTransport(limited, host, inputs), nil
}

// trusting trusts a registry's own authority beside the system's.
func trusting(authority string) (*http.Transport, error) {
	sender := remote.DefaultTransport.(*http.Transport).Clone()
	if authority == "" {
		return sender, nil
	}
	trusted, err := x509.SystemCertPool()
	if err != nil {
		return nil, err
	}
	if !trusted.AppendCertsFromPEM([]byte(authority)) {
		return nil, errors.New("the registry's CA certificate is not PEM")
	}
	sender.TLSClientConfig = &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}
	return sender, nil
}

func (r *repository) get(reference name.Reference) (manifest, error) {
	descriptor, err := remote.Get(reference, r.options...)
	if err != nil {
		return nil, r.plain(err)
	}
	return descriptor, nil
}

// has is whether it is there to be read.
func (r *repository) has(digest string) (bool, error) {
	if digest == "" {
		return false, nil
	}
	_, err := r.head(r.name.Digest(digest), r.options...)
	if isMissing(err) || isWithheld(err) {
		return false, nil
	}
	return err == nil, r.plain(err)
}

// missingTags are those that name no image, or another one; of those that are withheld nobody can tell.
func (r *repository) missingTags(tags []string, digest string) (missing, withheld []string, err error) {
	for _, tag := range tags {
		descriptor, err := r.head(r.name.Tag(tag), r.options...)
		switch {
		case isWithheld(err):
			withheld = append(withheld, tag)
		case err != nil && !isMissing(err):
			return nil, nil, r.plain(err)
		case err != nil || descriptor.Digest.String() != digest:
			missing = append(missing, tag)
		}
	}
	return missing, withheld, nil
}

// complete gives an image that is there already what it lacks of SBOMs and names.
func (r *repository) complete(call call, digest string, wanted imageInputs) error {
	stored, err := r.get(r.name.Digest(digest))
	if err != nil {
		return err
	}
	if err := r.recordPush(wanted.Tags, digest); err != nil {
		return err
	}
	if err := r.attachDocuments(call, stored, wanted.Sbom); err != nil {
		return err
	}
	return r.tagAs(stored, digest, wanted.Tags)
}

// differenceWithTags counts tags that a refresh has not found, and content that it found damaged, as changes too.
func differenceWithTags(olds, news resource.PropertyMap, missing, damaged []string) plugin.DiffResult {
	changed := changedKeys(olds, news)
	if len(missing) > 0 {
		changed = append(changed, "missing")
	}
	if len(damaged) > 0 {
		changed = append(changed, "damaged")
	}
	return difference(changed)
}

// tagAs gives the image those of the tags that it has not yet: a registry whose tags are immutable refuses one that is
// there, even to the image that has it.
func (r *repository) tagAs(image manifest, digest string, tags []string) error {
	missing, withheld, err := r.missingTags(tags, digest)
	if err != nil {
		return err
	}
	withheld = slices.DeleteFunc(withheld, func(tag string) bool { return r.named[tag] == digest })
	for _, tag := range slices.Concat(missing, withheld) {
		if err := remote.Tag(r.name.Tag(tag), image, r.options...); err != nil {
			return r.plain(err)
		}
	}
	return nil
}

// untag takes a tag away, unless somebody has given it to another image since.
func (r *repository) untag(tag, digest string) error {
	descriptor, err := r.head(r.name.Tag(tag), r.options...)
	if isMissing(err) || (err == nil && descriptor.Digest.String() != digest) {
		return nil
	}
	if err != nil {
		return r.plain(err)
	}
	return r.plain(remote.Delete(r.name.Tag(tag), r.options...))
}

// dropTags takes tags away as far as the registry lets a pusher do so.
func (r *repository) dropTags(call call, tags []string, digest string) {
	for _, tag := range tags {
		if err := r.untag(tag, digest); err != nil {
			call.progress.warning("the tag %s stays in %s/%s: %v", tag, r.host(), r.name.RepositoryStr(), err)
		}
	}
}

// tellPullsLeft says how many pulls are left, where the registry counts them. It is a courtesy: nothing that goes wrong
// here is worth an error, and nothing is waited for.
func (r *repository) tellPullsLeft(ctx context.Context, digest string) {
	if !r.isDockerHub() && r.pulls.told() == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, patienceWithCourtesy)
	defer cancel()
	// A push alone may not be told what is left. Docker Hub does not count this as a pull.
	_, _ = remote.Head(r.name.Digest(digest), append(slices.Clone(r.options), remote.WithContext(ctx))...)
	if told := r.pullsLeft(); told != "" {
		r.progress.info("%s", told)
	}
}

// pullsLeft is what the last answer said of them; nothing where the registry does not count them.
func (r *repository) pullsLeft() string {
	told := r.pulls.told()
	if told == "" {
		return ""
	}
	return r.host() + ": " + told
}

func isMissing(err error) bool {
	var refused *transport.Error
	return errors.As(err, &refused) && refused.StatusCode == http.StatusNotFound
}

// plain says first what happened, then what the client says of it.
func (r *repository) plain(err error) error {
	var refused *transport.Error
	var unreachable *net.OpError
	var unverified identityError
	if errors.As(err, &unverified) {
		return unverified // both of https and http have failed for it
	}
	if cause := connectionFailure(err); cause != nil {
		return cause
	}
	switch {
	case errors.As(err, &refused) && refused.StatusCode == http.StatusUnauthorized:
		return fmt.Errorf("%s refuses the login: %w", r.host(), err)
	case errors.As(err, &refused) && refused.StatusCode == http.StatusForbidden:
		return fmt.Errorf("%s does not allow this to that login: %w", r.host(), err)
	case errors.As(err, &refused) && refused.StatusCode == http.StatusPreconditionFailed:
		return fmt.Errorf("%s does not do this as long as its rules are as they are: %w", r.host(), err)
	case errors.As(err, &refused) && refused.StatusCode == http.StatusTooManyRequests:
		return fmt.Errorf("%s has had too many requests, and does not say when it takes more: %w", r.host(), err)
	case errors.As(err, &unreachable):
		return fmt.Errorf("%s cannot be reached: %w; the next ./pulumiw up goes on from here", r.host(), err)
	}
	return err
}
