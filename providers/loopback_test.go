package main

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
)

func TestNobodyElseGetsInByTheLoopback(t *testing.T) {
	inputs := toConvert(t, anImage(t))
	behind, err := newRepository(call{Context: context.Background()}, inputs.access)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := openLoopback(behind, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer opened.close()
	for _, example := range []struct {
		username, password string
		status             int
	}{
		{"", "", http.StatusUnauthorized},
		{loopbackUser, "", http.StatusUnauthorized},
		{loopbackUser, "hunter2", http.StatusUnauthorized},
		{"pusher", opened.password, http.StatusUnauthorized},
		{loopbackUser, opened.password, http.StatusOK},
	} {
		request, err := http.NewRequest(http.MethodGet, "http://"+opened.address+"/v2/hero/manifests/"+inputs.Digest, nil)
		if err != nil {
			t.Fatal(err)
		}
		if example.username != "" {
			request.SetBasicAuth(example.username, example.password)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != example.status {
			t.Errorf("%s: %s", example.username, answer.Status)
		}
	}
}

func TestWhatTheRegistryRefusesIsToldInItsOwnWords(t *testing.T) {
	playNydus(t, "")
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	var full atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if full.Load() && request.Method == http.MethodPost {
			writer.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(writer, `{"errors":[{"code":"DENIED","message":"the project's quota is used up"}]}`)
			return
		}
		inner.ServeHTTP(writer, request)
	}))
	defer server.Close()
	there := access{Repository: strings.TrimPrefix(server.URL, "http://") + "/team/hero"}
	image := imageInputs{access: there, Tags: []string{"v1"}}
	digest, err := pushed(t, context.Background(), image, anImage(t))
	if err != nil {
		t.Fatal(err)
	}
	full.Store(true)
	inputs := nydusInputs{access: there, Tags: image.Tags, Digest: digest}
	_, err = nydusImage{}.create(call{Context: context.Background()}, inputs.properties(t))
	if err == nil {
		t.Fatal("it went well")
	}
	mustContain(t, err.Error(), "does not allow this to that login", "the project's quota is used up", inputs.Digest)
	// Ports and digests may have the same digits.
	host := strings.TrimPrefix(server.URL, "http://")
	numberless := strings.NewReplacer(host, "", inputs.Digest, "").Replace(err.Error())
	mustNotContain(t, numberless, "502", "Traceback")
}
