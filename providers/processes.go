package main

import (
	"fmt"
	"net"
	"path/filepath"
	"strconv"

	sockets "github.com/shirou/gopsutil/v4/net"
	"github.com/shirou/gopsutil/v4/process"
)

const pluginName = "pulumi-resource-hero-home"

func ensurePortIsFree(port int, owner string) error {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err == nil {
		return listener.Close()
	}
	return fmt.Errorf("port %d of 127.0.0.1 cannot be had: %s; stop that, or choose another port: "+
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

// registryProcessOn finds a registry whose directory was taken away from under it, by the words it was started with.
func registryProcessOn(directory string) int {
	for identifier, running := range registries() {
		if running == directory {
			return identifier
		}
	}
	return 0
}

// registries are all embedded registries on this machine: their processes and directories.
func registries() map[int]string {
	found := map[int]string{}
	processes, err := process.Processes()
	if err != nil {
		return found
	}
	for _, candidate := range processes {
		words, err := candidate.CmdlineSlice()
		if err == nil && len(words) == 3 && words[1] == "registry" && filepath.Base(words[0]) == pluginName {
			found[int(candidate.Pid)] = words[2]
		}
	}
	return found
}
