package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// TestMain lets the test program be the registry, as the plugin is.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "registry" && os.Geteuid() == anotherUser {
		fmt.Println("ready")
		_, _ = os.Stdin.Read(make([]byte, 1))
		os.Exit(0)
	}
	if len(os.Args) == 3 && os.Args[1] == "registry" {
		if err := run(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, "error:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if len(os.Args) == 3 && os.Args[1] == "listen" {
		listenAndPrint(os.Args[2])
	}
	os.Exit(m.Run())
}

// listenAndPrint is a program on the registry's port that prints what it receives, and answers as if all were well.
func listenAndPrint(port string) {
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		os.Exit(1)
	}
	fmt.Println("ready")
	for {
		peer, err := listener.Accept()
		if err != nil {
			os.Exit(1)
		}
		go func() {
			defer peer.Close()
			received := make([]byte, 1<<16)
			for {
				length, err := peer.Read(received)
				if err != nil {
					return
				}
				fmt.Printf("%q\n", received[:length])
				fmt.Fprint(peer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
			}
		}()
	}
}

// inCheckout makes a checkout and works in it.
func inCheckout(t *testing.T, path string) string {
	t.Helper()
	if err := os.MkdirAll(path, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, path, map[string]string{"Pulumi.yaml": "name: hero\n"})
	t.Chdir(path)
	return path
}

func unusedPort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func processInputs(directory string, port int) resource.PropertyMap {
	return resource.NewPropertyMapFromMap(map[string]any{
		"directory": directory, "port": port, "keepData": false, "rotate": "", "owner": "hero/dev",
	})
}

// startedRegistry starts a registry, which the test stops in the end.
func startedRegistry(t *testing.T, directory string, port int) resource.PropertyMap {
	t.Helper()
	state, err := registryProcess{}.create(call{Context: t.Context()}, processInputs(directory, port))
	if err != nil {
		t.Fatal(err)
	}
	state = asSent(state)
	stopInTheEnd(t, state)
	return state
}

func stopInTheEnd(t *testing.T, properties resource.PropertyMap) {
	t.Helper()
	state := processState(t, properties)
	t.Cleanup(func() {
		if found, err := identityOf(context.Background(), state.Port, state.IdentityKey); err == nil {
			kill(t, found.Process)
		}
	})
}

func processState(t *testing.T, properties resource.PropertyMap) registryState {
	t.Helper()
	state, err := decode[registryState](asSent(properties))
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func kill(t *testing.T, identifier int) {
	t.Helper()
	found, err := os.FindProcess(identifier)
	if err != nil {
		t.Fatal(err)
	}
	_ = found.Kill()
}

func mustRun(t *testing.T, state registryState) registryIdentity {
	t.Helper()
	found, err := identityOf(t.Context(), state.Port, state.IdentityKey)
	if err != nil || !state.answers() {
		t.Fatal("the registry does not run: ", err)
	}
	return found
}

func updatedRegistry(t *testing.T, state resource.PropertyMap, inputs resource.PropertyMap) (resource.PropertyMap, error) {
	t.Helper()
	return registryProcess{}.update(call{Context: t.Context()}, state, inputs)
}

func waitForFreePort(t *testing.T, port int) {
	t.Helper()
	if err := waitUntil(t.Context(), startDeadline, func() bool { return isFree(port) }); err != nil {
		t.Fatal(err)
	}
}

func isFree(port int) bool {
	listener, err := net.Listen("tcp", loopbackAddress(port))
	if err == nil {
		listener.Close()
	}
	return err == nil
}

func TestRegistry_Dies_KeepsPasswords(t *testing.T) {
	inCheckout(t, t.TempDir())
	port := unusedPort(t)
	properties := startedRegistry(t, ".hero/dev/registry", port)
	state := processState(t, properties)
	kill(t, mustRun(t, state).Process)
	waitForFreePort(t, port)
	again, err := updatedRegistry(t, properties, processInputs(".hero/dev/registry", port))
	if err != nil {
		t.Fatal(err)
	}
	if processState(t, again).PusherPassword != state.PusherPassword {
		t.Error("other passwords, though nobody had the port")
	}
}

func TestRegistry_CheckoutRenamed_ServesAndRestarts(t *testing.T) {
	parent := t.TempDir()
	inCheckout(t, filepath.Join(parent, "hero"))
	port := unusedPort(t)
	properties := startedRegistry(t, ".hero/dev/registry", port)
	state := processState(t, properties)
	renamed := filepath.Join(parent, "hero2")
	if err := os.Rename(filepath.Join(parent, "hero"), renamed); err != nil {
		t.Fatal(err)
	}
	t.Chdir(renamed)
	first := mustRun(t, state)
	difference, err := registryProcess{}.diff(properties, processInputs(".hero/dev/registry", port))
	if err != nil || len(difference.ChangedKeys) != 1 {
		t.Error(difference, err)
	}
	again, err := updatedRegistry(t, properties, processInputs(".hero/dev/registry", port))
	if err != nil {
		t.Fatal(err)
	}
	second := mustRun(t, processState(t, again))
	if second.Process == first.Process || second.Directory != filepath.Join(renamed, ".hero/dev/registry") {
		t.Error(first, second)
	}
	if processState(t, again).PusherPassword != state.PusherPassword {
		t.Error("a rename changes the passwords")
	}
}

func TestRegistry_CheckoutRenamed_IsDeleted(t *testing.T) {
	parent := t.TempDir()
	inCheckout(t, filepath.Join(parent, "hero"))
	properties := startedRegistry(t, ".hero/dev/registry", unusedPort(t))
	renamed := filepath.Join(parent, "hero2")
	if err := os.Rename(filepath.Join(parent, "hero"), renamed); err != nil {
		t.Fatal(err)
	}
	t.Chdir(renamed)
	if err := (registryProcess{}).remove(call{Context: t.Context()}, properties); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(renamed, ".hero")); err == nil || processState(t, properties).answers() {
		t.Error("the registry is still there")
	}
}

func TestRegistry_DirectoryDeleted_IsStopped(t *testing.T) {
	checkout := inCheckout(t, t.TempDir())
	properties := startedRegistry(t, ".hero/dev/registry", unusedPort(t))
	if err := os.RemoveAll(filepath.Join(checkout, ".hero")); err != nil {
		t.Fatal(err)
	}
	if err := (registryProcess{}).remove(call{Context: t.Context()}, properties); err != nil {
		t.Fatal(err)
	}
	if processState(t, properties).answers() {
		t.Error("the registry still runs")
	}
}

func TestRegistry_ProcessWithSameArguments_Survives(t *testing.T) {
	checkout := inCheckout(t, t.TempDir())
	directory := filepath.Join(checkout, ".hero/dev/registry")
	// The shell runs a script of this name.
	write(t, checkout, map[string]string{"registry": "read line\n"})
	other := exec.Command("/bin/sh")
	other.Args = []string{"/x/pulumi-resource-hero-home", "registry", directory}
	other.Dir = checkout
	if _, err := other.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Process.Kill(); _ = other.Wait() }()
	properties := startedRegistry(t, ".hero/dev/registry", unusedPort(t))
	if err := (registryProcess{}).remove(call{Context: t.Context()}, properties); err != nil {
		t.Fatal(err)
	}
	if !runs(int32(other.Process.Pid)) {
		t.Error("it was taken for the registry")
	}
}

func TestRegistry_MarkDamaged_IsRepaired(t *testing.T) {
	for _, damage := range []string{"", "{\"owner\": \"he", "\x00\x00\x00"} {
		inCheckout(t, t.TempDir())
		port := unusedPort(t)
		properties := startedRegistry(t, ".hero/dev/registry", port)
		directory := registryDirectory(".hero/dev/registry")
		write(t, string(directory), map[string]string{markFile: damage})
		again, err := updatedRegistry(t, properties, processInputs(string(directory), port))
		if err != nil {
			t.Fatal(err)
		}
		if processState(t, again).Storage != processState(t, properties).Storage {
			t.Error("the images are lost")
		}
		mustRun(t, processState(t, again))
	}
}

func TestRegistry_Started_PortIsNeverFree(t *testing.T) {
	inCheckout(t, t.TempDir())
	state := registryState{registryInputs: registryInputs{Directory: ".hero/dev/registry", Port: unusedPort(t), Owner: "hero/dev"}}
	state.OwnerID, state.IdentityKey = randomName(), newPassword()
	if err := state.newPasswords(); err != nil {
		t.Fatal(err)
	}
	directory := registryDirectory(state.Directory)
	if _, err := directory.claim(state.Owner); err != nil {
		t.Fatal(err)
	}
	if err := directory.write(state); err != nil {
		t.Fatal(err)
	}
	listener, err := listenOn(state.Port, state.Owner)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var taken bool
	var trying sync.WaitGroup
	trying.Go(func() { taken = waitUntil(ctx, startDeadline, func() bool { return isFree(state.Port) }) == nil })
	if err := directory.launch(t.Context(), listener, state); err != nil {
		t.Error(err)
	}
	cancel()
	trying.Wait()
	if taken {
		t.Error("another program could take the port")
	}
	kill(t, mustRun(t, state).Process)
}
