package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	"github.com/sirupsen/logrus"
)

// storageServer serves the images in an embedded registry's directory, read-only, while its own process does not run.
type storageServer struct {
	address  string
	password string
	server   *http.Server
	app      *handlers.App
}

// serveStorage listens on a free port of this machine, for one password that nobody else has.
func (d registryDirectory) serveStorage() (*storageServer, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("cannot serve the images in %s: %w", d, err)
	}
	served := &storageServer{address: listener.Addr().String(), password: newPassword()}
	served.app, err = d.storageHandler()
	if err != nil {
		listener.Close()
		return nil, err
	}
	served.server = &http.Server{Handler: served.onlyForUs(served.app), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = served.server.Serve(listener) }()
	return served, nil
}

// storageHandler is Distribution over the directory's files. It panics where it cannot use them.
func (d registryDirectory) storageHandler() (app *handlers.App, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("cannot serve the images in %s: %v", d, cause)
		}
	}()
	settings := &configuration.Configuration{
		Version: "0.1",
		Storage: configuration.Storage{
			"filesystem":  {"rootdirectory": d.path(storageFolder)},
			"maintenance": {"readonly": map[any]any{"enabled": true}, "uploadpurging": map[any]any{"enabled": false}},
		},
		Catalog: configuration.Catalog{MaxEntries: 1000},
	}
	quietDistribution()
	return handlers.NewApp(context.Background(), settings), nil
}

// quietDistribution keeps the library's log out of what users read: as a part of another program it writes to stderr.
func quietDistribution() {
	logrus.SetLevel(logrus.PanicLevel)
}

func (s *storageServer) onlyForUs(next http.Handler) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if _, password, _ := request.BasicAuth(); password != s.password {
			writer.Header().Set("WWW-Authenticate", `Basic realm="hero"`)
			writer.WriteHeader(http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(writer, request)
	})
}

func (s *storageServer) close() {
	_ = s.server.Close()
	_ = s.app.Shutdown()
}
