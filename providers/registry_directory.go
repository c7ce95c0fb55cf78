package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
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
	markFile       = "registry.json"
	loginFile      = "htpasswd"
	logFile        = "registry.log"
	processFile    = "registry.pid"
	reservedFile   = "reserved"
	storageFolder  = "storage"
	startDeadline  = 30 * time.Second
	stopDeadline   = 10 * time.Second
	reserveTimeout = 60 * time.Second
	lockPatience   = 2 * time.Second
)

type registryMark struct {
	Owner string `json:"owner"`
	// Checkout and KeepData are for sweep, which has no state to ask.
	Checkout string `json:"checkout"`
	KeepData bool   `json:"keepData"`
	Storage  string `json:"storage"`
	Port     int    `json:"port"`
	// Secret signs the state of an upload, so that a push survives a restart.
	Secret string `json:"secret"`
}

// claim makes the directory ours, or finds that it is. It never takes one that holds something else.
func (d registryDirectory) claim(owner string) (fresh bool, err error) {
	entries, err := os.ReadDir(string(d))
	if errors.Is(err, os.ErrNotExist) {
		err = os.MkdirAll(string(d), 0o700)
	}
	if err != nil {
		return false, d.unusable(err)
	}
	mark, err := d.mark()
	switch {
	case err == nil && mark.Owner == owner:
		return false, d.unusable(d.provideStorage(mark))
	case err == nil:
		return false, fmt.Errorf("%s holds the registry of %s; give this stack a directory of its own: "+
			"./pulumiw config set --path hero:embedded.directory .hero/another", d, mark.Owner)
	case !errors.Is(err, os.ErrNotExist):
		return false, fmt.Errorf("%s cannot be read (%w); it may be ours, so nothing in there was touched: move it away, "+
			"or restore it", d.path(markFile), err)
	case len(foreign(entries)) > 0:
		return false, fmt.Errorf("%s holds something that is not a registry of ours (%s); move it away, or choose another "+
			"directory: ./pulumiw config set --path hero:embedded.directory .hero/another", d, foreign(entries)[0])
	}
	return true, d.unusable(d.provideStorage(registryMark{Owner: owner}))
}

// provideStorage gives new data a new name. The mark comes first, so that a claim cut short is still known as ours.
func (d registryDirectory) provideStorage(mark registryMark) error {
	if d.storage() != "" {
		return nil
	}
	mark.Storage, mark.Secret, mark.Checkout = randomName(), randomName(), registryDirectory(".").absolute()
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

func (d registryDirectory) unusable(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("the registry's directory %s cannot be used: %w; choose one that you may write to: "+
		"./pulumiw config set --path hero:embedded.directory .hero/another", d, reason(err))
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
	file, err := os.OpenFile(d.path(reservedFile), os.O_CREATE|os.O_RDWR, 0o600)
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

func (d registryDirectory) mark() (registryMark, error) {
	var mark registryMark
	text, err := os.ReadFile(d.path(markFile))
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

// replace writes a file whole or not at all, however the plugin ends.
func (d registryDirectory) replace(name string, content []byte) error {
	if err := os.WriteFile(d.path(name+".new"), content, 0o600); err != nil {
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

func (d registryDirectory) write(inputs registryInputs, htpasswd string) error {
	mark, err := d.mark()
	if err != nil {
		return d.unusable(err)
	}
	mark.Port, mark.KeepData, mark.Checkout = inputs.Port, inputs.KeepData, registryDirectory(".").absolute()
	if err := d.writeMark(mark); err != nil {
		return d.unusable(err)
	}
	return d.unusable(d.replace(loginFile, []byte(htpasswd)))
}

// launch starts the process in a session of its own and waits until it answers with the login it was given.
func (d registryDirectory) launch(ctx context.Context, port int, password string) error {
	log, err := os.OpenFile(d.path(logFile), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return d.unusable(err)
	}
	defer log.Close()
	program, err := os.Executable()
	if err != nil {
		return err
	}
	process := exec.Command(program, "registry", d.absolute())
	process.Stdout, process.Stderr, process.Dir = log, log, d.absolute()
	process.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	// Nothing of the caller's environment, so that neither a secret nor a REGISTRY_ variable gets in; and no
	// telemetry, which Distribution would send to a collector on this machine.
	process.Env = []string{"OTEL_TRACES_EXPORTER=none", "PATH=" + os.Getenv("PATH")}
	if err := process.Start(); err != nil {
		return fmt.Errorf("the registry's program %s cannot be started: %w", program, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- process.Wait() }()
	return d.awaitAnswer(ctx, port, password, ended)
}

func (d registryDirectory) awaitAnswer(ctx context.Context, port int, password string, ended <-chan error) error {
	var exit error
	gone := false
	err := waitUntil(ctx, startDeadline, func() bool {
		select {
		case exit = <-ended:
			gone = true
		default:
		}
		return gone || d.answers(port, password)
	})
	if gone {
		return fmt.Errorf("the registry ended as it started (%v): %s", exit, d.lastWords())
	}
	if err != nil {
		return fmt.Errorf("the registry on 127.0.0.1:%d gives no answer: %w; it says: %s", port, err, d.lastWords())
	}
	return nil
}

func (d registryDirectory) lastWords() string {
	text, _ := os.ReadFile(d.path(logFile))
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return fmt.Sprintf("%s (all of it in %s)", lines[len(lines)-1], d.path(logFile))
}

// answers is true only for our own registry: another one on the port does not know the password.
func (d registryDirectory) answers(port int, password string) bool {
	request, err := http.NewRequest(http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/v2/", port), nil)
	if err != nil {
		return false
	}
	request.SetBasicAuth(pusherName, password)
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode == http.StatusOK
}

func (d registryDirectory) running() bool {
	return d.process() != 0
}

// process is the running registry's id, or 0: the lock on its file is let go by the system when it dies.
func (d registryDirectory) process() int {
	file, err := os.OpenFile(d.path(processFile), os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return registryProcessOn(d.absolute())
	}
	if err != nil {
		return 0
	}
	defer file.Close()
	if lock(file) == nil {
		return 0
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return 0
	}
	identifier, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return identifier
}

func (d registryDirectory) stop(ctx context.Context) error {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		process := d.process()
		if process == 0 {
			return nil
		}
		if err := syscall.Kill(process, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("the registry (process %d) cannot be stopped: %w", process, err)
		}
		if waitUntil(context.WithoutCancel(ctx), stopDeadline, func() bool { return !d.running() }) == nil {
			return nil
		}
	}
	return fmt.Errorf("the registry (process %d) does not stop; end it by hand and try again", d.process())
}

// clear removes what is ours: all of it, or all but the images. Whatever else somebody put there stays.
func (d registryDirectory) clear(keepData bool, progress progress) error {
	names := []string{loginFile, logFile, processFile, markFile + ".new", loginFile + ".new"}
	if !keepData {
		names = append(names, storageFolder, markFile)
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
	// The parents are ours only while they are empty; os.Remove takes no other.
	for folder := string(d); strings.Contains(folder, ".hero"); folder = filepath.Dir(folder) {
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

func waitUntil(ctx context.Context, limit time.Duration, done func() bool) error {
	deadline := time.Now().Add(limit)
	for !done() {
		if time.Now().After(deadline) {
			return fmt.Errorf("waited %s", limit)
		}
		select {
		case <-ctx.Done():
			return errors.New("interrupted")
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

func lock(file *os.File) error {
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}

func randomName() string {
	name := make([]byte, 16)
	if _, err := rand.Read(name); err != nil {
		panic(err)
	}
	return hex.EncodeToString(name)
}
