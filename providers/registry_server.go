package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/api/errcode"
	_ "github.com/distribution/distribution/v3/registry/auth/htpasswd"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
	"github.com/sirupsen/logrus"
)

const (
	// listenerDescriptor is the first of exec.Cmd's ExtraFiles.
	listenerDescriptor = 3
	drainTimeout       = 5 * time.Second
)

// serveRegistry is the embedded registry: CNCF Distribution over the storage in the directory, on loopback only. The
// plugin that starts it passes the listening socket, so that no other program can take the port in between.
func serveRegistry(path string) error {
	syscall.Umask(0o077)
	// All paths are relative to the working directory, which stays valid when the directory is moved or renamed.
	if err := os.Chdir(path); err != nil {
		return reason(err)
	}
	directory := registryDirectory(".")
	mark, err := directory.mark()
	if err != nil {
		return reason(err)
	}
	listener, err := inheritedListener()
	if err != nil {
		return err
	}
	held, err := directory.holdProcessFile()
	if err != nil {
		return err
	}
	defer held.Close()
	logrus.SetLevel(logrus.ErrorLevel)
	stored := newIntactStorage(directory.path(storageFolder))
	app := handlers.NewApp(context.Background(), directory.configuration(mark))
	server := &http.Server{Handler: answerIdentity(mark.IdentityKey, alive(readersOnlyRead(stored.handler(app))))}
	err = serveUntilTold(server, listener)
	return errors.Join(err, app.Shutdown())
}

func inheritedListener() (net.Listener, error) {
	file := os.NewFile(listenerDescriptor, "listener")
	defer file.Close()
	listener, err := net.FileListener(file)
	if err != nil {
		return nil, fmt.Errorf("cannot use the listening socket: %w", err)
	}
	return listener, nil
}

// serveUntilTold serves until the process gets SIGTERM or SIGINT, and lets requests finish for a moment.
func serveUntilTold(server *http.Server, listener net.Listener) error {
	told, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-told.Done():
		limited, cancel := context.WithTimeout(context.Background(), drainTimeout)
		defer cancel()
		return server.Shutdown(limited)
	}
}

// holdProcessFile locks the file for as long as this process lives. It contains the process's id, and which directory
// the lock is for: a copy of the directory may share the file by a hard link.
func (d registryDirectory) holdProcessFile() (*os.File, error) {
	file, err := d.open(processFile, os.O_CREATE|os.O_RDWR)
	if err != nil {
		return nil, reason(err)
	}
	if waitUntil(context.Background(), lockPatience, func() bool { return lockForLife(file) == nil }) != nil {
		file.Close()
		return nil, fmt.Errorf("another registry runs on %s", d.absolute())
	}
	if err := file.Truncate(0); err != nil {
		return nil, err
	}
	own, err := identifyFile(string(d))
	if err != nil {
		return nil, err
	}
	_, err = fmt.Fprintln(file, os.Getpid(), own.Inode)
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
	settings.HTTP.Addr = loopbackAddress(mark.Port)
	settings.HTTP.Secret = mark.Secret
	// Layers that are fetched from elsewhere, as Windows images have them, are refused unless their addresses are allowed.
	settings.Validation.Manifests.URLs.Allow = []string{"^https?://"}
	return settings
}

// alive answers at / that the registry runs, as Distribution's own server does.
func alive(next http.Handler) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if request.URL.Path == "/" {
			writer.Header().Set("Cache-Control", "no-cache")
			return
		}
		next.ServeHTTP(writer, request)
	})
}

// readersOnlyRead is the least privilege that Distribution's htpasswd lacks: it knows who somebody is, not what they
// may do. Whether the puller's password is right is still decided behind this.
func readersOnlyRead(next http.Handler) http.Handler {
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
