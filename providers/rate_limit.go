package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// longestWait is how long a server may make us wait before we rather give up and say so.
	longestWait = 10 * time.Minute
	// shortestWait keeps a clock that differs from the server's from turning waiting into hammering.
	shortestWait = time.Second
	// Numbers from here on are a unix time, in the year 2001 or later; as seconds to wait they would be 31 years.
	firstUnixTime = 1_000_000_000
)

// askedToWait is how long an answer asks us to wait before the next request, if it says so.
func askedToWait(header http.Header, now time.Time) (time.Duration, bool) {
	for _, key := range []string{"X-Retry-After", "Retry-After"} {
		if pause, understood := readPause(strings.TrimSpace(header.Get(key)), now); understood {
			return max(pause, shortestWait), true
		}
	}
	return 0, false
}

// readPause understands seconds and dates (RFC 9110, section 10.2.3) and the unix time that Docker Hub gives.
func readPause(value string, now time.Time) (time.Duration, bool) {
	if number, err := strconv.ParseInt(value, 10, 64); err == nil {
		if number >= firstUnixTime {
			return time.Unix(number, 0).Sub(now), true
		}
		return time.Duration(number) * time.Second, true
	}
	if moment, err := http.ParseTime(value); err == nil {
		return moment.Sub(now), true
	}
	return 0, false
}

// patience is how long we are still ready to wait for one server.
type patience struct {
	progress progress
	server   string
	left     time.Duration
}

// wait sleeps as long as the server has asked for, and shows the seconds that are left.
func (p *patience) wait(ctx context.Context, pause time.Duration) error {
	if pause > p.left {
		return fmt.Errorf("%s has had too many requests and takes the next one in %s; run ./pulumiw again then",
			p.server, roughly(pause))
	}
	p.left -= pause
	end := time.Now().Add(pause)
	for remaining := pause; remaining > 0; remaining = time.Until(end) {
		p.progress.status("%s has had too many requests; going on in %s", p.server, seconds(remaining))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(min(remaining, time.Second)):
		}
	}
	return nil
}

// politeTransport remembers how many pulls a registry says are left, and sends a request again once the registry that
// had too many is ready for it.
type politeTransport struct {
	inner    http.RoundTripper
	server   string
	progress progress
	pulls    *pullLimit
	// waiting counts the requests that wait just now.
	waiting *atomic.Int32
}

func (p politeTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	patience := patience{progress: p.progress, server: p.server, left: longestWait}
	for {
		response, err := p.inner.RoundTrip(request)
		if err != nil {
			return nil, err
		}
		p.pulls.note(response.Header)
		pause, asked := askedToWait(response.Header, time.Now())
		if response.StatusCode != http.StatusTooManyRequests || !asked {
			return response, nil
		}
		if err := p.wait(request.Context(), &patience, pause); err != nil {
			response.Body.Close()
			return nil, err
		}
		again, possible := sendable(request)
		if !possible {
			return response, nil // the client has its own way of trying again, and it is the time for it now
		}
		discard(response)
		request = again
	}
}

func (p politeTransport) wait(ctx context.Context, patience *patience, pause time.Duration) error {
	p.waiting.Add(1)
	defer p.waiting.Add(-1)
	return patience.wait(ctx, pause)
}

// sendable is the request once more, with its body from the beginning.
func sendable(request *http.Request) (*http.Request, bool) {
	again := request.Clone(request.Context())
	if request.Body == nil || request.Body == http.NoBody {
		return again, true
	}
	if request.GetBody == nil {
		return nil, false
	}
	body, err := request.GetBody()
	if err != nil {
		return nil, false
	}
	again.Body = body
	return again, true
}

// discard reads what little an answer says, so that its connection can be used again.
func discard(response *http.Response) {
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10))
	response.Body.Close()
}

// pullLimit is what a registry last said about how many pulls it allows.
type pullLimit struct {
	lock             sync.Mutex
	limit, remaining string
}

func (l *pullLimit) note(header http.Header) {
	limit, remaining := header.Get("RateLimit-Limit"), header.Get("RateLimit-Remaining")
	if limit == "" || remaining == "" {
		return
	}
	l.lock.Lock()
	defer l.lock.Unlock()
	l.limit, l.remaining = limit, remaining
}

// told is `87 of 100 pulls left in 6 h` for the headers `100;w=21600` and `87;w=21600`; nothing where there were none.
func (l *pullLimit) told() string {
	l.lock.Lock()
	defer l.lock.Unlock()
	limit, window := quota(l.limit)
	remaining, _ := quota(l.remaining)
	switch {
	case limit == "" || remaining == "":
		return ""
	case window == 0:
		return fmt.Sprintf("%s of %s pulls left", remaining, limit)
	}
	return fmt.Sprintf("%s of %s pulls left in %s", remaining, limit, roughly(window))
}

// quota reads `100;w=21600`: so many pulls in so many seconds.
func quota(header string) (pulls string, window time.Duration) {
	pulls, parameters, _ := strings.Cut(header, ";")
	pulls = strings.TrimSpace(pulls)
	if _, err := strconv.ParseUint(pulls, 10, 64); err != nil {
		return "", 0
	}
	for parameter := range strings.SplitSeq(parameters, ";") {
		if value, isWindow := strings.CutPrefix(strings.TrimSpace(parameter), "w="); isWindow {
			if length, err := strconv.ParseUint(value, 10, 32); err == nil {
				window = time.Duration(length) * time.Second
			}
		}
	}
	return pulls, window
}

// roughly is a duration as a person says it.
func roughly(duration time.Duration) string {
	switch {
	case duration >= time.Hour && duration%time.Hour == 0:
		return fmt.Sprintf("%d h", duration/time.Hour)
	case duration > 2*time.Minute:
		return fmt.Sprintf("%d min", (duration+time.Minute-1)/time.Minute)
	}
	return seconds(duration)
}

func seconds(duration time.Duration) string {
	return fmt.Sprintf("%d s", (duration+time.Second-1)/time.Second)
}
