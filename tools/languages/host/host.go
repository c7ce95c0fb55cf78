// Package host is what the language hosts here have in common, for a Pulumi CLI that was built from source, which comes
// without them.
//
// They run a program, in its own folder, and make packages by Pulumi's own generators. That is what an example needs; the
// official hosts, which are in no package registry, can do far more.
package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/hashicorp/hcl/v2"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// alreadyTold is how the SDKs' programs end when they have told the engine what is wrong.
const alreadyTold = 32

// Language is in what one host differs from another.
type Language interface {
	// Executable is what runs programs.
	Executable() string
	// Command is a program, ready to be run but for its folder and config; a mistake is told to whoever wrote it. What is
	// made for it is put into a folder that goes when the program has ended.
	Command(ctx context.Context, request *pulumirpc.RunRequest, engine, scratch string) (*exec.Cmd, error)
	// Files are a package's own types, by their paths in its folder.
	Files(
		bound *schema.Package, request *pulumirpc.GeneratePackageRequest, loader schema.ReferenceLoader,
	) (map[string][]byte, error)
	// Know has the program in a folder know a package of this name, which is at a path seen from there.
	Know(ctx context.Context, folder, name, path string) error
}

type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	language Language
	engine   string
}

// Main answers until it is interrupted, which is how the engine ends a language host.
func Main(language Language) {
	interrupted, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(interrupted, &host{language: language, engine: os.Args[len(os.Args)-1]}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(interrupted context.Context, host *host) error {
	cancel := make(chan bool)
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: cancel,
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(server, host)
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
	return &pulumirpc.AboutResponse{Executable: h.language.Executable()}, nil
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
	config, err := json.Marshal(request.GetConfig())
	if err != nil {
		return nil, err
	}
	secrets, err := json.Marshal(request.GetConfigSecretKeys())
	if err != nil {
		return nil, err
	}
	scratch, err := os.MkdirTemp("", "pulumi-program-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch) //nolint:errcheck // of the system's own folder for such things
	command, err := h.language.Command(ctx, request, h.engine, scratch)
	if err != nil {
		return &pulumirpc.RunResponse{Error: err.Error()}, nil
	}
	command.Dir = request.GetInfo().GetProgramDirectory()
	command.Env = append(command.Environ(), "PULUMI_CONFIG="+string(config), "PULUMI_CONFIG_SECRET_KEYS="+string(secrets))
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	err = command.Run()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		if exit.ExitCode() == alreadyTold {
			return &pulumirpc.RunResponse{Bail: true}, nil
		}
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("the program ended with %d", exit.ExitCode())}, nil
	}
	return &pulumirpc.RunResponse{}, err
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
	cached := schema.NewCachedLoader(loader)
	bound, mistakes, err := schema.BindSpec(given, cached, schema.ValidationOptions{})
	if err != nil || mistakes.HasErrors() {
		return answered(mistakes), err
	}
	files, err := h.language.Files(bound, request, cached)
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

// InstallDependencies does nothing: what a program needs is brought by the language's own tool.
func (h *host) InstallDependencies(
	*pulumirpc.InstallDependenciesRequest, grpc.ServerStreamingServer[pulumirpc.InstallDependenciesResponse],
) error {
	return nil
}

// Link has a program know packages that are in folders, as the official hosts do.
func (h *host) Link(ctx context.Context, request *pulumirpc.LinkRequest) (*pulumirpc.LinkResponse, error) {
	folder := request.GetInfo().GetProgramDirectory()
	for _, each := range request.GetPackages() {
		path := each.GetPath()
		if filepath.IsAbs(path) {
			seen, err := filepath.Rel(folder, path)
			if err != nil {
				return nil, err
			}
			path = seen
		}
		name := each.GetPackage().GetName()
		if err := h.language.Know(ctx, folder, name, filepath.ToSlash(path)); err != nil {
			return nil, fmt.Errorf("%s cannot be told of %s: %w", h.language.Executable(), name, err)
		}
	}
	return &pulumirpc.LinkResponse{}, nil
}
