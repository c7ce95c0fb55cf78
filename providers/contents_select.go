package main

import (
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// only is what these tags lead to, of all that is held, and what cosign has tagged as theirs.
func (c contents) only(tags []string) contents {
	some := c.reachable(tags)
	theirs := slices.DeleteFunc(c.tagNames(), func(tag string) bool {
		found := cosignTag.FindStringSubmatch(tag)
		if found == nil {
			return true
		}
		_, taken := some.manifests[v1.Hash{Algorithm: "sha256", Hex: found[1]}]
		return !taken
	})
	return c.reachable(append(some.tagNames(), theirs...))
}

func (c contents) reachable(tags []string) contents {
	some := noContents()
	some.source, some.own = c.source, c.own
	var waiting []v1.Hash
	for _, tag := range tags {
		if cause := c.unread[tag]; cause != nil {
			some.unread[tag] = cause
		}
		if digest, there := c.tags[tag]; there {
			some.tags[tag] = digest
			waiting = append(waiting, digest)
		}
	}
	for len(waiting) > 0 {
		each, there := c.manifests[waiting[0]]
		if cause := c.unread[waiting[0].String()]; cause != nil {
			some.unread[waiting[0].String()] = cause
		}
		waiting = waiting[1:]
		if !there {
			continue
		}
		if _, known := some.manifests[each.Digest]; known {
			continue
		}
		some.manifests[each.Digest] = each
		for _, blob := range each.blobs() {
			some.blobs[blob.Digest] = blob.Size
		}
		for _, child := range each.links.Manifests {
			waiting = append(waiting, child.Digest)
		}
		waiting = append(waiting, each.attached...)
	}
	return some
}
