package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// aboutToBeMade is something in a Harbor as the program is about to have another plugin make it.
type aboutToBeMade struct {
	harborLogin
	// Kind is the last word of the resource's type, and Inputs are as its plugin gets them.
	Kind   string         `json:"kind"`
	Inputs map[string]any `json:"inputs"`
}

// leftover is how things of a kind are found in a Harbor.
type leftover struct {
	// list is where all of them are, and each behind it. PROJECT is the path of their project.
	list string
	// same names what Harbor calls an input. Where all that were given agree, a run has made it that could not write that
	// down.
	same map[string]string
	// id is what Harbor calls the last part of the path of one of them.
	id string
	// entity is u or g where people and groups are in one list.
	entity string
	// recent is true where somebody else may have made the very same long ago, and would lose more than that.
	recent bool
}

// A killed run's next one comes sooner.
const longestPause = time.Hour

// leftovers are those kinds of pulumiverse_harbor that Harbor refuses to make a second time. Groups are left out: Harbor
// makes them by itself when somebody logs in or a project names one, does not say when, and with a group all of its
// memberships would go.
// https://github.com/goharbor/harbor/blob/main/api/v2.0/swagger.yaml has the paths, and all that is at them.
var leftovers = map[string]leftover{
	"Registry":       {list: "/registries", same: map[string]string{"name": "name", "endpointUrl": "url"}, id: "id"},
	"Replication":    {list: "/replication/policies", same: map[string]string{"name": "name", "registryId": "dest_registry.id|src_registry.id"}, id: "id"},
	"ProjectWebhook": {list: "PROJECT/webhook/policies", same: map[string]string{"name": "name", "address": "targets.address"}, id: "id"},
	"ImmutableTagRule": {list: "PROJECT/immutabletagrules", same: map[string]string{
		"repoMatching": "scope_selectors.repository.pattern", "tagMatching": "tag_selectors.pattern"}, id: "id"},
	"ProjectMemberUser":  {list: "PROJECT/members", same: map[string]string{"userName": "entity_name"}, id: "id", entity: "u"},
	"ProjectMemberGroup": {list: "PROJECT/members", same: map[string]string{"groupName": "entity_name"}, id: "id", entity: "g"},
	"Label":              {list: "/labels", same: map[string]string{"name": "name", "color": "color"}, id: "id", recent: true},
	"User":               {list: "/users", same: map[string]string{"username": "username", "email": "email", "fullName": "realname"}, id: "user_id", recent: true},
	"PreheatInstance":    {list: "/p2p/preheat/instances", same: map[string]string{"name": "name", "endpoint": "endpoint"}, id: "name"},
}

// forgetInHarbor takes away what a run has left that was killed while it had something made by a plugin that would be
// refused from now on: 409. What differs in what it is known by is somebody else's, and stays.
func forgetInHarbor(given io.Reader, pause time.Duration) error {
	var about aboutToBeMade
	if err := json.NewDecoder(given).Decode(&about); err != nil {
		return err
	}
	kind, known := leftovers[about.Kind]
	if !known {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patienceWithForgetting)
	defer cancel()
	harbor, err := about.open(call{Context: ctx}, pause)
	if err != nil {
		return err
	}
	defer harbor.close()
	harbor.byNumber = true
	all, query := about.paths(kind)
	found, err := allPages[map[string]any](harbor, "list what is at "+all, all+query)
	if err != nil {
		return err
	}
	for _, each := range found {
		if !about.is(kind, each) {
			continue
		}
		path := fmt.Sprintf("%s/%v", all, each[kind.id])
		purpose := fmt.Sprintf("delete %s, which no state knows", path)
		err := harbor.ask(purpose, http.MethodDelete, path, nil, nil)
		if hasStatus(err, http.StatusPreconditionFailed) {
			err = fmt.Errorf("%w; take it over with ./pulumiw import, or take away at Harbor's page what uses it", err)
		}
		if unlessGone(err) != nil {
			return err
		}
	}
	return nil
}

func (a aboutToBeMade) paths(kind leftover) (all, query string) {
	project, _ := a.Inputs["projectId"].(string)
	all = strings.Replace(kind.list, "PROJECT", project, 1)
	switch {
	case a.Kind != "Label":
	case project == "":
		query = "?scope=g"
	default:
		query = "?scope=p&project_id=" + strings.TrimPrefix(project, "/projects/")
	}
	return all, query
}

func (a aboutToBeMade) is(kind leftover, found map[string]any) bool {
	if kind.entity != "" && found["entity_type"] != kind.entity {
		return false
	}
	if kind.recent {
		made, _ := found["creation_time"].(string)
		if moment, err := time.Parse(time.RFC3339, made); err != nil || time.Since(moment) > longestPause {
			return false
		}
	}
	given := 0
	for input, called := range kind.same {
		value := a.Inputs[input]
		if value == nil || value == "" {
			continue
		}
		given++
		if !slices.ContainsFunc(strings.Split(called, "|"), func(path string) bool { return within(found, path) == value }) {
			return false
		}
	}
	return given > 0
}

// within is what lies at a.b, in the first item wherever there are several.
func within(found any, path string) any {
	for _, step := range strings.Split(path, ".") {
		members, isMap := found.(map[string]any)
		if !isMap {
			return nil
		}
		found = members[step]
		if items, several := found.([]any); several && len(items) > 0 {
			found = items[0]
		}
	}
	return found
}
