package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// clusterTimeout bounds one request to the API server where the caller has no shorter limit.
const clusterTimeout = time.Minute

// cluster is the API of a Kubernetes cluster, asked with the login of a kubeconfig.
type cluster struct {
	context string
	config  *rest.Config
	api     *url.URL
	client  *http.Client
}

// errOvertaken is what a write ends with where somebody else's came before it.
var errOvertaken = errors.New("somebody else has changed it in the meantime")

// connectCluster takes what kubectl would take where kubeconfig or context is empty. It asks the cluster nothing yet.
func connectCluster(kubeconfig, contextName string) (*cluster, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	loading := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: contextName})
	config, err := loading.ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("no cluster can be chosen: %w; see hero:cluster", err)
	}
	if raw, err := loading.RawConfig(); err == nil && contextName == "" {
		contextName = raw.CurrentContext
	}
	if config.Timeout == 0 {
		config.Timeout = clusterTimeout
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("the login to the cluster of context %s cannot be used: %w", contextName, err)
	}
	api, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return nil, fmt.Errorf("the cluster of context %s has no address that can be used: %w", contextName, err)
	}
	return &cluster{context: contextName, config: config, api: api, client: client}, nil
}

// list asks for all objects below a path of the API, such as `api/v1/namespaces/default/pods`.
func (c *cluster) list(ctx context.Context, below string, into any) error {
	response, err := c.ask(ctx, http.MethodGet, below, nil)
	if err != nil {
		return err
	}
	defer discard(response)
	if response.StatusCode != http.StatusOK {
		return c.refusal(response)
	}
	return json.NewDecoder(response.Body).Decode(into)
}

// get asks for one object, and says whether it is there.
func (c *cluster) get(ctx context.Context, below string, into any) (bool, error) {
	response, err := c.ask(ctx, http.MethodGet, below, nil)
	if err != nil {
		return false, err
	}
	defer discard(response)
	switch response.StatusCode {
	case http.StatusOK:
		return true, json.NewDecoder(response.Body).Decode(into)
	case http.StatusNotFound:
		return false, nil
	default:
		return false, c.refusal(response)
	}
}

// write makes a Secret, or puts it in the place of the one that it was read from. Where that one is no longer as it was
// read, nothing is written.
func (c *cluster) write(ctx context.Context, secret *corev1.Secret) error {
	method, below := http.MethodPost, "api/v1/namespaces/"+secret.Namespace+"/secrets"
	if secret.ResourceVersion != "" {
		method, below = http.MethodPut, below+"/"+secret.Name
	}
	content, err := json.Marshal(secret)
	if err != nil {
		return err
	}
	response, err := c.ask(ctx, method, below, content)
	if err != nil {
		return err
	}
	defer discard(response)
	switch status := response.StatusCode; {
	case status < 300:
		return nil
	case status == http.StatusConflict, status == http.StatusNotFound && method == http.MethodPut:
		return errOvertaken
	default:
		return c.refusal(response)
	}
}

// remove takes one object away; one that is gone already is gone.
func (c *cluster) remove(ctx context.Context, below string) error {
	return c.removeBy(ctx, below, nil)
}

// removeWithDependents takes away what an object has made before the object itself, which is there until then.
// https://kubernetes.io/docs/concepts/architecture/garbage-collection/#foreground-deletion
func (c *cluster) removeWithDependents(ctx context.Context, below string) error {
	options := `{"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "` + string(metav1.DeletePropagationForeground) + `"}`
	return c.removeBy(ctx, below, []byte(options))
}

func (c *cluster) removeBy(ctx context.Context, below string, options []byte) error {
	response, err := c.ask(ctx, http.MethodDelete, below, options)
	if err != nil {
		return err
	}
	defer discard(response)
	switch {
	case response.StatusCode == http.StatusConflict:
		return errOvertaken
	case response.StatusCode >= 300 && response.StatusCode != http.StatusNotFound:
		return c.refusal(response)
	}
	return nil
}

func (c *cluster) ask(ctx context.Context, method, below string, content []byte) (*http.Response, error) {
	header := http.Header{}
	if content != nil {
		header.Set("Content-Type", "application/json")
	}
	return c.do(ctx, method, below, header, content)
}

// do sends a request for a path of the API, with a query where there is a `?` in it.
func (c *cluster) do(ctx context.Context, method, below string, header http.Header, content []byte) (*http.Response, error) {
	below, query, _ := strings.Cut(below, "?")
	address := *c.api
	address.Path, address.RawQuery = path.Join(address.Path, below), query
	request, err := http.NewRequestWithContext(ctx, method, address.String(), bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	request.Header = header
	response, err := c.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("the cluster of context %s cannot be reached: %w", c.context, err)
	}
	return response, nil
}

// kubectl is a command for whoever wants to look further.
func (c *cluster) kubectl(namespace, rest string) string {
	return fmt.Sprintf("kubectl --context %s --namespace %s %s", c.context, namespace, rest)
}

func (c *cluster) refusal(response *http.Response) error {
	return fmt.Errorf("the cluster of context %s refuses: %s", c.context, reasonOf(response))
}

func reasonOf(response *http.Response) string {
	var status metav1.Status
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&status); err == nil && status.Message != "" {
		return status.Message
	}
	return response.Status
}
