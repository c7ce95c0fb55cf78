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

func TestFoldersOfPluginsThatWereKilledGoAndOthersStay(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	over := exec.Command("true")
	if err := over.Run(); err != nil {
		t.Fatal(err)
	}
	dead := over.Process.Pid
	stay := []string{fmt.Sprintf("hero-nydus-%d-1", os.Getpid()), "hero-of-somebody-else", fmt.Sprintf("other-nydus-%d-1", dead)}
	for _, name := range append(slices.Clone(stay), fmt.Sprintf("hero-nydus-%d-1", dead), fmt.Sprintf("hero-sbom-%d-23", dead)) {
		if err := os.MkdirAll(filepath.Join(temporary, name, "inside"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	folder, err := newScratch("nydus")
	if err != nil {
		t.Fatal(err)
	}
	if seen, err := os.Stat(folder); err != nil || seen.Mode().Perm() != 0o700 {
		t.Error(seen, err)
	}
	clearScratch(folder)
	entries, err := os.ReadDir(temporary)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, entry := range entries {
		left = append(left, entry.Name())
	}
	slices.Sort(stay)
	if !slices.Equal(left, stay) {
		t.Errorf("%v are left", left)
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
