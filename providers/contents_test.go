package main

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// furnishings are what a repository of the tests holds: an index of two platforms with a signature of it, an SBOM of one
// of its images and a signature of that SBOM; an image beside it; and a signature of that one as cosign tags it.
type furnishings struct {
	index           v1.Hash
	beside          v1.Hash
	signature       v1.Hash
	sbom            v1.Hash
	signatureOfSbom v1.Hash
	cosign          string
}

func connected(t *testing.T, inputs access) *repository {
	t.Helper()
	call, _ := newCall(t)
	connection, err := newRepository(call, inputs)
	if err != nil {
		t.Fatal(err)
	}
	return connection
}

// furnish fills a repository, with the index as each of these tags.
func furnish(t *testing.T, inputs access, tags ...string) furnishings {
	t.Helper()
	there := connected(t, inputs)
	first, second := anImage(t), anImage(t)
	var index v1.ImageIndex = empty.Index
	index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: first}, mutate.IndexAddendum{Add: second})
	for _, tag := range tags {
		must(t, remote.WriteIndex(there.name.Tag(tag), index, there.options...))
	}
	beside := anImage(t)
	must(t, remote.Write(there.name.Tag("beside"), beside, there.options...))
	made := furnishings{index: digestOf(t, index), beside: digestOf(t, beside)}
	made.signature = attachTo(t, there, made.index)
	made.sbom = attachTo(t, there, digestOf(t, first))
	made.signatureOfSbom = attachTo(t, there, made.sbom)
	made.cosign = "sha256-" + made.beside.Hex + ".sig"
	must(t, remote.Write(there.name.Tag(made.cosign), anImage(t), there.options...))
	return made
}

// attachTo attaches an image to what has that digest.
func attachTo(t *testing.T, there *repository, digest v1.Hash) v1.Hash {
	t.Helper()
	subject, err := remote.Head(there.name.Digest(digest.String()), there.options...)
	must(t, err)
	attached := mutate.Subject(anImage(t), *subject).(v1.Image)
	must(t, remote.Write(there.name.Digest(digestOf(t, attached).String()), attached, there.options...))
	return digestOf(t, attached)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eachRegistry runs a test with a registry that has the referrers API, and with one that has not.
func eachRegistry(t *testing.T, test func(t *testing.T, options ...registry.Option)) {
	t.Helper()
	for _, api := range []bool{true, false} {
		t.Run(fmt.Sprintf("referrers API %t", api), func(t *testing.T) { test(t, registry.WithReferrersSupport(api)) })
	}
}

func TestContentsAreAllThatTagsLeadTo(t *testing.T) {
	eachRegistry(t, func(t *testing.T, options ...registry.Option) {
		inputs := wanted(t, false, options...)
		made := furnish(t, inputs.access, "v1", "latest")
		there := connected(t, inputs.access)
		tags, err := there.listTags()
		must(t, err)
		if !slices.Equal(tags, []string{"beside", "latest", made.cosign, "v1"}) {
			t.Fatal(tags)
		}
		held, err := there.contentsOf(tags)
		must(t, err)
		// The index, its two images, three attached to them, the one beside, and its signature.
		if len(held.manifests) != 8 {
			t.Errorf("%d manifests", len(held.manifests))
		}
		for _, digest := range []v1.Hash{made.index, made.beside, made.signature, made.sbom, made.signatureOfSbom} {
			if _, found := held.manifests[digest]; !found {
				t.Errorf("%s is missing", digest)
			}
		}
		if held.tags["v1"] != made.index || held.tags["latest"] != made.index || held.tags["beside"] != made.beside {
			t.Error(held.tags)
		}
	})
}

func TestOnlySomeTagsBringAlongWhatIsAttached(t *testing.T) {
	inputs := wanted(t, false, registry.WithReferrersSupport(true))
	made := furnish(t, inputs.access, "v1")
	there := connected(t, inputs.access)
	held, err := there.contentsOf([]string{"v1", "beside", made.cosign})
	must(t, err)
	one := held.only([]string{"v1", "nowhere"})
	if !slices.Equal(one.tagNames(), []string{"v1"}) || len(one.manifests) != 6 {
		t.Error(one.told())
	}
	other := held.only([]string{"beside"})
	if !slices.Equal(other.tagNames(), []string{"beside", made.cosign}) || len(other.manifests) != 2 {
		t.Error(other.told())
	}
	if one.bytes()+other.bytes() != held.bytes() {
		t.Errorf("%d and %d of %d bytes", one.bytes(), other.bytes(), held.bytes())
	}
}

func TestContentsOfAnEmptyRepository(t *testing.T) {
	there := connected(t, wanted(t, false).access)
	tags, err := there.listTags()
	must(t, err)
	held, err := there.contentsOf(tags)
	must(t, err)
	if held.told() != "nothing" {
		t.Error(held.told())
	}
}
