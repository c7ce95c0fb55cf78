package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

const (
	dragonflyPause         = 2 * time.Second
	patienceWithDragonfly  = 30 * time.Second // for one answer
	longestDragonflyAnswer = 16 << 20
	dragonflyManager       = "manager" // how the chart labels its pods
)

// dragonflyManagerInputs are where a manager is, which only its cluster can reach.
type dragonflyManagerInputs struct {
	Kubeconfig string `json:"kubeconfig"`
	Context    string `json:"context"`
	Namespace  string `json:"namespace"`
	// Release is the chart's, after which its objects are called.
	Release string `json:"release"`
	// Port is that of the manager's REST API.
	Port int `json:"port"`
	// Identity is another one where the manager's database is another.
	Identity string `json:"identity"`
	// Patience is in seconds, for all of what is asked at once.
	Patience int `json:"patience"`
}

// dragonfly is a manager, seen for as long as one call of the engine takes. What it can be asked:
// https://github.com/dragonflyoss/dragonfly/blob/v2.5.0/manager/router/router.go
type dragonfly struct {
	dragonflyManagerInputs
	call    call
	cluster *cluster
	client  *http.Client
	pause   time.Duration
	end     time.Time
	// bearer is a JWT for /api and a personal access token for /oapi.
	bearer string
	// hidden are secrets that an answer may repeat.
	hidden []string
}

// dragonflySilence is what there is where an answer should be, such as while a pod is being replaced.
type dragonflySilence struct{ cause error }

func (s *dragonflySilence) Error() string {
	return fmt.Sprintf("Dragonfly's manager cannot be reached: %v", s.cause)
}

// open asks nobody yet.
func (i dragonflyManagerInputs) open(call call, pause time.Duration, hidden ...string) (*dragonfly, error) {
	cluster, err := connectCluster(i.Kubeconfig, i.Context)
	if err != nil {
		return nil, err
	}
	opened := &dragonfly{
		dragonflyManagerInputs: i, call: call, cluster: cluster, pause: pause, hidden: hidden,
		end: time.Now().Add(time.Duration(i.Patience) * time.Second),
	}
	opened.client = &http.Client{Transport: &http.Transport{DialContext: opened.dial}}
	return opened, nil
}

func (d *dragonfly) close() {
	d.client.CloseIdleConnections()
}

// dial takes any pod of the manager that is ready: they share their database.
func (d *dragonfly) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	pods, err := d.readyPods(ctx, dragonflyManager)
	if err != nil {
		return nil, err
	}
	if len(pods) == 0 {
		return nil, fmt.Errorf("no pod of it is ready in the namespace %s; look further with: %s",
			d.Namespace, d.cluster.kubectl(d.Namespace, "get pods"))
	}
	// The connection outlives the request that it was opened for.
	return d.cluster.dialPod(d.call, d.Namespace, pods[0].Name, d.Port)
}

// readyPods are those of a part of the chart that are ready and stay.
func (d *dragonfly) readyPods(ctx context.Context, part string) ([]corev1.Pod, error) {
	var pods corev1.PodList
	err := d.cluster.list(ctx, "api/v1/namespaces/"+d.Namespace+"/pods", &pods)
	return slices.DeleteFunc(pods.Items, func(pod corev1.Pod) bool {
		return pod.Labels["component"] != part || pod.DeletionTimestamp != nil || !isReady(pod)
	}), err
}

// ask waits for a manager that is away and for one that has been asked too often, until the patience ends. The purpose
// goes on after "refuses to".
func (d *dragonfly) ask(purpose, method, path string, body, answer any) error {
	for {
		err := d.exchange(purpose, method, path, body, answer)
		var silence *dragonflySilence
		if err == nil || !errors.As(err, &silence) && !hasStatus(err, http.StatusTooManyRequests) {
			return err
		}
		if err := d.waitAfter(err); err != nil {
			return err
		}
	}
}

// waitAfter pauses before another try; where the patience has ended, what went wrong is all there is to say.
func (d *dragonfly) waitAfter(err error) error {
	if d.call.Err() != nil {
		return d.call.Err()
	}
	if time.Now().Add(d.pause).After(d.end) {
		return fmt.Errorf("%w; that was tried for %d s; hero:cluster.patience waits longer, and the next ./pulumiw up goes on from here", err, d.Patience)
	}
	d.call.progress.status("%v; trying again in %s", err, seconds(d.pause))
	return d.wait(d.pause)
}

func (d *dragonfly) wait(pause time.Duration) error {
	select {
	case <-d.call.Done():
		return d.call.Err()
	case <-time.After(pause):
		return nil
	}
}

func (d *dragonfly) exchange(purpose, method, path string, body, answer any) error {
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(d.call, patienceWithDragonfly)
	defer cancel()
	// Nobody looks the name up: the connection goes to a pod whatever it is.
	request, err := http.NewRequestWithContext(ctx, method, "http://"+d.Release+"-manager"+path, bytes.NewReader(content))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	if d.bearer != "" {
		request.Header.Set("Authorization", "Bearer "+d.bearer)
	}
	response, err := d.client.Do(request)
	if err != nil {
		return &dragonflySilence{withoutURL(err)}
	}
	defer response.Body.Close()
	said, err := io.ReadAll(io.LimitReader(response.Body, longestDragonflyAnswer))
	if err != nil {
		return &dragonflySilence{withoutURL(err)}
	}
	if response.StatusCode != http.StatusOK {
		return d.refusal(purpose, response.StatusCode, said)
	}
	if answer != nil && json.Unmarshal(said, answer) != nil {
		return errors.New("what answers in the place of Dragonfly's manager gives no JSON that fits")
	}
	return nil
}

func (d *dragonfly) refusal(purpose string, status int, said []byte) error {
	var words struct {
		Message string `json:"message"`
		Errors  string `json:"errors"`
	}
	_ = json.Unmarshal(said, &words)
	excuse := strings.TrimSpace(words.Message + " " + words.Errors)
	if excuse == "" {
		excuse = http.StatusText(status)
	}
	refused := &refusal{server: "Dragonfly's manager", status: status, purpose: purpose, excuse: shortExcuse(excuse, d.hidden...)}
	if status >= http.StatusInternalServerError {
		refused.advice = "the manager's log tells more: " + d.cluster.kubectl(d.Namespace, "logs --selector component="+dragonflyManager)
	}
	return refused
}
