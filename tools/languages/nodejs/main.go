// Node's language host: a program is run by the SDK's own `cmd/run`.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"

	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"hero/tools/languages/host"
)

// program is what the SDK has for running a program, as Node finds it from the program's folder.
const program = "@pulumi/pulumi/cmd/run"

type language struct{}

func main() {
	host.Main(language{})
}

func (language) Executable() string {
	return "node"
}

func (language) Command(ctx context.Context, request *pulumirpc.RunRequest, engine, _ string) (*exec.Cmd, error) {
	folder := request.GetInfo().GetProgramDirectory()
	run, err := resolved(ctx, folder)
	if err != nil {
		return nil, err
	}
	told := []string{
		run, "--monitor", request.GetMonitorAddress(), "--engine", engine,
		"--organization", request.GetOrganization(), "--project", request.GetProject(), "--stack", request.GetStack(),
		"--pwd", folder, "--parallel", fmt.Sprint(request.GetParallel()),
	}
	if request.GetDryRun() {
		told = append(told, "--dry-run")
	}
	return exec.CommandContext(ctx, "node", append(told, request.GetInfo().GetEntryPoint())...), nil
}

func resolved(ctx context.Context, folder string) (string, error) {
	command := exec.CommandContext(ctx, "node", "-p", fmt.Sprintf("require.resolve(%q)", program))
	command.Dir = folder
	found, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%s is not there, `npm ci` in %s brings it: %w", program, folder, err)
	}
	return string(found[:len(found)-1]), nil
}

func (language) Files(
	bound *schema.Package, request *pulumirpc.GeneratePackageRequest, loader schema.ReferenceLoader,
) (map[string][]byte, error) {
	return nodejs.GeneratePackage("pulumi-language-nodejs",
		bound, request.GetExtraFiles(), request.GetLocalDependencies(), request.GetLocal(), loader)
}

func (language) Know(ctx context.Context, folder, name, path string) error {
	npm := exec.CommandContext(ctx, "npm", "pkg", "set", fmt.Sprintf("dependencies.@pulumi/%s=file:%s", name, path))
	npm.Dir, npm.Stderr = folder, os.Stderr
	return npm.Run()
}
