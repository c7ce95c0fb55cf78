package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

var errLinkCycle = errors.New("the link leads to a folder that contains the link")

// hashKodata adds the files that ko puts into the image beside the program. As ko does, it follows the links in the
// folder (walkRecursive in ko's pkg/build/gobuild.go).
func hashKodata(sum io.Writer, directory string) error {
	return hashFollowing(sum, filepath.Join(directory, "kodata"), "kodata", nil)
}

func hashFollowing(sum io.Writer, root, label string, within []string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if path == root && (errors.Is(err, fs.ErrNotExist) || err == nil) {
			return nil
		}
		if err != nil {
			return cannotRead(path, err)
		}
		if entry.IsDir() {
			return nil
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		name := label + "/" + filepath.ToSlash(relative)
		followed, err := filepath.EvalSymlinks(path)
		if err != nil {
			return cannotRead(path, err)
		}
		if !isFolder(followed) {
			return hashRegular(sum, followed, name)
		}
		chain := append(slices.Clone(within), root)
		if slices.ContainsFunc(chain, func(above string) bool { return contains(followed, above) }) {
			return cannotReadWithHint(path, errLinkCycle, "remove the link from kodata")
		}
		return hashFollowing(sum, followed, name, chain)
	})
}

// contains reports whether the path is the folder, or is in it.
func contains(folder, path string) bool {
	followed, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false
	}
	relative, err := filepath.Rel(folder, followed)
	return err == nil && filepath.IsLocal(relative)
}

func hashRegular(sum io.Writer, path, label string) error {
	facts, err := os.Stat(path)
	if err != nil {
		return cannotRead(path, err)
	}
	if !facts.Mode().IsRegular() {
		// ko would wait forever for what comes out of a pipe.
		return cannotReadWithHint(path, errNotRegular, "remove it from kodata")
	}
	return hashFile(sum, path, label)
}
