package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

const (
	hubToken  = "dckr_pat_of-the-administrator"
	hubBearer = "bearer-for-some-minutes"
)

// playedHub answers as Docker Hub's API reference says, and remembers what it was asked.
type playedHub struct {
	// tags are those of each namespace/name.
	tags map[string][]map[string]any
	*httptest.Server
	lock         sync.Mutex
	repositories map[string]map[string]any
	tokens       []map[string]any
	asked        []string
	// next are answers that come before the proper ones, each once, by method and path.
	next map[string][]playedAnswer
	// tokensMade counts them, so that no two are alike.
	tokensMade int
}

type playedAnswer struct {
	status int
	header string
	value  string
	body   string
	// after has the request do its work all the same, as when only the answer is lost.
	after bool
}

func playHub(t *testing.T) *playedHub {
	t.Helper()
	played := &playedHub{repositories: map[string]map[string]any{}, next: map[string][]playedAnswer{}}
	played.Server = httptest.NewServer(played)
	t.Cleanup(played.Close)
	return played
}

func (p *playedHub) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	p.lock.Lock()
	defer p.lock.Unlock()
	key := request.Method + " " + request.URL.Path
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

func (p *playedHub) answer(writer http.ResponseWriter, request *http.Request, body map[string]any) {
	if request.URL.Path == "/v2/auth/token" {
		// A colleague of the same organisation has the same rights, but tokens of her own.
		if body["identifier"] != "hero" && body["identifier"] != "heroine" || body["secret"] != hubToken {
			tell(writer, http.StatusUnauthorized, map[string]any{"message": "incorrect authentication credentials"})
			return
		}
		tell(writer, http.StatusOK, map[string]any{"access_token": hubBearer})
		return
	}
	if request.Header.Get("Authorization") != "Bearer "+hubBearer {
		tell(writer, http.StatusUnauthorized, map[string]any{"message": "unauthorized"})
		return
	}
	path := strings.Split(strings.Trim(request.URL.Path, "/"), "/")
	switch {
	case path[1] == "namespaces":
		p.namespaces(writer, request, path[2:], body)
	case path[1] == "repositories" && strings.HasSuffix(request.URL.Path, "/privacy") || strings.HasSuffix(request.URL.Path, "/"):
		p.settings(writer, request, path[2:], body)
	case path[1] == "access-tokens":
		p.accessTokens(writer, request, path[2:], body)
	default:
		tell(writer, http.StatusNotFound, nil)
	}
}

func (p *playedHub) namespaces(writer http.ResponseWriter, request *http.Request, path []string, body map[string]any) {
	if request.Method == http.MethodPost && len(path) == 2 {
		identifier := path[0] + "/" + body["name"].(string)
		if p.repositories[identifier] != nil {
			tell(writer, http.StatusConflict, map[string]any{"message": "repository already exists"})
			return
		}
		p.repositories[identifier] = map[string]any{
			"description": body["description"], "full_description": body["full_description"], "is_private": body["is_private"],
			"immutable_tags_settings": map[string]any{"enabled": false, "rules": []string{".*"}},
		}
		tell(writer, http.StatusCreated, p.repositories[identifier])
		return
	}
	found := p.repositories[path[0]+"/"+path[2]]
	switch {
	case found == nil:
		tell(writer, http.StatusNotFound, map[string]any{"message": "object not found"})
	case len(path) == 4 && path[3] == "tags":
		tags := p.tags[path[0]+"/"+path[2]]
		tell(writer, http.StatusOK, map[string]any{"count": len(tags), "next": nil, "results": tags})
	case request.Method == http.MethodPatch && path[3] == "immutabletags":
		found["immutable_tags_settings"] = map[string]any{"enabled": body["immutable_tags"], "rules": body["immutable_tags_rules"]}
		tell(writer, http.StatusOK, found)
	default:
		tell(writer, http.StatusOK, found)
	}
}

func (p *playedHub) settings(writer http.ResponseWriter, request *http.Request, path []string, body map[string]any) {
	identifier := path[0] + "/" + path[1]
	found := p.repositories[identifier]
	switch {
	case found == nil:
		tell(writer, http.StatusNotFound, map[string]any{"message": "object not found"})
	case request.Method == http.MethodDelete:
		delete(p.repositories, identifier)
		writer.WriteHeader(http.StatusAccepted)
	default:
		for key, value := range body {
			found[key] = value
		}
		tell(writer, http.StatusOK, found)
	}
}

func (p *playedHub) accessTokens(writer http.ResponseWriter, request *http.Request, path []string, body map[string]any) {
	switch {
	case request.Method == http.MethodPost:
		p.tokensMade++
		made := map[string]any{
			"uuid": fmt.Sprintf("uuid-%d", p.tokensMade), "token_label": body["token_label"], "scopes": body["scopes"],
			"is_active": true, "last_used": nil,
		}
		p.tokens = append(p.tokens, made)
		tell(writer, http.StatusCreated, with(made, "token", fmt.Sprintf("dckr_pat_value-%d", p.tokensMade)))
	case len(path) == 0:
		// Two a page, so that whoever lists them has to turn pages.
		page := 1
		fmt.Sscan(request.URL.Query().Get("page"), &page)
		begin, end := min(2*page-2, len(p.tokens)), min(2*page, len(p.tokens))
		var next any
		if end < len(p.tokens) {
			next = fmt.Sprintf("https://hub.docker.com/v2/access-tokens?page=%d", page+1)
		}
		tell(writer, http.StatusOK, map[string]any{"count": len(p.tokens), "next": next, "results": p.tokens[begin:end]})
	default:
		for index, token := range p.tokens {
			if token["uuid"] != path[0] {
				continue
			}
			if request.Method == http.MethodDelete {
				p.tokens = append(p.tokens[:index], p.tokens[index+1:]...)
				writer.WriteHeader(http.StatusNoContent)
				return
			}
			tell(writer, http.StatusOK, with(token, "token", ""))
			return
		}
		tell(writer, http.StatusNotFound, map[string]any{"message": "token not found"})
	}
}

func with(fields map[string]any, key string, value any) map[string]any {
	more := map[string]any{key: value}
	for key, value := range fields {
		more[key] = value
	}
	return more
}

func tell(writer http.ResponseWriter, status int, content any) {
	writer.Header().Set("Content-Type", "application/json")
	writer.WriteHeader(status)
	_ = json.NewEncoder(writer).Encode(content)
}

// forget starts the list of what was asked anew.
func (p *playedHub) forget() {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.asked = nil
}

// changes are the requests that change something, without the logins.
func (p *playedHub) changes() []string {
	p.lock.Lock()
	defer p.lock.Unlock()
	changes := []string{}
	for _, asked := range p.asked {
		if !strings.HasPrefix(asked, "GET ") && !strings.HasSuffix(asked, "/v2/auth/token") {
			changes = append(changes, asked)
		}
	}
	return changes
}

func (p *playedHub) count(asked string) int {
	p.lock.Lock()
	defer p.lock.Unlock()
	count := 0
	for _, each := range p.asked {
		if each == asked {
			count++
		}
	}
	return count
}

func (p *playedHub) before(request string, answer playedAnswer) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.next[request] = append(p.next[request], answer)
}

func (p *playedHub) login() hubLogin {
	return hubLogin{API: p.URL, Username: "hero", Token: hubToken}
}
