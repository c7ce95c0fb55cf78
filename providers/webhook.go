package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

const (
	webhookTries = 5
	// All tries together take no longer, whatever the receiver asks for.
	patienceWithWebhook = time.Minute
	patienceWithOneTry  = 15 * time.Second
)

// webhook is a call to somebody who wants to know of each new image, made once per new digest.
//
// A call is made again where a run is cut short after it was answered and before that could be written down: it comes at
// least once then. A receiver tells a repetition by its digest.
type webhook struct {
	// pause comes before the second try; each one after it is twice as long.
	pause time.Duration
}

type webhookInputs struct {
	// URL is a secret too: receivers often know who calls by what stands in it.
	URL string `json:"url"`
	// Secret signs what is sent; without it nothing is signed.
	Secret string `json:"secret"`
	// Repository is `host/namespace/name`.
	Repository string   `json:"repository"`
	Digest     string   `json:"digest"`
	Tags       []string `json:"tags"`
	Pusher     string   `json:"pusher"`
}

var webhookSecrets = []resource.PropertyKey{"url", "secret"}

func (webhook) check(news resource.PropertyMap) (resource.PropertyMap, []plugin.CheckFailure, error) {
	inputs, err := decode[webhookInputs](news)
	if err != nil {
		return nil, nil, err
	}
	address, err := url.Parse(inputs.URL)
	if !news["url"].ContainsUnknowns() && (err != nil || address.Host == "" || !slices.Contains([]string{"http", "https"}, address.Scheme)) {
		// What was given is not repeated: it is a secret.
		return nil, []plugin.CheckFailure{{Property: "url", Reason: "it is not an address that begins with https:// or http://"}}, nil
	}
	return news, nil, nil
}

func (webhook) diff(olds, news resource.PropertyMap) (plugin.DiffResult, error) {
	return difference(changedKeys(olds, news, "secret")), nil
}

func (w webhook) create(call call, news resource.PropertyMap) (resource.PropertyMap, error) {
	if call.preview {
		return news, nil
	}
	inputs, err := decode[webhookInputs](news)
	if err != nil {
		return nil, err
	}
	if err := w.deliver(call, inputs); err != nil {
		return nil, err
	}
	return encode(inputs, webhookSecrets...)
}

// read has nothing to look at: that the call was made is all there is.
func (webhook) read(_ call, olds resource.PropertyMap) (resource.PropertyMap, error) {
	state, err := decode[webhookInputs](olds)
	if err != nil {
		return nil, err
	}
	return encode(state, webhookSecrets...)
}

// update calls for another image, and for another receiver, who knows nothing yet. Another name for the same image is no
// news, and neither is another secret.
func (w webhook) update(call call, olds, news resource.PropertyMap) (resource.PropertyMap, error) {
	if call.preview {
		return news, nil
	}
	state, err := decode[webhookInputs](olds)
	if err != nil {
		return nil, err
	}
	inputs, err := decode[webhookInputs](news)
	if err != nil {
		return nil, err
	}
	if inputs.Digest != state.Digest || inputs.Repository != state.Repository || inputs.URL != state.URL {
		if err := w.deliver(call, inputs); err != nil {
			return nil, err
		}
	}
	return encode(inputs, webhookSecrets...)
}

func (webhook) remove(call, resource.PropertyMap) error {
	return nil
}

// deliver tries until the receiver has taken the call, or says that it never will. Every try sends the same bytes.
func (w webhook) deliver(call call, inputs webhookInputs) error {
	body, err := json.Marshal(inputs.payload(time.Now()))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(call, patienceWithWebhook)
	defer cancel()
	pause := w.pause
	for try := 1; ; try++ {
		call.progress.status("calling %s, try %d of %d", inputs.host(), try, webhookTries)
		wanted, err := inputs.post(ctx, body)
		var refused *webhookRefusal
		switch {
		case err == nil:
			return nil
		case call.Err() != nil:
			return call.Err()
		case errors.As(err, &refused):
			return err
		case try == webhookTries:
			return fmt.Errorf("%w, %d times; the image is where it should be, and the next ./pulumiw up calls again", err, try)
		}
		if deadline, _ := ctx.Deadline(); time.Until(deadline) < max(pause, wanted) {
			return fmt.Errorf("%w, and a minute is as long as we try; the next ./pulumiw up calls again", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(max(pause, wanted)):
		}
		pause *= 2
	}
}

// webhookRefusal is an answer that would be the same however often one asks.
type webhookRefusal struct {
	host   string
	status int
}

func (r *webhookRefusal) Error() string {
	return fmt.Sprintf("%s does not take the webhook: %d %s; see hero:image.webhooks", r.host, r.status, http.StatusText(r.status))
}

// post calls once. Where that fails for now, it also tells how long the receiver asks us to wait.
func (i webhookInputs) post(ctx context.Context, body []byte) (wanted time.Duration, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, i.URL, bytes.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("%s cannot be called", i.host()) // the cause would repeat the whole URL
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "hero")
	if i.Secret != "" {
		request.Header.Set("X-Hub-Signature-256", "sha256="+signature(body, i.Secret))
	}
	// A redirection is not followed: it would carry the call to somebody whom config does not name.
	client := http.Client{Timeout: patienceWithOneTry, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	response, err := client.Do(request)
	if err != nil {
		var around *url.Error
		if errors.As(err, &around) {
			err = around.Err // without the URL
		}
		return 0, fmt.Errorf("%s cannot be reached for the webhook: %w", i.host(), err)
	}
	defer discard(response)
	switch status := response.StatusCode; {
	case status < 300:
		return 0, nil
	case status == http.StatusTooManyRequests || status >= http.StatusInternalServerError:
		wanted, _ = askedToWait(response.Header, time.Now())
		return wanted, fmt.Errorf("%s did not take the webhook: %d %s", i.host(), status, http.StatusText(status))
	default:
		return 0, &webhookRefusal{i.host(), status}
	}
}

func signature(body []byte, secret string) string {
	code := hmac.New(sha256.New, []byte(secret))
	_, _ = io.Copy(code, bytes.NewReader(body))
	return hex.EncodeToString(code.Sum(nil))
}

// host is all of the URL that may be told: what else stands in it is often as good as a password.
func (i webhookInputs) host() string {
	address, err := url.Parse(i.URL)
	if err != nil || address.Host == "" {
		return "the webhook's receiver"
	}
	return address.Host
}

// payload is what Docker Hub sends (https://docs.docker.com/docker-hub/repos/manage/webhooks/), so that what works with
// its webhooks works with ours, and besides it the digest with all its tags. What we cannot know is left out.
func (i webhookInputs) payload(now time.Time) map[string]any {
	host, path, _ := strings.Cut(i.Repository, "/")
	namespace, name := "", path
	if last := strings.LastIndex(path, "/"); last >= 0 {
		namespace, name = path[:last], path[last+1:]
	}
	page := "https://" + i.Repository
	if host == "docker.io" {
		page = "https://hub.docker.com/r/" + path
	}
	tag := ""
	if len(i.Tags) > 0 {
		tag = i.Tags[0]
	}
	return map[string]any{
		"push_data":    map[string]any{"pushed_at": now.Unix(), "pusher": i.Pusher, "tag": tag, "images": []string{}},
		"callback_url": "",
		"repository": map[string]any{
			"repo_name": path, "name": name, "namespace": namespace, "owner": namespace, "repo_url": page, "status": "Active",
			"description": "", "full_description": "", "dockerfile": "", "comment_count": 0, "star_count": 0,
			"is_official": false, "is_trusted": false,
		},
		"digest": i.Digest, "tags": i.Tags,
	}
}
