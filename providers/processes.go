package main

import (
	"fmt"
	"net"
	"os"
	"strconv"

	sockets "github.com/shirou/gopsutil/v4/net"
	"github.com/shirou/gopsutil/v4/process"
)

// listenOn takes the port for the registry, which inherits it.
func listenOn(port int, owner string) (*net.TCPListener, error) {
	listener, err := net.Listen("tcp", loopbackAddress(port))
	if err == nil {
		return listener.(*net.TCPListener), nil
	}
	return nil, fmt.Errorf("port %d of 127.0.0.1 cannot be had: %s; stop that, or choose another port: "+
		"%s", port, portHolder(port, err), mend(owner, "port", strconv.Itoa(anotherPort(port))))
}

func portHolder(port int, otherwise error) string {
	connections, err := sockets.Connections("tcp")
	if err != nil {
		return otherwise.Error()
	}
	for _, connection := range connections {
		if connection.Status == "LISTEN" && int(connection.Laddr.Port) == port && connection.Pid != 0 {
			return fmt.Sprintf("process %d (%s) listens there", connection.Pid, processName(connection.Pid))
		}
	}
	return otherwise.Error()
}

func processName(identifier int32) string {
	holder, err := process.NewProcess(identifier)
	if err != nil {
		return "unknown"
	}
	name, err := holder.Name()
	if err != nil {
		return "unknown"
	}
	return name
}

// anotherPort is one that is free right now, to be named in the message.
func anotherPort(taken int) int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return taken + 1
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// registries are this user's processes that look like embedded registries, with the directories that they work in. What
// they look like proves nothing: whether one is ours is for the lock on its directory's file to say.
func registries() map[int]string {
	found := map[int]string{}
	processes, err := process.Processes()
	if err != nil {
		return found
	}
	for _, candidate := range processes {
		words, err := candidate.CmdlineSlice()
		if err != nil || len(words) != 3 || words[1] != "registry" || !isOwn(candidate) {
			continue
		}
		directory, err := candidate.Cwd()
		if err != nil {
			directory = words[2] // not every system tells
		}
		found[int(candidate.Pid)] = directory
	}
	return found
}

// isOwn reports whether the process runs as this user.
func isOwn(candidate *process.Process) bool {
	users, err := candidate.Uids()
	return err == nil && len(users) > 1 && users[1] == uint32(os.Geteuid())
}
