package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

const writableByOthers = 0o022

// open opens one of our files. It follows no link, and refuses a file of another user.
func (d registryDirectory) open(name string, flags int) (*os.File, error) {
	file, err := os.OpenFile(d.path(name), flags|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	found, err := file.Stat()
	if err == nil && !found.Mode().IsRegular() {
		err = &os.PathError{Op: "open", Path: d.path(name), Err: errors.New("it is not a regular file")}
	}
	if err == nil {
		err = ownFile(d.path(name), found)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

func (d registryDirectory) readFile(name string) ([]byte, error) {
	file, err := d.open(name, os.O_RDONLY|syscall.O_NONBLOCK)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(file)
}

// checkAccess refuses a directory that another local user can change: its owner, or whoever may write to it or to a
// directory above it, could give the registry other passwords or have it write elsewhere by links.
func (d registryDirectory) checkAccess() error {
	if err := checkAbove(d.absolute()); err != nil {
		return err
	}
	found, err := os.Stat(string(d))
	if err != nil {
		return err
	}
	if err := ownFile(d.absolute(), found); err != nil {
		return err
	}
	if found.Mode().Perm()&0o002 != 0 {
		return &os.PathError{Op: "use", Path: d.absolute(), Err: fmt.Errorf("other users can write to it (chmod 700 %s)", d.absolute())}
	}
	// Of a user's own group, as a umask of 002 makes it. What the group has put there is refused below.
	if found.Mode().Perm()&writableByOthers != 0 {
		if err := os.Chmod(string(d), 0o700); err != nil {
			return err
		}
	}
	return d.checkFiles()
}

func (d registryDirectory) checkFiles() error {
	for _, name := range []string{markFile, loginFile, logFile, processFile, reservedFile, storageFolder} {
		found, err := os.Lstat(d.path(name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if found.Mode().IsRegular() == (name == storageFolder) || found.Mode()&fs.ModeSymlink != 0 {
			return &os.PathError{Op: "use", Path: d.path(name), Err: errors.New("it is a link or of another type")}
		}
		if err := ownFile(d.path(name), found); err != nil {
			return err
		}
		if found.Mode().Perm()&writableByOthers != 0 {
			if err := os.Chmod(d.path(name), found.Mode().Perm()&^writableByOthers); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkAbove looks at all directories above the path, and at the links that lead there. The checkout and what is above it
// are left out: who can change those can change the program itself.
func checkAbove(path string) error {
	checkout := thisCheckout()
	trusted := []uint32{0, uint32(os.Geteuid())}
	if found, err := os.Stat(checkout); err == nil {
		trusted = append(trusted, ownerOf(found))
	}
	for _, start := range []string{path, resolved(path)} {
		for folder := start; folder != filepath.Dir(folder); folder = filepath.Dir(folder) {
			if err := checkOneAbove(folder, checkout, folder == start, trusted); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkOneAbove(folder, checkout string, last bool, trusted []uint32) error {
	found, err := os.Lstat(folder)
	if errors.Is(err, fs.ErrNotExist) || isInside(checkout, folder) {
		return nil
	}
	if err != nil {
		return err
	}
	if !slices.Contains(trusted, ownerOf(found)) {
		return foreignFile(folder, found)
	}
	if last || !found.IsDir() {
		return nil // the directory itself is held to more, and a link has no mode
	}
	if found.Mode().Perm()&0o002 != 0 && found.Mode()&fs.ModeSticky == 0 {
		return &os.PathError{Op: "use", Path: folder, Err: errors.New("other users can rename what is in it")}
	}
	return nil
}

// ownFile refuses a file or directory of another user.
func ownFile(path string, found fs.FileInfo) error {
	if ownerOf(found) != uint32(os.Geteuid()) {
		return foreignFile(path, found)
	}
	return nil
}

func foreignFile(path string, found fs.FileInfo) error {
	return &os.PathError{Op: "use", Path: path, Err: fmt.Errorf("it belongs to another user (uid %d)", ownerOf(found))}
}

func ownerOf(found fs.FileInfo) uint32 {
	if system, ok := found.Sys().(*syscall.Stat_t); ok {
		return system.Uid
	}
	return uint32(os.Geteuid())
}
