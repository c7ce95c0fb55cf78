package main

import (
	"fmt"
	"slices"
	"strings"
)

// openSource opens the stack's former repository. Where the embedded registry does not run, its images are served from
// the disk until they are copied.
func (h homeInputs) openSource(call call) (*repository, func(), error) {
	nothing := func() {}
	if h.Directory == "" {
		source, err := newRepository(call, h.access)
		return source, nothing, err
	}
	directory := registryDirectory(h.Directory)
	if directory.storage() == "" || directory.running() {
		source, err := newRepository(call, h.access)
		return source, nothing, err
	}
	served, err := directory.serveStorage()
	if err != nil {
		return nil, nothing, err
	}
	_, path, _ := strings.Cut(h.Repository, "/")
	inputs := access{Repository: served.address + "/" + path, Username: pullerName, Password: served.password}
	source, err := newRepository(call, inputs)
	if err != nil {
		served.close()
		return nil, nothing, err
	}
	call.progress.info("the embedded registry does not run; its images are read from %s", directory)
	return source, served.close, nil
}

// checkRest refuses a move that would delete images besides those in the stack's own repository, and those in it that
// have no tag: only tags are copied.
func (h homeInputs) checkRest(call call, wanted homeInputs) error {
	if h.KeepsImages || h.staysWith(wanted) || wanted.Discard {
		return nil
	}
	_, path, _ := strings.Cut(h.Repository, "/")
	storage := guardedStorage{Registry: h.Registry, Directory: h.Directory, access: h.access, Catalog: h.Registry == "zot"}
	if storage.Directory == "" && !storage.Catalog {
		return nil // the storage's own resource checks it
	}
	loss := dataLossError{storage: storage.name(), retry: "up", stack: call.stack()}
	images, err := h.foreignImages(call, storage)
	if err != nil {
		return &unreadableError{dataLossError: loss, cause: err}
	}
	loss.images = slices.DeleteFunc(images, func(each foreignImage) bool { return each.repository == path && each.tag != "" })
	if len(loss.images) == 0 {
		return nil
	}
	return fmt.Errorf("cannot move to %s: %w", wanted.Registry, &loss)
}

func (h homeInputs) foreignImages(call call, storage guardedStorage) ([]foreignImage, error) {
	if storage.Directory != "" {
		images, _, err := registryDirectory(storage.Directory).foreignImages(call)
		return images, err
	}
	stored, err := storage.read(call)
	return foreignImages(stored, pushedImages{anyDigest: true}.with(storage.path(), h.Tags, nil)), err
}
