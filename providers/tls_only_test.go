package main

import (
	"bufio"
	"context"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// recorder is a plaintext listener that records every request, and answers as a registry that wants a password.
type recorder struct {
	*httptest.Server
	lock   sync.Mutex
	seen   []string
	logins []string
}

func newRecorder(t *testing.T) *recorder {
	t.Helper()
	recording := &recorder{}
	recording.Server = httptest.NewServer(recording)
	t.Cleanup(recording.Close)
	return recording
}

func (r *recorder) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.seen = append(r.seen, request.Method+" "+request.URL.Path)
	if login := request.Header.Get("Authorization"); login != "" {
		r.logins = append(r.logins, login)
	}
	writer.Header().Set("WWW-Authenticate", `Basic realm="x"`)
	writer.WriteHeader(http.StatusUnauthorized)
}

func (r *recorder) mustHaveNoRequest(t *testing.T) {
	t.Helper()
	r.lock.Lock()
	defer r.lock.Unlock()
	if len(r.seen) > 0 {
		t.Error("plaintext requests were sent", r.seen)
	}
}

func (r *recorder) mustHaveNoLogin(t *testing.T) {
	t.Helper()
	r.lock.Lock()
	defer r.lock.Unlock()
	if len(r.logins) > 0 {
		t.Error("credentials were sent in plaintext", r.logins)
	}
}

// at has all connections of a test end at this server, whatever the address.
func at(t *testing.T, address string) {
	t.Helper()
	usual := remote.DefaultTransport
	here := usual.(*http.Transport).Clone()
	here.Proxy = nil
	here.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	remote.DefaultTransport = here
	t.Cleanup(func() {
		here.CloseIdleConnections()
		remote.DefaultTransport = usual
	})
}

func certificateOf(server *httptest.Server) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
}

// eachClient calls what speaks to a registry with a password.
func eachClient(t *testing.T, login access, test func(t *testing.T, use func() error)) {
	t.Helper()
	digest := "sha256:" + strings.Repeat("a", 64)
	clients := map[string]func(call call, there *repository) error{
		"tags":   func(_ call, there *repository) error { _, err := there.listTags(); return err },
		"exists": func(_ call, there *repository) error { _, err := there.has(digest); return err },
		"push": func(call call, there *repository) error {
			_, err := there.push(call, anImage(t), []string{"v1"}, false)
			return err
		},
		"copy": func(_ call, there *repository) error {
			_, err := there.contentsOf([]string{"v1"})
			return err
		},
		"SBOM": func(call call, there *repository) error {
			return there.attach(call, []byte("{}"), v1.Descriptor{Digest: digestOf(t, anImage(t))})
		},
		"readiness": func(call call, _ *repository) error { return readinessOf(login).mayPush(call, remote.DefaultTransport) },
	}
	for name, use := range clients {
		t.Run(name, func(t *testing.T) {
			call, _ := newCall(t)
			there, err := newRepository(call, login)
			must(t, err)
			test(t, func() error { return use(call, there) })
		})
	}
}

func readinessOf(login access) readinessInputs {
	return readinessInputs{
		Repository: login.Repository, Username: login.Username, Password: login.Password,
		CaCertificate: login.CaCertificate, PlainHTTP: login.PlainHTTP,
	}
}

func TestTLS_PlainListenerGetsNoRequest(t *testing.T) {
	authority := certificateOf(httptestTLS(t))
	for name, login := range map[string]access{
		"private address":         {Repository: "10.1.2.3:5000/team/hero"},
		"private address with CA": {Repository: "192.168.7.7/hero", CaCertificate: authority},
		"local domain":            {Repository: "registry.local:5000/hero"},
		"loopback with CA":        {Repository: "127.0.0.1:5000/hero", CaCertificate: authority},
		"IPv6 loopback with CA":   {Repository: "[::1]:5000/hero", CaCertificate: authority},
		"localhost with CA":       {Repository: "localhost:5000/hero", CaCertificate: authority},
		"public name":             {Repository: "registry.example/hero"},
	} {
		t.Run(name, func(t *testing.T) {
			login.Username, login.Password = "pusher", "hunter2"
			listener := newRecorder(t)
			at(t, listener.Listener.Addr().String())
			eachClient(t, login, func(t *testing.T, use func() error) {
				if err := use(); err == nil {
					t.Error("no error")
				}
				listener.mustHaveNoRequest(t)
			})
		})
	}
}

func httptestTLS(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	return server
}

func TestTLS_MessageNamesPlainServer(t *testing.T) {
	listener := newRecorder(t)
	at(t, listener.Listener.Addr().String())
	call, _ := newCall(t)
	there, err := newRepository(call, access{Repository: "10.1.2.3:5000/hero", Username: "pusher", Password: "hunter2"})
	must(t, err)
	_, err = there.listTags()
	if err == nil {
		t.Fatal("no error")
	}
	mustContain(t, err.Error(), "cannot connect to 10.1.2.3:5000: it answers without TLS", "\nhint: ")
	mustNotContain(t, err.Error(), "hunter2", "Get \"http://")
}

func TestTLS_PlainHTTPIsUsedWhereConfigured(t *testing.T) {
	for name, login := range map[string]access{
		"private address": {Repository: "10.1.2.3:5000/hero", PlainHTTP: true},
		"this machine":    {Repository: "127.0.0.1:5000/hero"},
	} {
		t.Run(name, func(t *testing.T) {
			login.Username, login.Password = "pusher", "hunter2"
			listener := newRecorder(t)
			at(t, listener.Listener.Addr().String())
			there := connected(t, login)
			_, err := there.listTags()
			if err == nil || len(listener.logins) == 0 {
				t.Error("the registry was not asked", err)
			}
		})
	}
}

// The TLS handshake takes longer than the 300 ms after which go-containerregistry tries plain HTTP.
func TestTLS_SlowHandshakeDoesNotFallBack(t *testing.T) {
	plain := newRecorder(t)
	secure := httptest.NewTLSServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if _, password, _ := request.BasicAuth(); password != "hunter2" {
			writer.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			writer.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(writer, `{"name": "hero", "tags": ["v1"]}`)
	}))
	t.Cleanup(secure.Close)
	both := listenBoth(t, plain, secure, 400*time.Millisecond)
	at(t, both)
	there := connected(t, access{
		Repository: "10.1.2.3:5000/hero", Username: "pusher", Password: "hunter2", CaCertificate: certificateOf(secure),
	})
	// The test server's certificate is for another name.
	if _, err := there.listTags(); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Error(err)
	}
	plain.mustHaveNoRequest(t)
}

// listenBoth hands each connection to the server that understands its first byte; TLS waits before that.
func listenBoth(t *testing.T, plain *recorder, secure *httptest.Server, pause time.Duration) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go hand(connection, plain.Listener.Addr().String(), secure.Listener.Addr().String(), pause)
		}
	}()
	return listener.Addr().String()
}

func hand(connection net.Conn, plain, secure string, pause time.Duration) {
	defer connection.Close()
	begin := bufio.NewReader(connection)
	first, err := begin.Peek(1)
	if err != nil {
		return
	}
	target := plain
	if first[0] == 0x16 {
		target = secure
		time.Sleep(pause)
	}
	behind, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer behind.Close()
	go func() { _, _ = io.Copy(behind, begin) }()
	_, _ = io.Copy(connection, behind)
}

func TestTLS_RealmAndRedirectsGetNoLogin(t *testing.T) {
	listener := newRecorder(t)
	// A name, since the client library refuses addresses of private networks by itself.
	elsewhere := "http://token.example/token"
	for name, answer := range map[string]http.HandlerFunc{
		"token endpoint": func(writer http.ResponseWriter, _ *http.Request) {
			writer.Header().Set("WWW-Authenticate", `Bearer realm="`+elsewhere+`",service="x"`)
			writer.WriteHeader(http.StatusUnauthorized)
		},
		"redirected ping": func(writer http.ResponseWriter, request *http.Request) {
			http.Redirect(writer, request, "http://"+request.Host+request.URL.Path, http.StatusTemporaryRedirect)
		},
		"redirected tags": func(writer http.ResponseWriter, request *http.Request) {
			if _, _, given := request.BasicAuth(); !given {
				writer.Header().Set("WWW-Authenticate", `Basic realm="x"`)
				writer.WriteHeader(http.StatusUnauthorized)
				return
			}
			http.Redirect(writer, request, "http://"+request.Host+request.URL.Path, http.StatusTemporaryRedirect)
		},
	} {
		t.Run(name, func(t *testing.T) {
			secure := httptest.NewTLSServer(answer)
			t.Cleanup(secure.Close)
			at(t, listenBoth(t, listener, secure, 0))
			there := connected(t, access{
				Repository: "example.com:5000/hero", Username: "pusher", Password: "hunter2", CaCertificate: certificateOf(secure),
			})
			if _, err := there.listTags(); err == nil {
				t.Error("no error")
			}
			listener.mustHaveNoLogin(t)
		})
	}
}
