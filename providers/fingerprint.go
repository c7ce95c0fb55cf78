package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// goSourceFingerprint covers what `go build` and ko read to build the package: the files of the packages that it
// imports, what they embed, kodata, go.mod, go.sum, go.work and vendor/modules.txt, and the environment as far as it is
// not fixed. Modules that are downloaded are covered by go.sum. It needs no Go, so that a preview needs none.
func goSourceFingerprint(path string, platforms ...string) (string, error) {
	directory, err := goDirectory(path)
	if err != nil {
		return "", err
	}
	modules, err := findGoModules(directory)
	if err != nil {
		return "", err
	}
	contexts, err := buildContexts(platforms)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	if err := hashBuildEnvironment(sum, modules.main.folder); err != nil {
		return "", err
	}
	if err := modules.hash(sum); err != nil {
		return "", err
	}
	if err := newPackageWalk(modules, contexts).hash(sum, directory); err != nil {
		return "", err
	}
	if err := hashKodata(sum, directory); err != nil {
		return "", err
	}
	relative, err := filepath.Rel(modules.main.folder, directory)
	if err != nil {
		return "", err
	}
	fmt.Fprintf(sum, "package %s\n", filepath.ToSlash(relative))
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// goDirectory returns the absolute folder of the package. Links are followed as long as that leads into a module.
func goDirectory(path string) (string, error) {
	directory, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if followed, err := filepath.EvalSymlinks(directory); err == nil {
		if _, err := moduleRoot(followed); err == nil {
			return followed, nil
		}
	}
	return directory, nil
}

func hashFile(sum io.Writer, path, label string) error {
	content, err := fileFingerprint(path)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(sum, "%s %s\n", label, content)
	return err
}

func hashIfThere(sum io.Writer, path, label string) error {
	if err := hashFile(sum, path, label); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func fileFingerprint(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", cannotRead(path, err)
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", cannotRead(path, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
