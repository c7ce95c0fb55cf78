package main

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// restoreEnvironment puts back what a build fixes.
func restoreEnvironment(t *testing.T) {
	t.Helper()
	before := os.Environ()
	t.Cleanup(func() {
		os.Clearenv()
		for _, each := range before {
			name, value, _ := strings.Cut(each, "=")
			_ = os.Setenv(name, value)
		}
	})
}

func builtDigest(t *testing.T, folder string) v1.Hash {
	t.Helper()
	restoreEnvironment(t)
	result, err := buildGo(call{Context: context.Background()}, source{Kind: "ko", Path: folder, Platforms: []string{"linux/amd64"}})
	must(t, err)
	digest, err := result.Digest()
	must(t, err)
	return digest
}

func TestBuildGo_EnvironmentIsFixed(t *testing.T) {
	restoreEnvironment(t)
	folder := t.TempDir()
	write(t, folder, map[string]string{
		"go.mod": "module example.com/program\n\ngo 1.24\n", "main.go": "package main\n\nfunc main() { println(1) }\n",
	})
	stored := filepath.Join(t.TempDir(), "env")
	must(t, os.WriteFile(stored, []byte("GOOS=windows\nGOAMD64=v2\n"), 0o600))
	wanted := builtDigest(t, folder)
	for name, value := range map[string]string{
		"GOOS": "darwin", "GOARCH": "arm64", "GOAMD64": "v3", "CGO_ENABLED": "1", "GOFLAGS": "-trimpath=false -buildvcs=true",
		"GOENV": stored, "KOCACHE": filepath.Join(t.TempDir(), "ko"), "SOURCE_DATE_EPOCH": "1000000000",
	} {
		must(t, os.Setenv(name, value))
	}
	if found := builtDigest(t, folder); found != wanted {
		t.Errorf("the environment changes the image: %s instead of %s", found, wanted)
	}
}

func TestCheckPrograms_OtherPlatform(t *testing.T) {
	executable, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Skip("this test reads its own program as an image's")
	}
	defer executable.Close()
	program, err := io.ReadAll(executable)
	must(t, err)
	image, err := mutate.AppendLayers(ociImageFor(t, "linux/s390x"), staticLayer(t, files{"ko-app/hero": program}.tar(t)))
	must(t, err)
	err = checkPrograms(image)
	if err == nil {
		t.Fatal("a program for another platform is accepted")
	}
	mustContain(t, err.Error(), "GOARCH=", "linux/s390x", "which needs s390x")
}

func staticLayer(t *testing.T, content []byte) v1.Layer {
	t.Helper()
	layer, err := tarballLayer(content, types.OCILayer)
	must(t, err)
	return layer
}

// listed are the files that `go list` names of the packages in this folder.
func listed(t *testing.T, folder, platform string) map[string]bool {
	t.Helper()
	system, architecture, _ := strings.Cut(platform, "/")
	command := exec.Command("go", "list", "-deps", "-json", ".")
	command.Dir = folder
	command.Env = append(os.Environ(), "GOOS="+system, "GOARCH="+architecture, "CGO_ENABLED=0", "GOFLAGS=", "PWD="+folder)
	var complaint strings.Builder
	command.Stderr = &complaint
	text, err := command.Output()
	if err != nil {
		t.Fatal(err, complaint.String())
	}
	found := map[string]bool{}
	for decoder := json.NewDecoder(strings.NewReader(string(text))); decoder.More(); {
		var each struct {
			Dir      string
			Standard bool
			Module   *struct {
				Main    bool
				Replace *struct{ Path string }
			}
			GoFiles, SFiles, HFiles, SysoFiles, EmbedFiles []string
		}
		must(t, decoder.Decode(&each))
		if each.Standard || !each.Module.Main && each.Module.Replace == nil {
			continue
		}
		for _, name := range slices.Concat(each.GoFiles, each.SFiles, each.HFiles, each.SysoFiles, each.EmbedFiles) {
			found[filepath.Join(each.Dir, name)] = true
		}
	}
	return found
}

func TestPackageWalk_SameFilesAsGoList(t *testing.T) {
	own, err := filepath.Abs(".")
	must(t, err)
	for _, folder := range []string{filepath.Join(program(t), "program", "cmd"), own, filepath.Join(own, "..", "hero")} {
		modules, err := findGoModules(folder)
		must(t, err)
		wanted := map[string]bool{}
		platforms := []string{"linux/amd64", "linux/arm64"}
		for _, platform := range platforms {
			maps.Copy(wanted, listed(t, folder, platform))
		}
		contexts, err := buildContexts(platforms)
		must(t, err)
		walked := newPackageWalk(modules, contexts)
		must(t, walked.hash(io.Discard, folder))
		if !maps.Equal(wanted, walked.files) {
			t.Errorf("%s:\ngo list: %v\nread:    %v", folder, slices.Sorted(maps.Keys(wanted)), slices.Sorted(maps.Keys(walked.files)))
		}
	}
}

// BenchmarkGoFingerprint is what a preview costs of a program of this plugin's size.
func BenchmarkGoFingerprint(b *testing.B) {
	for range b.N {
		if _, err := goSourceFingerprint(".", "linux/amd64", "linux/arm64"); err != nil {
			b.Fatal(err)
		}
	}
}
