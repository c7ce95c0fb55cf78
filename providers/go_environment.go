package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// fixedForBuild are the variables that `go build` and ko read and that change what they build. The configuration alone
// decides that, so none of them is passed on. cmd/go/internal/cfg/cfg.go and ko's pkg/build/gobuild.go read them.
var fixedForBuild = []string{
	"GOOS", "GOARCH", "GO386", "GOAMD64", "GOARM", "GOARM64", "GOMIPS", "GOMIPS64", "GOPPC64", "GORISCV64", "GOWASM",
	"CGO_ENABLED", "CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS", "CGO_FFLAGS", "CGO_LDFLAGS", "CC", "CXX", "FC", "AR",
	"PKG_CONFIG", "GCCGO", "GO_EXTLINK_ENABLED", "GO111MODULE", "GODEBUG", "GOPACKAGESDRIVER", "GOSSAFUNC", "GOSSADIR",
	"GOSSAHASH", "GOCLOBBERDEADHASH", "KOCACHE", "SOURCE_DATE_EPOCH", "KO_DATA_DATE_EPOCH",
}

// countedForBuild change what is built too. Go has no other way to set them, so they are passed on and counted in the
// fingerprint. GOFLAGS and GOWORK are counted by goFlags and workspaceFile.
var countedForBuild = []string{"GOEXPERIMENT", "GOFIPS140", "GOTOOLCHAIN"}

// ownGoFlags have no effect on what is built, or the build sets them itself.
var ownGoFlags = []string{
	"-a", "-asan", "-buildvcs", "-json", "-modcacherw", "-n", "-p", "-trimpath", "-v", "-work", "-x",
}

// fixBuildEnvironment makes the environment of this process the one in which Go programs are built: go/packages, ko and
// Go itself all read it. What `go env -w` has stored (GOPROXY, GOPRIVATE) becomes explicit, since the file may fix the
// platform too.
func fixBuildEnvironment() error {
	for name, value := range storedGoEnvironment() {
		if os.Getenv(name) == "" && !slices.Contains(fixedForBuild, name) {
			if err := os.Setenv(name, value); err != nil {
				return err
			}
		}
	}
	for _, name := range fixedForBuild {
		if err := os.Unsetenv(name); err != nil {
			return err
		}
	}
	for name, value := range map[string]string{
		"GOENV": "off", "GOPACKAGESDRIVER": "off", "GOFLAGS": strings.Join(goFlags(), " "),
	} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}

// goVariable returns a variable as Go reads it: from the environment, or as `go env -w` has stored it.
func goVariable(name string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return storedGoEnvironment()[name]
}

// storedGoEnvironment returns what `go env -w` has stored.
func storedGoEnvironment() map[string]string {
	path := os.Getenv("GOENV")
	if path == "" {
		folder, err := os.UserConfigDir()
		if err != nil {
			return nil
		}
		path = filepath.Join(folder, "go", "env")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil // also where GOENV is off
	}
	stored := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), "="); found && !strings.HasPrefix(name, "#") {
			stored[name] = value
		}
	}
	return stored
}

// goFlags returns the flags in GOFLAGS that change what is built.
func goFlags() []string {
	return slices.DeleteFunc(strings.Fields(goVariable("GOFLAGS")), func(flag string) bool {
		name, _ := splitGoFlag(flag)
		return slices.Contains(ownGoFlags, name)
	})
}

// goFlag returns the value of a flag in GOFLAGS; the last one counts.
func goFlag(wanted string) string {
	var last string
	for _, flag := range goFlags() {
		if name, value := splitGoFlag(flag); name == wanted {
			last = value
		}
	}
	return last
}

// splitGoFlag splits `--name=value` into `-name` and the value.
func splitGoFlag(flag string) (name, value string) {
	name, value, _ = strings.Cut(flag, "=")
	return "-" + strings.TrimLeft(name, "-"), value
}

// hashBuildEnvironment adds what the environment changes in a build. An empty environment adds nothing.
func hashBuildEnvironment(sum io.Writer, module string) error {
	for _, name := range countedForBuild {
		// These name no version, but whether the Go on PATH may fetch one. That Go is not counted either.
		if value := goVariable(name); !slices.Contains([]string{"", "auto", "local", "path"}, value) {
			fmt.Fprintf(sum, "%s %q\n", name, value)
		}
	}
	for _, flag := range goFlags() {
		fmt.Fprintf(sum, "GOFLAGS %q\n", flag)
		name, value := splitGoFlag(flag)
		if !slices.Contains([]string{"-modfile", "-overlay", "-pgo"}, name) || value == "auto" || value == "off" {
			continue
		}
		if err := hashFile(sum, absoluteFrom(module, value), name); err != nil {
			return err
		}
	}
	return nil
}

func absoluteFrom(folder, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(folder, path)
}
