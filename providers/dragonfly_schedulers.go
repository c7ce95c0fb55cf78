package main

import "time"

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

// youngestScheduler is the one that is ready since the shortest time; where there is one alone there is no other to ask.
func (d *dragonfly) youngestScheduler() (readyScheduler, error) {
	pods, err := d.readyPods(d.call, dragonflyScheduler)
	if err != nil || len(pods) < 2 {
		return readyScheduler{}, err
	}
	var youngest readyScheduler
	for _, pod := range pods {
		if since := readySince(pod); since.After(youngest.ready) {
			youngest = readyScheduler{pod.Name, since}
		}
	}
	return youngest, nil
}
