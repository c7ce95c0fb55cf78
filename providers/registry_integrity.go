package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"

	"github.com/distribution/distribution/v3/registry/api/errcode"
)

// Where Distribution's filesystem driver stores content:
// https://github.com/distribution/distribution/blob/v3.1.2/registry/storage/paths.go
const storageRoot = "docker/registry/v2"

const longestManifest = 32 << 20

var (
	storedContent = regexp.MustCompile(`^/v2/(.+)/(blobs|manifests)/([^/]+)$`)
	uploadPath    = regexp.MustCompile(`^/v2/(.+)/blobs/uploads/`)
)

// intactStorage answers 404 for content whose bytes on disk have another digest, and lets an upload replace it.
// Distribution does neither: it serves changed bytes, and keeps them when the same blob is uploaded again
// (storage/blobwriter.go, moveBlob: "detection of such corruption belongs elsewhere").
type intactStorage struct {
	root string
	// known is the stamp under which a file was found intact, by its path.
	known sync.Map
}

// fileStamp changes with each write; ctime cannot be set back.
type fileStamp struct {
	size, seconds, nanoseconds int64
	inode                      uint64
}

func newIntactStorage(directory string) *intactStorage {
	return &intactStorage{root: filepath.Join(directory, storageRoot)}
}

func (s *intactStorage) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		reads := request.Method == http.MethodGet || request.Method == http.MethodHead
		switch found := storedContent.FindStringSubmatch(request.URL.Path); {
		case found != nil && reads:
			writer = &intactWriter{ResponseWriter: writer, storage: s, repository: found[1], kind: found[2], reference: found[3]}
		case found != nil && found[2] == "manifests" && request.Method == http.MethodPut:
			s.dropBeforeManifest(request)
		case uploadPath.MatchString(request.URL.Path):
			s.dropBeforeUpload(request)
			defer s.trustUploaded(request.URL.Query().Get("digest"))()
		}
		next.ServeHTTP(writer, request)
	})
}

// dropBeforeUpload deletes damaged bytes that the committed upload, or the mounted blob, would not replace.
func (s *intactStorage) dropBeforeUpload(request *http.Request) {
	query := request.URL.Query()
	for _, key := range []string{"digest", "mount"} {
		s.dropDamaged(query.Get(key))
	}
}

// trustUploaded spares the first reader of a new file its hash: Distribution has compared the digest of the upload that
// created it. https://github.com/distribution/distribution/blob/v3.1.2/registry/storage/blobwriter.go
func (s *intactStorage) trustUploaded(digest string) (after func()) {
	path := s.dataPath(digest)
	if _, err := os.Stat(path); path == "" || err == nil {
		return func() {}
	}
	return func() {
		file, err := os.Open(path)
		if err != nil {
			return
		}
		defer file.Close()
		if stamp, ok := stampOf(file); ok {
			s.known.Store(path, stamp)
		}
	}
}

func (s *intactStorage) dropBeforeManifest(request *http.Request) {
	content, err := io.ReadAll(io.LimitReader(request.Body, longestManifest))
	request.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(content), request.Body), request.Body}
	if err != nil {
		return
	}
	sum := sha256.Sum256(content)
	s.dropDamaged("sha256:" + hex.EncodeToString(sum[:]))
}

func (s *intactStorage) dropDamaged(digest string) {
	if path := s.dataPath(digest); path != "" && s.isDamaged(path, digest) {
		_ = os.Remove(path)
	}
}

// isDamaged is false for a file that does not exist: Distribution answers 404 for that by itself.
func (s *intactStorage) isDamaged(path, digest string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	before, ok := stampOf(file)
	if !ok {
		return false
	}
	if known, found := s.known.Load(path); found && known == before {
		return false
	}
	algorithm, want, _ := strings.Cut(digest, ":")
	hasher := newHasher(algorithm)
	if _, err := io.Copy(hasher, file); err != nil {
		return true
	}
	if hex.EncodeToString(hasher.Sum(nil)) != want {
		return true
	}
	s.known.Store(path, before)
	return false
}

func stampOf(file *os.File) (fileStamp, bool) {
	info, err := file.Stat()
	if err != nil {
		return fileStamp{}, false
	}
	facts, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fileStamp{}, false
	}
	changed := changeTime(facts)
	return fileStamp{info.Size(), int64(changed.Sec), int64(changed.Nsec), facts.Ino}, true
}

// dataPath is empty for what is no digest that Distribution stores.
func (s *intactStorage) dataPath(digest string) string {
	algorithm, sum, _ := strings.Cut(digest, ":")
	hasher := newHasher(algorithm)
	if raw, err := hex.DecodeString(sum); hasher == nil || err != nil || len(raw) != hasher.Size() || strings.ToLower(sum) != sum {
		return ""
	}
	return filepath.Join(s.root, "blobs", algorithm, sum[:2], sum, "data")
}

// digestOf resolves a tag, as its link on disk says; a digest is what it is.
func (s *intactStorage) digestOf(repository, kind, reference string) string {
	if kind == "blobs" || strings.Contains(reference, ":") {
		return reference
	}
	name := filepath.Join(s.root, "repositories", filepath.FromSlash(repository), "_manifests", "tags", reference, "current", "link")
	if !filepath.IsLocal(strings.TrimPrefix(name, s.root+string(filepath.Separator))) {
		return ""
	}
	link, _ := os.ReadFile(name)
	return strings.TrimSpace(string(link))
}

func newHasher(algorithm string) hash.Hash {
	switch algorithm {
	case "sha256":
		return sha256.New()
	case "sha512":
		return sha512.New()
	}
	return nil
}

// intactWriter replaces an answer with damaged content by 404, once the registry has authenticated the client.
type intactWriter struct {
	http.ResponseWriter
	storage                     *intactStorage
	repository, kind, reference string
	wrote, replaced             bool
}

func (w *intactWriter) WriteHeader(status int) {
	if w.wrote {
		return
	}
	w.wrote = true
	if (status < 300 || status >= 500) && w.damaged() {
		w.replaced = true
		for key := range w.Header() {
			if key != "Docker-Distribution-Api-Version" {
				w.Header().Del(key)
			}
		}
		unknown := errcode.ErrorCodeBlobUnknown
		if w.kind == "manifests" {
			unknown = errcode.ErrorCodeManifestUnknown
		}
		_ = errcode.ServeJSON(w.ResponseWriter, unknown.WithDetail("the stored bytes have another digest"))
		return
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *intactWriter) Write(content []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.replaced {
		return len(content), nil
	}
	return w.ResponseWriter.Write(content)
}

func (w *intactWriter) damaged() bool {
	digest := w.storage.digestOf(w.repository, w.kind, w.reference)
	path := w.storage.dataPath(digest)
	return path != "" && w.storage.isDamaged(path, digest)
}
