package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	// Some tools are built from their source, on machines that may be slow.
	patienceWithTool = 30 * time.Minute
	// patienceWithEnd is how long a program that is told to end may take to clear away what is unfinished.
	patienceWithEnd = 10 * time.Second
)

// provideTool says where one of the tools is that tools/provide.py knows, which fetches it where it is not there yet.
func provideTool(call call, name string) (string, error) {
	ctx, cancel := context.WithTimeout(call, patienceWithTool)
	defer cancel()
	var last []string
	command := exec.CommandContext(ctx, "python3", "-S", "-m", "tools.provide", name)
	command.Stderr = &lines{take: func(line string) {
		words, begins := strings.CutPrefix(line, "pulumiw: ")
		if begins {
			last = nil // the lines that follow one of these belong to it
		}
		last = append(last, words)
		call.progress.status("%s", words)
	}}
	path, err := output(ctx, command)
	if err != nil {
		return "", fmt.Errorf("%s cannot be had: %s", name, told(last, err))
	}
	return strings.TrimSpace(string(path)), nil
}

// output runs a program that is asked to end, and not just killed, when its time is over.
func output(ctx context.Context, command *exec.Cmd) ([]byte, error) {
	return outputUnless(ctx, command, func() error { return command.Process.Signal(syscall.SIGTERM) })
}

// outputOfAll is the same for a program that starts others, which then have to end too: they are one group of processes.
func outputOfAll(ctx context.Context, command *exec.Cmd) ([]byte, error) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return outputUnless(ctx, command, func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGTERM) })
}

func outputUnless(ctx context.Context, command *exec.Cmd, end func() error) ([]byte, error) {
	command.Cancel = end
	command.WaitDelay = patienceWithEnd
	printed, err := command.Output()
	if ctx.Err() != nil {
		return nil, stopped{ctx.Err()}
	}
	return printed, err
}

// stopped is the error of a program that we have ended: what it said of that is of no interest.
type stopped struct{ reason error }

func (s stopped) Error() string {
	if errors.Is(s.reason, context.DeadlineExceeded) {
		return "it took too long"
	}
	return "interrupted"
}

// told is what a program said of its failure, or else how it ended.
func told(said []string, err error) string {
	words := strings.TrimSpace(strings.Join(said, "\n"))
	if errors.As(err, new(stopped)) || words == "" {
		return err.Error()
	}
	return words
}

// lines hands on each line that is written to it.
type lines struct {
	begun []byte
	take  func(line string)
}

func (l *lines) Write(more []byte) (int, error) {
	l.begun = append(l.begun, more...)
	for {
		line, rest, whole := bytes.Cut(l.begun, []byte("\n"))
		if !whole {
			return len(more), nil
		}
		l.take(string(line))
		l.begun = rest
	}
}
