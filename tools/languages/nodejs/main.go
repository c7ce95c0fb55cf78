// Node's language host for a Pulumi CLI that was built from source, which comes without one.
//
// It runs a program by the SDK's own `cmd/run`, in the program's folder, and makes packages by Pulumi's own generator. That
// is what an example needs; the official CLI's host, which is in no package registry, can do far more.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/hashicorp/hcl/v2"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// program is what the SDK has for running a program, as Node finds it from the program's folder.
const program = "@pulumi/pulumi/cmd/run"

type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	engine string
}

func main() {
	interrupted, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(interrupted, os.Args[len(os.Args)-1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve answers until it is interrupted, which is how the engine ends a language host.
func serve(interrupted context.Context, engine string) error {
	cancel := make(chan bool)
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: cancel,
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(server, &host{engine: engine})
			return nil
		},
	})
	if err != nil {
		return err
	}
	fmt.Println(handle.Port)
	select {
	case <-interrupted.Done():
		close(cancel)
		return <-handle.Done
	case err := <-handle.Done:
		return err
	}
}

func (h *host) Handshake(
	context.Context, *pulumirpc.LanguageHandshakeRequest,
) (*pulumirpc.LanguageHandshakeResponse, error) {
	return &pulumirpc.LanguageHandshakeResponse{}, nil
}

func (h *host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{}, nil
}

func (h *host) About(context.Context, *pulumirpc.AboutRequest) (*pulumirpc.AboutResponse, error) {
	return &pulumirpc.AboutResponse{Executable: "node"}, nil
}

func (h *host) RuntimeOptionsPrompts(
	context.Context, *pulumirpc.RuntimeOptionsRequest,
) (*pulumirpc.RuntimeOptionsResponse, error) {
	return &pulumirpc.RuntimeOptionsResponse{}, nil
}

// GetRequiredPackages names none: a program's Pulumi.yaml names those that are on this machine.
func (h *host) GetRequiredPackages(
	context.Context, *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	return &pulumirpc.GetRequiredPackagesResponse{}, nil
}

func (h *host) GetProgramDependencies(
	context.Context, *pulumirpc.GetProgramDependenciesRequest,
) (*pulumirpc.GetProgramDependenciesResponse, error) {
	return &pulumirpc.GetProgramDependenciesResponse{}, nil
}

// Run is the program itself, in a process that has ended when it returns.
func (h *host) Run(ctx context.Context, request *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	folder := request.GetInfo().GetProgramDirectory()
	run, err := resolved(ctx, folder)
	if err != nil {
		return &pulumirpc.RunResponse{Error: err.Error()}, nil
	}
	config, err := json.Marshal(request.GetConfig())
	if err != nil {
		return nil, err
	}
	secrets, err := json.Marshal(request.GetConfigSecretKeys())
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, "node", append([]string{run}, h.arguments(request, folder)...)...)
	command.Dir = folder
	command.Env = append(os.Environ(), "PULUMI_CONFIG="+string(config), "PULUMI_CONFIG_SECRET_KEYS="+string(secrets))
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	err = command.Run()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		// The SDK says by it that it has told the engine what is wrong already.
		if exit.ExitCode() == 32 {
			return &pulumirpc.RunResponse{Bail: true}, nil
		}
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("the program ended with %d", exit.ExitCode())}, nil
	}
	return &pulumirpc.RunResponse{}, err
}

func (h *host) arguments(request *pulumirpc.RunRequest, folder string) []string {
	told := []string{
		"--monitor", request.GetMonitorAddress(), "--engine", h.engine,
		"--organization", request.GetOrganization(), "--project", request.GetProject(), "--stack", request.GetStack(),
		"--pwd", folder, "--parallel", fmt.Sprint(request.GetParallel()),
	}
	if request.GetDryRun() {
		told = append(told, "--dry-run")
	}
	return append(told, request.GetInfo().GetEntryPoint())
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

// GeneratePackage writes a package's own types, as `pulumi package add` asks for.
func (h *host) GeneratePackage(
	_ context.Context, request *pulumirpc.GeneratePackageRequest,
) (*pulumirpc.GeneratePackageResponse, error) {
	loader, err := schema.NewLoaderClient(request.GetLoaderTarget())
	if err != nil {
		return nil, err
	}
	defer loader.Close() //nolint:errcheck // nothing was written
	var given schema.PackageSpec
	if err := json.Unmarshal([]byte(request.GetSchema()), &given); err != nil {
		return nil, err
	}
	bound, mistakes, err := schema.BindSpec(given, schema.NewCachedLoader(loader), schema.ValidationOptions{})
	if err != nil || mistakes.HasErrors() {
		return answered(mistakes), err
	}
	files, err := nodejs.GeneratePackage(
		"pulumi-language-nodejs", bound, request.GetExtraFiles(), request.GetLocalDependencies(), request.GetLocal(), loader)
	if err != nil {
		return nil, err
	}
	for name, content := range files {
		file := filepath.Join(request.GetDirectory(), name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(file, content, 0o644); err != nil {
			return nil, err
		}
	}
	return answered(mistakes), nil
}

func answered(mistakes hcl.Diagnostics) *pulumirpc.GeneratePackageResponse {
	return &pulumirpc.GeneratePackageResponse{Diagnostics: plugin.HclDiagnosticsToRPCDiagnostics(mistakes)}
}

// InstallDependencies does nothing: who has the CLI from source types `npm ci`.
func (h *host) InstallDependencies(
	*pulumirpc.InstallDependenciesRequest, grpc.ServerStreamingServer[pulumirpc.InstallDependenciesResponse],
) error {
	return nil
}

// Link has a program know a package that is in a folder, as the official host does: by npm.
func (h *host) Link(ctx context.Context, request *pulumirpc.LinkRequest) (*pulumirpc.LinkResponse, error) {
	folder := request.GetInfo().GetProgramDirectory()
	for _, each := range request.GetPackages() {
		path, err := filepath.Rel(folder, filepath.Join(folder, each.GetPath()))
		if filepath.IsAbs(each.GetPath()) {
			path, err = filepath.Rel(folder, each.GetPath())
		}
		if err != nil {
			return nil, err
		}
		npm := exec.CommandContext(ctx, "npm", "pkg", "set",
			fmt.Sprintf("dependencies.@pulumi/%s=file:%s", each.GetPackage().GetName(), filepath.ToSlash(path)))
		npm.Dir, npm.Stdout, npm.Stderr = folder, io.Discard, os.Stderr
		if err := npm.Run(); err != nil {
			return nil, fmt.Errorf("npm cannot be told of %s: %w", each.GetPackage().GetName(), err)
		}
	}
	return &pulumirpc.LinkResponse{}, nil
}
