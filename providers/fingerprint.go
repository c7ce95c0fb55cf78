package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// goSourceFingerprint covers every file that can change what `go build` makes of the package: its module, the modules
// that go.mod and go.work take from beside it, and where in the module the package is. It needs no Go, so that a
// preview needs none. Tests do not count.
func goSourceFingerprint(path string) (string, error) {
	directory, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	module, err := moduleRoot(directory)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	roots, err := localModules(module)
	if err != nil {
		return "", err
	}
	for number, root := range roots {
		fmt.Fprintf(sum, "module %d\n", number)
		if err := hashTree(sum, root); err != nil {
			return "", err
		}
	}
	relative, err := filepath.Rel(module, directory)
	if err != nil {
		return "", err
	}
	fmt.Fprintf(sum, "package %s\n", filepath.ToSlash(relative))
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func moduleRoot(directory string) (string, error) {
	for folder := directory; ; folder = filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder, nil
		}
		if folder == filepath.Dir(folder) {
			return "", fmt.Errorf("%s: no go.mod there or above", directory)
		}
	}
}

// localModules are the module itself, those of its workspace, and those that any of them replaces by a folder.
func localModules(module string) ([]string, error) {
	found, err := workspace(module)
	if err != nil {
		return nil, err
	}
	for position := 0; position < len(found); position++ {
		path := filepath.Join(found[position], "go.mod")
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		file, err := modfile.Parse(path, text, nil)
		if err != nil {
			return nil, err
		}
		for _, replace := range file.Replace {
			if replace.New.Version != "" {
				continue
			}
			folder := replace.New.Path
			if !filepath.IsAbs(folder) {
				folder = filepath.Join(found[position], folder)
			}
			if !slices.Contains(found, folder) {
				found = append(found, folder)
			}
		}
	}
	return found, nil
}

// workspace is the module, with those that the go.work there or above names beside it, as Go itself looks for it.
func workspace(module string) ([]string, error) {
	for folder := module; folder != filepath.Dir(folder); folder = filepath.Dir(folder) {
		path := filepath.Join(folder, "go.work")
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		file, err := modfile.ParseWork(path, text, nil)
		if err != nil {
			return nil, err
		}
		found := []string{module}
		for _, use := range file.Use {
			if beside := filepath.Join(folder, use.Path); beside != module {
				found = append(found, beside)
			}
		}
		return found, nil
	}
	return []string{module}, nil
}

func hashTree(sum io.Writer, root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "node_modules") {
			return fs.SkipDir
		}
		if strings.HasSuffix(entry.Name(), "_test.go") {
			return nil
		}
		// Links to folders, sockets and the like: Go does not compile them either.
		if facts, err := os.Stat(path); err != nil || !facts.Mode().IsRegular() {
			return nil
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		return hashFile(sum, path, filepath.ToSlash(relative))
	})
}

func hashFile(sum io.Writer, path, label string) error {
	content, err := fileFingerprint(path)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(sum, "%s %s\n", label, content)
	return err
}

func fileFingerprint(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", reason(err)
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", reason(err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
