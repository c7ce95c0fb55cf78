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
	fingerprint, err := goSourceFingerprint(path, "linux/amd64", "linux/arm64")
	if err != nil {
		t.Fatal(err)
	}
	return fingerprint
}

// program writes a module in a workspace, with modules that it takes from beside it.
func program(t *testing.T) string {
	t.Helper()
	t.Setenv("GOENV", "off")
	folder := t.TempDir()
	write(t, folder, map[string]string{
		"program/go.mod": "module example.com/program\n\ngo 1.24\n\nrequire example.com/words v0.0.0\n\n" +
			"replace example.com/words => ../words\n\nreplace example.com/gone => ../gone\n",
		"program/cmd/main.go": "package main\n\nimport (\n\t_ \"embed\"\n\t_ \"example.com/lib\"\n\t_ \"example.com/program/inner\"\n" +
			"\t_ \"example.com/words\"\n)\n\n//go:embed page.html .well-known static\nvar page string\n\nfunc main() {}\n",
		"program/cmd/page.html":           "a page\n",
		"program/cmd/.well-known":         "a text\n",
		"program/cmd/static/style.css":    "a style\n",
		"program/cmd/kodata/notice.txt":   "a notice\n",
		"program/shared/shared.txt":       "shared by a link\n",
		"program/inner/inner.go":          "package inner\n",
		"program/inner/inner_linux.go":    "package inner\n",
		"program/inner/inner_amd64.s":     "// assembly\n",
		"program/other/other.go":          "package other\n",
		"program/inner/testdata/data.txt": "data\n",
		"words/go.mod":                    "module example.com/words\n\ngo 1.24\n",
		"words/words.go":                  "package words\n",
		"words/more/more.go":              "package more\n",
		"lib/go.mod":                      "module example.com/lib\n\ngo 1.24\n",
		"lib/lib.go":                      "package lib\n",
		"go.work":                         "go 1.24\n\nuse (\n\t./program\n\t./lib\n)\n",
	})
	if err := os.Symlink("../../shared", filepath.Join(folder, "program", "cmd", "kodata", "linked")); err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestGoFingerprint_ChangesWithWhatIsRead(t *testing.T) {
	for name, content := range map[string]string{
		"program/cmd/main.go":             "package main // changed\n",
		"program/cmd/more.go":             "package main // new\n",
		"program/cmd/page.html":           "embedded\n",
		"program/cmd/.well-known":         "embedded by its name\n",
		"program/cmd/static/script.js":    "embedded with its folder\n",
		"program/cmd/default.pgo":         "a profile\n",
		"program/cmd/kodata/notice.txt":   "changed\n",
		"program/cmd/kodata/.hidden":      "new\n",
		"program/shared/shared.txt":       "behind a link in kodata\n",
		"program/inner/inner.go":          "package inner // changed\n",
		"program/inner/inner_linux.go":    "package inner // changed\n",
		"program/inner/inner_amd64.s":     "// changed\n",
		"program/go.mod":                  "module example.com/program\n\ngo 1.25\n\nreplace example.com/words => ../words\n",
		"program/go.sum":                  "another version\n",
		"lib/lib.go":                      "package lib // of the workspace\n",
		"lib/go.mod":                      "module example.com/lib\n\ngo 1.25\n",
		"words/words.go":                  "package words // in a module beside it\n",
		"go.work":                         "go 1.25\n\nuse (\n\t./program\n\t./lib\n)\n",
		"go.work.sum":                     "another version\n",
		"program/cmd/assembly_arm64.syso": "an object that is linked\n",
	} {
		folder := program(t)
		before := fingerprintOf(t, filepath.Join(folder, "program", "cmd"))
		write(t, folder, map[string]string{name: content})
		if fingerprintOf(t, filepath.Join(folder, "program", "cmd")) == before {
			t.Errorf("a change of %s goes unseen", name)
		}
	}
}

func TestGoFingerprint_IgnoresWhatIsNotRead(t *testing.T) {
	folder := program(t)
	before := fingerprintOf(t, filepath.Join(folder, "program", "cmd"))
	for name, content := range map[string]string{
		"program/cmd/main_test.go":          "package main\n",
		"program/cmd/README.md":             "not embedded\n",
		"program/cmd/static/.hidden":        "go:embed leaves it out\n",
		"program/cmd/static/_hidden":        "go:embed leaves it out\n",
		"program/cmd/inner/nested.go":       "package nested\n",
		"program/inner/inner_windows.go":    "package inner\n",
		"program/inner/generate.go":         "//go:build ignore\n\npackage main\n",
		"program/inner/testdata/data.txt":   "changed\n",
		"program/other/other.go":            "package other // imported by nothing\n",
		"program/.git/HEAD":                 "another commit\n",
		"program/.venv/lib/module.py":       "changed\n",
		"program/.venv/lib/main.go":         "package main\n",
		"program/.pulumi/stacks/dev.json":   "{}\n",
		"program/.hero/registry.log":        "a line\n",
		"program/bin/hero":                  "a program\n",
		"program/node_modules/a/a.go":       "package a\n",
		"program/vendor/example.com/a/a.go": "package a\n",
		"words/more/more.go":                "package more // imported by nothing\n",
		"elsewhere/file.go":                 "package elsewhere\n",
		"program/deploy/nested/go.mod":      "module example.com/nested\n",
		"program/deploy/nested/nested.go":   "package nested\n",
		"program/.ko.yaml":                  "defaultBaseImage: example.com/base\n",
	} {
		write(t, folder, map[string]string{name: content})
		if fingerprintOf(t, filepath.Join(folder, "program", "cmd")) != before {
			t.Fatalf("%s counts as a change", name)
		}
	}
}

func TestGoFingerprint_SameInEveryCheckout(t *testing.T) {
	here, there := program(t), program(t)
	if fingerprintOf(t, filepath.Join(here, "program", "cmd")) != fingerprintOf(t, filepath.Join(there, "program", "cmd")) {
		t.Error("the same source in another folder has another fingerprint")
	}
}

func TestGoFingerprint_ContextIsALink(t *testing.T) {
	folder := program(t)
	for link, target := range map[string]string{"context": "program/cmd", "again": "context"} {
		if err := os.Symlink(target, filepath.Join(folder, link)); err != nil {
			t.Fatal(err)
		}
	}
	before := fingerprintOf(t, filepath.Join(folder, "again"))
	if before != fingerprintOf(t, filepath.Join(folder, "program", "cmd")) {
		t.Error("another fingerprint by way of a link")
	}
	write(t, folder, map[string]string{"program/cmd/page.html": "changed\n"})
	if fingerprintOf(t, filepath.Join(folder, "again")) == before {
		t.Error("a change behind a link goes unseen")
	}
}

func TestGoFingerprint_EnvironmentIsFixedOrCounted(t *testing.T) {
	path := filepath.Join(program(t), "program", "cmd")
	before := fingerprintOf(t, path)
	for name, value := range map[string]string{
		"GOOS": "darwin", "GOARCH": "arm64", "GOAMD64": "v3", "CGO_ENABLED": "1", "CC": "clang", "KOCACHE": "/ko",
		"SOURCE_DATE_EPOCH": "1", "KO_DATA_DATE_EPOCH": "1", "GOFLAGS": "-p=2 -v -modcacherw -buildvcs=true", "GOPROXY": "off",
		"GOTOOLCHAIN": "local",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, value)
			if fingerprintOf(t, path) != before {
				t.Error("is counted, and the build fixes it")
			}
		})
	}
	for name, value := range map[string]string{
		"GOFLAGS": "-tags=special", "GOEXPERIMENT": "rangefunc", "GOTOOLCHAIN": "go1.26.1", "GOFIPS140": "latest",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, value)
			if fingerprintOf(t, path) == before {
				t.Error("is not counted, and the build is given it")
			}
		})
	}
}

func TestGoFingerprint_WorkspaceOfTheEnvironment(t *testing.T) {
	folder := program(t)
	path := filepath.Join(folder, "program", "cmd")
	before := fingerprintOf(t, path)
	t.Setenv("GOWORK", "off")
	without := fingerprintOf(t, path)
	if without == before {
		t.Error("GOWORK=off counts for nothing")
	}
	write(t, folder, map[string]string{"lib/lib.go": "package lib // changed\n"})
	if fingerprintOf(t, path) != without {
		t.Error("a module counts that is of no workspace")
	}
}

func TestGoFingerprint_VariablesOfGoEnv(t *testing.T) {
	path := filepath.Join(program(t), "program", "cmd")
	before := fingerprintOf(t, path)
	stored := filepath.Join(t.TempDir(), "env")
	t.Setenv("GOENV", stored)
	for content, counted := range map[string]bool{"GOOS=darwin\nGOPROXY=off\n": false, "GOFLAGS=-tags=special\n": true} {
		if err := os.WriteFile(stored, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if changed := fingerprintOf(t, path) != before; changed != counted {
			t.Errorf("%q: counted is %v", content, changed)
		}
	}
}

func TestGoFingerprint_Vendor(t *testing.T) {
	t.Setenv("GOENV", "off")
	folder := t.TempDir()
	write(t, folder, map[string]string{
		"go.mod":                          "module example.com/program\n\ngo 1.24\n\nrequire example.com/words v0.0.0\n\nreplace example.com/words => ../gone\n",
		"main.go":                         "package main\n\nimport _ \"example.com/words\"\n\nfunc main() {}\n",
		"vendor/modules.txt":              "# example.com/words v0.0.0 => ../gone\n",
		"vendor/example.com/words/a.go":   "package words\n",
		"vendor/example.com/words/b.txt":  "not embedded\n",
		"vendor/example.com/unused/un.go": "package unused\n",
	})
	before := fingerprintOf(t, folder)
	write(t, folder, map[string]string{"vendor/example.com/words/b.txt": "changed\n", "vendor/example.com/unused/un.go": "package unused // changed\n"})
	if fingerprintOf(t, folder) != before {
		t.Error("a vendored file counts that is not read")
	}
	write(t, folder, map[string]string{"vendor/example.com/words/a.go": "package words // changed\n"})
	if fingerprintOf(t, folder) == before {
		t.Error("a change of a vendored package goes unseen")
	}
}

// A replaced module may be imported by a package that Go downloads.
func TestGoFingerprint_ReplacedForADownload(t *testing.T) {
	t.Setenv("GOENV", "off")
	folder := t.TempDir()
	write(t, folder, map[string]string{
		"program/go.mod": "module example.com/program\n\ngo 1.24\n\nrequire (\n\texample.com/downloaded v1.0.0\n" +
			"\texample.com/fork v1.0.0 // indirect\n)\n\nreplace example.com/fork => ../fork\n",
		"program/main.go": "package main\n\nimport _ \"example.com/downloaded\"\n\nfunc main() {}\n",
		"fork/go.mod":     "module example.com/fork\n\ngo 1.24\n",
		"fork/deep/a.go":  "package deep\n",
	})
	before := fingerprintOf(t, filepath.Join(folder, "program"))
	write(t, folder, map[string]string{"fork/deep/a.go": "package deep // changed\n"})
	if fingerprintOf(t, filepath.Join(folder, "program")) == before {
		t.Error("a change of a fork goes unseen")
	}
}

func TestGoFingerprint_KodataLinks(t *testing.T) {
	folder := program(t)
	path := filepath.Join(folder, "program", "cmd")
	link := filepath.Join(path, "kodata", "cycle")
	if err := os.Symlink("..", link); err != nil {
		t.Fatal(err)
	}
	_, err := goSourceFingerprint(path)
	if err == nil {
		t.Fatal("ko would follow the link for ever")
	}
	mustContain(t, err.Error(), "cannot read "+link, "leads to a folder that contains the link", "\nhint: ")
	must(t, os.Remove(link))
	must(t, os.Symlink("nowhere", link))
	if _, err = goSourceFingerprint(path); err == nil {
		t.Fatal("ko refuses a link that leads nowhere")
	}
	mustContain(t, err.Error(), "cannot read "+link)
}

func TestGoFingerprint_UnreadableFolder(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read every folder")
	}
	folder := program(t)
	before := fingerprintOf(t, filepath.Join(folder, "program", "cmd"))
	closed := filepath.Join(folder, "program", "closed")
	must(t, os.Mkdir(closed, 0))
	t.Cleanup(func() { _ = os.Chmod(closed, 0o700) })
	if fingerprintOf(t, filepath.Join(folder, "program", "cmd")) != before {
		t.Error("a folder that Go does not read counts")
	}
}
