package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"os"

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
	// Htpasswd is kept because a new hash of the same password would differ each time.
	Htpasswd string `json:"htpasswd"`
	// Holder is another one for each resource that has had the directory.
	Holder string `json:"holder"`
}

var registrySecrets = []resource.PropertyKey{"pusherPassword", "pullerPassword", "htpasswd"}

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
	if !state.Running || !directory.running() {
		changed = append(changed, "running")
	}
	if directory.storage() != state.Storage {
		changed = append(changed, "storage")
	}
	return difference(changed, "directory", "owner"), nil
}

func (registryProcess) create(call call, news resource.PropertyMap) (resource.PropertyMap, error) {
	if call.preview {
		return withUnknown(news, "storage", "running", "pusherPassword", "pullerPassword", "htpasswd", "holder"), nil
	}
	inputs, err := decode[registryInputs](news)
	if err != nil {
		return nil, err
	}
	state := registryState{registryInputs: inputs, Holder: randomName()}
	if err := state.newPasswords(); err != nil {
		return nil, err
	}
	return state.start(call)
}

func (registryProcess) read(_ call, olds resource.PropertyMap) (resource.PropertyMap, error) {
	state, err := decode[registryState](olds)
	if err != nil {
		return nil, err
	}
	directory := registryDirectory(state.Directory)
	state.Running = directory.running() && directory.answers(state.Port, state.PusherPassword)
	return encode(state, registrySecrets...)
}

func (registryProcess) update(call call, olds, news resource.PropertyMap) (resource.PropertyMap, error) {
	state, err := decode[registryState](olds)
	if err != nil {
		return nil, err
	}
	rotate, port := state.Rotate, state.Port
	inputs, err := decode[registryInputs](news)
	if err != nil {
		return nil, err
	}
	state.registryInputs = inputs
	directory := registryDirectory(state.Directory)
	lost := directory.storage() != state.Storage
	if call.preview {
		return state.previewUpdate(lost, rotate != inputs.Rotate)
	}
	if rotate != inputs.Rotate {
		if err := state.newPasswords(); err != nil {
			return nil, err
		}
	}
	healthy := !lost && port == inputs.Port && rotate == inputs.Rotate && directory.answers(port, state.PusherPassword)
	if healthy {
		return state.remember(directory)
	}
	return state.start(call)
}

func (registryProcess) remove(call call, olds resource.PropertyMap) error {
	state, err := decode[registryState](olds)
	if err != nil {
		return err
	}
	directory := registryDirectory(state.Directory)
	release, err := directory.reserve(call)
	if errors.Is(err, os.ErrNotExist) {
		return nil // nothing of it is left
	}
	if err != nil {
		return err
	}
	defer release()
	if state.isHeldByAnother(directory) {
		return nil
	}
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

// remember writes down what concerns the files alone; the process goes on as it is.
func (s registryState) remember(directory registryDirectory) (resource.PropertyMap, error) {
	if err := directory.write(s.registryInputs, s.Htpasswd); err != nil {
		return nil, err
	}
	if err := directory.hold(s.Holder); err != nil {
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
	// A port that is taken must not cost the registry that runs on another one.
	if mark, err := directory.mark(); err == nil && mark.Port != 0 && mark.Port != s.Port {
		if err := ensurePortIsFree(s.Port, s.Owner); err != nil {
			return nil, err
		}
	}
	if err := directory.stop(call); err != nil {
		return nil, err
	}
	if err := ensurePortIsFree(s.Port, s.Owner); err != nil {
		return nil, err
	}
	if err := directory.write(s.registryInputs, s.Htpasswd); err != nil {
		return nil, err
	}
	if err := directory.hold(s.Holder); err != nil {
		return nil, err
	}
	call.progress.status("starting on 127.0.0.1:%d", s.Port)
	if err := directory.launch(call, s.Port, s.PusherPassword); err != nil {
		return nil, errors.Join(err, directory.stop(call))
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
