package main

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// What go-containerregistry reports of content that is not what its digest and size promise.
var damagedContent = regexp.MustCompile(`error verifying |does not match (expected size|requested digest)|with Body length`)

// defectError is content that a registry serves and that is not what it has to be.
type defectError struct{ cause string }

func (e *defectError) Error() string { return e.cause }

// brokenImageError is an image of the stack's own that cannot be copied, since its registry does not serve all of it.
type brokenImageError struct {
	image string
	cause error
}

func (e *brokenImageError) Error() string {
	return fmt.Sprintf("cannot copy %s: %v\nhint: ./pulumiw refresh, then ./pulumiw up pushes it again", e.image, e.cause)
}

func (e *brokenImageError) Unwrap() error { return e.cause }

// isDefect tells whether the source itself lacks or damaged the content. Any other failure, such as a server that is
// down, says nothing about the content.
func isDefect(err error, source name.Repository) bool {
	if err == nil {
		return false
	}
	var defect *defectError
	if errors.As(err, &defect) || damagedContent.MatchString(err.Error()) {
		return true
	}
	var refused *transport.Error
	if !errors.As(err, &refused) || refused.StatusCode != http.StatusNotFound || refused.Request == nil {
		return false
	}
	from := refused.Request
	for from.Response != nil && from.Response.Request != nil {
		from = from.Response.Request // the registry redirected to where it stores blobs
	}
	return from.Method != http.MethodPut && strings.EqualFold(from.URL.Host, source.RegistryStr()) &&
		strings.HasPrefix(from.URL.Path, "/v2/"+source.RepositoryStr()+"/")
}

// markOwn has a manifest and all within it be whole. What is attached to it may be broken.
func (c *contents) markOwn(digest string) {
	waiting := []v1.Hash{}
	for each := range c.manifests {
		if each.String() == digest {
			waiting = append(waiting, each)
		}
	}
	for len(waiting) > 0 {
		each := waiting[0]
		waiting = waiting[1:]
		if c.own[each] {
			continue
		}
		c.own[each] = true
		for _, child := range c.manifests[each].links.Manifests {
			waiting = append(waiting, child.Digest)
		}
	}
}

// ownTags marks the manifests that these tags name, and checks them.
func (c *contents) ownTags(tags []string) error {
	for _, tag := range tags {
		if cause := c.unread[tag]; cause != nil {
			return &brokenImageError{c.source.String() + ":" + tag, cause}
		}
		if digest, there := c.tags[tag]; there {
			c.markOwn(digest.String())
		}
	}
	return c.checkOwn()
}

func (c contents) checkOwn() error {
	for digest := range c.own {
		if cause := c.unread[digest.String()]; cause != nil {
			return &brokenImageError{c.source.String() + "@" + digest.String(), cause}
		}
	}
	return nil
}

// withoutBroken returns these contents without some manifests, the tags that name them, and their blobs.
func (c contents) withoutBroken(broken map[v1.Hash]error) contents {
	some := noContents()
	some.source, some.own, some.unread = c.source, c.own, c.unread
	for digest, each := range c.manifests {
		if broken[digest] != nil {
			continue
		}
		each.attached = slices.DeleteFunc(slices.Clone(each.attached), func(attached v1.Hash) bool {
			_, there := c.manifests[attached]
			return !there || broken[attached] != nil
		})
		some.manifests[digest] = each
		for _, blob := range each.blobs() {
			some.blobs[blob.Digest] = blob.Size
		}
	}
	for tag, digest := range c.tags {
		if broken[digest] == nil {
			some.tags[tag] = digest
		}
	}
	return some
}

// brokenNames are the tags, and the untagged manifests, that are not copied whole, in order and with the reasons.
func (c contents) brokenNames(broken map[v1.Hash]error) []string {
	reasons := map[string]error{}
	maps.Copy(reasons, c.unread)
	tagged := map[v1.Hash]bool{}
	for tag, digest := range c.tags {
		if broken[digest] != nil {
			reasons[tag], tagged[digest] = broken[digest], true
		}
	}
	for digest, cause := range broken {
		if !tagged[digest] {
			reasons[digest.String()] = cause
		}
	}
	var names []string
	for _, each := range slices.Sorted(maps.Keys(reasons)) {
		names = append(names, fmt.Sprintf("%s (%s)", each, briefCause(reasons[each])))
	}
	return names
}

// briefCause leaves out the requests that led to a reason.
func briefCause(err error) string {
	if isMissing(err) {
		return "the registry does not have all of it"
	}
	text := err.Error()
	if at := damagedContent.FindStringIndex(text); at != nil {
		text = text[at[0]:]
	}
	return shortExcuse(text)
}
