package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// loopback is a registry on this machine, with one repository that is another one elsewhere. Programs that know neither
// that registry's authority nor its login speak to this one by plain http, with a password that is good for nothing else.
//
// Blobs go through to the real registry. Manifests stay here until somebody has looked at them: they may name this one.
type loopback struct {
	behind   *repository
	folder   string // for blobs on their way
	address  string
	password string
	server   *http.Server

	lock      sync.Mutex
	manifests map[string]keptManifest // by digest and by tag
	uploads   int
	trouble   error // the first that the real registry made

	fetching sync.Mutex
}

const (
	loopbackUser       = "hero"
	loopbackRepository = "hero"
)

func openLoopback(behind *repository, folder string) (*loopback, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &loopback{
		behind: behind, folder: folder, address: listener.Addr().String(), password: rand.Text(),
		manifests: map[string]keptManifest{},
	}
	routes := http.NewServeMux()
	const base = "/v2/" + loopbackRepository
	routes.HandleFunc("GET /v2/{$}", func(http.ResponseWriter, *http.Request) {})
	routes.HandleFunc("GET "+base+"/manifests/{reference}", l.getManifest)
	routes.HandleFunc("PUT "+base+"/manifests/{reference}", l.putManifest)
	routes.HandleFunc("GET "+base+"/blobs/{digest}", l.getBlob)
	routes.HandleFunc("POST "+base+"/blobs/uploads/{$}", l.beginUpload)
	routes.HandleFunc("PUT "+base+"/blobs/uploads/{number}", l.putBlob)
	// Whoever tries https first is told of in no log.
	l.server = &http.Server{Handler: l.ours(routes), ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = l.server.Serve(listener) }()
	return l, nil
}

func (l *loopback) close() {
	_ = l.server.Close()
}

// name is how a program calls the repository, or an image in it.
func (l *loopback) name(reference string) string {
	return l.address + "/" + loopbackRepository + reference
}

// kept is the manifest that was put under this tag.
func (l *loopback) kept(reference string) (keptManifest, bool) {
	l.lock.Lock()
	defer l.lock.Unlock()
	found, present := l.manifests[reference]
	return found, present
}

// failure is what the real registry has said, where it was that which stopped a program.
func (l *loopback) failure() error {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.trouble
}

// ours turns away everybody else on this machine: what is put here is put with our login.
func (l *loopback) ours(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		username, password, _ := request.BasicAuth()
		if username != loopbackUser || subtle.ConstantTimeCompare([]byte(password), []byte(l.password)) != 1 {
			writer.Header().Set("WWW-Authenticate", `Basic realm="hero"`)
			writer.WriteHeader(http.StatusUnauthorized)
			return
		}
		inner.ServeHTTP(writer, request)
	})
}

func (l *loopback) getManifest(writer http.ResponseWriter, request *http.Request) {
	reference := request.PathValue("reference")
	found, present := l.kept(reference)
	if !present {
		digest, err := v1.NewHash(reference)
		if err != nil {
			writer.WriteHeader(http.StatusNotFound) // a tag that nobody has given here
			return
		}
		stored, err := remote.Get(l.behind.name.Digest(digest.String()), l.behind.options...)
		if err != nil {
			l.refuse(writer, err)
			return
		}
		found = keptManifest{stored.MediaType, stored.Manifest}
	}
	header := writer.Header()
	header.Set("Content-Type", string(found.mediaType))
	header.Set("Docker-Content-Digest", found.digest())
	header.Set("Content-Length", strconv.Itoa(len(found.raw)))
	_, _ = writer.Write(found.raw)
}

func (l *loopback) putManifest(writer http.ResponseWriter, request *http.Request) {
	raw, err := io.ReadAll(request.Body)
	if err != nil {
		writer.WriteHeader(http.StatusBadRequest)
		return
	}
	put := keptManifest{types.MediaType(request.Header.Get("Content-Type")), raw}
	l.lock.Lock()
	l.manifests[put.digest()] = put
	l.manifests[request.PathValue("reference")] = put
	l.lock.Unlock()
	writer.Header().Set("Docker-Content-Digest", put.digest())
	writer.WriteHeader(http.StatusCreated)
}

func (l *loopback) getBlob(writer http.ResponseWriter, request *http.Request) {
	digest, err := v1.NewHash(request.PathValue("digest"))
	if err != nil {
		writer.WriteHeader(http.StatusBadRequest)
		return
	}
	if request.Header.Get("Range") != "" {
		l.getPiece(writer, request, digest)
		return
	}
	blob, err := remote.Layer(l.behind.name.Digest(digest.String()), l.behind.options...)
	if err != nil {
		l.refuse(writer, err)
		return
	}
	size, err := blob.Size()
	if err != nil {
		l.refuse(writer, err)
		return
	}
	writer.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	writer.Header().Set("Docker-Content-Digest", digest.String())
	if request.Method == http.MethodHead {
		return
	}
	content, err := blob.Compressed()
	if err != nil {
		l.refuse(writer, err)
		return
	}
	defer content.Close()
	if _, err := io.Copy(writer, content); err != nil {
		l.note(request.Context(), err)
	}
}

// getPiece answers nydusd, which asks for a blob in many pieces, from a copy of it.
func (l *loopback) getPiece(writer http.ResponseWriter, request *http.Request, digest v1.Hash) {
	path, err := l.fetch(digest)
	if err != nil {
		l.refuse(writer, err)
		return
	}
	http.ServeFile(writer, request, path)
}

// fetch has a blob as a file; it is fetched when it is first asked for.
func (l *loopback) fetch(digest v1.Hash) (string, error) {
	l.fetching.Lock()
	defer l.fetching.Unlock()
	path := filepath.Join(l.folder, "blob-"+digest.Hex)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	blob, err := remote.Layer(l.behind.name.Digest(digest.String()), l.behind.options...)
	if err != nil {
		return "", err
	}
	content, err := blob.Compressed()
	if err != nil {
		return "", err
	}
	defer content.Close()
	// What an earlier try has left is no blob.
	begun := path + "-begun"
	_ = os.Remove(begun)
	if _, err := saved(begun, content); err != nil {
		return "", err
	}
	return path, os.Rename(begun, path)
}

func (l *loopback) beginUpload(writer http.ResponseWriter, _ *http.Request) {
	l.lock.Lock()
	l.uploads++
	number := l.uploads
	l.lock.Unlock()
	writer.Header().Set("Location", fmt.Sprintf("/v2/%s/blobs/uploads/%d", loopbackRepository, number))
	writer.WriteHeader(http.StatusAccepted)
}

// putBlob has the client library send the blob on, which knows how to begin anew; so it is a file first.
func (l *loopback) putBlob(writer http.ResponseWriter, request *http.Request) {
	digest, err := v1.NewHash(request.URL.Query().Get("digest"))
	if err != nil {
		writer.WriteHeader(http.StatusBadRequest)
		return
	}
	number, err := strconv.Atoi(request.PathValue("number"))
	if err != nil {
		writer.WriteHeader(http.StatusBadRequest)
		return
	}
	path := filepath.Join(l.folder, fmt.Sprintf("upload-%d", number))
	defer os.Remove(path)
	size, err := saved(path, request.Body)
	if err != nil {
		l.refuse(writer, err)
		return
	}
	blob, err := partial.CompressedToLayer(blobFile{path, digest, size})
	if err == nil {
		err = remote.WriteLayer(l.behind.name, blob, l.behind.options...)
	}
	if err != nil {
		l.refuse(writer, err)
		return
	}
	writer.Header().Set("Docker-Content-Digest", digest.String())
	writer.WriteHeader(http.StatusCreated)
}

func (l *loopback) refuse(writer http.ResponseWriter, err error) {
	if isMissing(err) {
		writer.WriteHeader(http.StatusNotFound)
		return
	}
	l.note(context.Background(), err)
	writer.WriteHeader(http.StatusBadGateway)
}

func (l *loopback) note(asking context.Context, err error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.trouble == nil && asking.Err() == nil {
		l.trouble = l.behind.plain(err)
	}
}

func saved(path string, content io.Reader) (int64, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	size, err := io.Copy(file, content)
	if err != nil {
		file.Close()
		return 0, err
	}
	return size, file.Close()
}

// blobFile is a blob as it lies on disk.
type blobFile struct {
	path   string
	digest v1.Hash
	size   int64
}

func (b blobFile) Digest() (v1.Hash, error)            { return b.digest, nil }
func (b blobFile) Compressed() (io.ReadCloser, error)  { return os.Open(b.path) }
func (b blobFile) Size() (int64, error)                { return b.size, nil }
func (b blobFile) MediaType() (types.MediaType, error) { return types.OCILayer, nil }
