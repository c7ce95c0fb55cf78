package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestADirectoryIsClaimedOnceAndFoundAgain(t *testing.T) {
	directory := registryDirectory(filepath.Join(t.TempDir(), "registry"))
	if fresh, err := directory.claim("hero/dev"); err != nil || !fresh {
		t.Fatal(fresh, err)
	}
	storage := directory.storage()
	if fresh, err := directory.claim("hero/dev"); err != nil || fresh {
		t.Fatal(fresh, err)
	}
	if storage == "" || directory.storage() != storage {
		t.Error("the same data have another name")
	}
}

func TestLostDataGetAnotherName(t *testing.T) {
	directory := registryDirectory(t.TempDir())
	if _, err := directory.claim("hero/dev"); err != nil {
		t.Fatal(err)
	}
	before := directory.storage()
	if err := os.RemoveAll(directory.path(storageFolder)); err != nil {
		t.Fatal(err)
	}
	if directory.storage() != "" {
		t.Error("data that are gone still have a name")
	}
	if _, err := directory.claim("hero/dev"); err != nil {
		t.Fatal(err)
	}
	if directory.storage() == before {
		t.Error("other data have the same name")
	}
}

func TestAClaimCutShortIsTakenUpAgain(t *testing.T) {
	for _, left := range []string{markFile + ".new", reservedFile} {
		directory := registryDirectory(t.TempDir())
		write(t, string(directory), map[string]string{left: "{"})
		if _, err := directory.claim("hero/dev"); err != nil {
			t.Errorf("%s: %v", left, err)
		}
	}
}

func TestWhatIsNotOursIsNotClaimed(t *testing.T) {
	for name, content := range map[string]string{
		"thesis.txt": "years of work",
		markFile:     `{"owner": "hero/another"}`,
		"storage/x":  "somebody's",
	} {
		directory := registryDirectory(t.TempDir())
		write(t, string(directory), map[string]string{name: content})
		if _, err := directory.claim("hero/dev"); err == nil {
			t.Errorf("%s was claimed", name)
		}
	}
}

func TestPasswordsNeedNoQuotingAndDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		password := newPassword()
		if len(password) != 32 || strings.Trim(password, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") != "" {
			t.Fatal(password)
		}
		seen[password] = true
	}
	if len(seen) != 1000 {
		t.Error("a password came twice")
	}
}
