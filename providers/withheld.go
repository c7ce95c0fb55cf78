package main

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// withheldError is an image that is there and that a registry hands out to nobody: Harbor does so where its project lets
// through only what was scanned and has nothing bad in it, or only what was signed.
// https://github.com/goharbor/harbor/blob/v2.15.1/src/server/middleware/vulnerable/vulnerable.go
type withheldError struct {
	reference name.Reference
}

func (w *withheldError) Error() string {
	return fmt.Sprintf("%s is there, and not handed out: its project lets through only what is scanned, or signed", w.reference)
}

// isWithheld also knows the answer to a request that brings the image along.
func isWithheld(err error) bool {
	var withheld *withheldError
	var refused *transport.Error
	return errors.As(err, &withheld) || errors.As(err, &refused) && refused.StatusCode == http.StatusPreconditionFailed
}

// withheldTransport has the client believe that what is withheld is missing: then it puts it there again, which changes
// nothing, where it would give up otherwise. It remembers what that was.
type withheldTransport struct {
	inner http.RoundTripper
	seen  *sync.Map
}

func (w withheldTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := w.inner.RoundTrip(request)
	if err != nil || request.Method != http.MethodHead || !strings.Contains(request.URL.Path, "/manifests/") {
		return response, err
	}
	if response.StatusCode != http.StatusPreconditionFailed {
		w.seen.Delete(request.URL.Path)
		return response, nil
	}
	w.seen.Store(request.URL.Path, true)
	response.StatusCode, response.Status = http.StatusNotFound, http.StatusText(http.StatusNotFound)
	return response, nil
}

// head asks what a reference names.
func (r *repository) head(reference name.Reference, options ...remote.Option) (*v1.Descriptor, error) {
	found, err := remote.Head(reference, options...)
	path := "/v2/" + reference.Context().RepositoryStr() + "/manifests/" + reference.Identifier()
	if _, withheld := r.withheld.Load(path); withheld && isMissing(err) {
		return nil, &withheldError{reference}
	}
	return found, err
}
