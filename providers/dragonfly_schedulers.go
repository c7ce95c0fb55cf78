package main

import (
	"time"

	corev1 "k8s.io/api/core/v1"
)

const (
	dragonflyScheduler = "scheduler" // how the chart labels its pods
	// The longest until a scheduler and the dfdaemons know of each other: 30 s in the manager's database (`defaultTTL` in
	// manager/database/cacher.go), twice STALE, once REFRESH and once ANNOUNCE, as
	// components/registries/dragonfly/configuration.py has them.
	longestUnknown = 80 * time.Second
)

// waitUntilKnown waits until whoever fetches knows of every scheduler. Which of several is asked for an image depends on how
// many one knows of, and one that nobody has asked before has it fetched from the registry again.
func (d *dragonfly) waitUntilKnown(longest time.Duration) error {
	begun := time.Now()
	for {
		youngest, err := d.youngestScheduler()
		if err != nil {
			return err
		}
		since := youngest.ready
		if since.After(begun) {
			since = begun // the cluster's clock is ahead
		}
		left := time.Until(since.Add(longest))
		if youngest.name == "" || left <= 0 {
			return nil
		}
		d.call.progress.status("waiting until every node knows of %s (%s)", youngest.name, seconds(left))
		if err := d.wait(min(left, d.pause)); err != nil {
			return err
		}
	}
}

type readyScheduler struct {
	name  string
	ready time.Time
}

// readyPods is how many pods of a part of the chart are ready; none where it has no such part.
func (d *dragonfly) readyPods(part string) (int, error) {
	var pods corev1.PodList
	if err := d.cluster.list(d.call, "api/v1/namespaces/"+d.Namespace+"/pods", &pods); err != nil {
		return 0, err
	}
	count := 0
	for _, pod := range pods.Items {
		if pod.Labels["component"] == part && pod.DeletionTimestamp == nil && isReady(pod) {
			count++
		}
	}
	return count, nil
}

// youngestScheduler is the one that is ready since the shortest time; where there is one alone there is no other to ask.
func (d *dragonfly) youngestScheduler() (readyScheduler, error) {
	var pods corev1.PodList
	if err := d.cluster.list(d.call, "api/v1/namespaces/"+d.Namespace+"/pods", &pods); err != nil {
		return readyScheduler{}, err
	}
	var youngest readyScheduler
	count := 0
	for _, pod := range pods.Items {
		if pod.Labels["component"] != dragonflyScheduler || !isReady(pod) {
			continue
		}
		count++
		if since := readySince(pod); since.After(youngest.ready) {
			youngest = readyScheduler{pod.Name, since}
		}
	}
	if count < 2 {
		return readyScheduler{}, nil
	}
	return youngest, nil
}
