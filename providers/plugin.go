package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

var pluginVersion = semver.MustParse("0.1.0")

// kind is one type of resource: what its inputs mean and how it is made, read, changed and taken away.
type kind interface {
	// check completes the inputs with what only the provider can know, such as the fingerprint of a source tree.
	check(news resource.PropertyMap) (resource.PropertyMap, []plugin.CheckFailure, error)
	diff(olds, news resource.PropertyMap) (plugin.DiffResult, error)
	create(call call, news resource.PropertyMap) (resource.PropertyMap, error)
	// read returns nil where the resource is gone for good.
	read(call call, olds resource.PropertyMap) (resource.PropertyMap, error)
	update(call call, olds, news resource.PropertyMap) (resource.PropertyMap, error)
	remove(call call, olds resource.PropertyMap) error
}

// call is one request of the engine: how long it may go on, whether it is only a preview, and where its progress shows.
type call struct {
	context.Context
	preview  bool
	progress progress
}

// heroPlugin speaks Pulumi's provider protocol and hands each request to the kind it is for.
type heroPlugin struct {
	plugin.UnimplementedProvider
	kinds     map[tokens.Type]kind
	engine    pulumirpc.EngineClient
	cancelled context.Context
	cancel    context.CancelFunc
}

func servePlugin(arguments []string) error {
	if len(arguments) == 0 {
		return errors.New("this is a Pulumi plugin; Pulumi starts it with the address of its engine")
	}
	engine, err := connectEngine(arguments[len(arguments)-1])
	if err != nil {
		return err
	}
	cancelled, cancel := context.WithCancel(context.Background())
	hero := &heroPlugin{
		kinds: map[tokens.Type]kind{
			"hero:provider:RegistryProcess": registryProcess{},
			"hero:provider:Image":           image{},
		},
		engine: engine, cancelled: cancelled, cancel: cancel,
	}
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterResourceProviderServer(server, plugin.NewProviderServer(hero))
			return nil
		},
		Options: []grpc.ServerOption{grpc.MaxRecvMsgSize(400 << 20)},
	})
	if err != nil {
		return err
	}
	go leaveWithParent()
	fmt.Println(handle.Port)
	return <-handle.Done
}

// leaveWithParent ends the plugin when the engine has died without a word: what it does from then on would be
// recorded nowhere.
func leaveWithParent() {
	parent := os.Getppid()
	for os.Getppid() == parent {
		time.Sleep(50 * time.Millisecond)
	}
	os.Exit(1)
}

func (h *heroPlugin) Handshake(context.Context, plugin.ProviderHandshakeRequest) (*plugin.ProviderHandshakeResponse, error) {
	return &plugin.ProviderHandshakeResponse{}, nil
}

func (h *heroPlugin) GetPluginInfo(context.Context) (plugin.PluginInfo, error) {
	return plugin.PluginInfo{Version: &pluginVersion}, nil
}

func (h *heroPlugin) CheckConfig(_ context.Context, request plugin.CheckConfigRequest) (plugin.CheckConfigResponse, error) {
	return plugin.CheckConfigResponse{Properties: request.News}, nil
}

func (h *heroPlugin) DiffConfig(context.Context, plugin.DiffConfigRequest) (plugin.DiffConfigResponse, error) {
	return plugin.DiffResult{Changes: plugin.DiffNone}, nil
}

func (h *heroPlugin) Configure(context.Context, plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	return plugin.ConfigureResponse{}, nil
}

func (h *heroPlugin) SignalCancellation(context.Context) error {
	h.cancel()
	return nil
}

func (h *heroPlugin) Check(_ context.Context, request plugin.CheckRequest) (plugin.CheckResponse, error) {
	kind, err := h.kind(request.Type)
	if err != nil {
		return plugin.CheckResponse{}, err
	}
	inputs, failures, err := kind.check(request.News)
	return plugin.CheckResponse{Properties: inputs, Failures: failures}, err
}

func (h *heroPlugin) Diff(_ context.Context, request plugin.DiffRequest) (plugin.DiffResponse, error) {
	kind, err := h.kind(request.Type)
	if err != nil {
		return plugin.DiffResult{}, err
	}
	return kind.diff(request.OldOutputs, request.NewInputs)
}

func (h *heroPlugin) Create(ctx context.Context, request plugin.CreateRequest) (plugin.CreateResponse, error) {
	kind, err := h.kind(request.Type)
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	outputs, err := kind.create(h.call(ctx, request.URN, request.Preview), request.Properties)
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	identifier := resource.ID(request.Name)
	if request.Preview {
		identifier = ""
	}
	return plugin.CreateResponse{ID: identifier, Properties: outputs}, nil
}

func (h *heroPlugin) Read(ctx context.Context, request plugin.ReadRequest) (plugin.ReadResponse, error) {
	kind, err := h.kind(request.Type)
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	if len(request.State) == 0 {
		return plugin.ReadResponse{}, fmt.Errorf("%s cannot be imported: it is made by `up` from its inputs alone", request.Type)
	}
	outputs, err := kind.read(h.call(ctx, request.URN, false), request.State)
	if err != nil || outputs == nil {
		return plugin.ReadResponse{}, err
	}
	return plugin.ReadResponse{ReadResult: plugin.ReadResult{ID: request.ID, Inputs: request.Inputs, Outputs: outputs}}, nil
}

func (h *heroPlugin) Update(ctx context.Context, request plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	kind, err := h.kind(request.Type)
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	outputs, err := kind.update(h.call(ctx, request.URN, request.Preview), request.OldOutputs, request.NewInputs)
	return plugin.UpdateResponse{Properties: outputs}, err
}

func (h *heroPlugin) Delete(ctx context.Context, request plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	kind, err := h.kind(request.Type)
	if err != nil {
		return plugin.DeleteResponse{}, err
	}
	return plugin.DeleteResponse{}, kind.remove(h.call(ctx, request.URN, false), request.Outputs)
}

func (h *heroPlugin) kind(token tokens.Type) (kind, error) {
	if kind, known := h.kinds[token]; known {
		return kind, nil
	}
	return nil, fmt.Errorf("this plugin has no resource %q", token)
}

// call ends with the request or, where the user interrupts, with the plugin's own cancellation.
func (h *heroPlugin) call(ctx context.Context, urn resource.URN, preview bool) call {
	ctx, cancel := context.WithCancel(ctx)
	context.AfterFunc(h.cancelled, cancel)
	return call{Context: ctx, preview: preview, progress: progress{engine: h.engine, urn: urn}}
}
