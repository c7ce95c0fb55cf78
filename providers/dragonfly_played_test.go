package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/httpstream"
	"k8s.io/apimachinery/pkg/util/httpstream/spdy"
)

const (
	accountPassword  = "twenty-characters-it"
	anotherPassword  = "another-one-of-them"
	dragonflySpace   = "hero-dev-dragonfly"
	managersPod      = `{"metadata": {"name": "dragonfly-manager-1", "labels": {"component": "manager"}}, "status": {"conditions": [{"type": "Ready", "status": %q}]}}`
	schedulersPod    = `{"metadata": {"name": "dragonfly-scheduler-%d", "labels": {"component": "scheduler"}}, "status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": %q}]}}`
	dfdaemonsPod     = `{"metadata": {"name": "dfdaemon-%d", "labels": {"component": %q}}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}`
	portForwardOfPod = "/api/v1/namespaces/" + dragonflySpace + "/pods/dragonfly-manager-1/portforward"
)

// playedMemory is how long a manager remembers an account.
const playedMemory = 50 * time.Millisecond

// playedDragonfly is a manager as far as we ask it, and the API of the cluster that alone can reach it.
type playedDragonfly struct {
	t       *testing.T
	api     *httptest.Server
	manager *httptest.Server
	lock    sync.Mutex
	ready   bool
	// schedulers are ready since when, each.
	schedulers []time.Time
	// dfdaemons are how the chart calls the part of each that is ready.
	dfdaemons []string
	// broken is what the cluster says of a port that it cannot forward.
	broken   string
	password string
	// remembered is how many more times a login is refused though it is right, and resets how many times a new password.
	remembered, resets int
	// remembersResets has a new password refused soon after another one was, and lastReset is when that was.
	remembersResets bool
	lastReset       time.Time
	tokens          map[int]string
	names           map[int]string
	made            int
	// jobs are the answers about the one job, one after another; the last stays. asked is what it was made from.
	jobs  []string
	asked map[string]any
	// refusals are what a job is refused with, one after another, before one is made.
	refusals []string
	// silent is how many requests are broken off.
	silent int
	calls  []string
}

func playDragonfly(t *testing.T) *playedDragonfly {
	t.Helper()
	played := &playedDragonfly{
		t: t, ready: true, schedulers: []time.Time{{}}, password: dragonflyPublicPassword, tokens: map[int]string{}, names: map[int]string{},
		jobs: []string{`{"id": 7, "state": "SUCCESS"}`},
	}
	played.manager = httptest.NewServer(http.HandlerFunc(played.answer))
	played.api = httptest.NewServer(http.HandlerFunc(played.forward))
	t.Cleanup(played.manager.Close)
	t.Cleanup(played.api.Close)
	return played
}

// forward is the cluster's API: pods, and the way to their ports.
func (p *playedDragonfly) forward(writer http.ResponseWriter, request *http.Request) {
	switch request.URL.Path {
	case "/api/v1/namespaces/" + dragonflySpace + "/pods":
		p.lock.Lock()
		defer p.lock.Unlock()
		ready := map[bool]string{true: "True", false: "False"}[p.ready]
		pods := []string{}
		for number, since := range p.schedulers {
			pods = append(pods, fmt.Sprintf(schedulersPod, number, since.Format(time.RFC3339)))
		}
		for number, part := range p.dfdaemons {
			pods = append(pods, fmt.Sprintf(dfdaemonsPod, number, part))
		}
		fmt.Fprintf(writer, `{"items": [%s]}`, strings.Join(append(pods, fmt.Sprintf(managersPod, ready)), ", "))
	case portForwardOfPod:
		p.pass(writer, request)
	default:
		p.t.Errorf("nobody asks for %s", request.URL.Path)
	}
}

// pass plays what kubelet does: the bytes of one stream go to the port, and troubles are told on another.
func (p *playedDragonfly) pass(writer http.ResponseWriter, request *http.Request) {
	if _, err := httpstream.Handshake(request, writer, []string{portForwardProtocol}); err != nil {
		p.t.Error(err)
		return
	}
	streams := make(chan httpstream.Stream, 2)
	upgrader := spdy.NewResponseUpgrader()
	connection := upgrader.UpgradeResponse(writer, request, func(stream httpstream.Stream, _ <-chan struct{}) error {
		streams <- stream
		return nil
	})
	if connection == nil {
		return
	}
	defer connection.Close()
	var data, troubles httpstream.Stream
	for data == nil || troubles == nil {
		select {
		case stream := <-streams:
			if stream.Headers().Get(corev1.StreamType) == corev1.StreamTypeError {
				troubles = stream
			} else {
				data = stream
			}
			if port := stream.Headers().Get(corev1.PortHeader); port != "8080" {
				p.t.Errorf("nobody listens at %s", port)
			}
		case <-connection.CloseChan():
			return
		}
	}
	if p.broken != "" {
		fmt.Fprint(troubles, p.broken)
		troubles.Close()
		<-connection.CloseChan()
		return
	}
	behind, err := net.Dial("tcp", strings.TrimPrefix(p.manager.URL, "http://"))
	if err != nil {
		p.t.Error(err)
		return
	}
	defer behind.Close()
	go func() { _, _ = io.Copy(behind, data) }()
	go func() { _, _ = io.Copy(data, behind); data.Close() }()
	<-connection.CloseChan()
}

// answer is the manager's REST API.
func (p *playedDragonfly) answer(writer http.ResponseWriter, request *http.Request) {
	p.lock.Lock()
	defer p.lock.Unlock()
	content, _ := io.ReadAll(request.Body)
	var body map[string]any
	_ = json.Unmarshal(content, &body)
	p.calls = append(p.calls, request.Method+" "+request.URL.Path)
	if p.silent > 0 {
		p.silent--
		panic(http.ErrAbortHandler)
	}
	bearer := strings.TrimPrefix(request.Header.Get("Authorization"), "Bearer ")
	refuse := func(status int, words string) {
		writer.WriteHeader(status)
		fmt.Fprintf(writer, `{"message": %q}`, words)
	}
	switch path := request.URL.Path; {
	case path == "/api/v1/users/signin":
		if p.remembered > 0 || body["password"] != p.password {
			p.remembered = max(0, p.remembered-1)
			refuse(http.StatusUnauthorized, "Unauthorized")
			return
		}
		fmt.Fprint(writer, `{"token": "a-jwt-of-theirs", "expire": "2026-11-27T00:00:00Z"}`)
	case path == "/api/v1/users/1/reset_password" && p.resets > 0:
		p.resets--
		refuse(http.StatusInternalServerError, "crypto/bcrypt: hashedSecret too short to be a bcrypted password")
	case path == "/api/v1/users/1/reset_password":
		since := time.Since(p.lastReset)
		p.lastReset = time.Now()
		if p.remembersResets && since < playedMemory {
			refuse(http.StatusInternalServerError, "crypto/bcrypt: hashedSecret too short to be a bcrypted password")
			return
		}
		if body["old_password"] != p.password {
			refuse(http.StatusUnauthorized, "Unauthorized")
			return
		}
		p.password = body["new_password"].(string)
	case strings.HasPrefix(path, "/api/v1/") && bearer != "a-jwt-of-theirs":
		refuse(http.StatusUnauthorized, "Unauthorized")
	case path == "/api/v1/personal-access-tokens":
		p.answerTokens(writer, request, body)
	case request.Method == http.MethodDelete:
		var id int
		fmt.Sscanf(path, "/api/v1/personal-access-tokens/%d", &id)
		if _, known := p.tokens[id]; !known {
			refuse(http.StatusNotFound, "record not found")
		}
		delete(p.tokens, id)
		delete(p.names, id)
	case !p.knows(bearer):
		refuse(http.StatusUnauthorized, "Unauthorized")
	case path == "/oapi/v1/jobs":
		p.asked = body
		if len(p.refusals) > 0 {
			var status int
			_, words, _ := strings.Cut(p.refusals[0], " ")
			fmt.Sscanf(p.refusals[0], "%d", &status)
			p.refusals = p.refusals[1:]
			refuse(status, words)
			return
		}
		fmt.Fprint(writer, `{"id": 7, "state": "PENDING", "args": {"password": "the-pullers-password"}, "result": null}`)
	case path == "/oapi/v1/jobs/7":
		fmt.Fprint(writer, p.jobs[0])
		if len(p.jobs) > 1 {
			p.jobs = p.jobs[1:]
		}
	default:
		p.t.Errorf("nobody asks for %s", path)
	}
}

func (p *playedDragonfly) answerTokens(writer http.ResponseWriter, request *http.Request, body map[string]any) {
	if request.Method == http.MethodGet {
		var listed []string
		for id, name := range p.names {
			listed = append(listed, fmt.Sprintf(`{"id": %d, "name": %q}`, id, name))
		}
		fmt.Fprintf(writer, "[%s]", strings.Join(listed, ","))
		return
	}
	for _, name := range p.names {
		if name == body["name"] {
			writer.WriteHeader(http.StatusConflict)
			fmt.Fprint(writer, `{"message": "Conflict"}`)
			return
		}
	}
	if scopes := fmt.Sprint(body["scopes"]); scopes != "[job]" {
		p.t.Errorf("the token may do %s", scopes)
	}
	p.made++
	p.tokens[p.made], p.names[p.made] = fmt.Sprintf("token-number-%d", p.made), body["name"].(string)
	fmt.Fprintf(writer, `{"id": %d, "token": %q}`, p.made, p.tokens[p.made])
}

func (p *playedDragonfly) knows(bearer string) bool {
	for _, token := range p.tokens {
		if token == bearer {
			return true
		}
	}
	return false
}

// has says what is there, by names.
func (p *playedDragonfly) has(token string) bool {
	p.lock.Lock()
	defer p.lock.Unlock()
	return p.knows(token)
}

func (p *playedDragonfly) inputs(changes ...map[string]any) resource.PropertyMap {
	p.t.Helper()
	inputs := map[string]any{
		"kubeconfig": kubeconfigOf(p.t, p.api.URL), "context": "", "namespace": dragonflySpace, "release": "dragonfly",
		"port": 8080, "identity": "uid-1", "patience": 60,
	}
	for _, change := range changes {
		for key, value := range change {
			inputs[key] = value
		}
	}
	return resource.NewPropertyMapFromMap(inputs)
}
