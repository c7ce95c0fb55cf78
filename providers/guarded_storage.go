package main

import (
	"context"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

const storageReadTimeout = 5 * time.Minute

// guardedStorage is what one registry of the stack stores, and how that is read.
type guardedStorage struct {
	// Registry is its type, as in the config.
	Registry string `json:"registry"`
	// Directory is the embedded registry's; it is read from the disk.
	Directory string `json:"directory"`
	// access reads the stack's repository and, with Catalog, all repositories of the registry.
	access
	Catalog bool `json:"catalog"`
	// Harbor is an administrator's login, with which all projects are read.
	Harbor *harborLogin `json:"harbor"`
	// KeepsImages is true where the images are not deleted with the stack.
	KeepsImages bool `json:"keepsImages"`
}

// name is the storage as users know it.
func (g guardedStorage) name() string {
	switch {
	case g.Directory != "":
		return g.Directory
	case g.Harbor != nil:
		return g.Harbor.URL
	case g.Catalog:
		address, _, _ := strings.Cut(g.Repository, "/")
		return address
	}
	return g.Repository
}

// path is the stack's repository without the registry's address.
func (g guardedStorage) path() string {
	_, path, _ := strings.Cut(g.Repository, "/")
	return path
}

// read reads all repositories that are deleted with the storage.
func (g guardedStorage) read(call call) ([]storedRepository, error) {
	if g.Harbor != nil {
		return g.Harbor.storedImages(call, harborPause)
	}
	ctx, cancel := context.WithTimeout(call, storageReadTimeout)
	defer cancel()
	call = call.within(ctx)
	if !g.Catalog {
		stored, err := g.access.storedImages(call)
		return []storedRepository{stored}, err
	}
	own, err := newRepository(call, g.access)
	if err != nil {
		return nil, err
	}
	paths, err := remote.Catalog(call, own.name.Registry, own.options...)
	if err != nil {
		return nil, own.plain(err)
	}
	var repositories []storedRepository
	for _, path := range paths {
		other := g.access
		other.Repository = own.name.RegistryStr() + "/" + path
		stored, err := other.storedImages(call)
		if err != nil {
			return nil, err
		}
		repositories = append(repositories, stored)
	}
	return repositories, nil
}

// storedImages reads what the tags of a repository lead to.
func (a access) storedImages(call call) (storedRepository, error) {
	repository, err := newRepository(call, a)
	if err != nil {
		return storedRepository{}, err
	}
	stored := storedRepository{name: repository.name.RepositoryStr(), tags: map[string]string{}, manifests: map[string]manifestLinks{}}
	tags, err := repository.listTags()
	if err != nil {
		return stored, err
	}
	attached := slices.ContainsFunc(tags, cosignTag.MatchString)
	for _, tag := range tags {
		found, err := repository.head(repository.name.Tag(tag), repository.options...)
		switch {
		case isMissing(err):
			continue
		case isWithheld(err):
			stored.tags[tag] = ""
		case err != nil:
			return stored, repository.plain(err)
		default:
			stored.tags[tag] = found.Digest.String()
			stored.manifests[found.Digest.String()] = repository.linksOf(*found, attached)
		}
	}
	return stored, nil
}

// linksOf reads what an index lists, where signatures may be attached to that. Docker Hub counts each read as a pull.
func (r *repository) linksOf(found v1.Descriptor, attached bool) manifestLinks {
	if !attached || !found.MediaType.IsIndex() {
		return manifestLinks{}
	}
	index, err := r.get(r.name.Digest(found.Digest.String()))
	if err != nil {
		return manifestLinks{}
	}
	content, err := index.RawManifest()
	if err != nil {
		return manifestLinks{}
	}
	return linksOf(content)
}
