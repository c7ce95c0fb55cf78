package main

import (
	"os"
	"testing"
)

func TestRegistryMark_DeletedIsRestored(t *testing.T) {
	directory := registryDirectory(t.TempDir())
	state := registryState{registryInputs: registryInputs{Owner: "hero/dev", Port: 5001}, OwnerID: "id", Storage: "data", Htpasswd: "pusher:hash\n"}
	if directory.ownedBy(state) {
		t.Error("an empty directory belongs to nobody")
	}
	must(t, directory.replace(loginFile, []byte(state.Htpasswd)))
	if !directory.ownedBy(state) {
		t.Error("the hashed credentials are the state's")
	}
	other := state
	other.Htpasswd = "pusher:other\n"
	if directory.ownedBy(other) {
		t.Error("the hashed credentials are not the other state's")
	}
	must(t, directory.repairMark(state))
	mark, err := directory.mark()
	must(t, err)
	if mark.OwnerID != "id" || mark.Storage != "data" || mark.Port != 5001 {
		t.Errorf("%+v", mark)
	}
}

func TestRegistryProcess_DiffChecksNewDirectory(t *testing.T) {
	taken := t.TempDir()
	must(t, os.WriteFile(registryDirectory(taken).path("notes.txt"), nil, 0o600))
	stored := newStorage(t)
	state := stored.state()
	news := state.registryInputs
	news.Directory = taken
	_, err := registryProcess{}.diff(propertiesOf(t, state), propertiesOf(t, news))
	if err == nil {
		t.Fatal("the directory holds a file of another program")
	}
	mustContain(t, err.Error(), "notes.txt")
}

func TestRegistryProcess_DiffSeesLostCredentials(t *testing.T) {
	stored := newStorage(t)
	state := stored.state()
	state.Htpasswd = "pusher:hash\n"
	for content, changed := range map[string]bool{state.Htpasswd: false, "": true} {
		must(t, stored.replace(loginFile, []byte(content)))
		difference, err := registryProcess{}.diff(propertiesOf(t, state), propertiesOf(t, state.registryInputs))
		must(t, err)
		found := false
		for _, key := range difference.ChangedKeys {
			found = found || key == "htpasswd"
		}
		if found != changed {
			t.Errorf("%q: %v", content, difference.ChangedKeys)
		}
	}
}
