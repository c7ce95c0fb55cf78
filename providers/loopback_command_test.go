package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

func TestALoopbackGivesPiecesOfABlobUntilStandardInputEnds(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	image := anImage(t)
	inputs := toConvert(t, image)
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	whole, digest := compressed(t, layers[0])
	in, told := io.Pipe()
	said, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- serveLoopback(in, out) }()
	go func() { _ = json.NewEncoder(told).Encode(inputs.access) }()
	var opened openedLoopback
	if err := json.NewDecoder(said).Decode(&opened); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		request, err := http.NewRequest(http.MethodGet, "http://"+opened.Address+"/v2/hero/blobs/"+digest, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.SetBasicAuth(opened.Username, opened.Password)
		request.Header.Set("Range", "bytes=3-9")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		piece, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode != http.StatusPartialContent || string(piece) != whole[3:10] {
			t.Errorf("%s: %q", answer.Status, piece)
		}
	}
	told.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "hero-loopback-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestALoopbackWantsAHome(t *testing.T) {
	err := serveLoopback(strings.NewReader("pusher"), io.Discard)
	if err == nil {
		t.Fatal("it went well")
	}
	mustContain(t, err.Error(), "no home")
}

func compressed(t *testing.T, layer v1.Layer) (string, string) {
	t.Helper()
	digest, err := layer.Digest()
	if err != nil {
		t.Fatal(err)
	}
	content, err := layer.Compressed()
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	raw, err := io.ReadAll(content)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw), digest.String()
}
