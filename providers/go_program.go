package main

import (
	"archive/tar"
	"bytes"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/ko/pkg/build"
)

// checkPrograms compares the program in each image with the image's platform: what Go was given in the environment, or
// by a toolchain of another kind, shows here before the image is pushed.
func checkPrograms(result build.Result) error {
	if index, ok := result.(v1.ImageIndex); ok {
		images, err := partial.FindImages(index, func(v1.Descriptor) bool { return true })
		if err != nil {
			return err
		}
		for _, image := range images {
			if err := checkProgram(image); err != nil {
				return err
			}
		}
		return nil
	}
	image, ok := result.(v1.Image)
	if !ok {
		return errors.New("ko returned no image")
	}
	return checkProgram(image)
}

func checkProgram(image v1.Image) error {
	config, err := image.ConfigFile()
	if err != nil {
		return err
	}
	program, err := programOf(image)
	if err != nil {
		return err
	}
	info, err := buildinfo.Read(bytes.NewReader(program))
	if err != nil {
		return err
	}
	settings := map[string]string{}
	for _, setting := range info.Settings {
		settings[setting.Key] = setting.Value
	}
	for name, wanted := range goSettings(config.Platform()) {
		// GOARM may have a float mode behind it: 7,hardfloat.
		if found, _, _ := strings.Cut(settings[name], ","); found != wanted {
			return fmt.Errorf("the program was built with %s=%s, and the image is for %s, which needs %s",
				name, found, config.Platform(), wanted)
		}
	}
	return nil
}

// goSettings are the settings that a program for this platform is built with.
func goSettings(platform *v1.Platform) map[string]string {
	settings := map[string]string{"GOOS": platform.OS, "GOARCH": platform.Architecture, "CGO_ENABLED": "0"}
	switch {
	case platform.Architecture == "amd64":
		settings["GOAMD64"] = "v1"
		if platform.Variant != "" {
			settings["GOAMD64"] = platform.Variant
		}
	case platform.Architecture == "arm" && platform.Variant != "":
		settings["GOARM"] = strings.TrimPrefix(platform.Variant, "v")
	}
	return settings
}

// programOf returns the one file of the last layer, where ko puts the program.
func programOf(image v1.Image) ([]byte, error) {
	layers, err := image.Layers()
	if err != nil {
		return nil, err
	}
	content, err := layers[len(layers)-1].Uncompressed()
	if err != nil {
		return nil, err
	}
	defer content.Close()
	for reader := tar.NewReader(content); ; {
		header, err := reader.Next()
		if err != nil {
			return nil, err
		}
		if header.Typeflag == tar.TypeReg {
			return io.ReadAll(reader)
		}
	}
}
