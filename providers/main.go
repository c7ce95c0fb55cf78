// The plugin behind the resources that no Pulumi package covers: the embedded registry's process, the image that needs no
// Docker, the repository and the tokens on Docker Hub, what Harbor and Dragonfly are told, and webhooks.
//
//	pulumi-resource-hero-home ENGINE_ADDRESS      how Pulumi starts it
//	pulumi-resource-hero-home registry DIRECTORY  how it starts itself, to be the embedded registry
//	pulumi-resource-hero-home sweep OWNER         how ./pulumiw ends what a killed run left, once a stack is destroyed
//	pulumi-resource-hero-home where               how `make where` asks
//	pulumi-resource-hero-home verify              how `make verify` downloads and hashes what a stack pushed
//	pulumi-resource-hero-home loopback            how `make learn` has a node pull
//	pulumi-resource-hero-home dragonfly-traffic KUBECONFIG CONTEXT NAMESPACE  how `make status` asks
//
// Before something is made that a killed run may have left, the program calls it too: forget-release, forget-in-harbor, and
// discard-pending before a Helm release is changed.
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

// exitDamaged is the exit code of `verify` where it could read the registries and found damaged content.
const exitDamaged = 3

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) == 2 && arguments[0] == "registry" {
		return serveRegistry(arguments[1])
	}
	if len(arguments) == 2 && arguments[0] == "sweep" {
		return sweep(arguments[1])
	}
	if len(arguments) == 1 && arguments[0] == "where" {
		return tellWhere(os.Stdin, os.Stdout)
	}
	if len(arguments) == 1 && arguments[0] == "verify" {
		status := newStatusLines(os.Stderr)
		err := verifyImages(os.Stdin, os.Stdout, status)
		status.end()
		if isDamageFound(err) {
			fmt.Fprintln(os.Stderr, "error:", err)
			os.Exit(exitDamaged)
		}
		return err
	}
	if len(arguments) == 1 && arguments[0] == "loopback" {
		return serveLoopback(os.Stdin, os.Stdout)
	}
	if len(arguments) == 5 && arguments[0] == "forget-release" {
		return forgetRelease(arguments[1], arguments[2], arguments[3], arguments[4])
	}
	if len(arguments) == 6 && arguments[0] == "discard-pending" {
		seconds, err := strconv.Atoi(arguments[5])
		if err != nil {
			return err
		}
		timeout := time.Duration(seconds) * time.Second
		return discardPendingRelease(arguments[1], arguments[2], arguments[3], arguments[4], timeout)
	}
	if len(arguments) == 4 && arguments[0] == "dragonfly-traffic" {
		return tellTraffic(arguments[1], arguments[2], arguments[3], os.Stdout)
	}
	if len(arguments) == 2 && arguments[0] == "forget-in-harbor" {
		// The name is for who looks at the processes. The rest comes by standard input: there is a password among it.
		return forgetInHarbor(os.Stdin, harborPause)
	}
	return servePlugin(arguments)
}
