package main

import (
	"fmt"
	"net/http"
)

// checkDelete refuses to delete a project with images that the stack has not pushed. What a proxy cache has comes again.
func (s harborProjectState) checkDelete(call call, harbor *harbor) error {
	if s.Registry != 0 || s.Discard || call.storages.mayDiscard() {
		return nil
	}
	loss := dataLossError{storage: "the Harbor project " + s.Name, retry: call.storages.command(), stack: call.stack()}
	stored, err := harbor.storedImages(s.Name)
	if isGone(err) {
		return nil
	}
	if err != nil {
		return &unreadableError{dataLossError: loss, cause: err}
	}
	pushed := pushedImages{Digests: call.storages.handOver(nil), anyDigest: true}
	if s.Repository != "" {
		pushed = pushed.with(s.Name+"/"+s.Repository, s.Tags, nil)
	}
	loss.images = call.storages.notSaved(call, foreignImages(stored, pushed), pushed)
	if len(loss.images) == 0 {
		return nil
	}
	return &loss
}

// hubTags is one page of a repository's tags.
type hubTags struct {
	Next    *string `json:"next"`
	Results []struct {
		Name   string `json:"name"`
		Digest string `json:"digest"`
	} `json:"results"`
}

// tags reads all tags of a repository. Docker Hub lists no manifest without one.
func (h *hub) tags(namespace, repository string) (map[string]string, error) {
	found := map[string]string{}
	for page := 1; ; page++ {
		path := fmt.Sprintf("%s/tags?page=%d&page_size=100", namespacePath(namespace, repository), page)
		var some hubTags
		if err := h.ask("list the tags of "+namespace+"/"+repository, http.MethodGet, path, nil, &some); err != nil {
			return nil, err
		}
		for _, each := range some.Results {
			found[each.Name] = each.Digest
		}
		if some.Next == nil || *some.Next == "" || len(some.Results) == 0 {
			return found, nil
		}
	}
}

// checkDelete refuses to delete a repository with tags that are not the stack's.
func (i hubRepositoryInputs) checkDelete(call call, hub *hub) error {
	if i.Discard || call.storages.mayDiscard() {
		return nil
	}
	loss := dataLossError{storage: "docker.io/" + i.path(), retry: call.storages.command(), stack: call.stack()}
	tags, err := hub.tags(i.Namespace, i.Name)
	if hasStatus(err, http.StatusNotFound) {
		return nil
	}
	if err != nil {
		return &unreadableError{dataLossError: loss, cause: err}
	}
	stored := storedRepository{name: i.path(), tags: tags, manifests: map[string]manifestLinks{}}
	for _, digest := range tags {
		stored.manifests[digest] = manifestLinks{}
	}
	pushed := pushedImages{Digests: call.storages.handOver(nil), anyDigest: true}.with(i.path(), i.Tags, nil)
	loss.images = call.storages.notSaved(call, foreignImages([]storedRepository{stored}, pushed), pushed)
	if len(loss.images) == 0 {
		return nil
	}
	return &loss
}
