package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	patienceWithHub = time.Minute // for one answer
	// Docker Hub always says how long to wait. Where something before it does not, this is long enough to help.
	unsaidPause      = 10 * time.Second
	giveAnotherToken = "give another token: ./pulumiw config set --secret --path hero:dockerhub.token, then ./pulumiw up"
)

// hubLogin is what every resource of Docker Hub needs to speak to it.
type hubLogin struct {
	// API is where the Hub API is, without a path.
	API string `json:"api"`
	// Username is a person's, or the name of an organisation, whose access token the Token is then.
	Username string `json:"username"`
	Token    string `json:"token"`
}

// hub is Docker Hub, seen with one login for as long as one call of the engine takes.
// What it can be asked: https://docs.docker.com/reference/api/hub/latest/
type hub struct {
	hubLogin
	call     call
	client   *http.Client
	patience patience
	// bearer is what the login was changed for; it is good for some minutes and kept nowhere else.
	bearer string
}

// open logs in. There is nothing that could be asked of Docker Hub without.
func (l hubLogin) open(call call) (*hub, error) {
	if l.Username == "" || l.Token == "" {
		return nil, errors.New("Docker Hub needs a login; " + giveUsernameFirst)
	}
	opened := &hub{
		hubLogin: l, call: call,
		client:   &http.Client{Timeout: patienceWithHub, CheckRedirect: keepMethod},
		patience: patience{progress: call.progress, server: "Docker Hub", left: longestWait},
	}
	if err := opened.logIn(); err != nil {
		return nil, err
	}
	return opened, nil
}

// reopen logs in as the state says or, where that token is no longer good, with the one that the program gives today: in
// an `up` that rotates the token, what goes is still known with the old one.
func (l hubLogin) reopen(call call) (*hub, error) {
	opened, err := l.open(call)
	var refused *refusedLogin
	if !errors.As(err, &refused) {
		return opened, err
	}
	today, another := call.logins.today(l)
	if !another {
		return nil, err
	}
	return today.open(call)
}

// refusedLogin is a token that is not, or no longer, good for this user.
type refusedLogin struct{ username string }

func (r *refusedLogin) Error() string {
	return fmt.Sprintf("Docker Hub refuses the login of %s; %s", r.username, giveAnotherToken)
}

// keepMethod follows no redirection that would make a GET of a request that changes something, and none from TLS to plain
// HTTP, which would send the token in plaintext.
func keepMethod(request *http.Request, before []*http.Request) error {
	leavesTLS := before[0].URL.Scheme == "https" && request.URL.Scheme != "https"
	if before[0].Method != http.MethodGet || len(before) > 3 || leavesTLS {
		return http.ErrUseLastResponse
	}
	return nil
}

func (h *hub) logIn() error {
	h.bearer = ""
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	login := map[string]string{"identifier": h.Username, "secret": h.Token}
	err := h.exchange("log in", http.MethodPost, "/v2/auth/token", login, &answer)
	if hasStatus(err, http.StatusUnauthorized, http.StatusForbidden) {
		return &refusedLogin{h.Username}
	}
	if err == nil && answer.AccessToken == "" {
		err = fmt.Errorf("what answers at %s is not Docker Hub: it gives no access token", h.host())
	}
	h.bearer = answer.AccessToken
	return err
}

// ask has Docker Hub do something, and reads its answer where there is a place for it. The purpose goes on after
// "refuses to".
func (h *hub) ask(purpose, method, path string, body, answer any) error {
	err := h.exchange(purpose, method, path, body, answer)
	if !hasStatus(err, http.StatusUnauthorized) {
		return err
	}
	// While we waited, the bearer may have become too old.
	if err := h.logIn(); err != nil {
		return err
	}
	return h.exchange(purpose, method, path, body, answer)
}

func (h *hub) exchange(purpose, method, path string, body, answer any) error {
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return err
		}
	}
	for {
		response, err := h.send(method, path, content)
		if err != nil {
			return h.unreachable(err)
		}
		if response.StatusCode != http.StatusTooManyRequests {
			defer response.Body.Close()
			return h.read(response, purpose, answer)
		}
		pause, asked := askedToWait(response.Header, time.Now())
		if !asked {
			pause = unsaidPause
		}
		discard(response)
		if err := h.patience.wait(h.call, pause); err != nil {
			return err
		}
	}
}

func (h *hub) send(method, path string, content []byte) (*http.Response, error) {
	request, err := http.NewRequestWithContext(h.call, method, strings.TrimSuffix(h.API, "/")+path, bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "hero")
	if content != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if h.bearer != "" {
		request.Header.Set("Authorization", "Bearer "+h.bearer)
	}
	return h.client.Do(request)
}

func (h *hub) read(response *http.Response, purpose string, answer any) error {
	content, err := io.ReadAll(io.LimitReader(response.Body, 8<<20))
	if err != nil {
		return h.unreachable(err)
	}
	if response.StatusCode >= 300 {
		return h.refusal(purpose, response.StatusCode, content)
	}
	if answer == nil {
		return nil
	}
	if json.Unmarshal(content, answer) != nil {
		return fmt.Errorf("what answers at %s is not Docker Hub: it gives no JSON that fits", h.host())
	}
	return nil
}

// unreachable leaves out what Go's client says around the cause: the method and the whole URL.
func (h *hub) unreachable(err error) error {
	if h.call.Err() != nil {
		return h.call.Err()
	}
	return fmt.Errorf("Docker Hub (%s) cannot be reached: %w; the next ./pulumiw up goes on from here", h.host(), withoutURL(err))
}

func (h *hub) refusal(purpose string, status int, content []byte) error {
	refused := &refusal{server: "Docker Hub", status: status, purpose: purpose, excuse: h.excuse(status, content)}
	switch {
	case status == http.StatusUnauthorized:
		refused.advice = giveAnotherToken
	case status == http.StatusForbidden:
		refused.advice = fmt.Sprintf("where the token of %s may not administer, it needs the scope Read, Write, Delete; %s",
			h.Username, giveAnotherToken)
	case status >= http.StatusInternalServerError:
		refused.advice = "the trouble is its own; the next ./pulumiw up goes on from here"
	}
	return refused
}

// excuse is what Docker Hub says itself.
func (h *hub) excuse(status int, content []byte) string {
	text := http.StatusText(status)
	var fields map[string]any
	if json.Unmarshal(content, &fields) == nil {
		text = string(content)
		for _, key := range []string{"message", "detail"} {
			if said, isText := fields[key].(string); isText && said != "" {
				text = said
				break
			}
		}
	}
	return shortExcuse(text, h.Token, h.bearer)
}

func (h *hub) host() string {
	address, err := url.Parse(h.API)
	if err != nil || address.Host == "" {
		return "hero:dockerhub.api"
	}
	return address.Host
}
