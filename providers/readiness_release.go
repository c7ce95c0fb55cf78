package main

import (
	"context"
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// timeoutOfDrift is for an unchanged preview, which must not wait for a cluster that is away.
const timeoutOfDrift = 10 * time.Second

// diffLive finds an update also where the release's objects are not as its record has them. A cluster that cannot be read
// is no difference.
func (r readiness) diffLive(call call, olds, news resource.PropertyMap) (plugin.DiffResult, error) {
	changed := changedKeys(withHealth(olds), withHealth(news))
	state, err := decode[readinessState](olds)
	if err != nil {
		return plugin.DiffResult{}, err
	}
	if len(changed) > 0 || state.Release == "" {
		return difference(changed), nil
	}
	drift, err := state.drift(call)
	if err != nil {
		call.progress.warning("%v", err)
	}
	findings := drift.findings()
	if len(findings) > 0 {
		call.progress.info("release %s is not as it was deployed, and is repaired by an update: %s", state.Release, sentence(findings))
	}
	if len(findings) > 0 || len(state.Drift) > 0 {
		changed = append(changed, "drift")
	}
	return difference(changed), nil
}

// drift returns what differs between the release's record and the cluster, without the fields that something else sets.
func (s readinessState) drift(call call) (releaseDrift, error) {
	if s.Release == "" {
		return releaseDrift{}, nil
	}
	ctx, cancel := context.WithTimeout(call, timeoutOfDrift)
	defer cancel()
	release, err := s.helmRelease()
	if err != nil {
		return releaseDrift{}, err
	}
	found, err := release.drift(ctx)
	if err != nil {
		return releaseDrift{}, fmt.Errorf("cannot compare release %s with the cluster: %w", release, err)
	}
	return found.without(s.Accepted), nil
}

func (s readinessState) helmRelease() (helmRelease, error) {
	cluster, err := connectCluster(s.Kubeconfig, s.Context)
	return helmRelease{cluster, s.Namespace, s.Release}, err
}

// settle repairs the release where that is due, and waits until everything is ready.
func (r readiness) settle(call call, state readinessState, repairs bool) (resource.PropertyMap, error) {
	if state.Release != "" {
		if err := r.repair(call, state, repairs); err != nil {
			return nil, err
		}
	}
	if err := r.wait(call, state.readinessInputs); err != nil {
		return nil, err
	}
	state.Drift = nil
	if state.Release != "" {
		if err := state.accept(call); err != nil {
			call.progress.warning("%v", err)
		}
	}
	return encode(state, "password")
}

// repair sets what the record has and the cluster has not. Right after a deployment Helm itself has set it, and only what
// is missing is created.
func (r readiness) repair(call call, state readinessState, repairsFields bool) error {
	release, err := state.helmRelease()
	if err != nil {
		return err
	}
	timeout := time.Duration(state.Patience) * time.Second
	report := func(words string) { call.progress.status("%s", words) }
	if err := defaultPendingHandling.discardPending(call, release, timeout, report); err != nil {
		return err
	}
	drift, err := release.drift(call)
	if err != nil {
		return fmt.Errorf("cannot compare release %s with the cluster: %w", release, err)
	}
	drift = drift.without(state.Accepted)
	if !repairsFields {
		drift = drift.missing()
	}
	if findings := drift.findings(); len(findings) > 0 {
		call.progress.status("repairing release %s: %s", state.Release, sentence(findings))
	}
	return drift.repair(call)
}

// accept remembers the fields that are other ones although they were set just now, such as those that an operator or an
// admission webhook sets. Otherwise every update would set them again.
func (s *readinessState) accept(call call) error {
	s.Accepted = nil
	found, err := s.drift(call)
	if err != nil {
		return err
	}
	s.Accepted = found.fields()
	return nil
}
