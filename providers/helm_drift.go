package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

const (
	maxReadsAtOnce  = 8
	maxFieldsNamed  = 3
	maxDriftsNamed  = 10
	pendingFinding  = "revision %d of release %s is %s"
	missingFinding  = "%s is missing"
	autoscalerGroup = "apis/autoscaling/v2/namespaces/"
)

// objectDrift is an object that is not as the release's manifest has it.
type objectDrift struct {
	object kubeObject
	path   string
	// fields is empty where the object is missing.
	fields []fieldDifference
}

// releaseDrift is what differs between a release's record and the cluster.
type releaseDrift struct {
	release helmRelease
	pending *helmRevision
	objects []objectDrift
}

// drift compares the manifest of the deployed revision with the cluster. A release without any revision has none: its own
// resource finds that.
func (h helmRelease) drift(ctx context.Context) (releaseDrift, error) {
	found := releaseDrift{release: h}
	history, err := h.history(ctx)
	if err != nil || len(history) == 0 {
		return found, err
	}
	if history[0].isPending() {
		found.pending = &history[0]
	}
	revision, exists := deployed(history)
	if !exists {
		return found, nil
	}
	objects, err := h.objects(ctx, revision)
	if err != nil {
		return found, err
	}
	found.objects, err = h.compareAll(ctx, objects)
	return found, err
}

func (h helmRelease) compareAll(ctx context.Context, objects []kubeObject) ([]objectDrift, error) {
	reader := newObjectReader(h)
	drifts := make([]*objectDrift, len(objects))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxReadsAtOnce)
	for at, object := range objects {
		group.Go(func() error {
			drift, err := h.compareOne(ctx, reader, object)
			drifts[at] = drift
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var found []objectDrift
	for _, drift := range drifts {
		if drift != nil {
			found = append(found, *drift)
		}
	}
	return found, nil
}

func (h helmRelease) compareOne(ctx context.Context, reader *objectReader, object kubeObject) (*objectDrift, error) {
	path, live, err := reader.read(ctx, object)
	if err != nil {
		return nil, err
	}
	if live == nil {
		// A Job is deleted when it is done for long.
		if object.kind() == "Job" {
			return nil, nil
		}
		return &objectDrift{object: object, path: path}, nil
	}
	fields := ofManifest(object, *live)
	if slices.ContainsFunc(fields, isReplicas) {
		scaled, err := h.isAutoscaled(ctx, object)
		if err != nil {
			return nil, err
		}
		if scaled {
			fields = slices.DeleteFunc(fields, isReplicas)
		}
	}
	if len(fields) == 0 {
		return nil, nil
	}
	return &objectDrift{object: object, path: path, fields: fields}, nil
}

func isReplicas(field fieldDifference) bool {
	return field.path == "spec.replicas"
}

// isAutoscaled holds where a HorizontalPodAutoscaler sets the number of replicas.
func (h helmRelease) isAutoscaled(ctx context.Context, object kubeObject) (bool, error) {
	var scalers struct {
		Items []kubeObject `json:"items"`
	}
	namespace := object.text("metadata", "namespace")
	if namespace == "" {
		namespace = h.namespace
	}
	if _, err := h.cluster.get(ctx, autoscalerGroup+namespace+"/horizontalpodautoscalers", &scalers); err != nil {
		return false, err
	}
	return slices.ContainsFunc(scalers.Items, func(scaler kubeObject) bool {
		target := []string{"spec", "scaleTargetRef"}
		return scaler.text(append(target, "kind")...) == object.kind() && scaler.text(append(target, "name")...) == object.name()
	}), nil
}

// without leaves out the fields that something else than this stack sets again and again.
func (d releaseDrift) without(accepted []string) releaseDrift {
	left := releaseDrift{release: d.release, pending: d.pending}
	for _, drift := range d.objects {
		if len(drift.fields) == 0 {
			left.objects = append(left.objects, drift)
			continue
		}
		fields := slices.DeleteFunc(slices.Clone(drift.fields), func(field fieldDifference) bool {
			return slices.Contains(accepted, drift.object.String()+" "+field.path)
		})
		if len(fields) > 0 {
			left.objects = append(left.objects, objectDrift{drift.object, drift.path, fields})
		}
	}
	return left
}

// fields names each field that differs, without its values.
func (d releaseDrift) fields() []string {
	var all []string
	for _, drift := range d.objects {
		for _, field := range drift.fields {
			all = append(all, drift.object.String()+" "+field.path)
		}
	}
	return all
}

// findings are for people. Of values, only numbers and booleans are in them: any text may be a password.
func (d releaseDrift) findings() []string {
	var all []string
	if d.pending != nil {
		all = append(all, fmt.Sprintf(pendingFinding, d.pending.number, d.release.name, d.pending.status))
	}
	for _, drift := range d.objects {
		if len(drift.fields) == 0 {
			all = append(all, fmt.Sprintf(missingFinding, drift.object))
			continue
		}
		var words []string
		for _, field := range drift.fields[:min(len(drift.fields), maxFieldsNamed)] {
			words = append(words, field.words())
		}
		if more := len(drift.fields) - maxFieldsNamed; more > 0 {
			words = append(words, fmt.Sprintf("and %d more", more))
		}
		all = append(all, drift.object.String()+": "+strings.Join(words, ", "))
	}
	if more := len(all) - maxDriftsNamed; more > 0 {
		all = append(all[:maxDriftsNamed], fmt.Sprintf("and %d more", more))
	}
	return all
}

func (f fieldDifference) words() string {
	if isPlain(f.wanted) && isPlain(f.live) {
		return fmt.Sprintf("%s is %v instead of %v", f.path, f.live, f.wanted)
	}
	if f.live == nil {
		return f.path + " is missing"
	}
	return f.path + " was changed"
}

func isPlain(value any) bool {
	switch value.(type) {
	case bool, float64, int64, int:
		return true
	}
	return false
}

// repair creates what is missing and sets what the manifest sets.
func (d releaseDrift) repair(ctx context.Context) error {
	for _, drift := range d.objects {
		if err := d.release.apply(ctx, drift.path, drift.object); err != nil {
			return err
		}
	}
	return nil
}

// missing leaves out the objects that exist.
func (d releaseDrift) missing() releaseDrift {
	left := releaseDrift{release: d.release}
	for _, drift := range d.objects {
		if len(drift.fields) == 0 {
			left.objects = append(left.objects, drift)
		}
	}
	return left
}

func sentence(findings []string) string {
	return strings.Join(findings, "; ")
}
