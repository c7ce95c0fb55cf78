package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const harborPassword = "Administrator-12345"

// playedHarbor answers as Harbor's own handlers do (src/server/v2.0/handler), and remembers what it was asked.
type playedHarbor struct {
	// listed are the artifacts of each project/repository.
	listed map[string][]storedArtifact
	*httptest.Server
	lock     sync.Mutex
	projects map[string]*playedProject
	robots   []*playedRobot
	images   map[string]*playedImage
	// instances are Dragonflies, and policies are by their project and then, as those, by their name.
	instances map[string]map[string]any
	policies  map[string]map[string]map[string]any
	// allowed are the vulnerabilities that block nothing in any project.
	allowed []any
	prefix  string
	// noQuotas is quota_per_project_enable: false.
	noQuotas bool
	asked    []string
	// next are answers that come before the proper ones, each once, by method and path.
	next map[string][]playedAnswer
	// made counts what was made, so that no two numbers are alike.
	made int
}

type playedProject struct {
	number, registry, quota int
	metadata                map[string]any
	allowed                 []any
	expires                 any
	repositories            []string
}

func playHarbor(t *testing.T) *playedHarbor {
	t.Helper()
	played := newPlayedHarbor()
	played.Server = httptest.NewServer(played)
	t.Cleanup(played.Close)
	return played
}

func newPlayedHarbor() *playedHarbor {
	return &playedHarbor{
		projects: map[string]*playedProject{}, images: map[string]*playedImage{},
		instances: map[string]map[string]any{}, policies: map[string]map[string]map[string]any{}, next: map[string][]playedAnswer{}, prefix: "robot$", made: 6,
	}
}

func (p *playedHarbor) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	p.lock.Lock()
	defer p.lock.Unlock()
	key := request.Method + " " + strings.TrimPrefix(request.URL.EscapedPath(), harborAPI)
	p.asked = append(p.asked, key)
	body := map[string]any{}
	_ = json.NewDecoder(request.Body).Decode(&body)
	if waiting := p.next[key]; len(waiting) > 0 {
		p.next[key] = waiting[1:]
		if waiting[0].after {
			p.answer(httptest.NewRecorder(), request, body)
		}
		if waiting[0].header != "" {
			writer.Header().Set(waiting[0].header, waiting[0].value)
		}
		writer.WriteHeader(waiting[0].status)
		fmt.Fprint(writer, waiting[0].body)
		return
	}
	p.answer(writer, request, body)
}

func (p *playedHarbor) answer(writer http.ResponseWriter, request *http.Request, body map[string]any) {
	username, password, _ := request.BasicAuth()
	path := strings.Split(strings.TrimPrefix(request.URL.EscapedPath(), harborAPI+"/"), "/")
	switch {
	case request.URL.Path == "/v2/" && p.isRobot(username, password):
		tell(writer, http.StatusOK, map[string]any{})
	case request.URL.Path == "/v2/" || username != "admin" || password != harborPassword:
		refuse(writer, http.StatusUnauthorized, "UNAUTHORIZED", "unauthorized")
	case path[0] == "p2p":
		p.preheat(writer, request, p.instances, path[len(path)-1], body)
	case path[0] == "projects" && len(path) > 2 && path[2] == "preheat" && p.projects[path[1]] == nil:
		refuse(writer, http.StatusNotFound, "NOT_FOUND", "the project is not there")
	case path[0] == "projects" && len(path) > 2 && path[2] == "preheat":
		if p.policies[path[1]] == nil {
			p.policies[path[1]] = map[string]map[string]any{}
		}
		p.preheat(writer, request, p.policies[path[1]], path[len(path)-1], body)
	case path[0] == "projects" && len(path) == 5:
		// What a repository has, untagged artifacts too.
		tell(writer, http.StatusOK, page(request, p.listed[path[1]+"/"+strings.ReplaceAll(path[3], "%252F", "/")]))
	case path[0] == "projects" && len(path) > 4:
		p.artifacts(writer, request, path)
	case path[0] == "projects" && len(path) > 2:
		p.repositories(writer, request, path)
	case path[0] == "projects":
		p.project(writer, request, path, body)
	case path[0] == "quotas":
		p.quotas(writer, request, path, body)
	case path[0] == "robots":
		p.robot(writer, request, path, body)
	case path[0] == "configurations":
		tell(writer, http.StatusOK, map[string]any{"robot_name_prefix": map[string]any{"editable": true, "value": p.prefix}})
	case request.URL.Path == harborAPI+"/system/CVEAllowlist":
		tell(writer, http.StatusOK, map[string]any{"items": p.allowed})
	default:
		tell(writer, http.StatusNotFound, nil)
	}
}

func refuse(writer http.ResponseWriter, status int, code, message string) {
	tell(writer, status, map[string]any{"errors": []any{map[string]any{"code": code, "message": message}}})
}

// page is what is on the page that was asked for; there are two on each, so that whoever lists has to turn pages.
func page[T any](request *http.Request, all []T) []T {
	number, _ := strconv.Atoi(request.URL.Query().Get("page"))
	begin, end := min(2*number-2, len(all)), min(2*number, len(all))
	return append([]T{}, all[begin:end]...)
}

func (p *playedHarbor) project(writer http.ResponseWriter, request *http.Request, path []string, body map[string]any) {
	if request.Method == http.MethodPost {
		p.makeProject(writer, body)
		return
	}
	if len(path) == 1 {
		projects := []any{}
		for _, name := range slices.Sorted(maps.Keys(p.projects)) {
			each := p.projects[name]
			projects = append(projects, map[string]any{"project_id": each.number, "name": name, "registry_id": each.registry})
		}
		tell(writer, http.StatusOK, page(request, projects))
		return
	}
	found := p.projects[path[1]]
	if _, err := strconv.Atoi(path[1]); err == nil && request.Header.Get("X-Is-Resource-Name") != "true" {
		found = nil // it was taken for a number
	}
	switch {
	case found == nil:
		refuse(writer, http.StatusNotFound, "NOT_FOUND", "project "+path[1]+" not found")
	case request.Method == http.MethodPut:
		for key, value := range body["metadata"].(map[string]any) {
			found.metadata[key] = value
		}
		list, _ := body["cve_allowlist"].(map[string]any)
		found.allowed, found.expires = list["items"].([]any), list["expires_at"]
		tell(writer, http.StatusOK, nil)
	case request.Method == http.MethodDelete && len(found.repositories) > 0:
		refuse(writer, http.StatusPreconditionFailed, "PRECONDITION", "the project contains repositories, can not be deleted")
	case request.Method == http.MethodDelete:
		delete(p.projects, path[1])
		p.robots = slices.DeleteFunc(p.robots, func(each *playedRobot) bool { return each.project == found.number })
		tell(writer, http.StatusOK, nil)
	default:
		tell(writer, http.StatusOK, map[string]any{
			"project_id": found.number, "name": path[1], "registry_id": found.registry, "metadata": found.metadata,
			"cve_allowlist": map[string]any{"items": found.allowed, "expires_at": found.expires},
		})
	}
}

func (p *playedHarbor) makeProject(writer http.ResponseWriter, body map[string]any) {
	name := body["project_name"].(string)
	if p.projects[name] != nil {
		refuse(writer, http.StatusConflict, "CONFLICT", "The project named "+name+" already exists")
		return
	}
	p.made++
	registry, _ := body["registry_id"].(float64)
	// It does not listen to what it is told of vulnerabilities here.
	p.projects[name] = &playedProject{
		number: p.made, registry: int(registry), quota: int(body["storage_limit"].(float64)),
		metadata: body["metadata"].(map[string]any), allowed: []any{},
	}
	writer.WriteHeader(http.StatusCreated)
}

func (p *playedHarbor) quotas(writer http.ResponseWriter, request *http.Request, path []string, body map[string]any) {
	quotas := []any{}
	for _, each := range p.projects {
		// A quota has a number of its own.
		number := fmt.Sprint(each.number + 1000)
		if len(path) == 2 && path[1] == number {
			each.quota = int(body["hard"].(map[string]any)["storage"].(float64))
		}
		if request.URL.Query().Get("reference_id") == fmt.Sprint(each.number) && !p.noQuotas {
			quotas = append(quotas, map[string]any{"id": each.number + 1000, "hard": map[string]any{"storage": each.quota}})
		}
	}
	tell(writer, http.StatusOK, quotas)
}

func (p *playedHarbor) repositories(writer http.ResponseWriter, request *http.Request, path []string) {
	found := p.projects[path[1]]
	if found == nil {
		refuse(writer, http.StatusNotFound, "NOT_FOUND", "project "+path[1]+" not found")
		return
	}
	if request.Method == http.MethodGet {
		repositories := []any{}
		for _, each := range page(request, found.repositories) {
			repositories = append(repositories, map[string]any{"name": path[1] + "/" + each})
		}
		tell(writer, http.StatusOK, repositories)
		return
	}
	// The slashes of its name come encoded twice, and any other way it is not found.
	name := strings.ReplaceAll(path[3], "%252F", "/")
	if !slices.Contains(found.repositories, name) {
		refuse(writer, http.StatusNotFound, "NOT_FOUND", "repository "+name+" not found")
		return
	}
	found.repositories = slices.DeleteFunc(found.repositories, func(each string) bool { return each == name })
	tell(writer, http.StatusOK, nil)
}

func (p *playedHarbor) before(request string, answers ...playedAnswer) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.next[request] = append(p.next[request], answers...)
}

// forget starts the list of what was asked anew.
func (p *playedHarbor) forget() {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.asked = nil
}

// changes are the requests that change something.
func (p *playedHarbor) changes() []string {
	p.lock.Lock()
	defer p.lock.Unlock()
	return slices.DeleteFunc(slices.Clone(p.asked), func(asked string) bool { return strings.HasPrefix(asked, "GET ") })
}

func (p *playedHarbor) login() harborLogin {
	return harborLogin{URL: p.URL, Username: "admin", Password: harborPassword}
}

// inputs are the login and what else is given.
func (p *playedHarbor) inputs(given ...map[string]any) map[string]any {
	inputs := map[string]any{"url": p.URL, "username": "admin", "password": harborPassword, "caCertificate": ""}
	for _, each := range given {
		for key, value := range each {
			inputs[key] = value
		}
	}
	return inputs
}

const aMoment = time.Millisecond
