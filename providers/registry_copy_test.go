package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// copyCheckout copies a checkout with all that is in it, and works in the copy.
func copyCheckout(t *testing.T, from, to string) {
	t.Helper()
	if out, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil {
		t.Fatal(string(out), err)
	}
	t.Chdir(to)
}

func TestRegistry_CheckoutCopied_LeavesOriginal(t *testing.T) {
	for _, name := range []string{"absolute", "relative", "link", "parent"} {
		t.Run(name, func(t *testing.T) {
			parent := t.TempDir()
			original := inCheckout(t, filepath.Join(parent, "hero"))
			directory := map[string]string{
				"absolute": filepath.Join(parent, "registry"), "relative": ".hero/dev/registry",
				"link": filepath.Join(parent, "link"), "parent": "../registry",
			}[name]
			if name == "link" {
				if err := os.Mkdir(filepath.Join(parent, "real"), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.Symlink("real", directory); err != nil {
					t.Fatal(err)
				}
			}
			port := unusedPort(t)
			properties := startedRegistry(t, directory, port)
			state := processState(t, properties)
			before := mustRun(t, state)
			copyCheckout(t, original, filepath.Join(parent, "copy"))

			difference, err := registryProcess{}.diff(properties, processInputs(directory, port))
			if err != nil || len(difference.ChangedKeys) == 0 {
				t.Error("the copy says unchanged", err)
			}
			destination, err := newRepository(call{Context: t.Context()}, access{
				Repository: loopbackAddress(port) + "/hero", Username: pusherName, Password: state.PusherPassword, IdentityKey: state.IdentityKey,
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := destination.listTags(); err == nil || !strings.Contains(err.Error(), original) {
				t.Error("the copy can change the original's images: ", err)
			}
			if _, err := updatedRegistry(t, properties, processInputs(directory, port)); err == nil {
				t.Error("the copy uses the original's registry")
			}
			if err := (registryProcess{}).remove(call{Context: t.Context()}, properties); err != nil {
				t.Error(err)
			}
			if err := sweep("hero/dev"); err != nil {
				t.Error(err)
			}
			t.Chdir(original)
			if after := mustRun(t, state); after.Process != before.Process {
				t.Error("the original's process was ended")
			}
			if registryDirectory(directory).storage() != state.Storage {
				t.Error("the original's directory was deleted")
			}
		})
	}
}

func TestRegistry_CheckoutCopied_GetsItsOwn(t *testing.T) {
	parent := t.TempDir()
	original := inCheckout(t, filepath.Join(parent, "hero"))
	properties := startedRegistry(t, ".hero/dev/registry", unusedPort(t))
	state := processState(t, properties)
	copyCheckout(t, original, filepath.Join(parent, "copy"))
	made, err := updatedRegistry(t, properties, processInputs(".hero/dev/registry", unusedPort(t)))
	if err != nil {
		t.Fatal(err)
	}
	stopInTheEnd(t, made)
	own := processState(t, made)
	if own.PusherPassword == state.PusherPassword || own.IdentityKey == state.IdentityKey || own.OwnerID == state.OwnerID {
		t.Error("the copy has the original's passwords")
	}
	mustRun(t, own)
	t.Chdir(original)
	mustRun(t, state)
}

func TestRegistry_AdoptedByOtherState_IsLeft(t *testing.T) {
	inCheckout(t, t.TempDir())
	port := unusedPort(t)
	first := startedRegistry(t, ".hero/dev/registry", port)
	second := startedRegistry(t, ".hero/dev/registry", port)
	if _, err := updatedRegistry(t, first, processInputs(".hero/dev/registry", port)); err == nil || !strings.Contains(err.Error(), "another state") {
		t.Error(err)
	}
	if err := (registryProcess{}).remove(call{Context: t.Context()}, first); err != nil {
		t.Error(err)
	}
	mustRun(t, processState(t, second))
}
