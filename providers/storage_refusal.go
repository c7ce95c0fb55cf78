package main

import (
	"context"
	"fmt"
	"strings"
)

// dataLossError refuses to delete images that the stack has not pushed.
type dataLossError struct {
	// storage is where they are, such as a directory or a registry's address.
	storage string
	images  []foreignImage
	// retry is the command that was refused, such as `up` or `destroy`.
	retry string
	stack string
}

func (e *dataLossError) Error() string {
	return fmt.Sprintf("cannot delete the images in %s: the stack has not pushed %s\nhint: copy them to another registry, or give them up: %s",
		e.storage, someOf(namesOf(e.images)), e.giveUp())
}

// giveUp is the command which records that foreign images may be deleted, and then repeats what was refused.
func (e *dataLossError) giveUp() string {
	command := fmt.Sprintf("./pulumiw config set --stack %s --path hero:switch.discard true && ./pulumiw up --stack %s", e.stack, e.stack)
	if e.retry != "up" {
		command += fmt.Sprintf(" && ./pulumiw %s --stack %s", e.retry, e.stack)
	}
	return command
}

// unreadableError refuses to delete images that cannot be read.
type unreadableError struct {
	dataLossError
	cause error
	// guard is the URN of the stack's guard where that refuses: a stack whose registry is lost cannot record the key by `up`.
	guard string
}

func (e *unreadableError) Error() string {
	return fmt.Sprintf("cannot delete the images in %s: cannot read which images the stack has not pushed: %v\nhint: repair the registry: "+
		"./pulumiw up --stack %s, or give up whatever it has: %s", e.storage, e.cause, e.stack, e.forget())
}

// forget is the command that gives the storage up with whatever it has.
func (e *unreadableError) forget() string {
	if e.guard == "" || e.retry != "destroy" {
		return e.giveUp()
	}
	return fmt.Sprintf("./pulumiw state delete --stack %s --yes '%s' && ./pulumiw destroy --stack %s", e.stack, e.guard, e.stack)
}

func (e *unreadableError) Unwrap() error {
	return e.cause
}

// checkImages refuses to delete the directory's images where the stack has not pushed all of them. It reads the disk, so
// that it does not matter whether the registry runs.
func (d registryDirectory) checkImages(call call, stack, retry string) error {
	loss := dataLossError{storage: string(d), retry: retry, stack: stack}
	images, pushed, err := d.foreignImages(call)
	if err != nil {
		return &unreadableError{dataLossError: loss, cause: err}
	}
	loss.images = call.storages.notSaved(call, images, pushed)
	if len(loss.images) == 0 {
		return nil
	}
	return &loss
}

// checkDelete refuses to delete foreign images with the registry's resource.
func (s registryState) checkDelete(call call, directory registryDirectory) error {
	if s.KeepData || s.Discard || call.storages.mayDiscard() {
		return nil
	}
	return directory.checkImages(call, stackOfOwner(s.Owner), call.storages.command())
}

// checkReplace refuses a change that deletes the directory's images, before anything is changed.
func (s registryState) checkReplace(news registryInputs) error {
	// A preview may not know them yet.
	known := news.Directory != "" && news.Owner != ""
	leaves := s.Directory != news.Directory || s.Owner != news.Owner
	if known && s.Directory != news.Directory {
		if err := registryDirectory(news.Directory).checkClaim(news.Owner); err != nil {
			return err
		}
	}
	if !known || !leaves || s.KeepData || s.Discard || news.Discard {
		return nil
	}
	return registryDirectory(s.Directory).checkImages(call{Context: context.Background()}, stackOfOwner(news.Owner), "up")
}

// checkSweep refuses to delete an orphaned registry with images that no record of the stack explains. No state knows of
// the registry, so the next `up` is what brings it under control again.
func (d registryDirectory) checkSweep(mark registryMark) error {
	if mark.KeepData {
		return nil
	}
	return d.checkImages(call{Context: context.Background()}, stackOfOwner(mark.Owner), "destroy")
}

// stackOfOwner is the stack of `project/stack`.
func stackOfOwner(owner string) string {
	_, stack, _ := strings.Cut(owner, "/")
	return stack
}

// stack is the one that the resource belongs to.
func (c call) stack() string {
	if !c.progress.urn.IsValid() {
		return ""
	}
	return string(c.progress.urn.Stack())
}
