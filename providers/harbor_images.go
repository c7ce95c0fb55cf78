package main

import (
	"net/http"
	"strings"
	"time"
)

// storedArtifact is an image, or whatever else has a manifest, as Harbor lists it. What an index lists and what is
// attached to an artifact are not listed.
type storedArtifact struct {
	Digest string `json:"digest"`
	Tags   []struct {
		Name string `json:"name"`
	} `json:"tags"`
}

// storedImages reads all projects of a Harbor whose images come from those who push.
func (l harborLogin) storedImages(call call, pause time.Duration) ([]storedRepository, error) {
	harbor, err := l.reopen(call, pause)
	if err != nil {
		return nil, err
	}
	defer harbor.close()
	projects, err := allPages[harborProjectFound](harbor, "list the projects", "/projects")
	if err != nil {
		return nil, err
	}
	var repositories []storedRepository
	for _, project := range projects {
		if project.Registry != 0 {
			continue // a proxy cache: its images come from another registry
		}
		found, err := harbor.storedImages(project.Name)
		if err != nil {
			return nil, err
		}
		repositories = append(repositories, found...)
	}
	return repositories, nil
}

// storedImages reads the repositories of one project.
func (h *harbor) storedImages(project string) ([]storedRepository, error) {
	type repository struct {
		Name string `json:"name"`
	}
	repositories, err := allPages[repository](h, "list the repositories of the project "+project, harborProjectPath(project)+"/repositories")
	if err != nil {
		return nil, err
	}
	var stored []storedRepository
	for _, each := range repositories {
		path := harborRepositoryPath(project, strings.TrimPrefix(each.Name, project+"/")) + "/artifacts?with_tag=true"
		artifacts, err := allPages[storedArtifact](h, "list the artifacts of "+each.Name, path)
		if hasStatus(err, http.StatusNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		stored = append(stored, storedInHarbor(each.Name, artifacts))
	}
	return stored, nil
}

func storedInHarbor(name string, artifacts []storedArtifact) storedRepository {
	stored := storedRepository{name: name, tags: map[string]string{}, manifests: map[string]manifestLinks{}}
	for _, artifact := range artifacts {
		stored.manifests[artifact.Digest] = manifestLinks{}
		for _, tag := range artifact.Tags {
			stored.tags[tag.Name] = artifact.Digest
		}
	}
	return stored
}
