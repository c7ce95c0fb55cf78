package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// registryHolder is the process that holds the lock on the registry's file. The kernel knows which one that is, so that
// it is found wherever its directory or its program was moved, and no other process is taken for it.
type registryHolder struct {
	running bool
	// process is 0 when it runs in a PID namespace that this one cannot see.
	process int
}

func (d registryDirectory) running() bool {
	return d.holder().running
}

func (d registryDirectory) holder() registryHolder {
	file, err := d.open(processFile, os.O_RDWR)
	if err != nil {
		return registryHolder{}
	}
	defer file.Close()
	found, err := lockHolder(file)
	if err != nil || !found.running {
		return registryHolder{}
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return registryHolder{}
	}
	own, err := identifyFile(string(d))
	words := strings.Fields(string(text))
	if err != nil || (len(words) == 2 && words[1] != strconv.FormatUint(own.Inode, 10)) {
		return registryHolder{} // a hard link in a copy of the directory: the process serves the original
	}
	return found
}

func (d registryDirectory) stop(ctx context.Context) error {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		found := d.holder()
		if !found.running {
			return nil
		}
		if found.process <= 0 {
			return fmt.Errorf("cannot stop the registry in %s: it runs in another PID namespace\nhint: stop it in its container", d)
		}
		if err := end(found.process, signal); err != nil {
			return err
		}
		if waitUntil(context.WithoutCancel(ctx), stopDeadline, func() bool { return !d.running() }) == nil {
			return nil
		}
	}
	return fmt.Errorf("the registry (process %d) does not stop; end it by hand and try again", d.holder().process)
}

// stopLost stops a registry that outlived its directory, or whose directory was moved away: it is on the port, and proves
// that it is this state's. One that belongs to another checkout stays.
func (s registryState) stopLost(ctx context.Context, port int) error {
	found, err := identityOf(ctx, port, s.IdentityKey)
	if err != nil || !s.mayStop(found) {
		return nil
	}
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if err := end(found.Process, signal); err != nil {
			return err
		}
		gone := func() bool {
			now, err := identityOf(ctx, port, s.IdentityKey)
			return err != nil || now.Process != found.Process
		}
		if waitUntil(context.WithoutCancel(ctx), stopDeadline, gone) == nil {
			return nil
		}
	}
	return fmt.Errorf("the registry (process %d) does not stop; end it by hand and try again", found.Process)
}

func (s registryState) mayStop(found registryIdentity) bool {
	if _, ours := registries()[found.Process]; !ours {
		return false
	}
	return found.Directory == "" || registryDirectory(found.Directory).ownedBy(s)
}

func end(process int, signal syscall.Signal) error {
	if err := syscall.Kill(process, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("the registry (process %d) cannot be stopped: %w", process, err)
	}
	return nil
}

// lockForLife takes a record lock. Unlike flock's, the kernel names its holder, and asking for the holder takes no lock.
func lockForLife(file *os.File) error {
	wanted := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart}
	return syscall.FcntlFlock(file.Fd(), syscall.F_SETLK, &wanted)
}

func lockHolder(file *os.File) (registryHolder, error) {
	asked := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart}
	if err := syscall.FcntlFlock(file.Fd(), syscall.F_GETLK, &asked); err != nil {
		return registryHolder{}, err
	}
	return registryHolder{asked.Type != syscall.F_UNLCK, int(asked.Pid)}, nil
}

func lock(file *os.File) error {
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}
