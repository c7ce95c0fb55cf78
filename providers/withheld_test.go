package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// strictRegistry withholds what its project does not let through, as Harbor does: from GET and HEAD of manifests, by any name.
type strictRegistry struct {
	inner http.Handler
	lock  sync.Mutex
	// bad are digests; frozen are tags that nobody can give again.
	bad, frozen []string
	puts        []string
}

const notLetThrough = `{"errors": [{"code": "PROJECTPOLICYVIOLATION", "message": "current image with 3 vulnerabilities cannot be pulled"}]}`

func (s *strictRegistry) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	s.lock.Lock()
	defer s.lock.Unlock()
	_, reference, isManifest := strings.Cut(request.URL.Path, "/manifests/")
	refuse := func(words string) {
		writer.WriteHeader(http.StatusPreconditionFailed)
		fmt.Fprint(writer, words)
	}
	switch {
	case isManifest && request.Method == http.MethodPut && slices.Contains(s.frozen, reference):
		refuse(`{"errors": [{"code": "PRECONDITION", "message": "configured as immutable"}]}`)
		return
	case isManifest && request.Method == http.MethodPut:
		s.puts = append(s.puts, reference)
	case isManifest && (request.Method == http.MethodGet || request.Method == http.MethodHead):
		asked := httptest.NewRecorder()
		s.inner.ServeHTTP(asked, httptest.NewRequest(http.MethodHead, request.URL.Path, nil))
		if slices.Contains(s.bad, asked.Header().Get("Docker-Content-Digest")) {
			refuse(notLetThrough)
			return
		}
	}
	s.inner.ServeHTTP(writer, request)
}

func playStrictRegistry(t *testing.T) (*strictRegistry, imageInputs) {
	t.Helper()
	played := &strictRegistry{inner: registry.New(registry.Logger(log.New(io.Discard, "", 0)))}
	server := httptest.NewServer(played)
	t.Cleanup(server.Close)
	repository := strings.TrimPrefix(server.URL, "http://") + "/hero/hero"
	return played, imageInputs{access: access{Repository: repository}, Tags: []string{"v1", "latest"}}
}

func (s *strictRegistry) tagged(t *testing.T, inputs imageInputs, tag string) string {
	t.Helper()
	asked := httptest.NewRecorder()
	_, path, _ := strings.Cut(inputs.Repository, "/")
	s.inner.ServeHTTP(asked, httptest.NewRequest(http.MethodHead, "/v2/"+path+"/manifests/"+tag, nil))
	return asked.Header().Get("Docker-Content-Digest")
}

// another is the same place with another image.
func another(t *testing.T, inputs imageInputs, fingerprint string) imageInputs {
	t.Helper()
	inputs.Source, inputs.Fingerprint = source{Kind: "layout", Path: randomLayout(t)}, fingerprint
	return inputs
}

func pushedToStrictRegistry(t *testing.T) (*strictRegistry, imageInputs, resource.PropertyMap) {
	t.Helper()
	played, inputs := playStrictRegistry(t)
	inputs = another(t, inputs, "1")
	call, _ := newCall(t)
	state, err := image{}.create(call, propertiesOf(t, inputs))
	must(t, err)
	return played, inputs, state
}

func TestAnImageThatIsWithheldIsReplacedByABetterOne(t *testing.T) {
	played, inputs, state := pushedToStrictRegistry(t)
	call, _ := newCall(t)
	played.bad = []string{state["digest"].StringValue()}
	after, err := image{}.update(call, asSent(state), propertiesOf(t, another(t, inputs, "2")))
	must(t, err)
	for _, tag := range inputs.Tags {
		if found := played.tagged(t, inputs, tag); found != after["digest"].StringValue() || found == played.bad[0] {
			t.Error(tag, "names", found)
		}
	}
}

func TestARefreshDoesNotTakeWhatIsWithheldForMissing(t *testing.T) {
	played, inputs, state := pushedToStrictRegistry(t)
	call, _ := newCall(t)
	played.bad = []string{state["digest"].StringValue()}
	again, err := image{}.read(call, asSent(state))
	if err != nil || !again["missing"].IsNull() {
		t.Error(again, err)
	}
	// Another password is no reason to fail, and what is put there again is the same.
	inputs.Password = "another"
	after, err := image{}.update(call, asSent(again), propertiesOf(t, inputs))
	must(t, err)
	if after["digest"].StringValue() != state["digest"].StringValue() {
		t.Error(after["digest"])
	}
	played.frozen = inputs.Tags
	_, err = image{}.update(call, asSent(again), propertiesOf(t, inputs))
	must(t, err)
}

func TestATagThatIsFrozenAndNamesAnotherImageIsStillAnError(t *testing.T) {
	played, inputs, state := pushedToStrictRegistry(t)
	call, _ := newCall(t)
	played.frozen = inputs.Tags
	for _, bad := range [][]string{nil, {state["digest"].StringValue()}} {
		played.bad = bad
		_, err := image{}.update(call, asSent(state), propertiesOf(t, another(t, inputs, "2")))
		if err == nil {
			t.Fatal("it is given again", bad)
		}
		mustContain(t, err.Error(), "as long as its rules are as they are", "configured as immutable")
	}
}

func TestWhatIsCopiedToWhereItIsWithheldIsThere(t *testing.T) {
	played, inputs := playStrictRegistry(t)
	source := wanted(t, false).access
	made := furnish(t, source, "v1")
	played.bad = []string{made.index.String()}
	copied := imageCopyInputs{access: inputs.access, Source: source, Images: []namedImage{{made.index.String(), []string{"v1"}}}}
	call, _ := newCall(t)
	state, err := imageCopy{}.create(call, propertiesOf(t, copied))
	must(t, err)
	if found := played.tagged(t, inputs, "v1"); found != made.index.String() {
		t.Error(found)
	}
	again, err := imageCopy{}.read(call, asSent(state))
	if err != nil || !again["missing"].IsNull() {
		t.Error(again, err)
	}
	there, held := connected(t, inputs.access), contentsAt(t, source)
	if others, err := there.otherwise(call, held); err != nil || !slices.Equal(others, []string{"v1"}) {
		t.Error("it may be somebody else's:", others, err)
	}
}

func TestWhatIsWithheldIsToldApartFromWhatIsMissing(t *testing.T) {
	played, inputs := playStrictRegistry(t)
	there := connected(t, inputs.access)
	content := anImage(t)
	must(t, remote.Write(there.name.Tag("v1"), content, there.options...))
	played.bad = []string{digestOf(t, content).String()}
	_, err := there.head(there.name.Tag("v1"), there.options...)
	if !isWithheld(err) || isMissing(err) {
		t.Fatal(err)
	}
	mustContain(t, err.Error(), "v1 is there, and not handed out")
	played.bad = nil
	found, err := there.head(there.name.Tag("v1"), there.options...)
	if err != nil || found.Digest != digestOf(t, content) {
		t.Error(found, err)
	}
	if _, err := there.head(there.name.Tag("v2"), there.options...); !isMissing(err) || isWithheld(err) {
		t.Error(err)
	}
	var stored v1.Image
	stored, err = remote.Image(there.name.Tag("v1"), there.options...)
	if err != nil || stored == nil {
		t.Error(err)
	}
}
