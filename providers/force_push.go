package main

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// forcedTransport has the client library push content that the registry says it has: it answers 404 to the question
// whether that exists, and asks for no mount of it from another repository.
type forcedTransport struct {
	inner  http.RoundTripper
	forced *sync.Map
}

func (t forcedTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	last := path.Base(request.URL.Path)
	_, forced := t.forced.Load(last)
	// A manifest that exists would end the push before its blobs are looked at.
	if byDigest := isManifest(request) && strings.Contains(last, ":"); request.Method == http.MethodHead && (forced || byDigest) {
		return missingResponse(request), nil
	}
	if _, forced := t.forced.Load(request.URL.Query().Get("mount")); forced && strings.HasSuffix(request.URL.Path, "/blobs/uploads/") {
		request = request.Clone(request.Context())
		address := *request.URL
		address.RawQuery = url.Values{}.Encode()
		request.URL = &address
	}
	return t.inner.RoundTrip(request)
}

func missingResponse(request *http.Request) *http.Response {
	return &http.Response{
		Status: "404 Not Found", StatusCode: http.StatusNotFound, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(nil)), Request: request,
	}
}

// force has the next push send the content with this digest, whatever the registry says of it.
func (r *repository) force(digest string) {
	r.forced.Store(digest, true)
}

// forcing is the same repository for a push: it shares the login and the counters, and remembers no earlier push. The
// client library sends nothing twice within one pusher.
func (r *repository) forcing() (*repository, error) {
	options := append([]remote.Option{}, r.connection...)
	options = append(options, remote.WithTransport(forcedTransport{r.sender, &r.forced}))
	pusher, err := remote.NewPusher(options...)
	if err != nil {
		return nil, err
	}
	puller, err := remote.NewPuller(options...)
	if err != nil {
		return nil, err
	}
	return &repository{
		name: r.name, options: append(options, remote.Reuse(pusher), remote.Reuse(puller)), named: r.named, progress: r.progress,
		connection: r.connection, sender: r.sender, storageID: r.storageID,
	}, nil
}

// forceAll marks the content that a check has found damaged, by what it has written down.
func (r *repository) forceAll(damaged []string) {
	for _, each := range damaged {
		digest, _, _ := strings.Cut(each, " ")
		r.force(digest)
	}
}

// forPush is this repository or, where something is forced, the one that sends it.
func (r *repository) forPush() (*repository, error) {
	if r.isForced(nil) {
		return r.forcing()
	}
	return r, nil
}

// isForced tells whether the digest is forced; with nil, whether any is.
func (r *repository) isForced(digest *v1.Hash) bool {
	if digest != nil {
		_, forced := r.forced.Load(digest.String())
		return forced
	}
	found := false
	r.forced.Range(func(_, _ any) bool {
		found = true
		return false
	})
	return found
}

func isManifest(request *http.Request) bool {
	return strings.HasPrefix(request.URL.Path, "/v2/") && strings.Contains(request.URL.Path, "/manifests/")
}
