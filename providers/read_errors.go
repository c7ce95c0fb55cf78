package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// cannotRead names the file once, and then the cause without the path that Go's own errors repeat.
func cannotRead(path string, err error) error {
	var located *fs.PathError
	if errors.As(err, &located) && filepath.Clean(located.Path) == filepath.Clean(path) {
		err = located.Err
	}
	return fmt.Errorf("cannot read %s: %w", path, err)
}

// cannotReadWithHint adds the command or setting that helps.
func cannotReadWithHint(path string, err error, hint string) error {
	return fmt.Errorf("%w\nhint: %s", cannotRead(path, err), hint)
}
