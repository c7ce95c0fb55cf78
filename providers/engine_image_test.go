package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/partial"
)

// fakeDockerEngine is a Docker engine that saves every image as this archive.
func fakeDockerEngine(t *testing.T, archive []byte) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		writer.Header().Set("Api-Version", "1.48")
		if strings.HasSuffix(request.URL.Path, "/images/get") {
			_, _ = writer.Write(archive)
		}
	}))
	t.Cleanup(server.Close)
	t.Setenv("DOCKER_HOST", "tcp://"+server.Listener.Addr().String())
	t.Setenv("DOCKER_API_VERSION", "1.48")
	t.Setenv("DOCKER_TLS_VERIFY", "")
	t.Setenv("DOCKER_CERT_PATH", "")
}

func TestEngine_SeveralPlatforms(t *testing.T) {
	amd64 := ociImageFor(t, "linux/amd64")
	index := ociIndexOf(t, amd64, ociImageFor(t, "linux/arm64"))
	made := ociFiles(t, index).named(t, savedBlobs(t, amd64, "hero:v1")).indexed(t, entry(t, index))
	fakeDockerEngine(t, made.tar(t))
	call, _ := newCall(t)
	content, err := source{Kind: "engine", Reference: "hero:v1"}.open(call, nil)
	must(t, err)
	if found := digestOf(t, content.(partial.Describable)); found != digestOf(t, index) {
		t.Errorf("read as %s instead of %s", found, digestOf(t, index))
	}
}

func TestEngine_ArchiveIsTruncated(t *testing.T) {
	made := files{}
	whole := made.named(t, made.savedPlain(t, ociImageFor(t, "linux/amd64"), layerPath, "hero:v1")).tar(t)
	fakeDockerEngine(t, whole[:len(whole)/2])
	call, _ := newCall(t)
	_, err := source{Kind: "engine", Reference: "hero:v1"}.open(call, nil)
	if err == nil {
		t.Fatal("a truncated image is accepted")
	}
	mustContain(t, err.Error(), "cannot read hero:v1", "the file is truncated", "\nhint: ")
}
