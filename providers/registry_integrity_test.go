package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/sirupsen/logrus"
)

// distributionRegistry is the embedded registry's software and its storage, without its process.
type distributionRegistry struct {
	access
	directory string
}

func newDistributionRegistry(t *testing.T) *distributionRegistry {
	t.Helper()
	logrus.SetOutput(io.Discard)
	directory := t.TempDir()
	settings := registryDirectory(directory).configuration(registryMark{Secret: "s"})
	settings.Auth = configuration.Auth{}
	settings.Storage["filesystem"] = configuration.Parameters{"rootdirectory": directory}
	app := handlers.NewApp(context.Background(), settings)
	server := httptest.NewServer(newIntactStorage(directory).handler(app))
	t.Cleanup(server.Close)
	return &distributionRegistry{access{Repository: strings.TrimPrefix(server.URL, "http://") + "/team/hero"}, directory}
}

func (d *distributionRegistry) data(digest v1.Hash) string {
	return newIntactStorage(d.directory).dataPath(digest.String())
}

// damages are what can happen to a file of the storage.
func damages(t *testing.T) map[string]func(path string) {
	t.Helper()
	return map[string]func(path string){
		"changed": func(path string) {
			content, err := os.ReadFile(path)
			must(t, err)
			content[len(content)/2] ^= 1
			must(t, os.WriteFile(path, content, 0o600))
		},
		"empty":   func(path string) { must(t, os.WriteFile(path, nil, 0o600)) },
		"removed": func(path string) { must(t, os.Remove(path)) },
	}
}

func TestEmbedded_DamagedBytesAreNotServed(t *testing.T) {
	there := newDistributionRegistry(t)
	content := anImage(t)
	pushAs(t, there.access, "v1", content)
	host := strings.Split(there.Repository, "/")[0]
	manifest, layer := digestOf(t, content), layerOf(t, content)
	for _, path := range []string{"manifests/v1", "manifests/" + manifest.String(), "blobs/" + layer.String()} {
		response, err := http.Get("http://" + host + "/v2/team/hero/" + path)
		must(t, err)
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Error(path, response.Status)
		}
	}
	for _, digest := range []v1.Hash{manifest, layer} {
		damages(t)["changed"](there.data(digest))
	}
	for _, path := range []string{"manifests/v1", "manifests/" + manifest.String(), "blobs/" + layer.String()} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			request, err := http.NewRequest(method, "http://"+host+"/v2/team/hero/"+path, nil)
			must(t, err)
			response, err := http.DefaultClient.Do(request)
			must(t, err)
			response.Body.Close()
			if response.StatusCode != http.StatusNotFound || response.Header.Get("Docker-Content-Digest") != "" {
				t.Error(method, path, response.Status, response.Header)
			}
		}
	}
	if _, err := os.Stat(filepath.Dir(there.data(layer))); err != nil {
		t.Error(err)
	}
}

func TestEmbedded_PathsOutsideTheStorageAreNotRead(t *testing.T) {
	storage := newIntactStorage(t.TempDir())
	for _, digest := range []string{"", "v1", "sha256:..", "sha256:" + strings.Repeat("G", 64), "md5:" + strings.Repeat("a", 32)} {
		if path := storage.dataPath(digest); path != "" {
			t.Error(path)
		}
	}
	if found := storage.digestOf("../../..", "manifests", "../x"); found != "" {
		t.Error(found)
	}
}
