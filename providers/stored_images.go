package main

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// storedRepository is one repository of a registry: what each tag names, and the links of each manifest.
type storedRepository struct {
	name      string
	tags      map[string]string
	manifests map[string]manifestLinks
}

// pushedImages are the images that the stack itself has pushed. They may be deleted with their registry: the next `up`
// builds the current one again, and the former ones belong to the stack too.
type pushedImages struct {
	// Tags are those that the stack has given, by repository.
	Tags map[string][]string `json:"tags"`
	// Digests are the manifests that it has pushed, those of former images too.
	Digests []string `json:"digests"`
	// anyDigest is true where the digests of former runs are not recorded: the stack's tags are its own then, whatever
	// image they name.
	anyDigest bool
}

// foreignImage is an image that the stack has not pushed; one without a tag is known by its digest alone.
type foreignImage struct{ repository, tag, digest string }

func (i foreignImage) String() string {
	if i.tag == "" {
		return i.repository + "@" + i.digest
	}
	return i.repository + ":" + i.tag
}

// foreignImages finds what the stack has not pushed, in order. Signatures, SBOMs and other referrers belong to the image
// that they are attached to.
func foreignImages(repositories []storedRepository, pushed pushedImages) []foreignImage {
	var found []foreignImage
	for _, each := range repositories {
		found = append(found, each.foreign(pushed)...)
	}
	slices.SortFunc(found, func(a, b foreignImage) int { return cmp.Compare(a.String(), b.String()) })
	return found
}

func (r storedRepository) foreign(pushed pushedImages) []foreignImage {
	own := r.ownDigests(pushed)
	var found []foreignImage
	named := map[string]bool{}
	for tag, digest := range r.tags {
		switch {
		case referrersTag.MatchString(tag) || r.isAttachedTag(tag, own):
		case own[digest] && slices.Contains(pushed.Tags[r.name], tag):
		default:
			found = append(found, foreignImage{r.name, tag, digest})
			named[digest] = true
		}
	}
	r.grow(named)
	untagged := map[string]bool{}
	for digest := range r.manifests {
		if !own[digest] && !named[digest] {
			untagged[digest] = true
		}
	}
	for digest := range untagged {
		if !r.isPartOf(digest, untagged) {
			found = append(found, foreignImage{repository: r.name, digest: digest})
		}
	}
	return found
}

// ownDigests are the stack's manifests with all that they consist of and all that is attached to them.
func (r storedRepository) ownDigests(pushed pushedImages) map[string]bool {
	own := map[string]bool{}
	for _, digest := range pushed.Digests {
		own[digest] = true
	}
	if pushed.anyDigest {
		for _, tag := range pushed.Tags[r.name] {
			if digest, exists := r.tags[tag]; exists {
				own[digest] = true
			}
		}
	}
	r.grow(own)
	return own
}

// grow adds what the manifests of the set consist of and what is attached to them, until there is nothing to add.
func (r storedRepository) grow(set map[string]bool) {
	for size := -1; size < len(set); {
		size = len(set)
		for digest, links := range r.manifests {
			if set[digest] {
				for _, child := range links.Manifests {
					set[child.Digest.String()] = true
				}
			} else if links.hasSubjectIn(set) || links.listsOnly(set) {
				set[digest] = true
			}
		}
		for tag, digest := range r.tags {
			if subject := subjectOfTag(tag); subject != "" && set[subject] {
				set[digest] = true
			}
		}
	}
}

func (l manifestLinks) hasSubjectIn(set map[string]bool) bool {
	return l.Subject != nil && set[l.Subject.Digest.String()]
}

// listsOnly is true for an index without content of its own: all manifests that it lists are in the set. Registries
// without the referrers API keep such lists, and each referrer leaves the former list untagged.
func (l manifestLinks) listsOnly(set map[string]bool) bool {
	if l.Manifests == nil || l.Config != nil || len(l.Layers) > 0 || len(l.Blobs) > 0 {
		return false
	}
	return !slices.ContainsFunc(l.Manifests, func(child v1.Descriptor) bool { return !set[child.Digest.String()] })
}

// subjectOfTag is the digest of the image that a tag of cosign's or of the referrers tag schema belongs to.
func subjectOfTag(tag string) string {
	if found := cosignTag.FindStringSubmatch(tag); found != nil {
		return "sha256:" + found[1]
	}
	if referrersTag.MatchString(tag) {
		return "sha256:" + tag[len("sha256-"):]
	}
	return ""
}

// isAttachedTag is true for a tag of cosign's whose image is the stack's own, or is stored too and named itself.
func (r storedRepository) isAttachedTag(tag string, own map[string]bool) bool {
	if !cosignTag.MatchString(tag) {
		return false
	}
	subject := subjectOfTag(tag)
	_, stored := r.manifests[subject]
	return own[subject] || stored
}

// isPartOf is true for what another of these manifests consists of, or what is attached to one of them.
func (r storedRepository) isPartOf(digest string, others map[string]bool) bool {
	if r.manifests[digest].hasSubjectIn(others) {
		return true
	}
	for other := range others {
		for _, child := range r.manifests[other].Manifests {
			if other != digest && child.Digest.String() == digest {
				return true
			}
		}
	}
	return false
}

// linksOf reads what a manifest names. What is no manifest that we know names nothing, and is an image all the same.
func linksOf(manifest []byte) manifestLinks {
	var links manifestLinks
	if json.Unmarshal(manifest, &links) != nil {
		return manifestLinks{}
	}
	return links
}

// with is the record with more tags and digests in it, each once.
func (p pushedImages) with(repository string, tags, digests []string) pushedImages {
	added := pushedImages{Tags: maps.Clone(p.Tags), anyDigest: p.anyDigest}
	if added.Tags == nil {
		added.Tags = map[string][]string{}
	}
	added.Tags[repository] = union(p.Tags[repository], tags)
	added.Digests = union(p.Digests, digests)
	return added
}

func union(some, others []string) []string {
	return append(slices.Clone(some), without(others, some)...)
}

func namesOf(images []foreignImage) []string {
	names := make([]string, len(images))
	for place, each := range images {
		names[place] = each.String()
	}
	return names
}
