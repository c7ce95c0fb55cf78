package main

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

const (
	preheatSuccess, preheatFailure = "SUCCESS", "FAILURE"
	// The cluster of schedulers that a manager makes for itself.
	dragonflySchedulers = 1
	// What a manager says as long as none of its schedulers has told it that it is there.
	noSchedulers = "schedulers not found"
	// What a scheduler says as long as nobody has told it that he is there who shall fetch: for some seconds after a start.
	nobodyThere = "no available"
)

var preheatScopes = []string{"single_seed_peer", "all_seed_peers", "all_peers"}

// preheat is a wait until Dragonfly has fetched an image for those who are to have it before anybody asks.
type preheat struct {
	// pause is the time between two looks.
	pause time.Duration
}

type preheatInputs struct {
	dragonflyManagerInputs
	// Token is a personal access token with the scope `job`.
	Token string `json:"token"`
	// Repository is an URL: `https://host/v2/path`.
	Repository string `json:"repository"`
	Digest     string `json:"digest"`
	// Username and Password are those of who may only pull: the manager tells them to whoever may look at its jobs.
	Username string `json:"username"`
	Password string `json:"password"`
	Scope    string `json:"scope"`
}

// preheatJob is a job as the manager tells of it. Its arguments, with the login in clear, are left out.
// https://github.com/dragonflyoss/dragonfly/blob/v2.5.0/manager/models/job.go
type preheatJob struct {
	ID     int    `json:"id"`
	State  string `json:"state"`
	Result struct {
		JobStates []struct {
			State string `json:"state"`
			Error string `json:"error"`
		} `json:"job_states"`
	} `json:"result"`
}

var preheatSecrets = []resource.PropertyKey{"password", "token"}

func (preheat) check(news resource.PropertyMap) (resource.PropertyMap, []plugin.CheckFailure, error) {
	inputs, err := decode[preheatInputs](news)
	if err != nil {
		return nil, nil, err
	}
	if !news["scope"].ContainsUnknowns() && !slices.Contains(preheatScopes, inputs.Scope) {
		return news, []plugin.CheckFailure{{Property: "scope", Reason: fmt.Sprintf(
			"%q is none; there are %s", inputs.Scope, strings.Join(preheatScopes, ", "))}}, nil
	}
	return news, nil, nil
}

func (preheat) diff(olds, news resource.PropertyMap) (plugin.DiffResult, error) {
	return difference(changedKeys(olds, news, "token", "username", "password")), nil
}

func (p preheat) create(call call, news resource.PropertyMap) (resource.PropertyMap, error) {
	if call.preview {
		return withUnknown(news, "digest"), nil
	}
	inputs, err := decode[preheatInputs](news)
	if err != nil {
		return nil, err
	}
	if err := p.fetch(call, inputs); err != nil {
		return nil, err
	}
	return encode(inputs, preheatSecrets...)
}

// read looks at nothing: what peers keep of an image is theirs to let go.
func (preheat) read(_ call, olds resource.PropertyMap) (resource.PropertyMap, error) {
	state, err := decode[preheatInputs](olds)
	if err != nil {
		return nil, err
	}
	return encode(state, preheatSecrets...)
}

// update fetches another image, one that somebody else is to have too, and one for a Dragonfly that has nothing yet.
func (p preheat) update(call call, olds, news resource.PropertyMap) (resource.PropertyMap, error) {
	state, err := decode[preheatInputs](olds)
	if err != nil {
		return nil, err
	}
	inputs, err := decode[preheatInputs](news)
	if err != nil {
		return nil, err
	}
	another := inputs.image() != state.image()
	if call.preview {
		if another {
			return withUnknown(news, "digest"), nil
		}
		return news, nil
	}
	if another || inputs.Scope != state.Scope || inputs.Identity != state.Identity {
		return p.create(call, news)
	}
	return encode(inputs, preheatSecrets...)
}

func (preheat) remove(call, resource.PropertyMap) error {
	return nil
}

func (p preheat) fetch(call call, inputs preheatInputs) error {
	manager, err := inputs.open(call, p.pause, inputs.Token, inputs.Password)
	if err != nil {
		return err
	}
	defer manager.close()
	manager.bearer = inputs.Token
	for {
		job, err := inputs.begin(manager)
		if err != nil {
			return err
		}
		err = inputs.await(manager, job)
		var failed *failedJob
		if !errors.As(err, &failed) || !strings.Contains(failed.words, nobodyThere) {
			return err
		}
		if err := manager.waitAfter(err); err != nil {
			return err
		}
	}
}

// failedJob is a job that came to nothing.
type failedJob struct {
	id           int
	image, words string
}

func (f *failedJob) Error() string {
	return fmt.Sprintf("Dragonfly's job %d, to fetch %s, has failed: %s; the image is where it should be, and the next ./pulumiw up "+
		"fetches it again", f.id, f.image, f.words)
}

// begin makes one job; a manager that has only just started may not know its schedulers yet.
func (i preheatInputs) begin(manager *dragonfly) (preheatJob, error) {
	asked := map[string]any{
		"bio": "Hero", "type": "preheat", "scheduler_cluster_ids": []int{dragonflySchedulers},
		"args": map[string]any{
			"type": "image", "url": i.Repository + "/manifests/" + i.Digest, "scope": i.Scope,
			"username": i.Username, "password": i.Password,
			"timeout": time.Duration(i.Patience) * time.Second,
		},
	}
	for {
		var job preheatJob
		err := manager.ask("fetch "+i.shortImage(), http.MethodPost, "/oapi/v1/jobs", asked, &job)
		var refused *refusal
		if errors.As(err, &refused) && strings.Contains(refused.excuse, noSchedulers) {
			if err := manager.waitAfter(err); err != nil {
				return job, err
			}
			continue
		}
		if hasStatus(err, http.StatusUnauthorized, http.StatusForbidden) {
			err = fmt.Errorf("%w; where somebody took its token away, another text in hero:dragonfly.rotate makes another one", err)
		}
		return job, err
	}
}

// await looks until the job is over. A manager that was stopped in between leaves it as it is for ever, so there is an
// end to that.
func (i preheatInputs) await(manager *dragonfly, job preheatJob) error {
	started := time.Now()
	for {
		waited := time.Since(started)
		switch {
		case job.State == preheatSuccess:
			manager.call.progress.status("fetched %s for %s (%d s)", i.shortImage(), i.Scope, int(waited.Seconds()))
			return nil
		case job.State == preheatFailure:
			return &failedJob{job.ID, i.shortImage(), shortExcuse(job.words(), manager.hidden...)}
		case time.Now().After(manager.end):
			return fmt.Errorf("after %d s Dragonfly's job %d, to fetch %s, is not over: it is %s; look further with: %s; "+
				"hero:cluster.patience waits longer, and the next ./pulumiw up fetches it again",
				i.Patience, job.ID, i.shortImage(), job.State, manager.cluster.kubectl(i.Namespace, "logs --selector component=scheduler"))
		}
		manager.call.progress.status("fetching %s for %s: %s (%d s)", i.shortImage(), i.Scope, job.progress(), int(waited.Seconds()))
		if err := manager.wait(manager.pause); err != nil {
			return err
		}
		looked := preheatJob{}
		if err := manager.ask("tell of its job", http.MethodGet, fmt.Sprintf("/oapi/v1/jobs/%d", job.ID), nil, &looked); err != nil {
			return err
		}
		job = looked
	}
}

// progress is the state, with how many of its parts are over where it has told of them.
func (j preheatJob) progress() string {
	over := 0
	for _, part := range j.Result.JobStates {
		if part.State == preheatSuccess {
			over++
		}
	}
	if len(j.Result.JobStates) == 0 {
		return j.State
	}
	return fmt.Sprintf("%s, %d of %d", j.State, over, len(j.Result.JobStates))
}

// words are the job's own, each once.
func (j preheatJob) words() string {
	var words []string
	for _, part := range j.Result.JobStates {
		if part.Error != "" && !slices.Contains(words, part.Error) {
			words = append(words, part.Error)
		}
	}
	if len(words) == 0 {
		return "it does not say why; the scheduler's log may"
	}
	return strings.Join(words, "; ")
}

func (i preheatInputs) image() string {
	return i.Repository + "@" + i.Digest
}

// shortImage is the same for people.
func (i preheatInputs) shortImage() string {
	const readable = len("sha256:") + 12
	_, host, _ := strings.Cut(i.Repository, "://")
	return strings.Replace(host, "/v2/", "/", 1) + "@" + i.Digest[:min(readable, len(i.Digest))]
}
