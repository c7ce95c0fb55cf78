package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// pulumiGrace is for a plugin that outlives its engine: it ends what it has begun and does not wait for pods.
	pulumiGrace = 15 * time.Second
	// helmGrace is for `helm upgrade --wait` and the like, whose timeout is 5 min by default.
	helmGrace = 15 * time.Minute
	// Helm's storage has hundreds of kB to read at most.
	timeoutOfHelmStorage = time.Minute
)

// pendingHandling is how long a pending revision may belong to a process that is still running.
type pendingHandling struct {
	pulumiGrace, helmGrace, pollInterval time.Duration
}

var defaultPendingHandling = pendingHandling{pulumiGrace, helmGrace, time.Second}

// grace is short where Pulumi's plugin wrote the revision. Only the release's own stack does that, and the stack's lock
// is held by this very run, so that the run which began it is over.
func (p pendingHandling) grace(revision helmRevision) time.Duration {
	if strings.HasPrefix(revision.writer, "pulumi") {
		return p.pulumiGrace
	}
	return p.helmGrace
}

// discardPending deletes a newest revision that a killed run has left pending, since Helm would refuse every operation
// for ever. The history stays. A revision that may belong to a running process is waited for, and not touched.
func (p pendingHandling) discardPending(ctx context.Context, release helmRelease, timeout time.Duration, report func(string)) error {
	for {
		history, err := p.await(ctx, release, timeout, report)
		if err != nil || len(history) == 0 || !history[0].isPending() {
			return err
		}
		// Where it is another one by now, its process has ended it.
		if err := release.discard(ctx, history[0], history[1:]); err != nil && !errors.Is(err, errOvertaken) {
			return err
		}
	}
}

// await returns the history once no running process changes the release any more.
func (p pendingHandling) await(ctx context.Context, release helmRelease, timeout time.Duration, report func(string)) ([]helmRevision, error) {
	started := time.Now()
	for {
		history, err := release.history(ctx)
		if err != nil || len(history) == 0 || !history[0].isPending() {
			return history, err
		}
		pending, waited := history[0], time.Since(started)
		grace := p.grace(pending)
		if waited >= grace || time.Since(pending.created) >= grace {
			return history, nil
		}
		if waited > max(timeout, p.pulumiGrace) {
			return nil, fmt.Errorf("cannot change release %s: another process is changing it: revision %d is %s since %s\n"+
				"hint: wait until it ends; if it was killed: %s", release, pending.number, pending.status,
				pending.created.UTC().Format(time.RFC3339), release.cluster.kubectl(release.namespace, "delete secret "+pending.secret))
		}
		report(fmt.Sprintf("waiting for revision %d of release %s, which is %s (%d s)", pending.number, release, pending.status, int(waited.Seconds())))
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(p.pollInterval):
		}
	}
}

// discard deletes a pending revision, and first the objects that only it has brought. Without another revision an upgrade
// needs this one, as a failed one.
func (h helmRelease) discard(ctx context.Context, pending helmRevision, older []helmRevision) error {
	before, exists := deployed(older)
	if !exists {
		return h.setStatus(ctx, pending, "failed")
	}
	if err := h.deleteBrought(ctx, pending, before); err != nil {
		return err
	}
	options := fmt.Sprintf(`{"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": %q, "resourceVersion": %q}}`,
		pending.uid, pending.resourceVersion)
	return h.cluster.removeBy(ctx, h.secrets()+"/"+pending.secret, []byte(options))
}

// deleteBrought deletes what the pending revision's manifest has and that of the one before has not: no revision would
// know of it any more. Volumes, and what its chart keeps, stay.
func (h helmRelease) deleteBrought(ctx context.Context, pending, before helmRevision) error {
	brought, err := h.objects(ctx, pending)
	if err != nil {
		return err
	}
	known, err := h.objects(ctx, before)
	if err != nil {
		return err
	}
	reader := newObjectReader(h)
	for _, object := range brought {
		if object.isKept() || slices.ContainsFunc(known, object.isSameAs) {
			continue
		}
		path, live, err := reader.read(ctx, object)
		if err != nil {
			return err
		}
		if live == nil || !h.owns(live) || live.created().Before(pending.created) {
			continue
		}
		if err := h.cluster.remove(ctx, path); err != nil {
			return err
		}
	}
	return nil
}

// discardPendingRelease is for the program, before it changes a release.
func discardPendingRelease(kubeconfig, contextName, namespace, name string, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout+timeoutOfHelmStorage)
	defer cancel()
	cluster, err := connectCluster(kubeconfig, contextName)
	if err != nil {
		return err
	}
	return defaultPendingHandling.discardPending(ctx, helmRelease{cluster, namespace, name}, timeout, func(string) {})
}
