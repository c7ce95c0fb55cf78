package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/blang/semver"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

const patienceWithOrphans = 200 * time.Millisecond

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

// importer is a kind whose resources `pulumi import` can take in, by an identifier that people know. The state that it
// gives holds nothing but inputs.
type importer interface {
	importState(call call, identifier string) (resource.PropertyMap, error)
}

// liveDiffer is a kind whose difference depends on what there is outside of the state too.
type liveDiffer interface {
	diffLive(call call, olds, news resource.PropertyMap) (plugin.DiffResult, error)
}

// identified is a kind whose resources have an identifier in the world. Others are known by their name in the program.
type identified interface {
	identity(state resource.PropertyMap) string
}

// call is one request of the engine: how long it may go on, whether it is only a preview, and where its progress shows.
type call struct {
	context.Context
	preview  bool
	progress progress
	// keychain has what `docker login` left on this machine, and hubAPI is where an import looks with that.
	keychain authn.Keychain
	hubAPI   string
	// logins are those to Docker Hub that the program has given so far.
	logins *knownLogins
	// storages is what the plugin knows of this run when images are to be deleted.
	storages *storageMemory
	// limits bounds each wait for a registry; nil means defaultWaitLimits.
	limits *waitLimits
}

func (c call) waitLimits() waitLimits {
	if c.limits == nil {
		return defaultWaitLimits
	}
	return *c.limits
}

// within is the same call, which ends when the context does.
func (c call) within(ctx context.Context) call {
	c.Context = ctx
	return c
}

// heroPlugin speaks Pulumi's provider protocol and hands each request to the kind it is for.
type heroPlugin struct {
	plugin.UnimplementedProvider
	kinds     map[tokens.Type]kind
	keychain  authn.Keychain
	hubAPI    string
	logins    knownLogins
	storages  storageMemory
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
			"hero-home:provider:RegistryProcess":     registryProcess{},
			"hero-home:provider:Image":               image{},
			"hero-home:provider:ImageCopy":           imageCopy{},
			"hero-home:provider:Home":                home{},
			"hero-home:provider:StorageGuard":        storageGuard{},
			"hero-home:provider:NydusImage":          nydusImage{},
			"hero-home:provider:DockerHubRepository": hubRepository{},
			"hero-home:provider:DockerHubToken":      hubAccessToken{},
			"hero-home:provider:Readiness":           readiness{pause: time.Second},
			"hero-home:provider:Departure":           departure{pause: time.Second},
			"hero-home:provider:KeptSecrets":         keptSecrets{},
			"hero-home:provider:Webhook":             webhook{pause: time.Second},
			"hero-home:provider:HarborPreheat":       harborPreheat{pause: harborPause},
			"hero-home:provider:HarborProject":       harborProject{pause: harborPause},
			"hero-home:provider:HarborRobot":         harborRobot{pause: harborPause},
			"hero-home:provider:HarborScan":          harborScan{pause: harborPause},
			"hero-home:provider:DragonflyAccount":    dragonflyAccount{pause: dragonflyPause, forgets: dragonflyForgets},
			"hero-home:provider:DragonflyPreheat":    preheat{pause: dragonflyPause, unknown: longestUnknown, challenge: askForChallenge},
		},
		engine: engine, cancelled: cancelled, cancel: cancel, keychain: authn.DefaultKeychain, hubAPI: hubAPI,
	}
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterResourceProviderServer(server, detailedServer{plugin.NewProviderServer(hero)})
			return nil
		},
		Options: []grpc.ServerOption{grpc.MaxRecvMsgSize(400 << 20)},
	})
	if err != nil {
		return err
	}
	go leaveWithParent(cancel)
	fmt.Println(handle.Port)
	return <-handle.Done
}

// detailedServer says that a difference comes with details. The SDK's own server sends them and forgets to say so, and
// the engine shows nothing then of what a refresh has found.
type detailedServer struct {
	pulumirpc.ResourceProviderServer
}

func (s detailedServer) Diff(ctx context.Context, request *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	response, err := s.ResourceProviderServer.Diff(ctx, request)
	if response != nil {
		response.HasDetailedDiff = len(response.GetDetailedDiff()) > 0
	}
	return response, err
}

// leaveWithParent ends the plugin when the engine has died without a word: what it does from then on would be
// recorded nowhere.
func leaveWithParent(cancel context.CancelFunc) {
	parent := os.Getppid()
	for os.Getppid() == parent {
		time.Sleep(50 * time.Millisecond)
	}
	// Programs that work for us are told to end, in folders that go next.
	cancel()
	time.Sleep(patienceWithOrphans)
	clearAllScratch()
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
	h.logins.remember(request.News)
	h.storages.remember(request.Type, request.News)
	inputs, failures, err := kind.check(request.News)
	return plugin.CheckResponse{Properties: inputs, Failures: failures}, err
}

func (h *heroPlugin) Diff(ctx context.Context, request plugin.DiffRequest) (plugin.DiffResponse, error) {
	kind, err := h.kind(request.Type)
	if err != nil {
		return plugin.DiffResult{}, err
	}
	if kind, ok := kind.(liveDiffer); ok {
		return kind.diffLive(h.call(ctx, request.URN, false), request.OldOutputs, request.NewInputs)
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
	if request.Preview {
		return plugin.CreateResponse{Properties: outputs}, nil
	}
	identifier := request.Name
	if kind, ok := kind.(identified); ok {
		identifier = kind.identity(outputs)
	}
	return plugin.CreateResponse{ID: resource.ID(identifier), Properties: outputs}, nil
}

func (h *heroPlugin) Read(ctx context.Context, request plugin.ReadRequest) (plugin.ReadResponse, error) {
	kind, err := h.kind(request.Type)
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	if len(request.State) == 0 {
		return h.importResource(ctx, kind, request)
	}
	outputs, err := kind.read(h.call(ctx, request.URN, false), request.State)
	if err != nil || outputs == nil {
		return plugin.ReadResponse{}, err
	}
	return plugin.ReadResponse{ReadResult: plugin.ReadResult{ID: request.ID, Inputs: request.Inputs, Outputs: outputs}}, nil
}

func (h *heroPlugin) importResource(ctx context.Context, kind kind, request plugin.ReadRequest) (plugin.ReadResponse, error) {
	importing, ok := kind.(importer)
	if !ok {
		return plugin.ReadResponse{}, fmt.Errorf("%s cannot be imported: it is made by `up` from its inputs alone", request.Type)
	}
	state, err := importing.importState(h.call(ctx, request.URN, false), string(request.ID))
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	return plugin.ReadResponse{ReadResult: plugin.ReadResult{ID: request.ID, Inputs: state, Outputs: state}}, nil
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
	return call{Context: ctx, preview: preview, progress: progress{engine: h.engine, urn: urn}, keychain: h.keychain, hubAPI: h.hubAPI, logins: &h.logins,
		storages: &h.storages}
}
