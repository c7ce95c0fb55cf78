package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
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
	nobodyThere           = "no available"
	patienceWithChallenge = 30 * time.Second
)

// preheatParts are what the chart calls the pods that all have it then, by the scope.
var preheatParts = map[string]string{"all_seed_peers": "seed-client", "all_peers": "client"}

// preheat is a wait until Dragonfly has fetched an image for those who are to have it before anybody asks.
type preheat struct {
	// pause is the time between two looks.
	pause time.Duration
	// unknown is for how long a scheduler may not be known to all yet.
	unknown time.Duration
	// challenge asks the registry how one logs in to it.
	challenge func(call call, inputs preheatInputs) (string, error)
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
	// CaCertificate is that of the registry, in PEM; without it, those whom this machine trusts are trusted.
	CaCertificate string `json:"caCertificate"`
	Scope         string `json:"scope"`
}

// preheatJob is a job as the manager tells of it. Its arguments, with the login in clear, are left out.
// https://github.com/dragonflyoss/dragonfly/blob/v2.5.0/manager/models/job.go
type preheatJob struct {
	ID     int    `json:"id"`
	State  string `json:"state"`
	Result struct {
		JobStates []struct {
			State   string          `json:"state"`
			Error   string          `json:"error"`
			Results []preheatResult `json:"results"`
		} `json:"job_states"`
	} `json:"result"`
}

// preheatResult is what one scheduler has had done. https://github.com/dragonflyoss/dragonfly/blob/v2.5.0/internal/job/types.go
type preheatResult struct {
	SuccessTasks []preheatTask `json:"success_tasks"`
	FailureTasks []preheatTask `json:"failure_tasks"`
}

// preheatTask is what one of those who shall fetch has done.
type preheatTask struct {
	Hostname    string `json:"hostname"`
	Description string `json:"description"`
}

var preheatSecrets = []resource.PropertyKey{"password", "token"}

func (preheat) check(news resource.PropertyMap) (resource.PropertyMap, []plugin.CheckFailure, error) {
	inputs, err := decode[preheatInputs](news)
	if err != nil {
		return nil, nil, err
	}
	if _, known := preheatParts[inputs.Scope]; !known && !news["scope"].ContainsUnknowns() {
		scopes := slices.Sorted(maps.Keys(preheatParts))
		return news, []plugin.CheckFailure{{Property: "scope", Reason: fmt.Sprintf(
			"%q is none; there are %s", inputs.Scope, strings.Join(scopes, ", "))}}, nil
	}
	return news, nil, nil
}

func (preheat) diff(olds, news resource.PropertyMap) (plugin.DiffResult, error) {
	return difference(changedKeys(olds, news, "token", "username", "password", "caCertificate")), nil
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
	challenge, err := p.challenge(call, inputs)
	if err != nil {
		return err
	}
	manager, err := inputs.open(call, p.pause, inputs.Token, inputs.Password, inputs.basic())
	if err != nil {
		return err
	}
	defer manager.close()
	manager.bearer = inputs.Token
	if err := manager.waitUntilKnown(p.unknown); err != nil {
		return err
	}
	// Who has ended may still be known, and who has just begun not yet.
	known := time.Now().Add(p.unknown)
	var few *fewHosts // of this job, or of one before it
	for {
		begun := time.Now() // whom a job is for is settled then
		err := inputs.fetchOnce(manager, challenge)
		var failed *failedJob
		var unfinished *unfinishedJob
		isFew, hasFailed := errors.As(err, &few), errors.As(err, &failed)
		isEarly := begun.Before(known) && (isFew || hasFailed && failed.partly)
		if isEarly || hasFailed && strings.Contains(failed.words, nobodyThere) {
			if err = manager.waitAfter(err); err == nil {
				continue
			}
		}
		// What a job before one that did not come to its end has fetched is there.
		if few != nil && (isFew || errors.As(err, &unfinished)) && call.Err() == nil {
			call.progress.warning("%v", few)
			return nil
		}
		return err
	}
}

func (i preheatInputs) fetchOnce(manager *dragonfly, challenge string) error {
	begun, err := i.begin(manager, challenge)
	if err != nil {
		return err
	}
	job, err := i.await(manager, begun)
	if err != nil {
		return err
	}
	return i.everyHost(manager, job)
}

// everyHost looks whether all have it for whom it was fetched: to the manager a job is a success when one of them has.
func (i preheatInputs) everyHost(manager *dragonfly, job preheatJob) error {
	fetched, failures := job.hosts()
	if len(failures) > 0 {
		return &failedJob{job.ID, i.shortImage(), shortExcuse(someOf(failures), manager.hidden...), true}
	}
	ready, err := manager.readyPods(manager.call, preheatParts[i.Scope])
	if err != nil || len(fetched) == 0 || len(fetched) >= len(ready) {
		return err
	}
	return &fewHosts{i.shortImage(), len(fetched), len(ready)}
}

// fewHosts is a job of which some do not know, since they have not told the schedulers yet that they are there.
type fewHosts struct {
	image          string
	fetched, ready int
}

func (f *fewHosts) Error() string {
	return fmt.Sprintf("%s is fetched by %d, and %d are ready; the schedulers do not know of the rest, which will fetch it when it is pulled",
		f.image, f.fetched, f.ready)
}

// failedJob is a job that came to nothing, or partly so.
type failedJob struct {
	id           int
	image, words string
	partly       bool
}

func (f *failedJob) Error() string {
	return fmt.Sprintf("Dragonfly's job %d, to fetch %s, has failed: %s; the image is where it should be, and the next ./pulumiw up "+
		"fetches it again", f.id, f.image, f.words)
}

// unfinishedJob is a job that nobody waits for any more.
type unfinishedJob struct {
	patience, id          int
	image, state, further string
}

func (u *unfinishedJob) Error() string {
	return fmt.Sprintf("after %d s Dragonfly's job %d, to fetch %s, is not over: it is %s; look further with: %s; "+
		"hero:cluster.patience waits longer, and the next ./pulumiw up fetches it again",
		u.patience, u.id, u.image, u.state, u.further)
}

// begin makes one job; a manager that has only just started may not know its schedulers yet.
func (i preheatInputs) begin(manager *dragonfly, challenge string) (preheatJob, error) {
	arguments := map[string]any{
		"type": "image", "url": i.Repository + "/manifests/" + i.Digest, "scope": i.Scope,
		"timeout": time.Duration(i.Patience) * time.Second,
	}
	maps.Copy(arguments, i.login(challenge))
	asked := map[string]any{
		"bio": "Hero", "type": "preheat", "scheduler_cluster_ids": []int{dragonflySchedulers}, "args": arguments,
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

// login is what the manager is told of it. With a name and a password it gets a token, and whoever fetches gets that from
// it; where a registry wants the password itself, they would come with nothing, so it is told what they are to come with.
// https://github.com/dragonflyoss/dragonfly/blob/v2.5.0/internal/job/image.go
func (i preheatInputs) login(challenge string) map[string]any {
	if challenge == "basic" {
		return map[string]any{"headers": map[string]string{"Authorization": "Basic " + i.basic()}}
	}
	return map[string]any{"username": i.Username, "password": i.Password}
}

func (i preheatInputs) basic() string {
	return base64.StdEncoding.EncodeToString([]byte(i.Username + ":" + i.Password))
}

// askForChallenge is how the registry wants one to log in: basic, bearer, or not at all.
func askForChallenge(call call, inputs preheatInputs) (string, error) {
	scheme, path, _ := strings.Cut(inputs.Repository, "://")
	repository, err := nameRepository(strings.Replace(path, "/v2/", "/", 1), scheme == "http")
	if err != nil {
		return "", err
	}
	sender, err := registryTransport(call, repository.RegistryStr(), access{CaCertificate: inputs.CaCertificate, PlainHTTP: scheme == "http"})
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(call, patienceWithChallenge)
	defer cancel()
	challenge, err := transport.Ping(ctx, repository.Registry, sender)
	if err != nil {
		return "", fmt.Errorf("%s://%s cannot be asked how one logs in to it: %w; the image is where it should be, and the "+
			"next ./pulumiw up fetches it", scheme, repository.RegistryStr(), err)
	}
	return strings.ToLower(challenge.Scheme), nil
}

// await looks until the job is over. A manager that was stopped in between leaves it as it is for ever, so there is an
// end to that.
func (i preheatInputs) await(manager *dragonfly, job preheatJob) (preheatJob, error) {
	started := time.Now()
	for {
		waited := time.Since(started)
		switch {
		case job.State == preheatSuccess:
			manager.call.progress.status("fetched %s for %s (%d s)", i.shortImage(), i.Scope, int(waited.Seconds()))
			return job, nil
		case job.State == preheatFailure:
			return job, &failedJob{job.ID, i.shortImage(), shortExcuse(job.words(), manager.hidden...), false}
		case time.Now().After(manager.end):
			further := manager.cluster.kubectl(i.Namespace, "logs --selector component=scheduler")
			return job, &unfinishedJob{i.Patience, job.ID, i.shortImage(), job.State, further}
		}
		manager.call.progress.status("fetching %s for %s: %s (%d s)", i.shortImage(), i.Scope, job.progress(), int(waited.Seconds()))
		if err := manager.wait(manager.pause); err != nil {
			return job, err
		}
		looked := preheatJob{}
		if err := manager.ask("tell of its job", http.MethodGet, fmt.Sprintf("/oapi/v1/jobs/%d", job.ID), nil, &looked); err != nil {
			return job, err
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

// hosts are those that have it, and what is said of those that have not, each once. Each scheduler has all of it fetched
// by everyone that it knows, so it is enough where one of them says so.
func (j preheatJob) hosts() (fetched, failures []string) {
	var failed []preheatTask
	for _, part := range j.Result.JobStates {
		for _, result := range part.Results {
			for _, task := range result.SuccessTasks {
				fetched = append(fetched, task.Hostname)
			}
			failed = append(failed, result.FailureTasks...)
		}
	}
	for _, task := range failed {
		if !slices.Contains(fetched, task.Hostname) {
			failures = append(failures, task.Hostname+": "+task.Description)
		}
	}
	slices.Sort(fetched)
	slices.Sort(failures)
	return slices.Compact(fetched), slices.Compact(failures)
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
