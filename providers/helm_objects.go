package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
)

const (
	annotationName      = "meta.helm.sh/release-name"
	annotationNamespace = "meta.helm.sh/release-namespace"
	labelManagedBy      = "app.kubernetes.io/managed-by"
	annotationPolicy    = "helm.sh/resource-policy"
)

// kubeObject is an object as JSON, of a manifest or of the cluster.
type kubeObject map[string]any

func (o kubeObject) text(path ...string) string {
	var found any = map[string]any(o)
	for _, segment := range path {
		object, _ := found.(map[string]any)
		found = object[segment]
	}
	text, _ := found.(string)
	return text
}

func (o kubeObject) kind() string { return o.text("kind") }
func (o kubeObject) name() string { return o.text("metadata", "name") }

func (o kubeObject) String() string {
	return o.kind() + " " + o.name()
}

func (o kubeObject) created() time.Time {
	created, _ := time.Parse(time.RFC3339, o.text("metadata", "creationTimestamp"))
	return created
}

// isSameAs compares the group and not its version, which a chart may raise.
func (o kubeObject) isSameAs(other kubeObject) bool {
	group := func(object kubeObject) string {
		group, version, found := strings.Cut(object.text("apiVersion"), "/")
		if !found || version == "" {
			return ""
		}
		return group
	}
	return group(o) == group(other) && o.kind() == other.kind() && o.name() == other.name() &&
		o.text("metadata", "namespace") == other.text("metadata", "namespace")
}

// isKept holds for what has data, and for what Helm itself would leave.
func (o kubeObject) isKept() bool {
	return o.kind() == "PersistentVolumeClaim" || o.text("metadata", "annotations", annotationPolicy) == "keep"
}

func (h helmRelease) owns(object *kubeObject) bool {
	return object.text("metadata", "annotations", annotationName) == h.name &&
		object.text("metadata", "annotations", annotationNamespace) == h.namespace
}

// objects returns those of a revision's manifest.
func (h helmRelease) objects(ctx context.Context, revision helmRevision) ([]kubeObject, error) {
	record, _, err := h.record(ctx, revision)
	if err != nil {
		return nil, err
	}
	objects, err := parseManifest(record.Manifest)
	if err != nil {
		return nil, fmt.Errorf("cannot read the manifest of revision %d of release %s: %w", revision.number, h, err)
	}
	return objects, nil
}

func parseManifest(manifest string) ([]kubeObject, error) {
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader([]byte(manifest)), 4096)
	var objects []kubeObject
	for {
		var object kubeObject
		err := decoder.Decode(&object)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		if object.kind() == "" {
			continue
		}
		items, isList := object["items"].([]any)
		if !isList || !strings.HasSuffix(object.kind(), "List") {
			objects = append(objects, object)
			continue
		}
		for _, item := range items {
			if each, ok := item.(map[string]any); ok {
				objects = append(objects, each)
			}
		}
	}
}

// objectReader reads a release's objects from the cluster, and asks once for each API group which kinds it has.
type objectReader struct {
	release helmRelease
	lock    sync.Mutex
	groups  map[string][]metav1.APIResource
}

func newObjectReader(release helmRelease) *objectReader {
	return &objectReader{release: release, groups: map[string][]metav1.APIResource{}}
}

// read returns an object's path in the API, and the object itself; nil where there is none.
func (r *objectReader) read(ctx context.Context, object kubeObject) (string, *kubeObject, error) {
	path, err := r.path(ctx, object)
	if err != nil {
		return "", nil, err
	}
	live := kubeObject{}
	found, err := r.release.cluster.get(ctx, path, &live)
	if err != nil || !found {
		return path, nil, err
	}
	return path, &live, nil
}

func (r *objectReader) path(ctx context.Context, object kubeObject) (string, error) {
	group := "apis/" + object.text("apiVersion")
	if !strings.Contains(object.text("apiVersion"), "/") {
		group = "api/" + object.text("apiVersion")
	}
	resources, err := r.resources(ctx, group)
	if err != nil {
		return "", err
	}
	for _, resource := range resources {
		if resource.Kind != object.kind() || strings.Contains(resource.Name, "/") {
			continue
		}
		if !resource.Namespaced {
			return group + "/" + resource.Name + "/" + object.name(), nil
		}
		namespace := object.text("metadata", "namespace")
		if namespace == "" {
			namespace = r.release.namespace
		}
		return group + "/namespaces/" + namespace + "/" + resource.Name + "/" + object.name(), nil
	}
	return "", fmt.Errorf("cannot read %s: the cluster of context %s has no kind %s in %s",
		object, r.release.cluster.context, object.kind(), object.text("apiVersion"))
}

func (r *objectReader) resources(ctx context.Context, group string) ([]metav1.APIResource, error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	if known, found := r.groups[group]; found {
		return known, nil
	}
	var list metav1.APIResourceList
	if _, err := r.release.cluster.get(ctx, group, &list); err != nil {
		return nil, err
	}
	r.groups[group] = list.APIResources
	return list.APIResources, nil
}
