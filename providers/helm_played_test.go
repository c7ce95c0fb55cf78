package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

const heroSecrets = "/api/v1/namespaces/heroes/secrets/"

// fakeHelmCluster is the API of a cluster with Helm's storage and the objects of a release. It does what a real one does
// with server-side apply, preconditions and requests for metadata, as far as these tests go.
type fakeHelmCluster struct {
	t       *testing.T
	server  *httptest.Server
	lock    sync.Mutex
	objects map[string]map[string]any
	// requests are the writes, each as method and path.
	requests []string
	// isDown answers every request with 503.
	isDown bool
	// onGet is called at each read of Helm's storage.
	onGet func()
}

func newFakeHelmCluster(t *testing.T) *fakeHelmCluster {
	t.Helper()
	fake := &fakeHelmCluster{t: t, objects: map[string]map[string]any{}}
	fake.server = httptest.NewServer(fake)
	t.Cleanup(fake.server.Close)
	return fake
}

var fakeGroups = map[string]string{
	"/api/v1": `{"resources": [{"name": "services", "kind": "Service", "namespaced": true},
		{"name": "secrets", "kind": "Secret", "namespaced": true}, {"name": "persistentvolumeclaims", "kind": "PersistentVolumeClaim", "namespaced": true}]}`,
	"/apis/apps/v1": `{"resources": [{"name": "deployments", "kind": "Deployment", "namespaced": true},
		{"name": "deployments/scale", "kind": "Scale", "namespaced": true}]}`,
	"/apis/batch/v1":                     `{"resources": [{"name": "jobs", "kind": "Job", "namespaced": true}]}`,
	"/apis/rbac.authorization.k8s.io/v1": `{"resources": [{"name": "clusterroles", "kind": "ClusterRole", "namespaced": false}]}`,
}

func (f *fakeHelmCluster) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	f.lock.Lock()
	defer f.lock.Unlock()
	path := request.URL.Path
	if f.isDown {
		writer.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if request.Method != http.MethodGet {
		f.requests = append(f.requests, request.Method+" "+path)
	}
	object, exists := f.objects[path]
	switch {
	case fakeGroups[path] != "":
		fmt.Fprint(writer, fakeGroups[path])
	case request.Method == http.MethodPatch:
		f.apply(writer, request, path)
	case request.Method == http.MethodPut:
		f.objects[path] = f.body(request)
	case exists && request.Method == http.MethodDelete:
		delete(f.objects, path)
	case exists:
		f.encode(writer, object)
	case strings.HasSuffix(path, "/deployments"):
		// A wait finds nothing to wait for.
		fmt.Fprint(writer, `{"items": [{"metadata": {"name": "ready", "generation": 1}, "spec": {"replicas": 0}, "status": {"observedGeneration": 1}}]}`)
	case isCollection(path):
		if f.onGet != nil {
			f.onGet()
		}
		f.encode(writer, f.listed(request, path))
	default:
		writer.WriteHeader(http.StatusNotFound)
	}
}

// isCollection holds for paths such as `/api/v1/namespaces/heroes/secrets`.
func isCollection(path string) bool {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	return (segments[0] == "apis") == (len(segments)%2 == 0)
}

func (f *fakeHelmCluster) listed(request *http.Request, path string) any {
	var items []any
	isMetadataOnly := strings.Contains(request.Header.Get("Accept"), "PartialObjectMetadataList")
	for _, name := range slices.Sorted(maps.Keys(f.objects)) {
		if !strings.HasPrefix(name, path+"/") {
			continue
		}
		object := f.objects[name]
		if isMetadataOnly {
			object = map[string]any{"metadata": object["metadata"]}
		}
		items = append(items, object)
	}
	return map[string]any{"items": items}
}

func (f *fakeHelmCluster) apply(writer http.ResponseWriter, request *http.Request, path string) {
	if request.Header.Get("Content-Type") != "application/apply-patch+yaml" || request.URL.Query().Get("fieldManager") == "" {
		writer.WriteHeader(http.StatusUnsupportedMediaType)
		return
	}
	sent := f.body(request)
	if f.objects[path] == nil {
		f.objects[path] = map[string]any{}
	}
	overlay(f.objects[path], sent)
	f.encode(writer, f.objects[path])
}

func overlay(onto, sent map[string]any) {
	for key, value := range sent {
		inner, isMap := value.(map[string]any)
		existing, wasMap := onto[key].(map[string]any)
		if isMap && wasMap {
			overlay(existing, inner)
			continue
		}
		onto[key] = value
	}
}

func (f *fakeHelmCluster) body(request *http.Request) map[string]any {
	content, err := io.ReadAll(request.Body)
	if err != nil {
		f.t.Error(err)
	}
	sent := map[string]any{}
	if err := json.Unmarshal(content, &sent); err != nil {
		f.t.Error(err)
	}
	return sent
}

func (f *fakeHelmCluster) encode(writer http.ResponseWriter, value any) {
	if err := json.NewEncoder(writer).Encode(value); err != nil {
		f.t.Error(err)
	}
}

// revision stores a revision of the release `zot` that began so long ago.
func (f *fakeHelmCluster) revision(number int, status, writer, manifest string, age time.Duration) {
	f.t.Helper()
	record, err := json.Marshal(map[string]any{
		"name": "zot", "version": number, "manifest": manifest, "config": map[string]any{"a": 1},
		"info": map[string]any{"status": status, "description": "kept"},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	packed, err := packHelmRecord(record)
	if err != nil {
		f.t.Fatal(err)
	}
	name := fmt.Sprintf("sh.helm.release.v1.zot.v%d", number)
	f.put(heroSecrets+name, fmt.Sprintf(`{"metadata": {"name": %q, "namespace": "heroes", "uid": "uid-%d", "resourceVersion": "7",
		"creationTimestamp": %q, "labels": {"owner": "helm", "name": "zot", "version": "%d", "status": %q},
		"managedFields": [{"manager": %q}]}}`, name, number, time.Now().Add(-age).UTC().Format(time.RFC3339), number, status, writer))
	f.objects[heroSecrets+name]["data"] = map[string]any{"release": packed}
}

func (f *fakeHelmCluster) put(path, text string) {
	f.t.Helper()
	f.lock.Lock()
	defer f.lock.Unlock()
	object := map[string]any{}
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		f.t.Fatal(err)
	}
	f.objects[path] = object
}

func (f *fakeHelmCluster) remove(path string) {
	f.lock.Lock()
	defer f.lock.Unlock()
	delete(f.objects, path)
}

func (f *fakeHelmCluster) get(path string) map[string]any {
	f.lock.Lock()
	defer f.lock.Unlock()
	return f.objects[path]
}

func (f *fakeHelmCluster) writes() string {
	f.lock.Lock()
	defer f.lock.Unlock()
	return strings.Join(f.requests, "\n")
}

func (f *fakeHelmCluster) release() helmRelease {
	f.t.Helper()
	connected, err := connectCluster(kubeconfigOf(f.t, f.server.URL), "")
	if err != nil {
		f.t.Fatal(err)
	}
	return helmRelease{connected, "heroes", "zot"}
}

// readiness is the inputs of a wait for the release, in a namespace whose workloads need nothing to be ready.
func (f *fakeHelmCluster) readiness() resource.PropertyMap {
	f.t.Helper()
	return resource.NewPropertyMapFromMap(map[string]any{
		"kubeconfig": kubeconfigOf(f.t, f.server.URL), "context": "", "namespace": "heroes", "settled": "1", "patience": 0,
		"url": "", "repository": "", "username": "", "password": "hidden-password", "caCertificate": "", "plainHttp": false,
		"release": "zot",
	})
}
