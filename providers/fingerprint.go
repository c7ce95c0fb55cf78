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
// that go.mod or go.work take from beside it, and where in the module the package is. It needs no Go, so that a
// preview needs none. Tests and hidden folders do not count.
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

// localModules are the module itself and those that its go.mod replaces by a folder, theirs included.
func localModules(module string) ([]string, error) {
	found := []string{module}
	for position := 0; position < len(found); position++ {
		path := filepath.Join(found[position], "go.mod")
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		file, err := modfile.ParseLax(path, text, nil)
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

func hashTree(sum io.Writer, root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := strings.HasPrefix(entry.Name(), ".") && path != root
		if entry.IsDir() && (hidden || entry.Name() == "node_modules") {
			return fs.SkipDir
		}
		if entry.IsDir() || strings.HasSuffix(entry.Name(), "_test.go") {
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
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(sum, "%s %d %x\n", label, len(content), sha256.Sum256(content))
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
