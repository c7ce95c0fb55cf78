// Go's language host: a program is built by the Go on PATH, and told by variables what the SDK's `pulumi.Run` asks for.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	golang "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"golang.org/x/mod/modfile"

	"hero/tools/languages/host"
)

type language struct{}

func main() {
	host.Main(language{})
}

func (language) Executable() string {
	return "go"
}

func (language) Command(
	ctx context.Context, request *pulumirpc.RunRequest, engine, scratch string,
) (*exec.Cmd, error) {
	// `go run` would end with 1 whatever the program ends with.
	program := filepath.Join(scratch, request.GetProject())
	build := exec.CommandContext(ctx, "go", "build", "-o", program, request.GetInfo().GetEntryPoint())
	build.Dir, build.Stdout, build.Stderr = request.GetInfo().GetProgramDirectory(), os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		return nil, fmt.Errorf("the program cannot be built: %w", err)
	}
	command := exec.CommandContext(ctx, program)
	command.Env = append(os.Environ(),
		"PULUMI_MONITOR="+request.GetMonitorAddress(), "PULUMI_ENGINE="+engine,
		"PULUMI_ORGANIZATION="+request.GetOrganization(), "PULUMI_PROJECT="+request.GetProject(),
		"PULUMI_STACK="+request.GetStack(), "PULUMI_ROOT_DIRECTORY="+request.GetInfo().GetRootDirectory(),
		fmt.Sprintf("PULUMI_PARALLEL=%d", request.GetParallel()), fmt.Sprintf("PULUMI_DRY_RUN=%t", request.GetDryRun()))
	return command, nil
}

func (language) Files(
	bound *schema.Package, request *pulumirpc.GeneratePackageRequest, _ schema.ReferenceLoader,
) (map[string][]byte, error) {
	return golang.GeneratePackage("pulumi-language-go", bound, request.GetLocalDependencies())
}

func (language) Know(ctx context.Context, folder, _, path string) error {
	text, err := os.ReadFile(filepath.Join(folder, path, "go.mod"))
	if err != nil {
		return err
	}
	module := modfile.ModulePath(text)
	if module == "" {
		return errors.New(path + " is no Go module")
	}
	// Of a module in a folder any version will do.
	edit := exec.CommandContext(ctx, "go", "mod", "edit", "-require="+module+"@v0.0.0", "-replace="+module+"=./"+path)
	edit.Dir, edit.Stderr = folder, os.Stderr
	return edit.Run()
}
