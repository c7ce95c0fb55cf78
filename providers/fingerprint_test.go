package main

import (
	"os"
	"path/filepath"
	"testing"
)

func write(t *testing.T, folder string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func fingerprintOf(t *testing.T, path string) string {
	t.Helper()
	fingerprint, err := goSourceFingerprint(path)
	if err != nil {
		t.Fatal(err)
	}
	return fingerprint
}

func program(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	write(t, folder, map[string]string{
		"program/go.mod":      "module example.com/program\n\ngo 1.24\n\nreplace example.com/words => ../words\n",
		"program/cmd/main.go": "package main\n",
		"words/go.mod":        "module example.com/words\n\ngo 1.24\n",
		"words/words.go":      "package words\n",
		"lib/go.mod":          "module example.com/lib\n\ngo 1.24\n",
		"lib/lib.go":          "package lib\n",
		"go.work":             "go 1.24\n\nuse (\n\t./program\n\t./lib\n)\n",
	})
	return folder
}

func TestWhatChangesTheProgramChangesTheFingerprint(t *testing.T) {
	for name, content := range map[string]string{
		"program/cmd/main.go":     "package main // changed\n",
		"program/cmd/page.html":   "embedded, perhaps\n",
		"program/go.sum":          "another version\n",
		"program/cmd/.well-known": "embedded, perhaps\n",
		"lib/lib.go":              "package lib // of the workspace\n",
		"words/words.go":          "package words // in a module beside it\n",
	} {
		folder := program(t)
		before := fingerprintOf(t, filepath.Join(folder, "program", "cmd"))
		write(t, folder, map[string]string{name: content})
		if fingerprintOf(t, filepath.Join(folder, "program", "cmd")) == before {
			t.Errorf("a change of %s goes unseen", name)
		}
	}
}

func TestWhatDoesNotChangeTheProgramLeavesTheFingerprint(t *testing.T) {
	folder := program(t)
	before := fingerprintOf(t, filepath.Join(folder, "program", "cmd"))
	write(t, folder, map[string]string{
		"program/cmd/main_test.go": "package main\n",
		"program/.git/HEAD":        "another commit\n",
		"elsewhere/file.go":        "package elsewhere\n",
	})
	if fingerprintOf(t, filepath.Join(folder, "program", "cmd")) != before {
		t.Error("a test, a commit or a neighbour counts as a change")
	}
}

func TestTheFingerprintDoesNotDependOnWhereTheCheckoutIs(t *testing.T) {
	here, there := program(t), program(t)
	if fingerprintOf(t, filepath.Join(here, "program", "cmd")) != fingerprintOf(t, filepath.Join(there, "program", "cmd")) {
		t.Error("the same source in another folder has another fingerprint")
	}
}
