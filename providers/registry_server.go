package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry"
	"github.com/distribution/distribution/v3/registry/api/errcode"
	_ "github.com/distribution/distribution/v3/registry/auth/htpasswd"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
)

// serveRegistry is the embedded registry: CNCF Distribution over the storage in the directory, on loopback only.
func serveRegistry(path string) error {
	directory := registryDirectory(path)
	mark, err := directory.mark()
	if err != nil {
		return reason(err)
	}
	held, err := directory.holdProcessFile()
	if err != nil {
		return err
	}
	defer held.Close()
	registry.RegisterHandler(newIntactStorage(directory.path(storageFolder)).handler)
	registry.RegisterHandler(readersOnlyRead)
	server, err := registry.NewRegistry(context.Background(), directory.configuration(mark))
	if err != nil {
		return err
	}
	err = server.ListenAndServe()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// holdProcessFile locks the file for as long as this process lives and writes its id there.
func (d registryDirectory) holdProcessFile() (*os.File, error) {
	file, err := os.OpenFile(d.path(processFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, reason(err)
	}
	// Whoever asks whether a registry runs holds the lock for an instant.
	if waitUntil(context.Background(), lockPatience, func() bool { return lock(file) == nil }) != nil {
		return nil, fmt.Errorf("another registry runs on %s", d)
	}
	if err := file.Truncate(0); err != nil {
		return nil, err
	}
	_, err = fmt.Fprintln(file, os.Getpid())
	return file, err
}

func (d registryDirectory) configuration(mark registryMark) *configuration.Configuration {
	settings := &configuration.Configuration{
		Version: "0.1",
		Storage: configuration.Storage{
			"filesystem": {"rootdirectory": d.path(storageFolder)},
			"delete":     {"enabled": true},
		},
		Auth:    configuration.Auth{"htpasswd": {"realm": "hero", "path": d.path(loginFile)}},
		Catalog: configuration.Catalog{MaxEntries: 1000},
	}
	settings.HTTP.Addr = fmt.Sprintf("127.0.0.1:%d", mark.Port)
	settings.HTTP.Secret = mark.Secret
	settings.HTTP.DrainTimeout = 5 * time.Second
	// Layers that are fetched from elsewhere, as Windows images have them, are refused unless their addresses are allowed.
	settings.Validation.Manifests.URLs.Allow = []string{"^https?://"}
	// At "warn" every answer 404 is a line, and a push asks for many things that are not there yet.
	settings.Log.Level = "error"
	settings.Log.AccessLog.Disabled = true
	return settings
}

// readersOnlyRead is the least privilege that Distribution's htpasswd lacks: it knows who somebody is, not what they
// may do. Whether the puller's password is right is still decided behind this.
func readersOnlyRead(_ *configuration.Configuration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		name, _, _ := request.BasicAuth()
		reads := request.Method == http.MethodGet || request.Method == http.MethodHead
		if name == pullerName && !reads {
			denied := errcode.ErrorCodeDenied.WithMessage("the puller may read, not write")
			_ = errcode.ServeJSON(writer, denied)
			return
		}
		next.ServeHTTP(writer, request)
	})
}
