package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
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
	// list is where all of them are, and each behind it. PROJECT is the path of their project, and NUMBER its number.
	list string
	// same names what Harbor calls an input. Where all that were given agree, a run has made it that could not write that
	// down.
	same map[string]string
	// id is what Harbor calls the last part of the path of one of them.
	id string
}

// leftovers are those kinds of pulumiverse_harbor that Harbor refuses to make a second time.
// https://github.com/goharbor/harbor/blob/main/api/v2.0/swagger.yaml has the paths, and all that is at them.
var leftovers = map[string]leftover{
	"Registry":           {"/registries", map[string]string{"name": "name", "endpointUrl": "url"}, "id"},
	"Replication":        {"/replication/policies", map[string]string{"name": "name"}, "id"},
	"ProjectWebhook":     {"PROJECT/webhook/policies", map[string]string{"name": "name"}, "id"},
	"ImmutableTagRule":   {"PROJECT/immutabletagrules", map[string]string{"repoMatching": "scope_selectors.repository.pattern", "tagMatching": "tag_selectors.pattern"}, "id"},
	"ProjectMemberUser":  {"PROJECT/members", map[string]string{"userName": "entity_name"}, "id"},
	"ProjectMemberGroup": {"PROJECT/members", map[string]string{"groupName": "entity_name"}, "id"},
	"Label":              {"/labels", map[string]string{"name": "name", "color": "color"}, "id"},
	"User":               {"/users", map[string]string{"username": "username", "email": "email", "fullName": "realname"}, "user_id"},
	"Group":              {"/usergroups", map[string]string{"groupName": "group_name"}, "id"},
	"PreheatInstance":    {"/p2p/preheat/instances", map[string]string{"name": "name", "endpoint": "endpoint"}, "name"},
}

// forgetInHarbor takes away what a run has left that was killed while it had something made by a plugin that would be
// refused from now on: 409. What is not exactly as it is about to be made is somebody else's, and stays.
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
		purpose := fmt.Sprintf("delete %s, which a run that was killed has left", path)
		if err := harbor.ask(purpose, http.MethodDelete, path, nil, nil); unlessGone(err) != nil {
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
	given := 0
	for input, called := range kind.same {
		value, isText := a.Inputs[input].(string)
		if !isText || value == "" {
			continue
		}
		given++
		if within(found, called) != value {
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
