package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// Whoever answers at all does so within this.
const patienceWithOneLook = 15 * time.Second

// readiness is a wait for what was put into a cluster: its workloads, its registry's address, and leave to push.
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
	Patience      int    `json:"patience"`
	URL           string `json:"url"`
	Repository    string `json:"repository"`
	Username      string `json:"username"`
	Password      string `json:"password"`
	CaCertificate string `json:"caCertificate"`
	PlainHTTP     bool   `json:"plainHttp"`
}

func (readiness) check(news resource.PropertyMap) (resource.PropertyMap, []plugin.CheckFailure, error) {
	return news, nil, nil
}

func (readiness) diff(olds, news resource.PropertyMap) (plugin.DiffResult, error) {
	return difference(changedKeys(olds, news)), nil
}

func (r readiness) create(call call, news resource.PropertyMap) (resource.PropertyMap, error) {
	if call.preview {
		return news, nil
	}
	inputs, err := decode[readinessInputs](news)
	if err != nil {
		return nil, err
	}
	if err := r.wait(call, inputs); err != nil {
		return nil, err
	}
	return encode(inputs, "password")
}

// read looks at nothing: whether it is ready now is no property of a wait that is over.
func (readiness) read(_ call, olds resource.PropertyMap) (resource.PropertyMap, error) {
	state, err := decode[readinessInputs](olds)
	if err != nil {
		return nil, err
	}
	return encode(state, "password")
}

func (r readiness) update(call call, _, news resource.PropertyMap) (resource.PropertyMap, error) {
	return r.create(call, news)
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
	transport, err := trusting(i.CaCertificate)
	if err != nil {
		return &hindrance{err.Error(), cluster.kubectl(i.Namespace, "get secrets")}
	}
	defer transport.CloseIdleConnections()
	if err := answers(ctx, i.URL, transport); err != nil {
		return &hindrance{
			fmt.Sprintf("all pods are ready, but %s does not answer as it should: %v", i.URL, err),
			cluster.kubectl(i.Namespace, "get services,ingresses"),
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

func answers(ctx context.Context, url string, transport http.RoundTripper) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer discard(response)
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("it says %s", response.Status)
	}
	return nil
}

// mayPush asks the registry itself, by beginning an upload and giving it up: a registry can be healthy and refuse every
// push all the same.
func (i readinessInputs) mayPush(ctx context.Context, transport http.RoundTripper) error {
	repository, err := nameRepository(i.Repository, i.PlainHTTP)
	if err != nil {
		return err
	}
	login := oneLogin{&authn.Basic{Username: i.Username, Password: i.Password}}
	return remote.CheckPushPermission(repository.Tag("latest"), login, boundTransport{ctx, transport})
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
