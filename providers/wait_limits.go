package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"
)

// waitLimits bounds each wait for a server. None bounds a whole transfer: a large layer takes as long as it takes.
type waitLimits struct {
	// connect covers name resolution, the proxy's CONNECT and the TLS handshake.
	connect time.Duration
	// response is the time from the sent request to the response's header.
	response time.Duration
	// commit replaces response for uploads: the registry may store and hash the whole blob before it answers.
	commit time.Duration
	// idle is the longest pause within a request's or a response's body.
	idle time.Duration
	// notice is the wait after which the progress line names what is waited for.
	notice time.Duration
}

const mostRedirects = 10

var defaultWaitLimits = waitLimits{
	connect: 30 * time.Second, response: time.Minute, commit: 5 * time.Minute, idle: time.Minute, notice: 5 * time.Second,
}

// timeoutError is a server that took longer than one of the limits.
type timeoutError struct {
	host  string
	phase waitPhase
	limit time.Duration
}

type waitPhase int

const (
	waitConnect waitPhase = iota
	waitSend
	waitResponse
	waitReceive
)

func (e *timeoutError) Error() string {
	switch e.phase {
	case waitConnect:
		return fmt.Sprintf("cannot connect to %s: timed out after %s\nhint: check its address and the proxy settings: curl --head https://%s/v2/",
			e.host, seconds(e.limit), e.host)
	case waitSend:
		return fmt.Sprintf("cannot push to %s: timed out, it received no data for %s\nhint: check that server's log, then run ./pulumiw up again",
			e.host, seconds(e.limit))
	case waitReceive:
		return fmt.Sprintf("cannot read from %s: timed out, it sent no data for %s\nhint: check that server's log, then run the command again",
			e.host, seconds(e.limit))
	default:
		return fmt.Sprintf("cannot read from %s: timed out, no response within %s\nhint: check that server's log, then run the command again",
			e.host, seconds(e.limit))
	}
}

// Timeout makes this a net.Error. It is never temporary: a retry would only wait as long again.
func (e *timeoutError) Timeout() bool   { return true }
func (e *timeoutError) Temporary() bool { return false }

var phaseTexts = map[waitPhase]string{
	waitConnect: "to connect", waitSend: "to receive data", waitResponse: "to respond", waitReceive: "to send data",
}

// limitedTransport ends a request once the server takes longer than a limit.
type limitedTransport struct {
	inner    http.RoundTripper
	limits   waitLimits
	progress progress
}

func (t limitedTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	if redirects(request) > mostRedirects {
		return nil, &notRegistryError{request.URL.Host, fmt.Sprintf("more than %d redirects", mostRedirects)}
	}
	ctx, cancel := context.WithCancelCause(request.Context())
	watch := &waitWatch{host: request.URL.Host, limits: t.limits, progress: t.progress, cancel: cancel}
	answer := t.limits.response
	if request.Method == http.MethodPut || request.Method == http.MethodPatch {
		answer = t.limits.commit
	}
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:      func(httptrace.GotConnInfo) { watch.start(waitSend, t.limits.idle) },
		WroteRequest: func(httptrace.WroteRequestInfo) { watch.start(waitResponse, answer) },
	})
	watch.start(waitConnect, t.limits.connect)
	response, err := t.inner.RoundTrip(watch.withBody(request.WithContext(ctx)))
	watch.finishRequest()
	if err != nil {
		cancel(nil)
		return nil, watch.explain(err)
	}
	response.Body = &watchedResponseBody{response.Body, watch}
	return response, nil
}

// redirects counts those that led to a request. The client library follows them without end.
func redirects(request *http.Request) int {
	count := 0
	for from := request.Response; from != nil && from.Request != nil; from = from.Request.Response {
		count++
	}
	return count
}

// waitWatch cancels one request when its current wait exceeds its limit.
type waitWatch struct {
	host     string
	limits   waitLimits
	progress progress
	cancel   context.CancelCauseFunc

	lock      sync.Mutex
	timer     *time.Timer
	phase     waitPhase
	limit     time.Duration
	began     time.Time
	running   bool
	responded bool
	expired   *timeoutError
}

func (w *waitWatch) start(phase waitPhase, limit time.Duration) {
	w.lock.Lock()
	defer w.lock.Unlock()
	// The transport may go on sending a body after the response has come.
	if w.responded && phase != waitReceive {
		return
	}
	w.phase, w.limit, w.began, w.running = phase, limit, time.Now(), true
	next := min(limit, w.limits.notice)
	if w.timer == nil {
		w.timer = time.AfterFunc(next, w.tick)
	} else {
		w.timer.Reset(next)
	}
}

func (w *waitWatch) stop() {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.running = false
	if w.timer != nil {
		w.timer.Stop()
	}
}

func (w *waitWatch) finishRequest() {
	w.stop()
	w.lock.Lock()
	defer w.lock.Unlock()
	w.responded = true
}

func (w *waitWatch) tick() {
	w.lock.Lock()
	defer w.lock.Unlock()
	waited := time.Since(w.began)
	switch {
	case !w.running:
	case waited >= w.limit:
		w.running = false
		w.expired = &timeoutError{w.host, w.phase, w.limit}
		w.cancel(w.expired)
	case waited < w.limits.notice:
		w.timer.Reset(min(w.limits.notice, w.limit) - waited)
	default:
		go w.progress.status("waiting for %s %s (%s of at most %s)", w.host, phaseTexts[w.phase], seconds(waited), seconds(w.limit))
		w.timer.Reset(min(time.Second, w.limit-waited))
	}
}

// explain replaces the cancellation that this watch caused by its reason.
func (w *waitWatch) explain(err error) error {
	w.lock.Lock()
	defer w.lock.Unlock()
	if w.expired != nil && err != nil && !errors.Is(err, io.EOF) {
		return w.expired
	}
	return err
}

// withBody watches the request's body, also where the transport sends it again over another connection.
func (w *waitWatch) withBody(request *http.Request) *http.Request {
	if request.Body == nil || request.Body == http.NoBody {
		return request
	}
	request.Body = &watchedRequestBody{request.Body, w}
	if open := request.GetBody; open != nil {
		request.GetBody = func() (io.ReadCloser, error) {
			body, err := open()
			if err != nil {
				return nil, err
			}
			return &watchedRequestBody{body, w}, nil
		}
	}
	return request
}

// watchedRequestBody counts the time between two reads: that is how long the server takes to accept what was read.
type watchedRequestBody struct {
	io.ReadCloser
	watch *waitWatch
}

func (b *watchedRequestBody) Read(into []byte) (int, error) {
	b.watch.stop()
	defer b.watch.start(waitSend, b.watch.limits.idle)
	return b.ReadCloser.Read(into)
}

// watchedResponseBody counts the time of each read. What the reader does in between is not the server's time.
type watchedResponseBody struct {
	io.ReadCloser
	watch *waitWatch
}

func (b *watchedResponseBody) Read(into []byte) (int, error) {
	b.watch.start(waitReceive, b.watch.limits.idle)
	count, err := b.ReadCloser.Read(into)
	b.watch.stop()
	return count, b.watch.explain(err)
}

func (b *watchedResponseBody) Close() error {
	b.watch.stop()
	err := b.ReadCloser.Close()
	b.watch.cancel(nil)
	return err
}
