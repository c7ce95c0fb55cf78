package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/sync/errgroup"
)

const requestsAtOnce = 8

// By such a tag clients find what is attached to an image where a registry has no referrers API; they write it anew
// wherever it is needed.
// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema
var referrersTag = regexp.MustCompile(`^sha256-[0-9a-f]{64}$`)

// By such a tag cosign finds a signature, an attestation or an SBOM of the image with that digest, unless it is told to
// attach them.
// https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md#tag-based-discovery
var cosignTag = regexp.MustCompile(`^sha256-([0-9a-f]{64})\.[a-z]+$`)

// contents is what lives in a repository, or some of it: everything that its tags lead to.
type contents struct {
	tags map[string]v1.Hash
	// manifests are images, indexes, and whatever is attached to them.
	manifests map[v1.Hash]storedManifest
	// blobs has the bytes of each.
	blobs map[v1.Hash]int64
	// unread are tags and digests that the registry lists and does not serve, each with the reason.
	unread map[string]error
	// own are the manifests that have to be whole. What is broken of others is left out, with a warning.
	own map[v1.Hash]bool
	// source is where they were read.
	source name.Repository
}

// storedManifest is one of them, and what it names.
type storedManifest struct {
	*remote.Descriptor
	links manifestLinks
	// attached are those that have this one as their subject.
	attached []v1.Hash
}

// manifestLinks is what manifests of all kinds have in common.
type manifestLinks struct {
	Config    *v1.Descriptor  `json:"config"`
	Layers    []v1.Descriptor `json:"layers"`
	Blobs     []v1.Descriptor `json:"blobs"`
	Manifests []v1.Descriptor `json:"manifests"`
	Subject   *v1.Descriptor  `json:"subject"`
}

func noContents() contents {
	return contents{
		tags: map[string]v1.Hash{}, manifests: map[v1.Hash]storedManifest{}, blobs: map[v1.Hash]int64{},
		unread: map[string]error{}, own: map[v1.Hash]bool{},
	}
}

// listTags are all of a repository, in order; none where nothing has been pushed to it yet.
func (r *repository) listTags() ([]string, error) {
	found, err := remote.List(r.name, r.options...)
	if isMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, r.plain(err)
	}
	tags := slices.DeleteFunc(found, referrersTag.MatchString)
	slices.Sort(tags)
	return tags, nil
}

// contentsOf reads what these tags lead to.
func (r *repository) contentsOf(tags []string) (contents, error) {
	references := make([]name.Reference, len(tags))
	for place, tag := range tags {
		references[place] = r.name.Tag(tag)
	}
	return r.contentsFrom(references)
}

// contentsOfImages reads what these lead to, under the names that they have.
func (r *repository) contentsOfImages(images []namedImage) (contents, error) {
	var roots []name.Reference
	for _, image := range images {
		roots = append(roots, r.name.Digest(image.Digest))
	}
	held, err := r.contentsFrom(roots)
	if err != nil {
		return held, err
	}
	for _, image := range images {
		if cause := held.unread[image.Digest]; cause != nil {
			return held, &brokenImageError{r.host() + "/" + r.name.RepositoryStr() + "@" + image.Digest, cause}
		}
		for _, tag := range image.Tags {
			held.tag(tag, image.Digest)
		}
		held.markOwn(image.Digest)
	}
	return held, held.checkOwn()
}

// contentsFrom goes level by level: from what is named to what that names, and to what is attached to it.
func (r *repository) contentsFrom(level []name.Reference) (contents, error) {
	held := noContents()
	held.source = r.name
	for len(level) > 0 {
		found, causes, err := r.readLevel(level)
		if err != nil {
			return contents{}, err
		}
		next := held.add(level, found, causes)
		level = nil
		for _, digest := range next {
			level = append(level, r.name.Digest(digest.String()))
		}
	}
	return held, nil
}

// readLevel reads these manifests, or why the registry does not serve one of them.
func (r *repository) readLevel(level []name.Reference) ([]storedManifest, []error, error) {
	found, causes := make([]storedManifest, len(level)), make([]error, len(level))
	var group errgroup.Group
	group.SetLimit(requestsAtOnce)
	for place, reference := range level {
		group.Go(func() (err error) {
			found[place], err = r.readManifest(reference)
			if isDefect(err, r.name) {
				causes[place] = err
				return nil
			}
			return err
		})
	}
	return found, causes, group.Wait()
}

func (r *repository) readManifest(reference name.Reference) (storedManifest, error) {
	descriptor, err := remote.Get(reference, r.options...)
	if err != nil {
		return storedManifest{}, r.plain(err)
	}
	found := storedManifest{Descriptor: descriptor}
	if err := json.Unmarshal(descriptor.Manifest, &found.links); err != nil {
		return storedManifest{}, &defectError{fmt.Sprintf("%s is no manifest: %v", reference, err)}
	}
	found.attached, err = r.attachedTo(descriptor.Digest)
	return found, err
}

// attachedTo are the manifests that have this one as their subject.
func (r *repository) attachedTo(digest v1.Hash) ([]v1.Hash, error) {
	index, err := remote.Referrers(r.name.Digest(digest.String()), r.options...)
	if err != nil {
		return nil, r.plain(err)
	}
	content, err := index.IndexManifest()
	if err != nil {
		return nil, &defectError{fmt.Sprintf("the list of what is attached to %s cannot be read: %v", digest, err)}
	}
	var attached []v1.Hash
	for _, each := range content.Manifests {
		attached = append(attached, each.Digest)
	}
	return attached, nil
}

// add takes in one level, and gives the digests of the next.
func (c *contents) add(level []name.Reference, found []storedManifest, causes []error) []v1.Hash {
	next := map[v1.Hash]bool{}
	for place, each := range found {
		if causes[place] != nil {
			c.unread[level[place].Identifier()] = causes[place]
			continue
		}
		if tag, isTag := level[place].(name.Tag); isTag {
			c.tags[tag.TagStr()] = each.Digest
		}
		c.manifests[each.Digest] = each
		for _, blob := range each.blobs() {
			c.blobs[blob.Digest] = blob.Size
		}
		for _, child := range each.links.Manifests {
			next[child.Digest] = true
		}
		for _, attached := range each.attached {
			next[attached] = true
		}
	}
	maps.DeleteFunc(next, func(digest v1.Hash, _ bool) bool {
		_, known := c.manifests[digest]
		return known || c.unread[digest.String()] != nil
	})
	return slices.Collect(maps.Keys(next))
}

// blobs are those that a registry stores. Others lie where a URL says.
func (m storedManifest) blobs() []v1.Descriptor {
	named := slices.Concat(m.links.Layers, m.links.Blobs)
	if m.links.Config != nil {
		named = append(named, *m.links.Config)
	}
	return slices.DeleteFunc(named, func(blob v1.Descriptor) bool {
		return !blob.MediaType.IsDistributable() && len(blob.URLs) > 0
	})
}

// roots are the manifests that no other one of these has within it.
func (c contents) roots() []storedManifest {
	inside := map[v1.Hash]bool{}
	for _, each := range c.manifests {
		for _, child := range each.links.Manifests {
			inside[child.Digest] = true
		}
	}
	var roots []storedManifest
	for digest, each := range c.manifests {
		if !inside[digest] || each.links.Subject != nil {
			roots = append(roots, each)
		}
	}
	slices.SortFunc(roots, func(a, b storedManifest) int { return cmp.Compare(a.Digest.Hex, b.Digest.Hex) })
	return roots
}

// tag names one of the manifests.
func (c *contents) tag(tag, digest string) {
	for each := range c.manifests {
		if each.String() == digest {
			c.tags[tag] = each
		}
	}
}

// tagNames are in order.
func (c contents) tagNames() []string {
	return slices.Sorted(maps.Keys(c.tags))
}

// bytes is how much is stored, each blob once.
func (c contents) bytes() int64 {
	var sum int64
	for _, size := range c.blobs {
		sum += size
	}
	for _, each := range c.manifests {
		sum += each.Size
	}
	return sum
}

// told is `3 tags (9 manifests, 12.3 MB): latest, v0.0.1, v0.0.2`.
func (c contents) told() string {
	if len(c.manifests) == 0 {
		return "nothing"
	}
	return fmt.Sprintf("%s (%s, %s): %s",
		counted(len(c.tags), "1 tag", "%d tags"), counted(len(c.manifests), "1 manifest", "%d manifests"),
		megabytes(c.bytes()), someOf(c.tagNames()))
}

func megabytes(bytes int64) string {
	return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
}

// without are those names that are not among the others.
func without(names, others []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(each string) bool { return slices.Contains(others, each) })
}
