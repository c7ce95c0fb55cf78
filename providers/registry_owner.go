package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// fileID names a file or a directory by device and inode: it stays the same over a rename, and a copy has another one.
type fileID struct {
	Device uint64 `json:"device"`
	Inode  uint64 `json:"inode"`
}

func identifyFile(path string) (fileID, error) {
	found, err := os.Stat(path)
	if err != nil {
		return fileID{}, err
	}
	system, ok := found.Sys().(*syscall.Stat_t)
	if !ok {
		return fileID{}, errors.ErrUnsupported
	}
	return fileID{uint64(system.Dev), uint64(system.Ino)}, nil
}

// is reports whether the path is this file. An unknown file is none.
func (f fileID) is(path string) bool {
	found, err := identifyFile(path)
	return err == nil && f != fileID{} && found == f
}

// ownedBy reports whether the directory belongs to the stack of this state, in this checkout. A copy of a checkout has
// the same state, and may not act on the original's directory.
func (d registryDirectory) ownedBy(state registryState) bool {
	if d.isDamaged() || d.lacksMark(state) {
		return true
	}
	mark, err := d.mark()
	return err == nil && mark.Owner == state.Owner && !mark.isOfAnotherState(state.OwnerID) && d.otherCheckout(mark) == ""
}

// isOfAnotherState reports whether another state of the same stack has adopted the directory.
func (m registryMark) isOfAnotherState(ownerID string) bool {
	return m.OwnerID != "" && ownerID != "" && m.OwnerID != ownerID
}

// otherCheckout returns the checkout that owns the directory if it is not this one and still exists. A checkout that was
// moved keeps its registry.
func (d registryDirectory) otherCheckout(mark registryMark) string {
	this := thisCheckout()
	if mark.Checkout == "" || mark.CheckoutID.is(this) {
		return ""
	}
	if d.isCopy(mark) && isInside(d.absolute(), this) {
		return "" // it was copied together with the checkout
	}
	if original := mark.originalCheckout(); original != "" {
		return original
	}
	if mark.Checkout == this {
		return "" // restored from a backup, in the same place
	}
	if _, err := os.Stat(mark.Checkout); err == nil {
		return mark.Checkout
	}
	return ""
}

// isCopy reports whether the directory is a copy of the one that the mark was written in.
func (d registryDirectory) isCopy(mark registryMark) bool {
	return mark.DirectoryID != fileID{} && !mark.DirectoryID.is(string(d))
}

// originalCheckout finds the checkout that wrote the mark, in its place or renamed next to it.
func (m registryMark) originalCheckout() string {
	if m.CheckoutID.is(m.Checkout) {
		return m.Checkout
	}
	siblings, _ := filepath.Glob(filepath.Join(escapeGlob(filepath.Dir(m.Checkout)), "*", "Pulumi.yaml"))
	for _, sibling := range siblings {
		if checkout := filepath.Dir(sibling); m.CheckoutID.is(checkout) {
			return checkout
		}
	}
	return ""
}

func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// isInside reports whether the path is the folder or lies below it, once links are resolved.
func isInside(path, folder string) bool {
	relative, err := filepath.Rel(resolved(folder), resolved(path))
	return err == nil && relative != ".." && !strings.HasPrefix(relative, "../")
}

// resolved is the path without links, as far as it exists.
func resolved(path string) string {
	real, err := filepath.EvalSymlinks(path)
	if err == nil {
		return real
	}
	if parent := filepath.Dir(path); parent != path {
		return filepath.Join(resolved(parent), filepath.Base(path))
	}
	return path
}

// checkPlace refuses directories that have another purpose, or that lie in the directory of another registry.
func (d registryDirectory) checkPlace(owner string) error {
	path := d.absolute()
	home, _ := os.UserHomeDir()
	for _, other := range []string{thisCheckout(), home, os.TempDir()} {
		if other != "" && isInside(other, path) {
			return fmt.Errorf("cannot use the directory %s for the registry: %s is in it\nhint: %s",
				d, other, mend(owner, "directory", anotherDirectory))
		}
	}
	for _, start := range []string{path, resolved(path)} {
		for folder := filepath.Dir(start); folder != filepath.Dir(folder); folder = filepath.Dir(folder) {
			if mark, err := registryDirectory(folder).mark(); err == nil && mark.Owner != "" && mark.Storage != "" {
				return fmt.Errorf("cannot use the directory %s for the registry: it lies in the directory of the registry of %s, %s\nhint: %s",
					d, mark.Owner, folder, mend(owner, "directory", anotherDirectory))
			}
		}
	}
	return nil
}
