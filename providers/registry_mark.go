package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
)

// registryMark is the content of registry.json.
type registryMark struct {
	Owner string `json:"owner"`
	// OwnerID is random, and in the state too: two states of one stack are two owners.
	OwnerID string `json:"ownerId"`
	// Checkout and KeepData are for sweep, which has no state to ask.
	Checkout string `json:"checkout"`
	// CheckoutID and DirectoryID tell a checkout or a directory that was moved from one that was copied.
	CheckoutID  fileID `json:"checkoutId"`
	DirectoryID fileID `json:"directoryId"`
	// Path is where the directory was when the process was started.
	Path     string `json:"path"`
	KeepData bool   `json:"keepData"`
	Storage  string `json:"storage"`
	Port     int    `json:"port"`
	// PortLost is true after another program was found on the port. It may have received passwords from clients.
	PortLost bool `json:"portLost"`
	// IdentityKey is what the process proves its identity with.
	IdentityKey string `json:"identityKey"`
	// Secret signs the state of an upload, so that a push survives a restart.
	Secret string `json:"secret"`
}

// locate records where the directory and its checkout are.
func (m *registryMark) locate(d registryDirectory) {
	m.Checkout, m.Path = thisCheckout(), resolved(d.absolute())
	m.CheckoutID, _ = identifyFile(m.Checkout)
	m.DirectoryID, _ = identifyFile(string(d))
}

func (d registryDirectory) mark() (registryMark, error) {
	var mark registryMark
	text, err := d.readFile(markFile)
	if err != nil {
		return mark, err
	}
	return mark, json.Unmarshal(text, &mark)
}

func (d registryDirectory) writeMark(mark registryMark) error {
	text, err := json.MarshalIndent(mark, "", "  ")
	if err != nil {
		return err
	}
	return d.replace(markFile, text)
}

// notePortLost records that another program listens on the port, so that the next start changes the passwords.
func (d registryDirectory) notePortLost(state registryState) {
	if mark, err := d.mark(); err == nil && !d.running() && d.ownedBy(state) && mark.Port == state.Port && mark.OwnerID == state.OwnerID {
		mark.PortLost = true
		_ = d.writeMark(mark)
	}
}

// noteImpostor records the same where no state names the directory, as in `make where`: it finds those in their usual place.
func noteImpostor(key string) {
	found, _ := filepath.Glob(filepath.Join(escapeGlob(thisCheckout()), ".hero", "*", "*", markFile))
	for _, path := range found {
		directory := registryDirectory(filepath.Dir(path))
		if mark, err := directory.mark(); err == nil && mark.IdentityKey == key && directory.otherCheckout(mark) == "" && !directory.running() {
			mark.PortLost = true
			_ = directory.writeMark(mark)
		}
	}
}

// forgetPortLost is called once the registry runs with other passwords.
func (d registryDirectory) forgetPortLost() error {
	mark, err := d.mark()
	if err != nil || !mark.PortLost {
		return err
	}
	mark.PortLost = false
	return d.writeMark(mark)
}

// mustRotate reports whether the passwords may be known to others: another program had the port, or the directory was
// copied together with them.
func (d registryDirectory) mustRotate(state registryState) bool {
	mark, err := d.mark()
	return err == nil && d.ownedBy(state) && (mark.PortLost || d.isCopied())
}

// isCopied reports whether the directory came along with a copied checkout, and was not used there yet.
func (d registryDirectory) isCopied() bool {
	mark, err := d.mark()
	return err == nil && mark.Checkout != thisCheckout() && d.isCopy(mark)
}

// repairMark writes a damaged mark again from the state, in a directory that can only be this checkout's.
func (d registryDirectory) repairMark(state registryState) error {
	if state.OwnerID == "" || !d.isDamaged() && !d.lacksMark(state) {
		return nil
	}
	mark := registryMark{
		Owner: state.Owner, OwnerID: state.OwnerID, KeepData: state.KeepData, Storage: state.Storage, Port: state.Port,
		IdentityKey: state.IdentityKey, Secret: randomName(),
	}
	mark.locate(d)
	return d.writeMark(mark)
}

// isDamaged reports whether the mark is there and unreadable, in a directory inside this checkout.
func (d registryDirectory) isDamaged() bool {
	text, err := d.readFile(markFile)
	return err == nil && json.Unmarshal(text, &registryMark{}) != nil && isInside(d.absolute(), thisCheckout())
}

// lacksMark reports whether the mark was deleted. The hashed credentials, which no other state has, tell whose directory it is.
func (d registryDirectory) lacksMark(state registryState) bool {
	_, err := d.readFile(markFile)
	return errors.Is(err, os.ErrNotExist) && d.hasCredentials(state)
}

// hasCredentials reports whether the registry reads the state's credentials.
func (d registryDirectory) hasCredentials(state registryState) bool {
	text, err := d.readFile(loginFile)
	return err == nil && state.Htpasswd != "" && string(text) == state.Htpasswd
}

// isEmptied reports whether a deletion that was cut short has left nothing but our lock.
func (d registryDirectory) isEmptied() bool {
	entries, err := os.ReadDir(string(d))
	if err != nil || d.checkAccess() != nil {
		return false
	}
	for _, entry := range entries {
		if entry.Name() != reservedFile {
			return false
		}
	}
	return true
}
