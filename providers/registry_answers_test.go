package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/remote"
)

func TestPush_RegistryWithoutDigestHeader(t *testing.T) {
	there := newDamagedRegistry(t)
	there.withoutDigest = true
	content := anImage(t)
	connection := connected(t, there.access)
	call, _ := newCall(t)
	for range 2 {
		digest, err := connection.push(call, content, []string{"v1"}, false)
		must(t, err)
		if digest != digestOf(t, content).String() {
			t.Error(digest)
		}
		connection = connected(t, there.access)
	}
	missing, _, err := connection.missingTags([]string{"v1"}, digestOf(t, content).String())
	if must(t, err); len(missing) > 0 {
		t.Error(missing)
	}
	if _, err := remote.Head(connection.name.Tag("nowhere"), connection.options...); !isMissing(err) {
		t.Error(err)
	}
}

func TestRegistry_HTMLPageIsNamed(t *testing.T) {
	page := func(status int) http.HandlerFunc {
		return func(writer http.ResponseWriter, _ *http.Request) {
			writer.Header().Set("Content-Type", "text/html; charset=utf-8")
			writer.WriteHeader(status)
			_, _ = writer.Write([]byte("\n<!DOCTYPE html><html><body>Log in, secret</body></html>"))
		}
	}
	onlyManifests := func(writer http.ResponseWriter, request *http.Request) {
		if strings.Contains(request.URL.Path, "/manifests/") || strings.Contains(request.URL.Path, "/tags/") {
			page(http.StatusOK)(writer, request)
		}
	}
	token := func(writer http.ResponseWriter, request *http.Request) {
		if request.URL.Path != "/v2/" {
			page(http.StatusOK)(writer, request)
			return
		}
		writer.Header().Set("WWW-Authenticate", `Bearer realm="http://`+request.Host+`/token",service="x"`)
		writer.WriteHeader(http.StatusUnauthorized)
	}
	for name, answer := range map[string]http.HandlerFunc{
		"ping": page(http.StatusOK), "not found": page(http.StatusNotFound), "forbidden": page(http.StatusForbidden),
		"manifests": onlyManifests, "token": token,
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(answer)
			t.Cleanup(server.Close)
			there := connected(t, access{Repository: strings.TrimPrefix(server.URL, "http://") + "/hero", Username: "a", Password: "b"})
			_, tagsErr := there.listTags()
			_, hasErr := there.has("sha256:" + strings.Repeat("a", 64))
			for _, err := range []error{tagsErr, hasErr} {
				if err == nil {
					t.Fatal("no error")
				}
				mustContain(t, err.Error(), "cannot read "+there.host()+"/hero: the server answered with an HTML page", "not the registry API\nhint: ")
				mustNotContain(t, err.Error(), "<", "secret")
			}
		})
	}
}

// Quay says text/html of its answer to GET /v2/.
func TestRegistry_TextThatIsNoPageIsAccepted(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if request.URL.Path == "/v2/" {
			writer.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = writer.Write([]byte("true"))
			return
		}
		_, _ = writer.Write([]byte(`{"name": "hero", "tags": ["v1"]}`))
	}))
	t.Cleanup(server.Close)
	tags, err := connected(t, access{Repository: strings.TrimPrefix(server.URL, "http://") + "/hero"}).listTags()
	if must(t, err); len(tags) != 1 {
		t.Error(tags)
	}
}
