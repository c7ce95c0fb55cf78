package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shirou/gopsutil/v4/process"
)

func TestScratch_PluginKilled_IsDeleted(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	dead, err := newScratch("nydus")
	if err != nil {
		t.Fatal(err)
	}
	write(t, dead, map[string]string{"inside/file": "content"})
	// The system frees the lock of a plugin that was killed.
	held, _ := scratch.LoadAndDelete(dead)
	held.(*os.File).Close()
	alive, err := newScratch("sbom")
	if err != nil {
		t.Fatal(err)
	}
	if seen, err := os.Stat(alive); err != nil || seen.Mode().Perm() != 0o700 {
		t.Error(seen, err)
	}
	if _, err := os.Stat(filepath.Dir(dead)); err == nil {
		t.Error("what the killed plugin left is still there")
	}
	clearDeadScratch()
	if _, err := os.Stat(alive); err != nil {
		t.Error("a plugin that works has lost its directory")
	}
	clearScratch(alive)
	if left, _ := os.ReadDir(temporary); len(left) > 0 {
		t.Error(left)
	}
}

func TestScratch_OtherDirectories_Stay(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	over := exec.Command("true")
	if err := over.Run(); err != nil {
		t.Fatal(err)
	}
	stay := []string{"hero-backup-2026-11", "hero-nydus-abc", fmt.Sprintf("hero-sbom-%d-23", over.Process.Pid), "hero-marked-1-1"}
	for _, name := range stay {
		write(t, filepath.Join(temporary, name), map[string]string{"inside/file": "content"})
	}
	// Neither a file of this name nor a link to a marked directory makes a directory ours.
	write(t, filepath.Join(temporary, stay[3]), map[string]string{scratchLock: "something else"})
	elsewhere := t.TempDir()
	write(t, elsewhere, map[string]string{scratchLock: scratchMark})
	if err := os.Symlink(elsewhere, filepath.Join(temporary, "hero-link-1-1")); err != nil {
		t.Fatal(err)
	}
	if err := sweep("hero/dev"); err != nil {
		t.Fatal(err)
	}
	for _, name := range append(stay, "hero-link-1-1") {
		if _, err := os.Stat(filepath.Join(temporary, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestAConversionThatIsInterruptedLeavesNeitherProcessesNorFiles(t *testing.T) {
	_, temporary := playNydus(t, strings.Join([]string{
		"import subprocess, time",
		"child = subprocess.Popen(['sleep', '600'])",
		"open(here + '/child.new', 'w').write(str(child.pid))",
		"os.rename(here + '/child.new', here + '/child')",
		"time.sleep(600)",
	}, "\n"))
	inputs := toConvert(t, anImage(t))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	failed := make(chan error, 1)
	go func() {
		_, err := nydusImage{}.create(call{Context: ctx}, inputs.properties(t))
		failed <- err
	}()
	child := awaited(t, filepath.Join(filepath.Dir(temporary), "child"))
	cancel()
	select {
	case err := <-failed:
		if err == nil {
			t.Error("it went well")
		}
	case <-time.After(5 * time.Minute):
		t.Fatal("it does not end")
	}
	if left, _ := filepath.Glob(temporary + "/hero-*"); left != nil {
		t.Errorf("%s are left", left)
	}
	for end := time.Now().Add(5 * time.Minute); runs(child); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("what it has started runs on")
		}
	}
}

// awaited is the number in a file that somebody writes soon.
func awaited(t *testing.T, file string) int32 {
	t.Helper()
	for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		number, err := strconv.ParseInt(string(text), 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		return int32(number)
	}
	t.Fatal("nobody has written", file)
	return 0
}

// runs says whether a process is there; one that has ended and that nobody has asked about is not.
func runs(identifier int32) bool {
	found, err := process.NewProcess(identifier)
	if err != nil {
		return false
	}
	status, err := found.Status()
	return err == nil && !slices.Contains(status, process.Zombie)
}
