package main

import (
	"bytes"
	"context"
	"crypto/tls"
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
	patienceWithHarbor = 30 * time.Second // for one answer
	// The pauses between these tries are 2, 4, 8 and 16 s, which is what a pod of Harbor's takes to come back.
	harborTries = 5
	harborPause = 2 * time.Second
	// A refresh that is told later of what is wrong is no better.
	harborTriesOfALook = 2
	// What a scanner has found in a large image has some megabytes.
	longestHarborAnswer = 64 << 20
	harborAPI           = "/api/v2.0"
)

// harbor is a Harbor, seen with one login for as long as one call of the engine takes.
// What it can be asked: https://github.com/goharbor/harbor/blob/main/api/v2.0/swagger.yaml
type harbor struct {
	harborLogin
	call   call
	client *http.Client
	tries  int
	// pause comes before the second try; each one after it is twice as long.
	pause time.Duration
	// hidden are secrets that an answer may repeat, besides the password.
	hidden []string
	// byNumber is true where projects are asked for by their numbers, and not by their names.
	byNumber bool
}

// refusedHarborLogin is a password that is not, or no longer, good for this user.
type refusedHarborLogin struct{ server, username string }

func (r *refusedHarborLogin) Error() string {
	return fmt.Sprintf("%s refuses the login %s; where somebody has changed the password in Harbor itself, change it back there "+
		"to the one that this stack gave, which is in the Secret harbor-kept of its namespace, then ./pulumiw up", r.server, r.username)
}

// harborSilence is what there is where an answer should be.
type harborSilence struct {
	server string
	cause  error
	// lasting is a silence that another try would not end.
	lasting bool
}

func (s *harborSilence) Error() string {
	return fmt.Sprintf("%s cannot be reached: %v; the next ./pulumiw up goes on from here", s.server, s.cause)
}

// open asks nothing yet.
func (l harborLogin) open(call call, pause time.Duration) (*harbor, error) {
	transport, err := trusting(l.CaCertificate)
	if err != nil {
		return nil, err
	}
	// A redirection is not followed: it would carry the login to somebody whom nobody has named.
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	return &harbor{harborLogin: l, call: call, client: client, tries: harborTries, pause: pause, hidden: []string{l.Password}}, nil
}

func (h *harbor) close() {
	h.client.CloseIdleConnections()
}

// as is the same Harbor, seen by somebody else.
func (h *harbor) as(username, password string) *harbor {
	other := *h
	other.Username, other.Password = username, password
	other.hidden = append([]string{password}, h.hidden...)
	return &other
}

// ask has Harbor's API do something, and reads its answer where there is a place for it. The purpose goes on after
// "refuses to".
func (h *harbor) ask(purpose, method, path string, body, answer any) error {
	return h.persist(purpose, method, harborAPI+path, body, answer)
}

// persist tries again what may work in a moment, such as when a pod is being replaced.
func (h *harbor) persist(purpose, method, path string, body, answer any) error {
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return err
		}
	}
	pause := h.pause
	for try := 1; ; try++ {
		err := h.exchange(purpose, method, path, content, answer)
		if try == h.tries || !isMomentary(err) {
			return err
		}
		h.call.progress.status("%v; trying again in %s", err, seconds(pause))
		if err := h.wait(pause); err != nil {
			return err
		}
		pause *= 2
	}
}

// isMomentary tells whether it may be otherwise in a moment.
func isMomentary(err error) bool {
	var refused *refusal
	if errors.As(err, &refused) {
		return refused.status >= http.StatusInternalServerError
	}
	var silence *harborSilence
	return errors.As(err, &silence) && !silence.lasting
}

func (h *harbor) wait(pause time.Duration) error {
	select {
	case <-h.call.Done():
		return h.call.Err()
	case <-time.After(pause):
		return nil
	}
}

func (h *harbor) exchange(purpose, method, path string, content []byte, answer any) error {
	ctx, cancel := context.WithTimeout(h.call, patienceWithHarbor)
	defer cancel()
	response, err := h.send(ctx, method, path, content)
	if err != nil {
		return h.silence(ctx, err)
	}
	defer response.Body.Close()
	said, err := io.ReadAll(io.LimitReader(response.Body, longestHarborAnswer))
	if err != nil {
		return h.silence(ctx, err)
	}
	switch {
	case response.StatusCode == http.StatusUnauthorized:
		return &refusedHarborLogin{h.server(), h.Username}
	case response.StatusCode >= http.StatusMultipleChoices:
		return h.refusal(purpose, response, said)
	case answer != nil && json.Unmarshal(said, answer) != nil:
		return fmt.Errorf("what answers at %s is not Harbor: it gives no JSON that fits", h.URL)
	}
	return nil
}

func (h *harbor) send(ctx context.Context, method, path string, content []byte) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(h.URL, "/")+path, bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	request.SetBasicAuth(h.Username, h.Password)
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "hero")
	if !h.byNumber {
		// Without it a project whose name is a number would be taken for the one that has this number.
		request.Header.Set("X-Is-Resource-Name", "true")
	}
	// The scanner's reports come in the first of these that it has made; without it, only in the older one.
	request.Header.Set("X-Accept-Vulnerabilities", strings.Join(scanReportTypes, ", "))
	if content != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return h.client.Do(request)
}

// silence knows of two that another try would only make longer: half a minute without an answer, and a certificate that
// is not trusted.
func (h *harbor) silence(ctx context.Context, err error) error {
	if h.call.Err() != nil {
		return h.call.Err()
	}
	cause := withoutURL(err)
	var distrust *tls.CertificateVerificationError
	lasting := ctx.Err() != nil || errors.As(err, &distrust)
	if ctx.Err() != nil {
		cause = fmt.Errorf("no answer in %s", seconds(patienceWithHarbor))
	}
	return &harborSilence{h.server(), cause, lasting}
}

func (h *harbor) refusal(purpose string, response *http.Response, said []byte) error {
	status := response.StatusCode
	code, text := harborExcuse(status, said)
	refused := &refusal{server: h.server(), status: status, code: code, purpose: purpose, excuse: shortExcuse(text, h.hidden...)}
	switch {
	case status < http.StatusBadRequest:
		refused.advice = fmt.Sprintf("it sends us on to %s, and the login would go along; Harbor has to be named by the address "+
			"that it has", hostOf(response.Header.Get("Location")))
	case status == http.StatusForbidden:
		refused.advice = h.Username + " has to be one of Harbor's administrators"
	case status >= http.StatusInternalServerError:
		refused.advice = "the trouble is its own, and the log of its pod core tells more; the next ./pulumiw up goes on from here"
	}
	return refused
}

// harborExcuse is the code and the words of Harbor's first reason, which it gives as
// {"errors": [{"code": "NOT_FOUND", "message": "…"}]}.
func harborExcuse(status int, said []byte) (code, text string) {
	var reasons struct {
		Errors []struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"errors"`
	}
	if json.Unmarshal(said, &reasons) != nil || len(reasons.Errors) == 0 {
		return "", http.StatusText(status)
	}
	code, text = reasons.Errors[0].Code, reasons.Errors[0].Message
	if strings.TrimSpace(text) == "" {
		text = http.StatusText(status)
	}
	return code, text
}

func (h *harbor) server() string {
	return "Harbor at " + h.URL
}

func hostOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" {
		return "another address"
	}
	return parsed.Scheme + "://" + parsed.Host
}

// isGone tells whether Harbor itself has said that there is no such thing: what stands before it says 404 too while
// Harbor is away.
func isGone(err error) bool {
	var refused *refusal
	return errors.As(err, &refused) && refused.status == http.StatusNotFound && refused.code == "NOT_FOUND"
}

// allPages turns pages until one is empty: how many are on one is for Harbor to say.
func allPages[T any](h *harbor, purpose, path string) ([]T, error) {
	if strings.Contains(path, "?") {
		path += "&"
	} else {
		path += "?"
	}
	var all []T
	for page := 1; ; page++ {
		var some []T
		if err := h.ask(purpose, http.MethodGet, fmt.Sprintf("%spage=%d&page_size=100", path, page), nil, &some); err != nil {
			return nil, err
		}
		if len(some) == 0 {
			return all, nil
		}
		all = append(all, some...)
	}
}
