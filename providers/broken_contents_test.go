package main

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// damagedRegistry stands in front of a registry and does not serve some of its content, or other bytes.
type damagedRegistry struct {
	access
	// answers replace the answers about the content with these digests.
	answers map[string]http.HandlerFunc
	// puts counts the uploads that were committed, by digest.
	puts map[string]int
	// keep has uploads change nothing of the answers.
	keep bool
	// withoutDigest leaves out Docker-Content-Digest.
	withoutDigest bool
	lock          sync.Mutex
}

func newDamagedRegistry(t *testing.T, options ...registry.Option) *damagedRegistry {
	t.Helper()
	behind := wanted(t, false, options...).access
	address, err := url.Parse("http://" + strings.Split(behind.Repository, "/")[0])
	must(t, err)
	damaged := &damagedRegistry{access: behind, answers: map[string]http.HandlerFunc{}, puts: map[string]int{}}
	proxy := httputil.NewSingleHostReverseProxy(address)
	proxy.ModifyResponse = func(response *http.Response) error {
		if damaged.withoutDigest {
			response.Header.Del("Docker-Content-Digest")
		}
		return nil
	}
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		damaged.lock.Lock()
		defer damaged.lock.Unlock()
		parts := strings.Split(request.URL.Path, "/")
		last := parts[len(parts)-1]
		reads := request.Method == http.MethodGet || request.Method == http.MethodHead
		if answer := damaged.answers[last]; answer != nil && reads && !strings.Contains(request.URL.Path, "/referrers/") {
			answer(writer, request)
			return
		}
		if digest := request.URL.Query().Get("digest"); request.Method == http.MethodPut && digest != "" {
			damaged.puts[digest]++
			if !damaged.keep {
				delete(damaged.answers, digest)
			}
		}
		proxy.ServeHTTP(writer, request)
	}))
	t.Cleanup(server.Close)
	damaged.Repository = strings.TrimPrefix(server.URL, "http://") + "/team/hero"
	return damaged
}

func (d *damagedRegistry) lose(digests ...v1.Hash) {
	for _, digest := range digests {
		d.answers[digest.String()] = http.NotFound
	}
}

// push pushes an image of someone else's under a tag.
func pushAs(t *testing.T, to access, tag string, image manifest) {
	t.Helper()
	there := connected(t, to)
	must(t, remote.Push(there.name.Tag(tag), image, there.options...))
}

func layerOf(t *testing.T, image v1.Image) v1.Hash {
	t.Helper()
	layers, err := image.Layers()
	must(t, err)
	return digestOf(t, layers[0])
}

func configOf(t *testing.T, image v1.Image) v1.Hash {
	t.Helper()
	digest, err := image.ConfigName()
	must(t, err)
	return digest
}

func newIndex(images ...v1.Image) v1.ImageIndex {
	index := v1.ImageIndex(empty.Index)
	for _, image := range images {
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image})
	}
	return index
}

// copyAll copies all tags, of which `own` are the stack's.
func copyAll(t *testing.T, from, to access, own ...string) (string, error) {
	t.Helper()
	call, screen := newCall(t)
	source, err := newRepository(call, from)
	must(t, err)
	tags, err := source.listTags()
	must(t, err)
	held, err := source.contentsOf(tags)
	if err != nil {
		return screen.all(), err
	}
	if err := held.ownTags(own); err != nil {
		return screen.all(), err
	}
	destination, err := newRepository(call, to)
	must(t, err)
	return screen.all(), destination.take(call, held)
}

func tagsAt(t *testing.T, there access) []string {
	t.Helper()
	tags, err := connected(t, there).listTags()
	must(t, err)
	return tags
}

func TestCopy_StaleReferrerIsSkipped(t *testing.T) {
	eachRegistry(t, func(t *testing.T, options ...registry.Option) {
		from, to := newDamagedRegistry(t, options...), wanted(t, false, options...).access
		made := furnish(t, from.access, "v1")
		from.lose(made.sbom)
		_, err := copyAll(t, from.access, to, "v1")
		must(t, err)
		held := contentsAt(t, to)
		if held.tags["v1"] != made.index || len(held.manifests) != 6 {
			t.Error(held.told())
		}
	})
}

func TestCopy_StaleReferrerOfImageCopy(t *testing.T) {
	from, to := newDamagedRegistry(t), wanted(t, false).access
	made := furnish(t, from.access, "v1")
	from.lose(made.signature)
	call, screen := newCall(t)
	_, err := imageCopy{}.create(call, propertiesOf(t, imageCopyInputs{
		access: to, Source: from.access, Images: []namedImage{{made.index.String(), []string{"v1"}}},
	}))
	must(t, err)
	mustContain(t, screen.all(), "cannot copy all of", made.signature.String(), "\nhint: ")
}

func TestCopy_OthersBrokenContentIsNamed(t *testing.T) {
	broken := anImage(t)
	for name, lost := range map[string]func(t *testing.T) (v1.Hash, http.HandlerFunc){
		"manifest": func(t *testing.T) (v1.Hash, http.HandlerFunc) { return digestOf(t, broken), http.NotFound },
		"layer":    func(t *testing.T) (v1.Hash, http.HandlerFunc) { return layerOf(t, broken), http.NotFound },
		"config":   func(t *testing.T) (v1.Hash, http.HandlerFunc) { return configOf(t, broken), http.NotFound },
		"empty layer": func(t *testing.T) (v1.Hash, http.HandlerFunc) {
			return layerOf(t, broken), func(http.ResponseWriter, *http.Request) {}
		},
		"changed layer": func(t *testing.T) (v1.Hash, http.HandlerFunc) {
			return layerOf(t, broken), func(writer http.ResponseWriter, _ *http.Request) { _, _ = writer.Write(make([]byte, 3584)) }
		},
		"changed manifest": func(t *testing.T) (v1.Hash, http.HandlerFunc) {
			return digestOf(t, broken), func(writer http.ResponseWriter, _ *http.Request) { _, _ = writer.Write([]byte("{}")) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := newDamagedRegistry(t), wanted(t, false).access
			whole, other := anImage(t), anImage(t)
			pushAs(t, from.access, "v1", whole)
			pushAs(t, from.access, "other", other)
			pushAs(t, from.access, "broken", newIndex(broken, other))
			digest, answer := lost(t)
			from.answers[digest.String()] = answer
			call, screen := newCall(t)
			source, err := newRepository(call, from.access)
			must(t, err)
			held, err := source.contentsOf([]string{"v1", "other", "broken"})
			must(t, err)
			must(t, held.ownTags([]string{"v1"}))
			destination, err := newRepository(call, to)
			must(t, err)
			must(t, destination.take(call, held))
			mustContain(t, screen.all(), "cannot copy all of", "\nhint: ")
			copied := contentsAt(t, to)
			if copied.tags["v1"] != digestOf(t, whole) || copied.tags["other"] != digestOf(t, other) {
				t.Error(copied.told(), screen.all())
			}
		})
	}
}

func TestCopy_OwnImageMustBeWhole(t *testing.T) {
	from, to := newDamagedRegistry(t), wanted(t, false).access
	own := anImage(t)
	pushAs(t, from.access, "v1", newIndex(own, anImage(t)))
	for name, digest := range map[string]v1.Hash{"child": digestOf(t, own), "layer": layerOf(t, own)} {
		t.Run(name, func(t *testing.T) {
			clear(from.answers)
			from.lose(digest)
			_, err := copyAll(t, from.access, to, "v1")
			if err == nil {
				t.Fatal("no error")
			}
			mustContain(t, err.Error(), "cannot copy ", "\nhint: ./pulumiw refresh")
			if tags := tagsAt(t, to); len(tags) != 0 {
				t.Error(tags)
			}
		})
	}
}

// What fails for another reason than the content itself says nothing about the content.
func TestCopy_UnreadableSourceIsNotSkipped(t *testing.T) {
	from, to := newDamagedRegistry(t), wanted(t, false).access
	other := anImage(t)
	pushAs(t, from.access, "other", other)
	from.answers[layerOf(t, other).String()] = func(writer http.ResponseWriter, _ *http.Request) {
		writer.WriteHeader(http.StatusForbidden)
	}
	if _, err := copyAll(t, from.access, to); err == nil {
		t.Error("no error")
	}
}

func imageDescriptor(t *testing.T, image v1.Image) v1.Descriptor {
	t.Helper()
	manifest, err := image.RawManifest()
	must(t, err)
	return v1.Descriptor{MediaType: types.OCIManifestSchema1, Digest: digestOf(t, image), Size: int64(len(manifest))}
}
