package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"os"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"golang.org/x/crypto/bcrypt"
)

const (
	pusherName = "pusher"
	pullerName = "puller"
)

// registryProcess is CNCF Distribution as a process of this machine that outlives the terminal and belongs to a stack.
type registryProcess struct{}

type registryInputs struct {
	// Directory is relative to the program's, so that a checkout can move.
	Directory string `json:"directory"`
	Port      int    `json:"port"`
	KeepData  bool   `json:"keepData"`
	// Rotate is any text; another text means other passwords.
	Rotate string `json:"rotate"`
	// Owner is the stack that the directory belongs to.
	Owner string `json:"owner"`
	// Discard lets images be deleted that the stack has not pushed.
	Discard bool `json:"discard"`
}

type registryState struct {
	registryInputs
	// Storage names the stored data; it changes when the data was lost, so that the images are pushed again.
	Storage        string `json:"storage"`
	Running        bool   `json:"running"`
	PusherPassword string `json:"pusherPassword"`
	PullerPassword string `json:"pullerPassword"`
	// IdentityKey is what the process proves its identity with, before anybody sends it a password.
	IdentityKey string `json:"identityKey"`
	// OwnerID is in the directory's mark too.
	OwnerID string `json:"ownerId"`
	// Htpasswd is kept because a new hash of the same password would differ each time.
	Htpasswd string `json:"htpasswd"`
}

var registrySecrets = []resource.PropertyKey{"pusherPassword", "pullerPassword", "htpasswd", "identityKey"}

func (registryProcess) check(news resource.PropertyMap) (resource.PropertyMap, []plugin.CheckFailure, error) {
	return news, nil, nil
}

// diff looks at the world as well as at the inputs: a registry that died, or whose data are gone, is brought back by
// the next `up` without anybody having to think of `refresh`.
func (registryProcess) diff(olds, news resource.PropertyMap) (plugin.DiffResult, error) {
	state, err := decode[registryState](olds)
	if err != nil {
		return plugin.DiffResult{}, err
	}
	inputs, err := decode[registryInputs](news)
	if err != nil {
		return plugin.DiffResult{}, err
	}
	if err := state.checkReplace(inputs); err != nil {
		return plugin.DiffResult{}, err
	}
	changed := changedKeys(olds, news)
	directory := registryDirectory(state.Directory)
	if !state.Running || !state.inPlace(directory) {
		changed = append(changed, "running")
	}
	if directory.storage() != state.Storage {
		changed = append(changed, "storage")
	}
	if !directory.hasCredentials(state) {
		changed = append(changed, "htpasswd")
	}
	return difference(changed, "directory", "owner"), nil
}

// inPlace reports whether the process runs, for this checkout, on the path that it was started with. After a move of the
// directory it still works, and the next update starts it again, so that what it is listed with is true.
func (s registryState) inPlace(directory registryDirectory) bool {
	mark, err := directory.mark()
	return err == nil && mark.Path == resolved(directory.absolute()) && directory.ownedBy(s) && s.IdentityKey != "" && directory.running()
}

func (registryProcess) create(call call, news resource.PropertyMap) (resource.PropertyMap, error) {
	if call.preview {
		return withUnknown(news, append(slices.Clone(registrySecrets), "storage", "running", "ownerId")...), nil
	}
	inputs, err := decode[registryInputs](news)
	if err != nil {
		return nil, err
	}
	state := registryState{registryInputs: inputs, OwnerID: randomName(), IdentityKey: newPassword()}
	if err := state.newPasswords(); err != nil {
		return nil, err
	}
	return state.start(call)
}

func (registryProcess) read(call call, olds resource.PropertyMap) (resource.PropertyMap, error) {
	state, err := decode[registryState](olds)
	if err != nil {
		return nil, err
	}
	directory := registryDirectory(state.Directory)
	state.Running = directory.ownedBy(state) && directory.running() && state.answers()
	if !state.Running && state.lostPort(call) {
		directory.notePortLost(state)
	}
	return encode(state, registrySecrets...)
}

func (registryProcess) update(call call, olds, news resource.PropertyMap) (resource.PropertyMap, error) {
	state, err := decode[registryState](olds)
	if err != nil {
		return nil, err
	}
	inputs, err := decode[registryInputs](news)
	if err != nil {
		return nil, err
	}
	old := state
	state.registryInputs = inputs
	directory := registryDirectory(state.Directory)
	if !call.preview {
		if err := directory.repairMark(old); err != nil {
			return nil, directory.unusable(err, state.Owner)
		}
	}
	lost := directory.storage() != state.Storage && !directory.isDamaged() && !directory.lacksMark(old)
	rotated := old.Rotate != inputs.Rotate || directory.mustRotate(old)
	if call.preview {
		return state.previewUpdate(lost, rotated)
	}
	if rotated {
		if err := state.newPasswords(); err != nil {
			return nil, err
		}
	}
	if old.IdentityKey == "" || directory.isCopied() {
		state.IdentityKey, state.OwnerID = newPassword(), randomName()
	} else if mark, err := directory.mark(); err == nil && mark.isOfAnotherState(state.OwnerID) {
		return nil, fmt.Errorf("cannot use the directory %s: another state of stack %s uses it for its registry\nhint: %s",
			directory, state.Owner, mend(state.Owner, "directory", anotherDirectory))
	}
	if !lost && !rotated && old.Port == inputs.Port && old.inPlace(directory) && old.answers() {
		return state.remember(directory)
	}
	if old.Port != inputs.Port {
		// A port that is taken must not cost the registry that runs on another one.
		listener, err := listenOn(inputs.Port, inputs.Owner)
		if err != nil {
			return nil, err
		}
		listener.Close()
	}
	if err := old.stopLost(call, old.Port); err != nil {
		return nil, err
	}
	return state.start(call)
}

func (registryProcess) remove(call call, olds resource.PropertyMap) error {
	state, err := decode[registryState](olds)
	if err != nil {
		return err
	}
	directory := registryDirectory(state.Directory)
	if !directory.ownedBy(state) {
		return state.leave(call, directory)
	}
	release, err := directory.reserve(call)
	if errors.Is(err, os.ErrNotExist) {
		return nil // nothing of it is left
	}
	if err != nil {
		return err
	}
	defer release()
	if err := state.checkDelete(call, directory); err != nil {
		return err
	}
	if err := directory.stop(call); err != nil {
		return err
	}
	// An image may have been pushed between the check and the end of the process.
	if err := state.checkDelete(call, directory); err != nil {
		return err
	}
	return directory.clear(state.KeepData, call.progress)
}

// leave ends a registry that lost its directory. It touches no directory without this state's mark.
func (s registryState) leave(call call, directory registryDirectory) error {
	if err := s.stopLost(call, s.Port); err != nil {
		return err
	}
	if directory.isEmptied() {
		return directory.clear(s.KeepData, call.progress)
	}
	if _, err := os.Stat(string(directory)); err == nil {
		call.progress.warning("%s is not deleted: another resource, stack or checkout uses it", directory)
	}
	return nil
}

// remember writes down what concerns the files alone; the process goes on as it is.
func (s registryState) remember(directory registryDirectory) (resource.PropertyMap, error) {
	if err := directory.write(s); err != nil {
		return nil, err
	}
	return encode(s, registrySecrets...)
}

// previewUpdate keeps as known whatever the update leaves as it is, so that a restart does not look like a new home.
func (s registryState) previewUpdate(lost, rotated bool) (resource.PropertyMap, error) {
	s.Running = true
	outputs, err := encode(s, registrySecrets...)
	if err != nil {
		return nil, err
	}
	if lost {
		outputs = withUnknown(outputs, "storage")
	}
	if rotated {
		outputs = withUnknown(outputs, registrySecrets...)
	}
	return outputs, nil
}

// start brings the registry up with this state, whatever a run that was cut short has left in the directory.
func (s registryState) start(call call) (resource.PropertyMap, error) {
	directory := registryDirectory(s.Directory)
	fresh, err := directory.claim(s.Owner)
	if err != nil {
		return nil, err
	}
	outputs, err := s.startClaimed(call, directory)
	if err != nil && fresh {
		err = errors.Join(err, directory.clear(false, call.progress))
	}
	return outputs, err
}

func (s registryState) startClaimed(call call, directory registryDirectory) (resource.PropertyMap, error) {
	release, err := directory.reserve(call)
	if err != nil {
		return nil, err
	}
	defer release()
	listener, err := s.takePort(call, directory)
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	if err := directory.write(s); err != nil {
		return nil, err
	}
	call.progress.status("starting on 127.0.0.1:%d", s.Port)
	if err := directory.launch(call, listener, s); err != nil {
		return nil, errors.Join(err, directory.stop(call))
	}
	if err := directory.forgetPortLost(); err != nil {
		return nil, err
	}
	s.Storage, s.Running = directory.storage(), true
	return encode(s, registrySecrets...)
}

func (s *registryState) newPasswords() error {
	s.PusherPassword, s.PullerPassword = newPassword(), newPassword()
	s.Htpasswd = ""
	for _, login := range [][2]string{{pusherName, s.PusherPassword}, {pullerName, s.PullerPassword}} {
		// A costly hash protects a password that can be guessed. This one cannot, and every request pays the price.
		hash, err := bcrypt.GenerateFromPassword([]byte(login[1]), bcrypt.MinCost)
		if err != nil {
			return err
		}
		s.Htpasswd += fmt.Sprintf("%s:%s\n", login[0], hash)
	}
	return nil
}

// newPassword has 190 bits: 32 letters and digits, which need no quoting in any shell or file.
func newPassword() string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	password := make([]byte, 32)
	for position := range password {
		index, err := rand.Int(rand.Reader, big.NewInt(int64(len(alphabet))))
		if err != nil {
			panic(err) // the system has no randomness left to give, and no password may be made without it
		}
		password[position] = alphabet[index.Int64()]
	}
	return string(password)
}
