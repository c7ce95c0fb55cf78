package main

import (
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

const (
	scratchLock = ".hero-plugin"
	scratchWork = "work"
	// scratchMark is the lock file's content. A directory without it is not ours, whatever its name.
	scratchMark = "temporary files of hero's plugin, which deletes them once the lock on this file is free\n"
)

// scratch maps the temporary directories that must not outlive the plugin to their locked files.
var scratch sync.Map

// newScratch returns a temporary directory that only this user can read. It deletes those of plugins that were killed.
func newScratch(purpose string) (string, error) {
	clearDeadScratch()
	folder, err := os.MkdirTemp("", "hero-"+purpose+"-")
	if err != nil {
		return "", err
	}
	work := filepath.Join(folder, scratchWork)
	lock, err := markScratch(folder)
	if err == nil {
		err = os.Mkdir(work, 0o700)
	}
	if err != nil {
		_ = os.RemoveAll(folder)
		return "", err
	}
	scratch.Store(work, lock)
	return work, nil
}

// markScratch locks the file before it writes the mark, so that another plugin never takes the directory for a dead one's.
func markScratch(folder string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(folder, scratchLock), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lock(file); err != nil {
		return nil, err
	}
	_, err = file.WriteString(scratchMark)
	return file, err
}

// clearScratch deletes the directory.
func clearScratch(work string) {
	held, known := scratch.LoadAndDelete(work)
	if !known {
		return
	}
	_ = os.RemoveAll(filepath.Dir(work))
	held.(*os.File).Close()
}

func clearAllScratch() {
	scratch.Range(func(work, _ any) bool {
		clearScratch(work.(string))
		return true
	})
}

// clearDeadScratch deletes what killed plugins have left.
func clearDeadScratch() {
	found, _ := filepath.Glob(filepath.Join(escapeGlob(os.TempDir()), "hero-*", scratchLock))
	for _, path := range found {
		clearIfDead(path)
	}
}

// clearIfDead deletes the directory if this user's plugin has marked it and holds its lock no more.
func clearIfDead(path string) {
	folder := filepath.Dir(path)
	above, err := os.Lstat(folder)
	if err != nil || !above.IsDir() || ownFile(folder, above) != nil {
		return
	}
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return
	}
	defer file.Close()
	own, err := file.Stat()
	if err != nil || !own.Mode().IsRegular() || ownFile(path, own) != nil {
		return
	}
	content, err := io.ReadAll(io.LimitReader(file, int64(len(scratchMark))+1))
	if err == nil && string(content) == scratchMark && lock(file) == nil {
		_ = os.RemoveAll(folder)
	}
}
