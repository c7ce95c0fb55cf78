package main

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"runtime"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/ko/pkg/build"
	"golang.org/x/tools/go/packages"
)

// buildGo builds a Go main package for its platforms with ko, without a Docker engine. The same source and the same Go
// give the same digest: no time, no path and no commit goes into it.
func buildGo(call call, s source) (build.Result, error) {
	call.progress.status("building %s for %s", s.Path, strings.Join(s.Platforms, ", "))
	directory, err := goDirectory(s.Path)
	if err != nil {
		return nil, err
	}
	// Also without ko's cache of binaries (KOCACHE): two checkouts would share it by name.
	if err := fixBuildEnvironment(); err != nil {
		return nil, err
	}
	// ko's log repeats our progress.
	log.SetOutput(io.Discard)
	builder, err := build.NewGo(call, directory,
		build.WithPlatforms(s.Platforms...),
		build.WithBaseImages(func(context.Context, string) (name.Reference, build.Result, error) { return baseImage(s.Platforms) }),
		// Not by WithTrimpath, which makes ko forget the other flags.
		build.WithDefaultFlags([]string{"-trimpath", "-buildvcs=false"}),
		build.WithDefaultLdflags([]string{"-s", "-w"}),
		build.WithConfig(map[string]build.Config{}),
		build.WithDefaultEnv([]string{"CGO_ENABLED=0"}),
		build.WithSPDX("v0.18.0"),
		build.WithJobs(runtime.GOMAXPROCS(0)),
	)
	if err != nil {
		return nil, err
	}
	reference, err := programReference(call, directory)
	if err != nil {
		return nil, fmt.Errorf("%s is not a Go main package: %w", s.Path, err)
	}
	result, err := builder.Build(call, reference)
	if err != nil {
		return nil, fmt.Errorf("%s does not build: %w", s.Path, err)
	}
	if err := checkPrograms(result); err != nil {
		return nil, fmt.Errorf("cannot build %s: %w", s.Path, err)
	}
	return result, nil
}

// programReference asks Go once for what ko would ask it twice: the package's import path, and whether it is a program.
func programReference(call call, directory string) (string, error) {
	found, err := packages.Load(&packages.Config{Context: call, Dir: directory, Mode: packages.NeedName}, ".")
	if err != nil {
		return "", err
	}
	if len(found) == 1 && len(found[0].Errors) > 0 {
		return "", found[0].Errors[0]
	}
	if len(found) != 1 || found[0].Name != "main" {
		return "", errors.New("it has no package main")
	}
	return build.StrictScheme + found[0].PkgPath, nil
}

// The base's name can be looked up nowhere, on purpose (RFC 2606): the base is made here, for every platform alike.
const baseName = "base.hero.invalid/nonroot:v1"

// baseImage is what a static binary needs around it: a user that is not root, and a place for temporary files.
func baseImage(platforms []string) (name.Reference, build.Result, error) {
	reference, err := name.ParseReference(baseName)
	if err != nil {
		return nil, nil, err
	}
	layer, err := baseLayer()
	if err != nil {
		return nil, nil, err
	}
	index := v1.ImageIndex(empty.Index)
	for _, text := range platforms {
		platform, err := v1.ParsePlatform(text)
		if err != nil {
			return nil, nil, err
		}
		image, err := platformBase(layer, platform)
		if err != nil {
			return nil, nil, err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: platform}})
	}
	return reference, index, nil
}

func platformBase(layer v1.Layer, platform *v1.Platform) (v1.Image, error) {
	image := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	image = mutate.ConfigMediaType(image, types.OCIConfigJSON)
	image, err := mutate.Append(image, mutate.Addendum{Layer: layer, History: v1.History{
		CreatedBy: "hero", Comment: "a user that is not root, and /tmp",
	}})
	if err != nil {
		return nil, err
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Variant = platform.OS, platform.Architecture, platform.Variant
	file.Config.User = "65532:65532"
	file.Config.WorkingDir = "/"
	file.Config.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin"}
	return mutate.ConfigFile(image, file)
}

func baseLayer() (v1.Layer, error) {
	var buffer bytes.Buffer
	writer := tar.NewWriter(&buffer)
	for _, entry := range []struct {
		name, content string
		mode          int64
	}{
		{"etc/", "", 0o755},
		{"etc/group", "root:x:0:\nnonroot:x:65532:\n", 0o644},
		{"etc/passwd", "root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n", 0o644},
		{"tmp/", "", 0o1777},
	} {
		header := &tar.Header{Name: entry.name, Mode: entry.mode, Size: int64(len(entry.content)), ModTime: time.Unix(0, 0)}
		if entry.content == "" {
			header.Typeflag = tar.TypeDir
		}
		if err := writer.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := io.WriteString(writer, entry.content); err != nil {
			return nil, err
		}
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(buffer.Bytes())), nil
	}, tarball.WithMediaType(types.OCILayer))
}
