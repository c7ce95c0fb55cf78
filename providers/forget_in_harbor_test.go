package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// forgetting plays a Harbor in which these things are, by their path, and gives back what was deleted.
func forgetting(t *testing.T, things map[string]string, kind string, inputs map[string]any) (deleted []string, err error) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		path := strings.TrimPrefix(request.URL.Path, harborAPI)
		if strings.HasPrefix(path, "/projects/") && request.Header.Get("X-Is-Resource-Name") != "" {
			refuse(writer, http.StatusNotFound, "NOT_FOUND", "project 2 not found")
			return
		}
		if _, password, _ := request.BasicAuth(); password != harborPassword {
			writer.WriteHeader(http.StatusUnauthorized)
			return
		}
		if request.Method == http.MethodDelete && strings.HasSuffix(path, "/99") {
			refuse(writer, http.StatusPreconditionFailed, "PRECONDITION", "Can't delete it: it is used by a replication")
			return
		}
		if request.Method == http.MethodDelete {
			deleted = append(deleted, path)
			return
		}
		if scope := request.URL.Query().Get("scope"); scope != "" {
			path += "?" + scope + request.URL.Query().Get("project_id")
		}
		if request.URL.Query().Get("page") != "1" || things[path] == "" {
			_, _ = writer.Write([]byte("[]"))
			return
		}
		_, _ = writer.Write([]byte(things[path]))
	}))
	t.Cleanup(server.Close)
	about, err := json.Marshal(aboutToBeMade{harborLogin{URL: server.URL, Username: "admin", Password: harborPassword}, kind, inputs})
	if err != nil {
		t.Fatal(err)
	}
	err = forgetInHarbor(strings.NewReader(string(about)), 0)
	return deleted, err
}

func justNow() string {
	return time.Now().UTC().Format(time.RFC3339)
}

func TestWhatAKilledRunHasLeftInHarborIsForgottenAndNothingElse(t *testing.T) {
	for _, each := range []struct {
		kind    string
		inputs  map[string]any
		path    string
		things  string
		deleted string
	}{
		{
			"Registry", map[string]any{"name": "hub", "endpointUrl": "https://hub.docker.com", "insecure": false}, "/registries",
			`[{"id": 1, "name": "hub", "url": "https://hub.docker.com"}, {"id": 2, "name": "other", "url": "https://hub.docker.com"}, {"id": 3, "name": "hub", "url": "https://elsewhere"}]`,
			"/registries/1",
		},
		{
			"ProjectWebhook", map[string]any{"projectId": "/projects/2", "name": "chat", "address": "https://a"}, "/projects/2/webhook/policies",
			`[{"id": 7, "name": "chat", "targets": [{"address": "https://a"}]}, {"id": 8, "name": "chat", "targets": [{"address": "https://b"}]}]`, "/projects/2/webhook/policies/7",
		},
		{
			"ImmutableTagRule", map[string]any{"projectId": "/projects/2", "repoMatching": "**", "tagMatching": "v*"}, "/projects/2/immutabletagrules",
			`[{"id": 4, "scope_selectors": {"repository": [{"pattern": "**"}]}, "tag_selectors": [{"pattern": "latest"}]},
			  {"id": 5, "scope_selectors": {"repository": [{"pattern": "**"}]}, "tag_selectors": [{"pattern": "v*"}]}]`,
			"/projects/2/immutabletagrules/5",
		},
		{"Label", map[string]any{"name": "stable", "color": "#FFFFFF"}, "/labels?g", `[{"id": 1, "name": "stable", "color": "#FFFFFF", "creation_time": "` + justNow() + `"}]`, "/labels/1"},
		// Artifacts that somebody has marked with it would lose the mark.
		{"Label", map[string]any{"name": "stable", "color": "#FFFFFF"}, "/labels?g", `[{"id": 1, "name": "stable", "color": "#FFFFFF", "creation_time": "2020-01-01T00:00:00Z"}]`, ""},
		{
			"Label", map[string]any{"name": "stable", "color": "#FFFFFF", "projectId": "/projects/2"}, "/labels?p2",
			`[{"id": 3, "name": "stable", "color": "#FFFFFF", "creation_time": "` + justNow() + `"},
			  {"id": 4, "name": "stable", "color": "#000000", "creation_time": "` + justNow() + `"}]`, "/labels/3",
		},
		{
			"User", map[string]any{"username": "vfarcic", "email": "v@example.com", "fullName": "Viktor"}, "/users",
			`[{"user_id": 3, "username": "vfarcic", "email": "another@example.com", "realname": "Viktor", "creation_time": "` + justNow() + `"},
			  {"user_id": 4, "username": "vfarcic", "email": "v@example.com", "realname": "Viktor", "creation_time": "2020-01-01T00:00:00Z"},
			  {"user_id": 5, "username": "vfarcic", "email": "v@example.com", "realname": "Viktor", "creation_time": "` + justNow() + `"}]`,
			"/users/5",
		},
		{
			"Replication", map[string]any{"name": "out", "registryId": 4}, "/replication/policies",
			`[{"id": 1, "name": "out", "src_registry": {"id": 0}, "dest_registry": {"id": 5}}, {"id": 2, "name": "out", "src_registry": {"id": 4}, "dest_registry": {"id": 0}}]`,
			"/replication/policies/2",
		},
		{
			"ProjectMemberGroup", map[string]any{"projectId": "/projects/2", "groupName": "platform"}, "/projects/2/members",
			`[{"id": 1, "entity_name": "platform", "entity_type": "u"}, {"id": 2, "entity_name": "platform", "entity_type": "g"}]`, "/projects/2/members/2",
		},
		{"Group", map[string]any{"groupName": "platform", "groupType": 3}, "/usergroups", `[{"id": 1, "group_name": "platform", "group_type": 3}]`, ""},
		{"PreheatInstance", map[string]any{"name": "dragonfly", "endpoint": "https://d"}, "/p2p/preheat/instances", `[{"id": 1, "name": "dragonfly", "endpoint": "https://d"}]`, "/p2p/preheat/instances/dragonfly"},
		{"GarbageCollection", map[string]any{"schedule": "Daily"}, "/system/gc/schedule", `[{"id": 1}]`, ""},
	} {
		deleted, err := forgetting(t, map[string]string{each.path: each.things}, each.kind, each.inputs)
		if err != nil {
			t.Errorf("%s: %v", each.kind, err)
		}
		if got := strings.Join(deleted, " "); got != each.deleted {
			t.Errorf("%s: %q is deleted, not %q", each.kind, got, each.deleted)
		}
	}
}

func TestWhatIsUsedIsNobodysToForget(t *testing.T) {
	things := map[string]string{"/registries": `[{"id": 99, "name": "hub", "url": "https://hub.docker.com"}]`}
	_, err := forgetting(t, things, "Registry", map[string]any{"name": "hub", "endpointUrl": "https://hub.docker.com"})
	if err == nil {
		t.Fatal("it is forgotten")
	}
	mustContain(t, err.Error(), "/registries/99, which no state knows", "used by a replication", "./pulumiw import")
}

func TestAHarborThatCannotBeAskedIsToldBeforeAnythingIsMade(t *testing.T) {
	err := forgetInHarbor(strings.NewReader(`{"kind": "User", "url": "http://127.0.0.1:1", "username": "admin", "password": "hunter2"}`), 0)
	if err == nil {
		t.Fatal("nobody answers there")
	}
	mustContain(t, err.Error(), "Harbor at http://127.0.0.1:1 cannot be reached")
	if strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
}
