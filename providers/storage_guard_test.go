package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

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
	mustRefuse(t, registryProcess{}.remove(call, propertiesOf(t, stored.state())), "team/other:v1", "hint: ")
	must(t, os.Remove(link))
	mustRefuse(t, registryProcess{}.remove(call, propertiesOf(t, stored.state())), "team/other@sha256:", "hint: ")
	revisions := stored.path(storageFolder, "docker/registry/v2/repositories/team/other/_manifests/revisions/sha256")
	entries, err := os.ReadDir(revisions)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(revisions, entries[0].Name(), "link"), nil, 0o600))
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
	mark, err := stored.mark()
	must(t, err)
	mark.OwnerID = "new"
	must(t, stored.writeMark(mark))
	call, _ := newCall(t)
	old := stored.state(func(s *registryState) { s.OwnerID, s.Discard = "old", true })
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

func TestStorageGuard_UnrecordedKeepDataIsKept(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, registry := range []string{"embedded", "zot"} {
		state := guardOf(guardedStorage{Registry: registry, access: access{Repository: "127.0.0.1:1/hero"}})
		must(t, state.checkKeepData("dev"))
		file := "config:\n  hero:" + registry + ":\n    keepData: true\n"
		must(t, os.WriteFile("Pulumi.dev.yaml", []byte(file), 0o600))
		err := state.checkKeepData("dev")
		mustRefuse(t, err, "hero:"+registry+".keepData", "hint: ./pulumiw up --stack dev && ./pulumiw destroy --stack dev")
		state.Storages[0].KeepsImages = true
		must(t, state.checkKeepData("dev"))
		must(t, os.WriteFile("Pulumi.dev.yaml", []byte("config: ["), 0o600))
		must(t, state.checkKeepData("dev"))
		must(t, os.Remove("Pulumi.dev.yaml"))
	}
}

func TestStorageGuard_DamagedMarkKeepsForeignImages(t *testing.T) {
	stored := newStorage(t)
	pushForeign(t, stored)
	must(t, os.WriteFile(stored.path(markFile), nil, 0o600))
	guard := guardOf(guardedStorage{
		Registry: "embedded", Directory: string(stored.registryDirectory), access: access{Repository: "127.0.0.1:1/hero"},
	})
	call, _ := newCall(t)
	mustRefuse(t, storageGuard{}.remove(call, propertiesOf(t, guard)), "team/other:v1")
}

func TestStorageGuard_ReplacedChecksOtherDataOnly(t *testing.T) {
	stored := newStorage(t)
	pushForeign(t, stored)
	guard := guardOf(guardedStorage{
		Registry: "embedded", Directory: string(stored.registryDirectory), access: access{Repository: "127.0.0.1:1/hero"},
	})
	guard.Identities = []string{"storage-1"}
	for identity, refused := range map[string]bool{"storage-1": false, "storage-2": true} {
		call, _ := newCall(t)
		call.storages = &storageMemory{program: true}
		next := guard.storageGuardInputs
		next.Identities = []string{identity}
		_, err := storageGuard{}.create(call, propertiesOf(t, next))
		must(t, err)
		if err := (storageGuard{}).remove(call, propertiesOf(t, guard)); (err != nil) != refused {
			t.Error(identity, err)
		}
	}
}
