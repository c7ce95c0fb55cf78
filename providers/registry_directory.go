package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// registryDirectory is all that an embedded registry has on disk:
//
//	registry.json   whose it is and how it listens; the mark by which we know the directory as ours
//	htpasswd        the logins, hashed
//	registry.log    what the process says
//	registry.pid    held locked by the running process, so that a dead one can never be taken for a living one
//	reserved        held locked by the plugin while it changes anything
//	storage/        the images
type registryDirectory string

const (
	markFile      = "registry.json"
	loginFile     = "htpasswd"
	logFile       = "registry.log"
	processFile   = "registry.pid"
	reservedFile  = "reserved"
	storageFolder = "storage"
)

// claim makes the directory ours, or finds that it is. It never takes one that holds something else.
func (d registryDirectory) claim(owner string) (fresh bool, err error) {
	if err := d.checkClaim(owner); err != nil {
		return false, err
	}
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return false, d.unusable(err, owner)
	}
	if err := d.checkAccess(); err != nil {
		return false, d.unusable(err, owner)
	}
	if mark, err := d.mark(); err == nil {
		return false, d.unusable(d.provideStorage(mark), owner)
	}
	return true, d.unusable(d.provideStorage(registryMark{Owner: owner}), owner)
}

// checkClaim refuses a directory that belongs to another owner or holds other files. It changes nothing.
func (d registryDirectory) checkClaim(owner string) error {
	if err := d.checkPlace(owner); err != nil {
		return err
	}
	entries, err := os.ReadDir(string(d))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = d.checkAccess()
	}
	if err != nil {
		return d.unusable(err, owner)
	}
	mark, err := d.mark()
	switch {
	case err == nil && mark.Owner == owner && d.otherCheckout(mark) != "":
		return fmt.Errorf("%s holds the registry of the checkout in %s; give this one a directory of its own: %s",
			d, d.otherCheckout(mark), mend(owner, "directory", anotherDirectory))
	case err == nil && mark.Owner == owner:
		return nil
	case err == nil:
		return fmt.Errorf("%s holds the registry of %s; give this stack a directory of its own: %s",
			d, mark.Owner, mend(owner, "directory", anotherDirectory))
	case !errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("%s cannot be read (%w); it may be ours, so nothing in there was touched: move it away, "+
			"or restore it", d.path(markFile), err)
	case len(foreign(entries)) > 0:
		return fmt.Errorf("%s holds something that is not a registry of ours (%s); move it away, or choose another "+
			"directory: %s", d, foreign(entries)[0], mend(owner, "directory", anotherDirectory))
	}
	return nil
}

// provideStorage gives new data a new name. The mark comes first, so that a claim cut short is still known as ours.
func (d registryDirectory) provideStorage(mark registryMark) error {
	if d.storage() != "" {
		return nil
	}
	mark.Storage, mark.Secret = randomName(), randomName()
	mark.locate(d)
	if err := d.writeMark(mark); err != nil {
		return err
	}
	return os.MkdirAll(d.path(storageFolder), 0o700)
}

// foreign lists what we did not put there. Our own files without a mark are the rest of a claim that was cut short.
func foreign(entries []os.DirEntry) []string {
	var names []string
	for _, entry := range entries {
		switch entry.Name() {
		case reservedFile, markFile + ".new", markFile:
		default:
			names = append(names, entry.Name())
		}
	}
	return names
}

// thisCheckout is the program's folder, in which Pulumi starts the plugin.
func thisCheckout() string {
	return registryDirectory(".").absolute()
}

func (d registryDirectory) unusable(err error, owner string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("the registry's directory %s cannot be used: %w; choose one that you may write to: %s",
		d, reason(err), mend(owner, "directory", anotherDirectory))
}

const anotherDirectory = ".hero/another"

// mend is the command that gives a key of the owner's block another value.
func mend(owner, key, value string) string {
	_, stack, _ := strings.Cut(owner, "/")
	return fmt.Sprintf("./pulumiw config set --stack %s --path hero:embedded.%s %s", stack, key, value)
}

// reason is what the system said, without the path that the message already names.
func reason(err error) error {
	var failure *os.PathError
	if errors.As(err, &failure) {
		return fmt.Errorf("%s: %w", failure.Path, failure.Err)
	}
	return err
}

// reserve keeps two plugins, one of which may have outlived its engine, from changing the directory at once.
func (d registryDirectory) reserve(ctx context.Context) (release func(), err error) {
	file, err := d.open(reservedFile, os.O_CREATE|os.O_RDWR)
	if err != nil {
		return nil, err
	}
	err = waitUntil(ctx, reserveTimeout, func() bool { return lock(file) == nil })
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("another run is changing the registry in %s: %w", d, err)
	}
	return func() { file.Close() }, nil
}

// replace writes a file whole or not at all, however the plugin ends.
func (d registryDirectory) replace(name string, content []byte) error {
	file, err := d.open(name+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(d.path(name+".new"), d.path(name))
}

// storage names the data in the directory, or nothing where they are gone.
func (d registryDirectory) storage() string {
	mark, err := d.mark()
	if err != nil {
		return ""
	}
	if _, err := os.Stat(d.path(storageFolder)); err != nil {
		return ""
	}
	return mark.Storage
}

func (d registryDirectory) write(state registryState) error {
	mark, err := d.mark()
	if err != nil {
		return d.unusable(err, state.Owner)
	}
	mark.Port, mark.KeepData, mark.OwnerID, mark.IdentityKey = state.Port, state.KeepData, state.OwnerID, state.IdentityKey
	mark.locate(d)
	if err := d.writeMark(mark); err != nil {
		return d.unusable(err, state.Owner)
	}
	return d.unusable(d.replace(loginFile, []byte(state.Htpasswd)), state.Owner)
}

// clear removes what is ours: all of it, or all but the images. Whatever else somebody put there stays.
func (d registryDirectory) clear(keepData bool, progress progress) error {
	names := []string{loginFile, logFile, processFile, markFile + ".new", loginFile + ".new"}
	if !keepData {
		names = append(names, storageFolder, pushedFile, pushedFile+".new", markFile)
	}
	for _, name := range append(names, reservedFile) {
		if err := os.RemoveAll(d.path(name)); err != nil {
			return fmt.Errorf("%s cannot be removed: %w", d.path(name), err)
		}
	}
	if keepData {
		progress.status("the images stay in %s", d)
		return nil
	}
	// os.Remove takes empty folders alone. Of those above, only .hero and what is in it can be ours.
	_ = os.Remove(string(d))
	for folder := filepath.Dir(d.absolute()); slices.Contains(strings.Split(folder, "/"), ".hero"); folder = filepath.Dir(folder) {
		if os.Remove(folder) != nil {
			break
		}
	}
	if entries, err := os.ReadDir(string(d)); err == nil && len(entries) > 0 {
		progress.warning("%s stays, because %s in it is not ours", d, entries[0].Name())
	}
	return nil
}

func (d registryDirectory) path(elements ...string) string {
	return filepath.Join(append([]string{string(d)}, elements...)...)
}

func (d registryDirectory) absolute() string {
	absolute, err := filepath.Abs(string(d))
	if err != nil {
		return string(d) // the working directory is gone; what is done with the path will say so
	}
	return absolute
}

func randomName() string {
	name := make([]byte, 16)
	if _, err := rand.Read(name); err != nil {
		panic(err)
	}
	return hex.EncodeToString(name)
}
