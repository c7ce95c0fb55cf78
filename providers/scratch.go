package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"

	"github.com/shirou/gopsutil/v4/process"
)

// scratch holds the folders that must not outlive the plugin.
var scratch sync.Map

// scratchName says whose the folder is, so that one which a killed plugin has left is known for that.
var scratchName = regexp.MustCompile(`^hero-[a-z]+-(\d+)-\d+$`)

// newScratch makes a folder that only this user can look into, after it has cleared those that are nobody's any more.
func newScratch(purpose string) (string, error) {
	clearDeadScratch()
	folder, err := os.MkdirTemp("", fmt.Sprintf("hero-%s-%d-", purpose, os.Getpid()))
	if err != nil {
		return "", err
	}
	scratch.Store(folder, nil)
	return folder, nil
}

// clearScratch takes the folder away, which nobody needs any more.
func clearScratch(folder string) {
	_ = os.RemoveAll(folder)
	scratch.Delete(folder)
}

func clearAllScratch() {
	scratch.Range(func(folder, _ any) bool {
		clearScratch(folder.(string))
		return true
	})
}

// clearDeadScratch takes away what plugins have left that were killed and so could not do it themselves.
func clearDeadScratch() {
	folders, _ := filepath.Glob(filepath.Join(os.TempDir(), "hero-*"))
	for _, folder := range folders {
		found := scratchName.FindStringSubmatch(filepath.Base(folder))
		if found == nil {
			continue
		}
		owner, err := strconv.ParseInt(found[1], 10, 32)
		if err != nil {
			continue
		}
		if alive, err := process.PidExists(int32(owner)); err == nil && !alive {
			_ = os.RemoveAll(folder)
		}
	}
}
