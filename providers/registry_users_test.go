package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// anotherUser is a user without rights, as which these tests start processes and own files.
const anotherUser = 65534

func asRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can act as another user")
	}
}

func giveAway(t *testing.T, paths ...string) {
	t.Helper()
	for _, path := range paths {
		if err := os.Lchown(path, anotherUser, anotherUser); err != nil {
			t.Fatal(err)
		}
	}
}

// asAnotherUser starts a process of another user, which the test ends.
func asAnotherUser(t *testing.T, program string, arguments ...string) (*exec.Cmd, io.ReadCloser) {
	t.Helper()
	process := exec.Command(program, arguments...)
	process.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: anotherUser, Gid: anotherUser}}
	process.Dir = "/"
	if _, err := process.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	process.Stderr = os.Stderr
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = process.Process.Kill(); _ = process.Wait() })
	return process, out
}

func mustRefuseDirectory(t *testing.T, directory string, words ...string) {
	t.Helper()
	_, err := registryProcess{}.create(call{Context: t.Context()}, processInputs(directory, unusedPort(t)))
	if err == nil {
		t.Fatalf("%s is accepted", directory)
	}
	mustContain(t, err.Error(), append(words, "./pulumiw config set --stack dev")...)
}

// sharedFolder is a directory in which every user may create files, as in /tmp, with or without the sticky bit.
func sharedFolder(t *testing.T, mode os.FileMode) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "shared")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(folder, mode); err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestDirectory_OfAnotherUser_IsRefused(t *testing.T) {
	asRoot(t)
	for _, mode := range []os.FileMode{0o777, 0o700} {
		inCheckout(t, t.TempDir())
		folder := filepath.Join(sharedFolder(t, 0o777|os.ModeSticky), "registry")
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(folder, mode); err != nil {
			t.Fatal(err)
		}
		giveAway(t, folder)
		mustRefuseDirectory(t, folder, "another user")
	}
}

func TestDirectory_WritableByOthers_IsRefused(t *testing.T) {
	inCheckout(t, t.TempDir())
	folder := sharedFolder(t, 0o777)
	mustRefuseDirectory(t, folder, "other users can write to it")
	mustRefuseDirectory(t, filepath.Join(folder, "registry"), "other users can rename")
	mustRefuseDirectory(t, filepath.Join(folder, "deep", "registry"), "other users can rename")
}

func TestDirectory_BelowLinkOfAnotherUser_IsRefused(t *testing.T) {
	asRoot(t)
	inCheckout(t, t.TempDir())
	link := filepath.Join(sharedFolder(t, 0o777|os.ModeSticky), "link")
	if err := os.Symlink(t.TempDir(), link); err != nil {
		t.Fatal(err)
	}
	giveAway(t, link)
	mustRefuseDirectory(t, link, "another user")
	mustRefuseDirectory(t, filepath.Join(link, "registry"), "another user")
}

func TestDirectory_WithLinks_IsRefused(t *testing.T) {
	for _, name := range []string{loginFile, logFile, processFile, reservedFile, storageFolder} {
		inCheckout(t, t.TempDir())
		port := unusedPort(t)
		properties := startedRegistry(t, ".hero/dev/registry", port)
		state := processState(t, properties)
		kill(t, mustRun(t, state).Process)
		waitForFreePort(t, port)
		directory := registryDirectory(state.Directory)
		victim := filepath.Join(t.TempDir(), "victim")
		write(t, filepath.Dir(victim), map[string]string{"victim": "content"})
		_ = os.RemoveAll(directory.path(name))
		if err := os.Symlink(victim, directory.path(name)); err != nil {
			t.Fatal(err)
		}
		if _, err := updatedRegistry(t, properties, processInputs(state.Directory, port)); err == nil {
			t.Errorf("a link at %s is followed", name)
		}
		if text, err := os.ReadFile(victim); err != nil || string(text) != "content" {
			t.Errorf("%s: the link's target has changed: %q %v", name, text, err)
		}
	}
}

func TestRegistry_DirectoryReplacedByOtherUser_IsLeft(t *testing.T) {
	asRoot(t)
	checkout := inCheckout(t, t.TempDir())
	properties := startedRegistry(t, ".hero/dev/registry", unusedPort(t))
	directory := registryDirectory(".hero/dev/registry")
	if err := os.Rename(filepath.Join(checkout, ".hero"), filepath.Join(checkout, "moved")); err != nil {
		t.Fatal(err)
	}
	write(t, string(directory), map[string]string{"storage/thesis": "years of work"})
	text, err := os.ReadFile(filepath.Join(checkout, "moved/dev/registry", markFile))
	if err != nil {
		t.Fatal(err)
	}
	write(t, string(directory), map[string]string{markFile: string(text)})
	giveAway(t, string(directory), directory.path(markFile), directory.path(storageFolder))
	if err := (registryProcess{}).remove(call{Context: t.Context()}, properties); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(directory.path("storage/thesis")); err != nil {
		t.Error(err)
	}
}

func TestRegistry_PortTakenByOtherUser_NoCredentials(t *testing.T) {
	asRoot(t)
	inCheckout(t, t.TempDir())
	port := unusedPort(t)
	properties := startedRegistry(t, ".hero/dev/registry", port)
	state := processState(t, properties)
	kill(t, mustRun(t, state).Process)
	waitForFreePort(t, port)
	impostor, out := asAnotherUser(t, testProgram(t), "listen", strconv.Itoa(port))
	if _, err := io.ReadFull(out, make([]byte, len("ready\n"))); err != nil {
		t.Fatal(err)
	}
	if state.answers() {
		t.Error("the impostor is healthy")
	}
	if _, err := updatedRegistry(t, properties, processInputs(state.Directory, port)); err == nil {
		t.Error("the impostor is accepted")
	}
	_ = impostor.Process.Kill()
	received, _ := io.ReadAll(out)
	if strings.Contains(string(received), "Authorization") || !strings.Contains(string(received), identityPath) {
		t.Errorf("received %s", received)
	}
}

// testProgram is a copy of this program that other users can start.
//
// Started with these arguments by a user who may not read the directory, it only waits: see TestMain.
func testProgram(t *testing.T) string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	// Other users cannot look into t.TempDir.
	folder, err := os.MkdirTemp("", "listener")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	path := filepath.Join(folder, "listener")
	if err := errors.Join(os.Chmod(folder, 0o755), os.WriteFile(path, content, 0o755)); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRegistries_OfAnotherUser_AreNotListed(t *testing.T) {
	asRoot(t)
	checkout := inCheckout(t, t.TempDir())
	directory := filepath.Join(checkout, ".hero/dev/registry")
	process, out := asAnotherUser(t, testProgram(t), "registry", directory)
	if _, err := io.ReadFull(out, make([]byte, len("ready\n"))); err != nil {
		t.Fatal(err)
	}
	if _, listed := registries()[process.Process.Pid]; listed {
		t.Error("another user's process is listed")
	}
	properties := startedRegistry(t, directory, unusedPort(t))
	if err := (registryProcess{}).remove(call{Context: t.Context()}, properties); err != nil {
		t.Fatal(err)
	}
	if !runs(int32(process.Process.Pid)) {
		t.Error("another user's process was ended")
	}
}

func TestDirectory_InsideAnotherRegistry_IsRefused(t *testing.T) {
	checkout := inCheckout(t, t.TempDir())
	outer := filepath.Join(checkout, ".hero/dev/registry")
	startedRegistry(t, outer, unusedPort(t))
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(outer, link); err != nil {
		t.Fatal(err)
	}
	for _, inner := range []string{
		filepath.Join(outer, "storage"), filepath.Join(outer, "storage/docker/x"), filepath.Join(outer, "x"),
		filepath.Join(link, "x"), ".hero/dev/registry/storage/../y",
	} {
		mustRefuseDirectory(t, inner, "registry")
	}
}

func TestDirectory_WithAnotherPurpose_IsRefused(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	inCheckout(t, t.TempDir())
	for _, directory := range []string{".", "..", home, filepath.Dir(home), "/", "../" + filepath.Base(home) + "/x/.."} {
		mustRefuseDirectory(t, directory)
	}
}
