package main

import (
	"errors"
	"fmt"
	"io/fs"
)

// cannotRead names the file once, and then the cause without the path that Go's own errors repeat.
func cannotRead(path string, err error) error {
	var located *fs.PathError
	if errors.As(err, &located) {
		err = located.Err
	}
	return fmt.Errorf("cannot read %s: %w", path, err)
}

// cannotReadWithHint adds the command or setting that helps.
func cannotReadWithHint(path string, err error, hint string) error {
	return fmt.Errorf("%w\nhint: %s", cannotRead(path, err), hint)
}
