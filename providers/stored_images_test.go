package main

import (
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// storedOnDisk is an embedded registry's directory, with a server in this process that writes to it.
type storedOnDisk struct {
	registryDirectory
	address string
}

func newStorage(t *testing.T) storedOnDisk {
	t.Helper()
	directory := registryDirectory(filepath.Join(t.TempDir(), "registry"))
	_, err := directory.claim("hero/dev")
	must(t, err)
	settings := &configuration.Configuration{
		Version: "0.1",
		Storage: configuration.Storage{
			"filesystem": {"rootdirectory": directory.path(storageFolder)}, "delete": {"enabled": true},
			"maintenance": {"uploadpurging": map[any]any{"enabled": false}},
		},
	}
	quietDistribution()
	app := handlers.NewApp(context.Background(), settings)
	server := httptest.NewServer(app)
	t.Cleanup(func() { server.Close(); _ = app.Shutdown() })
	return storedOnDisk{directory, strings.TrimPrefix(server.URL, "http://")}
}

func (s storedOnDisk) repository(t *testing.T, path string) *repository {
	t.Helper()
	return connected(t, access{Repository: s.address + "/" + path})
}

// pushOwn pushes as the stack does: what is pushed is recorded before.
func (s storedOnDisk) pushOwn(t *testing.T, path string, image manifest, tags ...string) string {
	t.Helper()
	there := s.repository(t, path)
	call, _ := newCall(t)
	digest := digestOf(t, image.(interface{ Digest() (v1.Hash, error) }))
	must(t, s.recordPush(path, tags, digestsWithin(image, digest)))
	pushed, err := there.push(call, image, tags, false)
	must(t, err)
	return pushed
}

func (s storedOnDisk) foreign(t *testing.T) []string {
	t.Helper()
	images, _, err := s.foreignImages(t.Context())
	must(t, err)
	return namesOf(images)
}

func (s storedOnDisk) mustHaveForeign(t *testing.T, wanted ...string) {
	t.Helper()
	if found := s.foreign(t); strings.Join(found, " ") != strings.Join(wanted, " ") {
		t.Errorf("foreign are %v, not %v", found, wanted)
	}
}

func (s storedOnDisk) state(changes ...func(*registryState)) registryState {
	state := registryState{registryInputs: registryInputs{Directory: string(s.registryDirectory), Port: 5001, Owner: "hero/dev"}}
	for _, change := range changes {
		change(&state)
	}
	return state
}

func TestStoredImages_EmptyStorageHasNone(t *testing.T) {
	stored := newStorage(t)
	stored.mustHaveForeign(t)
	must(t, os.RemoveAll(stored.path(storageFolder)))
	stored.mustHaveForeign(t)
}

func TestForeignImages_OwnImagesAreNone(t *testing.T) {
	stored := newStorage(t)
	first, second := anImage(t), anImage(t)
	var index v1.ImageIndex = empty.Index
	index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: first}, mutate.IndexAddendum{Add: second})
	stored.pushOwn(t, "team/hero", index, "v1", "latest")
	there := stored.repository(t, "team/hero")
	// A signature and SBOMs, of which each leaves the former list of referrers without a tag.
	attachTo(t, there, digestOf(t, index))
	attachTo(t, there, attachTo(t, there, digestOf(t, first)))
	attachTo(t, there, digestOf(t, first))
	must(t, remote.Write(there.name.Tag("sha256-"+digestOf(t, second).Hex+".sig"), anImage(t), there.options...))
	stored.mustHaveForeign(t)
	// The next image takes the tags, and the former one has none.
	stored.pushOwn(t, "team/hero", anImage(t), "v1", "latest")
	stored.mustHaveForeign(t)
}

func TestForeignImages_AreNamed(t *testing.T) {
	stored := newStorage(t)
	stored.pushOwn(t, "hero", anImage(t), "latest")
	there := stored.repository(t, "hero")
	theirs, untagged := anImage(t), anImage(t)
	must(t, remote.Write(there.name.Tag("theirs"), theirs, there.options...))
	attachTo(t, there, digestOf(t, theirs))
	must(t, remote.Write(there.name.Tag("sha256-"+digestOf(t, theirs).Hex+".sig"), anImage(t), there.options...))
	must(t, remote.Write(there.name.Digest(digestOf(t, untagged).String()), untagged, there.options...))
	other := stored.repository(t, "team/other")
	must(t, remote.Write(other.name.Tag("v1"), anImage(t), other.options...))
	stored.mustHaveForeign(t, "hero:theirs", "hero@"+digestOf(t, untagged).String(), "team/other:v1")
}

func TestForeignImages_ForeignTagOfOwnImage(t *testing.T) {
	stored := newStorage(t)
	image := anImage(t)
	stored.pushOwn(t, "hero", image, "latest")
	for _, path := range []string{"hero", "team/copy"} {
		there := stored.repository(t, path)
		must(t, remote.Write(there.name.Tag("prod"), image, there.options...))
	}
	stored.mustHaveForeign(t, "hero:prod", "team/copy:prod")
}

func TestForeignImages_ForeignImageUnderOwnTag(t *testing.T) {
	stored := newStorage(t)
	stored.pushOwn(t, "hero", anImage(t), "latest")
	there := stored.repository(t, "hero")
	must(t, remote.Write(there.name.Tag("latest"), anImage(t), there.options...))
	stored.mustHaveForeign(t, "hero:latest")
}

func TestForeignImages_DamagedRecordProtectsMore(t *testing.T) {
	for _, content := range []string{"", "{", "\x00\x00"} {
		stored := newStorage(t)
		digest := stored.pushOwn(t, "hero", anImage(t), "latest")
		must(t, os.WriteFile(stored.path(pushedFile), []byte(content), 0o600))
		stored.mustHaveForeign(t, "hero:latest")
		must(t, stored.recordPush("hero", []string{"latest"}, []string{digest}))
		stored.mustHaveForeign(t)
	}
}

func TestForeignImages_UnreadableManifestCounts(t *testing.T) {
	stored := newStorage(t)
	image := anImage(t)
	there := stored.repository(t, "team/other")
	must(t, remote.Write(there.name.Tag("v1"), image, there.options...))
	hex := digestOf(t, image).Hex
	data := stored.path(storageFolder, "docker/registry/v2/blobs/sha256", hex[:2], hex, "data")
	must(t, os.WriteFile(data, []byte("not JSON"), 0o600))
	stored.mustHaveForeign(t, "team/other:v1")
}
