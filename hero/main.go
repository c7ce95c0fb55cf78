// Hero is a small web server that lives in a container image and tells everyone who visits who it is.
package main

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

//go:embed VERSION
var version string

//go:embed page.html
var pageSource string

var pageTemplate = template.Must(template.New("page").Parse(pageSource))

const (
	defaultAddress = ":8080"

	// Container runtimes kill what is still there ten seconds after they asked it to stop.
	farewell = 8 * time.Second

	// Everything the page needs is inside it, so the browser may refuse all the rest.
	contentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

func main() {
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, nil)))

	untilStopped, forget := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// Whoever asks a second time does not want to wait for a graceful end.
	context.AfterFunc(untilStopped, forget)

	if err := live(untilStopped, os.Getenv); err != nil {
		slog.Error("Hero cannot live here", "reason", err)
		os.Exit(1)
	}
}

// live is Hero's whole life: it learns who it is, finds its place, and serves there until it is asked to stop.
func live(untilStopped context.Context, environment func(name string) string) error {
	self := identify(environment)
	page, err := render(self)
	if err != nil {
		return fmt.Errorf("the page cannot be rendered: %w", err)
	}

	address := cmp.Or(environment("HERO_ADDRESS"), defaultAddress)
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("HERO_ADDRESS %q cannot be used: %w", address, err)
	}

	slog.Info("Hero is here", "address", listener.Addr().String(), "version", self.Version,
		"platform", self.Platform, "repository", self.Repository, "digest", self.Digest)
	return serve(untilStopped, listener, routes(page))
}

// identity is what Hero knows about itself. An empty field is something that nobody told it.
type identity struct {
	Version    string
	Platform   string
	Repository string
	Digest     string
}

// identify asks the environment for what an image cannot know: its digest covers all that is inside, and where it is
// stored is decided after it was built.
func identify(environment func(name string) string) identity {
	return identity{
		Version:    strings.TrimSpace(version),
		Platform:   runtime.GOOS + "/" + runtime.GOARCH,
		Repository: strings.TrimSpace(environment("HERO_REPOSITORY")),
		Digest:     strings.TrimSpace(environment("HERO_DIGEST")),
	}
}

// Rays draws the digest around the portal as an SVG path, one ray for each digit, so that every image has a portal of
// its own. A digest that cannot be read has no rays.
func (self identity) Rays() string {
	_, digits, _ := strings.Cut(self.Digest, ":")
	var path strings.Builder
	for position, digit := range digits {
		length, err := strconv.ParseUint(string(digit), 16, 8)
		if err != nil {
			return ""
		}
		drawRay(&path, float64(position)/float64(len(digits)), float64(length))
	}
	return path.String()
}

func drawRay(path io.Writer, turn, length float64) {
	const (
		portalEdge   = 168
		shortest     = 3
		lengthOfUnit = 4.6
	)
	// Without the quarter the first digit would be at three o'clock; a reader starts at twelve.
	sine, cosine := math.Sincos((turn - 0.25) * 2 * math.Pi)
	tip := portalEdge + shortest + length*lengthOfUnit
	fmt.Fprintf(path, "M%.1f %.1fL%.1f %.1f", portalEdge*cosine, portalEdge*sine, tip*cosine, tip*sine)
}

// render happens once, because who Hero is does not change while it runs.
func render(self identity) ([]byte, error) {
	var page bytes.Buffer
	err := pageTemplate.Execute(&page, self)
	return page.Bytes(), err
}

func routes(page []byte) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", showPage(page))
	mux.HandleFunc("GET /healthz", sayOK)
	return mux
}

func showPage(page []byte) http.HandlerFunc {
	return func(response http.ResponseWriter, _ *http.Request) {
		header := response.Header()
		header.Set("Content-Type", "text/html; charset=utf-8")
		header.Set("Content-Security-Policy", contentSecurityPolicy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		// The next Hero at this address may be another version.
		header.Set("Cache-Control", "no-cache")
		// A visitor who left before the end is no trouble of ours.
		_, _ = response.Write(page)
	}
}

func sayOK(response http.ResponseWriter, _ *http.Request) {
	response.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(response, "ok\n")
}

func serve(untilStopped context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       time.Minute,
		// Visitors have nothing long to say.
		MaxHeaderBytes: 16 << 10,
	}

	failure := make(chan error, 1)
	go func() { failure <- server.Serve(listener) }()

	select {
	case err := <-failure:
		return err
	case <-untilStopped.Done():
		return sayGoodbye(server)
	}
}

// sayGoodbye lets visitors who are already here see the whole page.
func sayGoodbye(server *http.Server) error {
	patience, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	if err := server.Shutdown(patience); err != nil {
		return errors.Join(fmt.Errorf("visitors did not leave within %s: %w", farewell, err), server.Close())
	}
	return nil
}
