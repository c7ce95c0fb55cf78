package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
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

// launch starts the process in a session of its own and waits until it proves its identity and takes the push
// credentials. It inherits the listener.
func (d registryDirectory) launch(ctx context.Context, listener *net.TCPListener, state registryState) error {
	socket, err := listener.File()
	if err != nil {
		return err
	}
	defer socket.Close()
	log, err := d.open(logFile, os.O_CREATE|os.O_WRONLY|os.O_TRUNC)
	if err != nil {
		return reason(err)
	}
	defer log.Close()
	process, err := d.command()
	if err != nil {
		return err
	}
	process.Stdout, process.Stderr, process.ExtraFiles = log, log, []*os.File{socket}
	if err := process.Start(); err != nil {
		return fmt.Errorf("the registry's program %s cannot be started: %w", process.Path, err)
	}
	// From here on only the process has the socket: when it ends, clients are refused.
	socket.Close()
	listener.Close()
	ended := make(chan error, 1)
	go func() { ended <- process.Wait() }()
	return d.awaitAnswer(ctx, state, ended)
}

func (d registryDirectory) command() (*exec.Cmd, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	process := exec.Command(program, "registry", d.absolute())
	if _, err := os.Stat(program); err != nil {
		// The cache was cleared while the plugin runs. The kernel still has its program.
		process.Path, process.Err = "/proc/self/exe", nil
	}
	process.Dir = d.absolute()
	process.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	// Nothing of the caller's environment, so that neither a secret nor a REGISTRY_ variable gets in; and no
	// telemetry, which Distribution would send to a collector on this machine.
	process.Env = []string{"OTEL_TRACES_EXPORTER=none", "PATH=" + os.Getenv("PATH")}
	return process, nil
}

func (d registryDirectory) awaitAnswer(ctx context.Context, state registryState, ended <-chan error) error {
	var exit error
	gone := false
	err := waitUntil(ctx, startDeadline, func() bool {
		select {
		case exit = <-ended:
			gone = true
		default:
		}
		return gone || state.answers()
	})
	if gone {
		return fmt.Errorf("the registry ended as it started (%v): %s", exit, d.lastWords())
	}
	if err != nil {
		return fmt.Errorf("the registry on 127.0.0.1:%d gives no answer: %w; it says: %s", state.Port, err, d.lastWords())
	}
	return nil
}

func (d registryDirectory) lastWords() string {
	text, _ := d.readFile(logFile)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return fmt.Sprintf("%s (all of it in %s)", lines[len(lines)-1], d.path(logFile))
}

// answers reports whether our own registry is on the port and takes the push credentials. Another program never gets them.
func (s registryState) answers() bool {
	request, err := http.NewRequest(http.MethodGet, "http://"+loopbackAddress(s.Port)+"/v2/", nil)
	if err != nil {
		return false
	}
	request.SetBasicAuth(pusherName, s.PusherPassword)
	transport := verifiedTransport(s.IdentityKey, &http.Transport{DisableKeepAlives: true})
	client := http.Client{Timeout: identityTimeout, Transport: transport}
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode == http.StatusOK
}

// lostPort reports whether another program listens where the registry should.
func (s registryState) lostPort(ctx context.Context) bool {
	var other identityError
	_, err := identityOf(ctx, s.Port, s.IdentityKey)
	return errors.As(err, &other)
}

// takePort stops the registry that runs and listens on the port, which the next process inherits. A port that is taken
// does not cost the registry that runs on another one.
func (s registryState) takePort(call call, directory registryDirectory) (*net.TCPListener, error) {
	mark, err := directory.mark()
	if err == nil && mark.Port != 0 && mark.Port != s.Port {
		listener, err := listenOn(s.Port, s.Owner)
		if err != nil {
			return nil, err
		}
		if err := directory.stop(call); err != nil {
			listener.Close()
			return nil, err
		}
		return listener, nil
	}
	if err := directory.stop(call); err != nil {
		return nil, err
	}
	listener, err := listenOn(s.Port, s.Owner)
	if err != nil && mark.Port == s.Port && s.lostPort(call) {
		directory.notePortLost(s)
	}
	return listener, err
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
