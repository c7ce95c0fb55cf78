package main

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// fakePython stands for the one that runs tools/provide.py.
func fakePython(t *testing.T, lines string) {
	t.Helper()
	folder := t.TempDir()
	write(t, folder, map[string]string{"python3": "#!/bin/sh\n" + lines + "\n"})
	if err := os.Chmod(filepath.Join(folder, "python3"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder+string(os.PathListSeparator)+os.Getenv("PATH"))
}

func TestAToolIsWhereItsProviderSays(t *testing.T) {
	fakePython(t, `echo "pulumiw: building" >&2; echo "/a folder/$*"`)
	path, err := provideTool(call{Context: context.Background()}, "syft")
	if err != nil || path != "/a folder/-S -m tools.provide syft" {
		t.Errorf("the tool is %q, %v", path, err)
	}
}

func TestOfAFailureTheLastWordsAreTold(t *testing.T) {
	for lines, words := range map[string]string{
		`printf 'pulumiw: building: 1 s\npulumiw: it failed:\n  because\n' >&2; exit 1`: "syft cannot be had: it failed:\n  because",
		"exit 3": "syft cannot be had: exit status 3",
	} {
		fakePython(t, lines)
		_, err := provideTool(call{Context: context.Background()}, "syft")
		if err == nil || err.Error() != words {
			t.Errorf("told is %v", err)
		}
	}
}

func TestAToolThatIsNoLongerWaitedForIsToldToEnd(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ended")
	fakePython(t, "trap 'echo yes > "+file+"; exit 1' TERM; echo 'pulumiw: building' >&2; while :; do sleep 0.05; done")
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_, err := provideTool(call{Context: ctx}, "syft")
	if err == nil || !strings.HasSuffix(err.Error(), "it took too long") {
		t.Errorf("told is %v", err)
	}
	if text, _ := os.ReadFile(file); string(text) != "yes\n" {
		t.Error("it was not asked to end")
	}
}

func TestLinesAreHandedOnWhole(t *testing.T) {
	var taken []string
	writer := &lines{take: func(line string) { taken = append(taken, line) }}
	for _, piece := range []string{"on", "e\ntw", "o\n\nthree\nfo"} {
		if written, err := writer.Write([]byte(piece)); written != len(piece) || err != nil {
			t.Errorf("%d, %v", written, err)
		}
	}
	if !reflect.DeepEqual(taken, []string{"one", "two", "", "three"}) {
		t.Errorf("taken are %q", taken)
	}
}
