package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

const (
	// Whoever answers at all does so within this.
	patienceWithOneLook = 15 * time.Second
	longestAnswer       = 1 << 20 // bytes
)

// readiness is a wait for what was put into a cluster: its workloads, its registry's address, what that says of itself
// where it does, and leave to push where somebody pushes.
type readiness struct {
	// pause is the time between two looks.
	pause time.Duration
}

type readinessInputs struct {
	Kubeconfig string `json:"kubeconfig"`
	Context    string `json:"context"`
	Namespace  string `json:"namespace"`
	// Settled changes with what is waited for.
	Settled string `json:"settled"`
	// Patience is in seconds, for all of it.
	Patience int `json:"patience"`
	// URL is empty where only the workloads are waited for.
	URL string `json:"url"`
	// Health says that the answer of URL tells how it is, and that 200 alone means nothing.
	Health bool `json:"health,omitempty"`
	// Repository is empty where nobody asks for leave to push.
	Repository    string `json:"repository"`
	Username      string `json:"username"`
	Password      string `json:"password"`
	CaCertificate string `json:"caCertificate"`
	PlainHTTP     bool   `json:"plainHttp"`
	// Release is the Helm release whose objects have to be as its record has them; empty where there is none.
	Release string `json:"release,omitempty"`
}

type readinessState struct {
	readinessInputs
	// Drift is what differed between the release's record and the cluster at the last look.
	Drift []string `json:"drift,omitempty"`
	// Accepted are fields that were other ones right after they had been set: something else sets them.
	Accepted []string `json:"accepted,omitempty"`
}

func (readiness) check(news resource.PropertyMap) (resource.PropertyMap, []plugin.CheckFailure, error) {
	return news, nil, nil
}

func (readiness) diff(olds, news resource.PropertyMap) (plugin.DiffResult, error) {
	return difference(changedKeys(withHealth(olds), withHealth(news))), nil
}

// withHealth says it of those that say nothing of it, as every wait did before one could ask for it: they are no others
// for that.
func withHealth(properties resource.PropertyMap) resource.PropertyMap {
	if _, said := properties["health"]; said {
		return properties
	}
	complete := properties.Copy()
	complete["health"] = resource.NewBoolProperty(false)
	return complete
}

func (r readiness) create(call call, news resource.PropertyMap) (resource.PropertyMap, error) {
	if call.preview {
		return news, nil
	}
	inputs, err := decode[readinessInputs](news)
	if err != nil {
		return nil, err
	}
	return r.settle(call, readinessState{readinessInputs: inputs}, false)
}

// read looks at the release's objects alone: whether pods are ready now is no property of a wait that is over.
func (readiness) read(call call, olds resource.PropertyMap) (resource.PropertyMap, error) {
	state, err := decode[readinessState](olds)
	if err != nil {
		return nil, err
	}
	drift, err := state.drift(call)
	if err != nil {
		call.progress.warning("%v", err)
	} else {
		state.Drift = drift.findings()
	}
	return encode(state, "password")
}

func (r readiness) update(call call, olds, news resource.PropertyMap) (resource.PropertyMap, error) {
	if call.preview {
		return news, nil
	}
	state, err := decode[readinessState](olds)
	if err != nil {
		return nil, err
	}
	inputs, err := decode[readinessInputs](news)
	if err != nil {
		return nil, err
	}
	isDeployedAgain := state.Settled != inputs.Settled
	state.readinessInputs = inputs
	return r.settle(call, state, !isDeployedAgain)
}

func (readiness) remove(call, resource.PropertyMap) error {
	return nil
}

func (r readiness) wait(call call, inputs readinessInputs) error {
	cluster, err := connectCluster(inputs.Kubeconfig, inputs.Context)
	if err != nil {
		return err
	}
	started := time.Now()
	patience := time.Duration(inputs.Patience) * time.Second
	for {
		waiting := inputs.look(call, cluster)
		waited := time.Since(started)
		switch {
		case call.Err() != nil:
			return call.Err()
		case waiting == nil:
			return nil
		case waited > patience:
			return fmt.Errorf("after %d s %s; look further with: %s; hero:cluster.patience waits longer, and the next ./pulumiw up goes on from here",
				inputs.Patience, waiting.words, waiting.further)
		}
		call.progress.status("%s (%d s)", waiting.words, int(waited.Seconds()))
		select {
		case <-call.Done():
		case <-time.After(r.pause):
		}
	}
}

// look finds the first thing that is not there yet.
func (i readinessInputs) look(ctx context.Context, cluster *cluster) *hindrance {
	ctx, cancel := context.WithTimeout(ctx, patienceWithOneLook)
	defer cancel()
	found, err := cluster.hindrance(ctx, i.Namespace)
	if err != nil {
		return &hindrance{err.Error(), cluster.kubectl(i.Namespace, "get all")}
	}
	if found != nil {
		return found
	}
	if i.URL == "" {
		return nil
	}
	transport, err := trusting(i.CaCertificate)
	if err != nil {
		return &hindrance{err.Error(), cluster.kubectl(i.Namespace, "get secrets")}
	}
	defer transport.CloseIdleConnections()
	said, err := answer(ctx, i.URL, transport)
	if err != nil {
		return &hindrance{
			fmt.Sprintf("all pods are ready, but %s does not answer as it should: %v", i.URL, err),
			cluster.kubectl(i.Namespace, "get services,ingresses"),
		}
	}
	if words := healthHindrance(said); i.Health && words != "" {
		return &hindrance{
			fmt.Sprintf("all pods are ready, but %s %s", i.URL, words),
			cluster.kubectl(i.Namespace, "get pods"),
		}
	}
	if err := i.mayPush(ctx, transport); err != nil {
		return &hindrance{
			fmt.Sprintf("%s answers, but does not let %s push to %s: %v", i.URL, i.Username, i.Repository, err),
			cluster.kubectl(i.Namespace, "get pods"),
		}
	}
	return nil
}

// answer is what is said with 200; any other status is none.
func answer(ctx context.Context, url string, transport http.RoundTripper) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer discard(response)
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it says %s", response.Status)
	}
	return io.ReadAll(io.LimitReader(response.Body, longestAnswer))
}

type healthOfOne struct {
	Name   string `json:"name"`
	Status string `json:"status"`
	Error  string `json:"error"`
}

// healthHindrance is what somebody says of itself in the form that Harbor has for it; nothing where that is healthy.
// Whatever else it says may pass: after a change a part does not know for a while how it is.
func healthHindrance(said []byte) string {
	var health struct {
		Status     string        `json:"status"`
		Components []healthOfOne `json:"components"`
	}
	if json.Unmarshal(said, &health) != nil || health.Status == "" {
		return "does not say whether it is healthy: its answer is no JSON that has a status"
	}
	if health.Status == "healthy" {
		return ""
	}
	var ill []string
	for _, component := range health.Components {
		if component.Status != "healthy" {
			ill = append(ill, component.words())
		}
	}
	if len(ill) == 0 {
		ill = append(ill, healthOfOne{"it", health.Status, ""}.words())
	}
	return "says that " + strings.Join(ill, ", ")
}

func (h healthOfOne) words() string {
	words := h.Name + " is " + h.Status
	if h.Status == "" {
		words = h.Name + " is not healthy"
	}
	if h.Error != "" {
		words += ": " + h.Error
	}
	return shortExcuse(words)
}

// mayPush asks the registry itself, by beginning an upload and giving it up: a registry can be healthy and refuse every
// push all the same.
func (i readinessInputs) mayPush(ctx context.Context, transport http.RoundTripper) error {
	if i.Repository == "" {
		return nil
	}
	repository, err := nameRepository(i.Repository, i.PlainHTTP)
	if err != nil {
		return err
	}
	login := oneLogin{&authn.Basic{Username: i.Username, Password: i.Password}}
	guarded := newTLSOnlyTransport(transport, repository.RegistryStr(), access{CaCertificate: i.CaCertificate, PlainHTTP: i.PlainHTTP})
	return remote.CheckPushPermission(repository.Tag("latest"), login, boundTransport{ctx, guarded})
}

// oneLogin is the same wherever one logs in.
type oneLogin struct {
	login authn.Authenticator
}

func (o oneLogin) Resolve(authn.Resource) (authn.Authenticator, error) {
	return o.login, nil
}

// boundTransport ends with a context, for a client that takes none.
type boundTransport struct {
	ctx   context.Context //nolint:containedctx // it is what this is for
	inner http.RoundTripper
}

func (b boundTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	return b.inner.RoundTrip(request.WithContext(b.ctx))
}
