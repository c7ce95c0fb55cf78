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
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
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

func pushForeign(t *testing.T, stored storedOnDisk) {
	t.Helper()
	there := stored.repository(t, "team/other")
	must(t, remote.Write(there.name.Tag("v1"), anImage(t), there.options...))
}

func mustRefuse(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("nothing was refused")
	}
	mustContain(t, err.Error(), append([]string{"cannot "}, parts...)...)
}

func TestRegistryProcess_DeleteKeepsForeignImages(t *testing.T) {
	stored := newStorage(t)
	pushForeign(t, stored)
	call, _ := newCall(t)
	err := registryProcess{}.remove(call, propertiesOf(t, stored.state()))
	mustRefuse(t, err, "cannot delete the images in "+string(stored.registryDirectory), "the stack has not pushed team/other:v1",
		"hint: ", "./pulumiw config set --stack dev --path hero:switch.discard true && ./pulumiw up --stack dev && ./pulumiw destroy --stack dev")
	stored.mustHaveForeign(t, "team/other:v1")
	must(t, registryProcess{}.remove(call, propertiesOf(t, stored.state(func(s *registryState) { s.KeepData = true }))))
	stored.mustHaveForeign(t, "team/other:v1")
	// With keepData off again, they are guarded as before.
	mustRefuse(t, registryProcess{}.remove(call, propertiesOf(t, stored.state())), "team/other:v1")
	must(t, registryProcess{}.remove(call, propertiesOf(t, stored.state(func(s *registryState) { s.Discard = true }))))
	if _, err := os.Stat(string(stored.registryDirectory)); !os.IsNotExist(err) {
		t.Error("the directory is still there:", err)
	}
}

func TestRegistryProcess_DeleteOfOwnImagesOnly(t *testing.T) {
	stored := newStorage(t)
	stored.pushOwn(t, "hero", anImage(t), "latest")
	call, _ := newCall(t)
	must(t, registryProcess{}.remove(call, propertiesOf(t, stored.state())))
	if _, err := os.Stat(string(stored.registryDirectory)); !os.IsNotExist(err) {
		t.Error("the directory is still there:", err)
	}
}

func TestRegistryProcess_UnreadableStorageIsKept(t *testing.T) {
	stored := newStorage(t)
	pushForeign(t, stored)
	link := stored.path(storageFolder, "docker/registry/v2/repositories/team/other/_manifests/tags/v1/current/link")
	must(t, os.WriteFile(link, nil, 0o600))
	call, _ := newCall(t)
	mustRefuse(t, registryProcess{}.remove(call, propertiesOf(t, stored.state())), "cannot read", "hint: ")
	if stored.storage() == "" {
		t.Error("the storage was deleted")
	}
}

func TestRegistryProcess_ReplaceKeepsForeignImages(t *testing.T) {
	for name, change := range map[string]func(*registryInputs){
		"another directory": func(i *registryInputs) { i.Directory = "/elsewhere" },
		"another owner":     func(i *registryInputs) { i.Owner = "hero/prod" },
	} {
		stored := newStorage(t)
		pushForeign(t, stored)
		state := stored.state()
		news := state.registryInputs
		change(&news)
		_, err := registryProcess{}.diff(propertiesOf(t, state), propertiesOf(t, news))
		mustRefuse(t, err, "team/other:v1", "hint: ")
		news.Discard = true
		difference, err := registryProcess{}.diff(propertiesOf(t, state), propertiesOf(t, news))
		if err != nil || len(difference.ReplaceKeys) != 1 {
			t.Error(name, err, difference.ReplaceKeys)
		}
	}
}

func TestRegistryProcess_ReplacedResourceKeepsDirectory(t *testing.T) {
	stored := newStorage(t)
	pushForeign(t, stored)
	must(t, stored.hold("new"))
	call, _ := newCall(t)
	old := stored.state(func(s *registryState) { s.Holder, s.Discard = "old", true })
	must(t, registryProcess{}.remove(call, propertiesOf(t, old)))
	stored.mustHaveForeign(t, "team/other:v1")
}

func TestSweep_KeepsForeignImages(t *testing.T) {
	t.Chdir(t.TempDir())
	directory := registryDirectory(".hero/dev/registry")
	_, err := directory.claim("hero/dev")
	must(t, err)
	stored := newStorage(t)
	pushForeign(t, stored)
	must(t, os.RemoveAll(directory.path(storageFolder)))
	must(t, os.Rename(stored.path(storageFolder), directory.path(storageFolder)))
	mustRefuse(t, sweep("hero/dev"), "team/other:v1", "--stack dev")
	if directory.storage() == "" {
		t.Error("the storage was deleted")
	}
	must(t, directory.recordPush("team/other", []string{"v1"}, nil))
	must(t, os.RemoveAll(directory.path(storageFolder, "docker")))
	must(t, sweep("hero/dev"))
	if _, err := os.Stat(string(directory)); !os.IsNotExist(err) {
		t.Error("the directory is still there:", err)
	}
}

func guardOf(storages ...guardedStorage) storageGuardState {
	return storageGuardState{storageGuardInputs: storageGuardInputs{Storages: storages}}
}

func TestStorageGuard_ReadsTheDiskOfADeadRegistry(t *testing.T) {
	stored := newStorage(t)
	pushForeign(t, stored)
	call, _ := newCall(t)
	guard := guardOf(guardedStorage{
		Registry: "embedded", Directory: string(stored.registryDirectory), access: access{Repository: "127.0.0.1:1/hero"},
	})
	mustRefuse(t, storageGuard{}.remove(call, propertiesOf(t, guard)), "team/other:v1")
	guard.Discard = true
	must(t, storageGuard{}.remove(call, propertiesOf(t, guard)))
	guard.Discard, guard.Storages[0].KeepsImages = false, true
	must(t, storageGuard{}.remove(call, propertiesOf(t, guard)))
	must(t, os.RemoveAll(string(stored.registryDirectory)))
	guard.Storages[0].KeepsImages = false
	must(t, storageGuard{}.remove(call, propertiesOf(t, guard)))
}

func TestStorageGuard_RepairsTheRecord(t *testing.T) {
	stored := newStorage(t)
	image := anImage(t)
	digest := stored.pushOwn(t, "hero", image, "latest")
	must(t, os.Remove(stored.path(pushedFile)))
	guard := guardOf(guardedStorage{
		Registry: "embedded", Directory: string(stored.registryDirectory), access: access{Repository: "127.0.0.1:1/hero"},
	})
	guard.Images, guard.Pushed = []namedImage{{digest, []string{"latest"}}}, []string{digest}
	call, _ := newCall(t)
	must(t, storageGuard{}.remove(call, propertiesOf(t, guard)))
	must(t, registryProcess{}.remove(call, propertiesOf(t, stored.state())))
}

func TestStorageGuard_ReadsTheCatalog(t *testing.T) {
	inputs := wanted(t, false).access
	there := connected(t, inputs)
	own := anImage(t)
	must(t, remote.Write(there.name.Tag("v1"), own, there.options...))
	guard := guardOf(guardedStorage{Registry: "zot", access: inputs, Catalog: true})
	guard.Images = []namedImage{{digestOf(t, own).String(), []string{"v1"}}}
	call, _ := newCall(t)
	must(t, storageGuard{}.remove(call, propertiesOf(t, guard)))
	other := inputs
	other.Repository = there.name.RegistryStr() + "/team/other"
	theirs := connected(t, other)
	must(t, remote.Write(theirs.name.Tag("v2"), anImage(t), theirs.options...))
	mustRefuse(t, storageGuard{}.remove(call, propertiesOf(t, guard)), "team/other:v2", there.name.RegistryStr())
	// Of a repository on Docker Hub, that one alone is deleted.
	guard.Storages[0].Catalog = false
	must(t, storageGuard{}.remove(call, propertiesOf(t, guard)))
	must(t, remote.Write(there.name.Tag("theirs"), own, there.options...))
	mustRefuse(t, storageGuard{}.remove(call, propertiesOf(t, guard)), "team/hero:theirs")
}

func TestStorageGuard_UnreachableRegistryIsKept(t *testing.T) {
	guard := guardOf(guardedStorage{Registry: "zot", access: access{Repository: "127.0.0.1:1/hero"}, Catalog: true})
	call, _ := newCall(t)
	call.progress.urn = "urn:pulumi:prod::hero::hero-home:provider:StorageGuard::storage-guard"
	mustRefuse(t, storageGuard{}.remove(call, propertiesOf(t, guard)), "cannot read", "hint: repair the registry: ./pulumiw up --stack prod",
		"./pulumiw state delete --stack prod --yes '"+string(call.progress.urn)+"' && ./pulumiw destroy --stack prod")
}

func TestStorageGuard_ReadsAllProjectsOfHarbor(t *testing.T) {
	played := playHarbor(t)
	call, _ := newCall(t)
	createdProject(t, call, played)
	played.projects["hero"].repositories = []string{"hero", "team/app"}
	played.listed = map[string][]storedArtifact{"hero/hero": {artifact("sha256:own", "v1"), artifact("sha256:former")}}
	guard := guardOf(guardedStorage{
		Registry: "harbor", access: access{Repository: "harbor.example/hero/hero"},
		Harbor: &harborLogin{URL: played.URL, Username: "admin", Password: harborPassword},
	})
	guard.Images, guard.Pushed = []namedImage{{"sha256:own", []string{"v1"}}}, []string{"sha256:former"}
	must(t, storageGuard{}.remove(call, propertiesOf(t, guard)))
	played.listed["hero/team/app"] = []storedArtifact{artifact("sha256:other", "v2"), artifact("sha256:untagged")}
	mustRefuse(t, storageGuard{}.remove(call, propertiesOf(t, guard)), "hero/team/app:v2, hero/team/app@sha256:untagged", played.URL)
}

func artifact(digest string, tags ...string) storedArtifact {
	made := storedArtifact{Digest: digest}
	for _, tag := range tags {
		made.Tags = append(made.Tags, struct {
			Name string `json:"name"`
		}{tag})
	}
	return made
}

func TestHarborProject_DeleteKeepsForeignImages(t *testing.T) {
	played := playHarbor(t)
	call, _ := newCall(t)
	own := map[string]any{"repository": "hero", "tags": []any{"v1"}}
	state := createdProject(t, call, played, own)
	played.projects["hero"].repositories = []string{"hero"}
	played.listed = map[string][]storedArtifact{"hero/hero": {artifact("sha256:own", "v1"), artifact("sha256:other", "theirs")}}
	mustRefuse(t, swiftProject.remove(call, state), "the Harbor project hero", "hero/hero:theirs")
	if len(played.changes()) > 0 || played.projects["hero"] == nil {
		t.Error("something was deleted:", played.changes())
	}
	state["discard"] = resource.NewBoolProperty(true)
	must(t, swiftProject.remove(call, state))
	state = createdProject(t, call, played, own)
	played.projects["hero"].repositories = []string{"hero"}
	played.listed["hero/hero"] = played.listed["hero/hero"][:1]
	must(t, swiftProject.remove(call, state))
}

func TestHubRepository_DeleteKeepsForeignTags(t *testing.T) {
	played := playHub(t)
	call, _ := newCall(t)
	inputs := hubRepositoryInputs{hubLogin: played.login(), Namespace: "heroes", Name: "hero", Private: true, Tags: []string{"v1"}}
	state, err := hubRepository{}.create(call, propertiesOf(t, inputs))
	must(t, err)
	played.tags = map[string][]map[string]any{"heroes/hero": {{"name": "v1", "digest": "sha256:own"}, {"name": "theirs", "digest": "sha256:other"}}}
	mustRefuse(t, hubRepository{}.remove(call, asSent(state)), "docker.io/heroes/hero", "heroes/hero:theirs")
	if played.repositories["heroes/hero"] == nil {
		t.Error("it was deleted")
	}
	played.tags["heroes/hero"] = played.tags["heroes/hero"][:1]
	must(t, hubRepository{}.remove(call, asSent(state)))
	if played.repositories["heroes/hero"] != nil {
		t.Error("it was not deleted")
	}
}
