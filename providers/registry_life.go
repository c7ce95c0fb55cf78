package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	startDeadline  = 30 * time.Second
	stopDeadline   = 10 * time.Second
	reserveTimeout = 60 * time.Second
	lockPatience   = 2 * time.Second
)

// launch starts the process in a session of its own and waits until it answers with the login it was given.
func (d registryDirectory) launch(ctx context.Context, port int, password string) error {
	log, err := os.OpenFile(d.path(logFile), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return reason(err)
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
	// Shared, so that two who ask at once do not take each other for the registry, which alone holds it exclusively.
	if syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) == nil {
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
		if registries()[process] != d.absolute() {
			return fmt.Errorf("%s names process %d, which is no registry of ours", d.path(processFile), process)
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

func lock(file *os.File) error {
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
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
