package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

const longestSniff = 512

// notRegistryError is a server that answers, and not with the registry API.
type notRegistryError struct{ repository, found string }

func (e *notRegistryError) Error() string {
	return fmt.Sprintf("cannot read %s: the server answered with %s, not the registry API\n"+
		"hint: check the registry's address, and whether a proxy or a login page answers for it: curl --include https://%s/v2/",
		e.repository, e.found, strings.SplitN(e.repository, "/", 2)[0])
}

// answersTransport refuses answers that no registry gives, and adds to a manifest's HEAD response the digest that some
// registries leave out, as containerd does: it reads the manifest and computes it.
type answersTransport struct {
	inner http.RoundTripper
	// repository is `host/path`, for messages.
	repository string
}

func (t answersTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := t.inner.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if found := t.foreign(request, response); found != "" {
		discard(response)
		return nil, &notRegistryError{t.repository, found}
	}
	incomplete := response.Header.Get("Docker-Content-Digest") == "" || response.Header.Get("Content-Type") == "" || response.ContentLength < 0
	if request.Method == http.MethodHead && response.StatusCode == http.StatusOK && isManifest(request) && incomplete {
		return t.withDigest(request, response)
	}
	return response, nil
}

// foreign names what answered instead of a registry; empty where a registry did.
func (t answersTransport) foreign(request *http.Request, response *http.Response) string {
	isPage := isHTML(request, response)
	isPing := strings.HasSuffix(request.URL.Path, "/v2/")
	switch {
	case strings.Contains(request.URL.Path, "/referrers/"):
		return "" // some registries answer what they do not know with their UI; the client then reads the tag instead
	case response.StatusCode < http.StatusMultipleChoices && isPage:
		return "an HTML page"
	case isPing && isPage && response.StatusCode == http.StatusUnauthorized && response.Header.Get("WWW-Authenticate") != "":
		return ""
	case isPing && isPage:
		return fmt.Sprintf("an HTML page (%d %s)", response.StatusCode, http.StatusText(response.StatusCode))
	case isPing && response.StatusCode == http.StatusNotFound:
		return "404 Not Found to GET /v2/"
	}
	return ""
}

// isHTML looks at the body too: Quay says text/html of answers that are none.
func isHTML(request *http.Request, response *http.Response) bool {
	if !strings.HasPrefix(strings.ToLower(response.Header.Get("Content-Type")), "text/html") {
		return false
	}
	if request.Method == http.MethodHead {
		return isManifest(request)
	}
	if strings.Contains(request.URL.Path, "/blobs/sha") {
		return false // its digest is compared
	}
	body := bufio.NewReaderSize(response.Body, longestSniff)
	begin, _ := body.Peek(longestSniff)
	response.Body = struct {
		io.Reader
		io.Closer
	}{body, response.Body}
	return bytes.HasPrefix(bytes.TrimLeft(begin, "\ufeff \t\r\n"), []byte("<"))
}

func (t answersTransport) withDigest(request *http.Request, head *http.Response) (*http.Response, error) {
	discard(head)
	again := request.Clone(request.Context())
	again.Method = http.MethodGet
	response, err := t.inner.RoundTrip(again)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		discard(response)
		response.Body = http.NoBody
		return response, nil
	}
	if found := t.foreign(again, response); found != "" {
		return nil, &notRegistryError{t.repository, found}
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, longestManifest))
	if err != nil {
		return nil, err
	}
	header := response.Header.Clone()
	header.Set("Docker-Content-Digest", fmt.Sprintf("sha256:%x", sha256.Sum256(content)))
	header.Set("Content-Length", strconv.Itoa(len(content)))
	head.Header, head.ContentLength, head.Body = header, int64(len(content)), http.NoBody
	return head, nil
}
