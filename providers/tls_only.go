package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
)

// plainHTTPError is a request over plain HTTP that the config does not allow.
type plainHTTPError struct{ host string }

func (e *plainHTTPError) Error() string {
	return fmt.Sprintf("cannot connect to %s: plain HTTP is not configured for it\n"+
		"hint: serve it with TLS, and give its CA as caCertificate where that is a private one", e.host)
}

// tlsOnlyTransport refuses plain HTTP unless the config says so. go-containerregistry falls back to it by itself for
// private addresses, *.local and this machine, as soon as TLS fails or takes longer than 300 ms.
// https://github.com/google/go-containerregistry/blob/v0.22.1/pkg/v1/remote/transport/ping.go
type tlsOnlyTransport struct {
	inner http.RoundTripper
	// plainHost is the registry that may be reached by plain HTTP; empty where it has TLS.
	plainHost string
	// plainHTTP is the config's own word, which also covers the registry's token endpoint and storage.
	plainHTTP bool
}

// newTLSOnlyTransport allows plain HTTP where the config says so, and to a registry on this machine without a CA.
func newTLSOnlyTransport(inner http.RoundTripper, host string, inputs access) tlsOnlyTransport {
	guarded := tlsOnlyTransport{inner: inner, plainHTTP: inputs.PlainHTTP}
	if inputs.PlainHTTP || inputs.CaCertificate == "" && isThisMachine(host) {
		guarded.plainHost = host
	}
	return guarded
}

func (t tlsOnlyTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.URL.Scheme == "https" || t.allowsPlain(request) {
		return t.inner.RoundTrip(request)
	}
	if request.Body != nil {
		request.Body.Close()
	}
	return nil, &plainHTTPError{request.URL.Host}
}

func (t tlsOnlyTransport) allowsPlain(request *http.Request) bool {
	if t.plainHost != "" && (t.plainHTTP || strings.EqualFold(request.URL.Host, t.plainHost)) {
		return true
	}
	// A blob may be stored elsewhere: its digest protects it, and no credentials go along.
	return isRedirectedBlob(request) && request.Header.Get("Authorization") == "" && request.Header.Get("Cookie") == ""
}

func isRedirectedBlob(request *http.Request) bool {
	if request.Method != http.MethodGet && request.Method != http.MethodHead || request.Response == nil {
		return false
	}
	for from := request.Response.Request; from != nil; from = from.Response.Request {
		if strings.EqualFold(from.URL.Host, request.URL.Host) {
			return false
		}
		if from.Response == nil {
			return strings.Contains(from.URL.Path, "/blobs/sha")
		}
	}
	return false
}

// isThisMachine is true for a host[:port] that is localhost or a loopback address.
func isThisMachine(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	address := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || address != nil && address.IsLoopback()
}

// connectionFailure returns the reason why there is no answer of a registry, without what the client library put
// around it; nil where there is another reason.
func connectionFailure(err error) error {
	var late *timeoutError
	var foreign *notRegistryError
	var plain *plainHTTPError
	switch {
	case errors.As(err, &foreign):
		return foreign
	case errors.As(err, &late):
		return late
	case errors.As(err, &plain):
		return withoutFallback(err, plain)
	}
	return nil
}

// withoutFallback leaves out the refused second try by plain HTTP, where TLS was tried first.
func withoutFallback(err error, plain *plainHTTPError) error {
	text, _, tried := strings.Cut(err.Error(), "; Get \"http://")
	if !tried {
		return plain
	}
	if strings.Contains(text, "server gave HTTP response to HTTPS client") {
		return &tlsError{plain.host, "it answers without TLS", "serve it with TLS, or set insecureHttp where the registry has that key", err}
	}
	return &tlsError{plain.host, text, "check that it runs, and that caCertificate is the CA of its certificate", err}
}

// tlsError is a registry that cannot be reached by TLS.
type tlsError struct {
	host, reason, hint string
	cause              error
}

func (e *tlsError) Error() string {
	return fmt.Sprintf("cannot connect to %s: %s\nhint: %s; the next ./pulumiw up continues", e.host, e.reason, e.hint)
}

func (e *tlsError) Unwrap() error { return e.cause }
