package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

var shortLimits = waitLimits{
	connect: 200 * time.Millisecond, response: 200 * time.Millisecond, commit: 200 * time.Millisecond,
	idle: 200 * time.Millisecond, notice: 20 * time.Millisecond,
}

func impatientCall(t *testing.T) (call, *terminal) {
	t.Helper()
	call, screen := newCall(t)
	call.limits = &shortLimits
	return call, screen
}

// silentServer accepts connections and sends what it is given, and nothing more.
func silentServer(t *testing.T, sent string) string {
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
			t.Cleanup(func() { connection.Close() })
			go func() {
				_, _ = connection.Read(make([]byte, 4096))
				_, _ = io.WriteString(connection, sent)
			}()
		}
	}()
	return listener.Addr().String()
}

func TestTimeout_EachPhaseEndsWithItsMessage(t *testing.T) {
	plain := silentServer(t, "")
	for name, example := range map[string]struct {
		login access
		proxy string
		text  string
	}{
		"no response":          {access{Repository: plain + "/hero"}, "", "timed out"},
		"TLS handshake":        {access{Repository: "registry.example/hero"}, "", "cannot connect to registry.example: timed out after 1 s"},
		"CONNECT of the proxy": {access{Repository: "registry.example/hero"}, "http://" + plain, "cannot connect to registry.example: timed out"},
		"response body": {
			access{Repository: silentServer(t, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{") + "/hero"}, "", "sent no data for 1 s",
		},
		"response header": {
			access{Repository: silentServer(t, "HTTP/1.1 200 OK\r\nContent-Le") + "/hero"}, "", "no response within 1 s",
		},
	} {
		t.Run(name, func(t *testing.T) {
			host := strings.Split(example.login.Repository, "/")[0]
			if example.proxy == "" && host == "registry.example" {
				at(t, plain)
			} else {
				at(t, host)
			}
			if example.proxy != "" {
				at(t, plain)
				address, err := url.Parse(example.proxy)
				must(t, err)
				remote.DefaultTransport.(*http.Transport).Proxy = http.ProxyURL(address)
			}
			call, screen := impatientCall(t)
			there, err := newRepository(call, example.login)
			must(t, err)
			_, err = there.listTags()
			if err == nil {
				t.Fatal("no error")
			}
			mustContain(t, err.Error(), example.text, "\nhint: ")
			mustContain(t, screen.all(), "waiting for ")
		})
	}
}

// uploads is a registry that behaves up to a certain request of an upload, and then does something else.
func uploads(t *testing.T, method string, instead http.HandlerFunc) access {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		switch {
		case request.Method == method:
			instead(writer, request)
		case request.Method == http.MethodHead:
			writer.WriteHeader(http.StatusNotFound)
		case request.Method == http.MethodPost || request.Method == http.MethodPatch:
			_, _ = io.Copy(io.Discard, request.Body)
			writer.Header().Set("Location", "/v2/hero/blobs/uploads/1")
			writer.WriteHeader(http.StatusAccepted)
		}
	}))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return access{Repository: strings.TrimPrefix(server.URL, "http://") + "/hero"}
}

func TestTimeout_UploadThatStops(t *testing.T) {
	over := make(chan struct{})
	forever := func(http.ResponseWriter, *http.Request) { <-over }
	for method, text := range map[string]string{
		http.MethodPatch: "it received no data for 1 s", http.MethodPut: "no response within 1 s", http.MethodPost: "no response within 1 s",
	} {
		login := uploads(t, method, forever)
		t.Run(method, func(t *testing.T) {
			call, _ := impatientCall(t)
			there, err := newRepository(call, login)
			must(t, err)
			// More than the system keeps for a connection.
			layer := static.NewLayer(make([]byte, 64<<20), types.OCILayer)
			err = there.plain(remote.WriteLayer(there.name, layer, there.options...))
			var late *timeoutError
			if !errors.As(err, &late) {
				t.Fatal(err)
			}
			mustContain(t, err.Error(), text)
		})
	}
	close(over)
}

// A transfer that goes on has no limit of its own.
func TestTimeout_SlowTransferIsNotEnded(t *testing.T) {
	limits := shortLimits
	content := strings.Repeat("x", 20)
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, _ *http.Request) {
		writer.Header().Set("Content-Length", fmt.Sprint(len(content)))
		for range content {
			_, _ = io.WriteString(writer, "x")
			writer.(http.Flusher).Flush()
			time.Sleep(limits.idle / 10)
		}
	}))
	t.Cleanup(server.Close)
	limits.idle = 20 * limits.idle
	transport := limitedTransport{inner: http.DefaultTransport, limits: limits}
	request, err := http.NewRequest(http.MethodGet, server.URL, nil)
	must(t, err)
	response, err := transport.RoundTrip(request)
	must(t, err)
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	if string(read) != content || err != nil {
		t.Error(string(read), err)
	}
}

func TestTimeout_ReaderThatPausesIsNotTheServersFault(t *testing.T) {
	call, _ := newCall(t)
	limits := defaultWaitLimits
	limits.idle = time.Second
	call.limits = &limits
	inputs := wanted(t, false)
	there, err := newRepository(call, inputs.access)
	must(t, err)
	layer := static.NewLayer(make([]byte, 8<<20), types.OCILayer)
	must(t, remote.WriteLayer(there.name, layer, there.options...))
	digest, err := layer.Digest()
	must(t, err)
	stored, err := remote.Layer(there.name.Digest(digest.String()), there.options...)
	must(t, err)
	content, err := stored.Compressed()
	must(t, err)
	defer content.Close()
	_, err = content.Read(make([]byte, 1))
	must(t, err)
	time.Sleep(2 * limits.idle)
	if _, err := io.Copy(io.Discard, content); err != nil {
		t.Error(err)
	}
}
