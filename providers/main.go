// The plugin behind the resources that no Pulumi package covers: the embedded registry's process and the image that
// needs no Docker. Pulumi starts it as `pulumi-resource-hero ENGINE_ADDRESS`; it starts itself once more as
// `pulumi-resource-hero registry DIRECTORY` to be the embedded registry.
package main

import (
	"fmt"
	"os"
)

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
	return servePlugin(arguments)
}
