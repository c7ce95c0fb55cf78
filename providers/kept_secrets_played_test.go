package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"strconv"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	corev1 "k8s.io/api/core/v1"
)

const (
	theirText = "hidden-Text-1"
	keptPath  = "/api/v1/namespaces/heroes/secrets/harbor"
)

// playedSecrets is a cluster's API as far as Secrets go: it compares what a change was made from, as a genuine one does.
type playedSecrets struct {
	t      *testing.T
	server *httptest.Server
	lock   sync.Mutex
	stored map[string]*corev1.Secret
	newest int
	// asked are all requests, writes those that changed something.
	asked, writes []string
	// meddle is what somebody else does right before a write.
	meddle func()
	// A cluster that refuses all that it is asked, or all writes, repeats what was sent.
	refusing, refusingWrites bool
}

func playSecrets(t *testing.T) *playedSecrets {
	t.Helper()
	played := &playedSecrets{t: t, stored: map[string]*corev1.Secret{}}
	played.server = httptest.NewServer(played)
	t.Cleanup(played.server.Close)
	return played
}

func (p *playedSecrets) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.asked = append(p.asked, request.Method+" "+request.URL.Path)
	content, _ := io.ReadAll(request.Body)
	status, answer := http.StatusForbidden, any(map[string]any{"kind": "Status", "message": "it may not be: " + string(content)})
	if !p.refusing && (!p.refusingWrites || len(content) == 0) {
		status, answer = p.serve(request, content)
	}
	writer.WriteHeader(status)
	if err := json.NewEncoder(writer).Encode(answer); err != nil {
		p.t.Error(err)
	}
}

func (p *playedSecrets) serve(request *http.Request, content []byte) (int, any) {
	isWrite := request.Method == http.MethodPost || request.Method == http.MethodPut
	if isWrite && p.meddle != nil {
		p.meddle()
	}
	var sent corev1.Secret
	if isWrite {
		if err := json.Unmarshal(content, &sent); err != nil || request.Header.Get("Content-Type") != "application/json" {
			p.t.Error(err, request.Header)
		}
	}
	below := request.URL.Path
	if request.Method == http.MethodPost {
		below = path.Join(below, sent.Name)
	}
	stored, there := p.stored[below]
	switch {
	case request.Method == http.MethodPost && there:
		return http.StatusConflict, struct{}{}
	case request.Method == http.MethodPost:
		return http.StatusCreated, p.put(below, &sent, "POST")
	case !there:
		return http.StatusNotFound, struct{}{}
	case request.Method == http.MethodPut && sent.ResourceVersion != stored.ResourceVersion:
		return http.StatusConflict, struct{}{}
	case request.Method == http.MethodPut:
		return http.StatusOK, p.put(below, &sent, "PUT")
	case request.Method == http.MethodDelete:
		delete(p.stored, below)
		p.writes = append(p.writes, "DELETE "+below)
	}
	return http.StatusOK, stored
}

func (p *playedSecrets) put(below string, secret *corev1.Secret, how string) *corev1.Secret {
	p.newest++
	secret.ResourceVersion = strconv.Itoa(p.newest)
	p.stored[below] = secret
	p.writes = append(p.writes, how+" "+below)
	return secret
}

// has puts a Secret there that somebody has made, as JSON.
func (p *playedSecrets) has(text string) {
	p.t.Helper()
	var secret corev1.Secret
	if err := json.Unmarshal([]byte(text), &secret); err != nil {
		p.t.Fatal(err)
	}
	secret.Namespace, secret.Name = "heroes", "harbor"
	p.put(keptPath, &secret, "somebody's")
}

// hasOurs is the same for one of ours, with these texts.
func (p *playedSecrets) hasOurs(texts map[string]string) {
	p.t.Helper()
	data := map[string][]byte{}
	for key, text := range texts {
		data[key] = []byte(text)
	}
	encoded, err := json.Marshal(data)
	if err != nil {
		p.t.Fatal(err)
	}
	p.has(fmt.Sprintf(`{"metadata": {"labels": {"app.kubernetes.io/managed-by": "hero"}}, "data": %s}`, encoded))
}

func (p *playedSecrets) text(key string) string {
	if p.stored[keptPath] == nil {
		return ""
	}
	return string(p.stored[keptPath].Data[key])
}

// inputs want a text of 20 characters for each key.
func (p *playedSecrets) inputs(keys ...string) resource.PropertyMap {
	p.t.Helper()
	lengths := map[string]any{}
	for _, key := range keys {
		lengths[key] = 20
	}
	return resource.NewPropertyMapFromMap(map[string]any{
		"kubeconfig": kubeconfigOf(p.t, p.server.URL), "context": "", "namespace": "heroes", "name": "harbor", "lengths": lengths,
	})
}

// kept is what a create comes to, as the engine sends it the next time.
func (p *playedSecrets) kept(news resource.PropertyMap) resource.PropertyMap {
	p.t.Helper()
	call, _ := newCall(p.t)
	outputs, err := keptSecrets{}.create(call, news)
	if err != nil {
		p.t.Fatal(err)
	}
	if !outputs["values"].IsSecret() {
		p.t.Error("the texts are in clear")
	}
	p.writes, p.asked = nil, nil
	return asSent(outputs)
}

func textIn(state resource.PropertyMap, key resource.PropertyKey) string {
	values := state["values"].ObjectValue()
	if !values.HasValue(key) {
		return ""
	}
	return values[key].StringValue()
}

// withKeys are the inputs of a state, with these keys in their place.
func (p *playedSecrets) withKeys(state resource.PropertyMap, keys ...string) resource.PropertyMap {
	p.t.Helper()
	news := p.inputs(keys...)
	news["kubeconfig"] = state["kubeconfig"]
	return news
}
