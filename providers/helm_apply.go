package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
)

// apply creates an object of the manifest, or sets what the manifest sets and leaves the rest as it is.
func (h helmRelease) apply(ctx context.Context, path string, object kubeObject) error {
	content, err := json.Marshal(h.withOwner(object))
	if err != nil {
		return err
	}
	header := http.Header{"Content-Type": {"application/apply-patch+yaml"}}
	response, err := h.cluster.do(ctx, http.MethodPatch, path+"?fieldManager=hero&force=true", header, content)
	if err != nil {
		return err
	}
	defer discard(response)
	if response.StatusCode >= 300 {
		return fmt.Errorf("cannot restore %s of release %s: %w", object, h, h.cluster.refusal(response))
	}
	return nil
}

// withOwner adds what Helm adds to an object when it creates it, and without which it refuses to take the object over.
// https://github.com/helm/helm/blob/v3.20.2/pkg/action/validate.go
func (h helmRelease) withOwner(object kubeObject) kubeObject {
	owned := maps.Clone(object)
	metadata, _ := object["metadata"].(map[string]any)
	metadata = maps.Clone(metadata)
	metadata["annotations"] = merged(metadata["annotations"], map[string]any{annotationName: h.name, annotationNamespace: h.namespace})
	metadata["labels"] = merged(metadata["labels"], map[string]any{labelManagedBy: "Helm"})
	delete(metadata, "creationTimestamp")
	owned["metadata"] = metadata
	return owned
}

func merged(object any, with map[string]any) map[string]any {
	given, _ := object.(map[string]any)
	all := map[string]any{}
	maps.Copy(all, given)
	maps.Copy(all, with)
	return all
}
