package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

var swiftProject = harborProject{pause: aMoment}

func projectInputs(played *playedHarbor, changes ...map[string]any) resource.PropertyMap {
	inputs := map[string]any{
		"name": "hero", "public": true, "quota": 1 << 30, "registry": 0, "scanOnPush": true, "sbomOnPush": false,
		"blockSeverity": "high", "cosign": true, "notation": false, "allowedCves": []any{"CVE-2024-2", "CVE-2024-1"},
	}
	return resource.NewPropertyMapFromMap(played.inputs(append([]map[string]any{inputs}, changes...)...))
}

func createdProject(t *testing.T, call call, played *playedHarbor, changes ...map[string]any) resource.PropertyMap {
	t.Helper()
	outputs, err := swiftProject.create(call, projectInputs(played, changes...))
	if err != nil {
		t.Fatal(err)
	}
	if !outputs["password"].IsSecret() {
		t.Error("the password is in the state in clear")
	}
	played.forget()
	return asSent(outputs)
}

func mustHaveChanged(t *testing.T, kind kind, olds, news resource.PropertyMap, keys ...resource.PropertyKey) plugin.DiffResult {
	t.Helper()
	result, err := kind.diff(olds, news)
	if err != nil || !slices.Equal(result.ChangedKeys, keys) {
		t.Errorf("%v, want %v; %v", result.ChangedKeys, keys, err)
	}
	return result
}

func TestAHarborProjectIsMadeAsConfigSaysAndThenUnchanged(t *testing.T) {
	for name, change := range map[string]map[string]any{
		"with all":    {},
		"with little": {"public": false, "quota": noQuota, "blockSeverity": "", "cosign": false, "allowedCves": []any{}, "name": "2026"},
		"a mirror":    {"registry": 3},
		"more":        {"sbomOnPush": true, "notation": true, "blockSeverity": "low", "scanOnPush": false},
	} {
		t.Run(name, func(t *testing.T) {
			played := playHarbor(t)
			call, screen := newCall(t)
			state := createdProject(t, call, played, change)
			news := projectInputs(played, change)
			mustHaveChanged(t, swiftProject, state, news)
			refreshed, err := swiftProject.read(call, state)
			if err != nil {
				t.Fatal(err)
			}
			if !asSent(refreshed).DeepEquals(state) {
				t.Error(refreshed, state)
			}
			mustHaveChanged(t, swiftProject, asSent(refreshed), news)
			if identifier := swiftProject.identity(refreshed); identifier != "/projects/7" || state["projectId"].NumberValue() != 7 {
				t.Error(identifier, state["projectId"])
			}
			mustNotContain(t, screen.all(), "taken over", harborPassword)
		})
	}
}

func TestHarborIsToldOfAProjectWhatItUnderstands(t *testing.T) {
	played := playHarbor(t)
	call, _ := newCall(t)
	createdProject(t, call, played, map[string]any{"registry": 3})
	made := played.projects["hero"]
	want := map[string]any{
		"public": "true", "auto_scan": "true", "auto_sbom_generation": "false", "prevent_vul": "true", "severity": "high",
		"enable_content_trust_cosign": "true", "enable_content_trust": "false", "reuse_sys_cve_allowlist": "false",
	}
	if !maps.Equal(made.metadata, want) || made.quota != 1<<30 || made.registry != 3 {
		t.Error(made)
	}
	if fmt.Sprint(made.allowed) != "[map[cve_id:CVE-2024-2] map[cve_id:CVE-2024-1]]" || made.expires != nil {
		t.Error(made.allowed, made.expires)
	}
}

func TestAHarborProjectThatIsThereAlreadyIsTakenOver(t *testing.T) {
	played := playHarbor(t)
	played.projects["hero"] = &playedProject{
		number: 3, quota: 5, metadata: map[string]any{"public": "true", "retention_id": "9"}, allowed: []any{},
	}
	call, screen := newCall(t)
	state := createdProject(t, call, played)
	made := played.projects["hero"]
	if made.metadata["severity"] != "high" || made.metadata["retention_id"] != "9" || made.quota != 1<<30 || len(made.allowed) != 2 {
		t.Error(made)
	}
	if identifier := swiftProject.identity(state); identifier != "/projects/3" {
		t.Error(identifier)
	}
	mustContain(t, screen.stayed(), "info: the project hero is in Harbor already; it is taken over", "all its images go too")
	// An empty list of its own is not the list for all projects.
	made.metadata["reuse_sys_cve_allowlist"], made.allowed = "false", []any{}
	createdProject(t, call, played, map[string]any{"allowedCves": []any{}})
	if made.metadata["reuse_sys_cve_allowlist"] != "true" {
		t.Error(made.metadata)
	}
}

func TestAHarborProjectWhoseAnswerWasLostIsNoObstacle(t *testing.T) {
	played := playHarbor(t)
	played.before("POST /projects", playedAnswer{status: http.StatusBadGateway, after: true})
	call, _ := newCall(t)
	mustHaveChanged(t, swiftProject, createdProject(t, call, played), projectInputs(played))
}

func TestAHarborProjectThatMayNotBeTakenOverIsLeftAlone(t *testing.T) {
	for told, found := range map[string]*playedProject{
		"is in Harbor already, and private; taking it over would show it to everybody":                  {metadata: map[string]any{"public": "false"}},
		"gets its images from the registry 4; config says from those who push, and Harbor changes that": {registry: 4},
	} {
		played := playHarbor(t)
		played.projects["hero"] = found
		call, _ := newCall(t)
		_, err := swiftProject.create(call, projectInputs(played))
		if err == nil || !slices.Equal(played.changes(), []string{"POST /projects"}) {
			t.Fatal(err, played.changes())
		}
		mustContain(t, err.Error(), told, "then ./pulumiw up")
	}
	played := playHarbor(t)
	played.before("POST /projects", playedAnswer{status: 400, body: `{"errors": [{"message": "unsupported registry type"}]}`})
	call, _ := newCall(t)
	if _, err := swiftProject.create(call, projectInputs(played)); !hasStatus(err, http.StatusBadRequest) || len(played.asked) != 1 {
		t.Error(err, played.asked)
	}
}

func TestOnlyWhatDiffersIsSentToHarbor(t *testing.T) {
	for name, example := range map[string]struct {
		change map[string]any
		sent   []string
	}{
		"another login":    {map[string]any{"username": "operator", "password": "Other-12345", "caCertificate": "PEM"}, []string{}},
		"another address":  {map[string]any{"url": "https://harbor.local"}, []string{}},
		"another order":    {map[string]any{"allowedCves": []any{"CVE-2024-1", "CVE-2024-2"}}, []string{}},
		"private":          {map[string]any{"public": false}, []string{"PUT /projects/hero"}},
		"another quota":    {map[string]any{"quota": noQuota}, []string{"PUT /quotas/1007"}},
		"no vulnerability": {map[string]any{"allowedCves": []any{}}, []string{"PUT /projects/hero"}},
		"nothing blocked":  {map[string]any{"blockSeverity": "", "cosign": false}, []string{"PUT /projects/hero"}},
	} {
		t.Run(name, func(t *testing.T) {
			played := playHarbor(t)
			call, _ := newCall(t)
			state := createdProject(t, call, played)
			news := projectInputs(played, example.change)
			updated, err := swiftProject.update(call, state, news)
			if err != nil || !slices.Equal(played.changes(), example.sent) {
				t.Fatal(err, played.changes())
			}
			mustHaveChanged(t, swiftProject, asSent(updated), news)
			if updated["projectId"].NumberValue() != 7 || !updated["password"].IsSecret() {
				t.Error(updated)
			}
			if len(example.sent) == 0 {
				if len(played.asked) > 0 {
					t.Error("Harbor was asked for nothing:", played.asked)
				}
				return
			}
			refreshed, err := swiftProject.read(call, asSent(updated))
			if err != nil {
				t.Fatal(err)
			}
			mustHaveChanged(t, swiftProject, asSent(refreshed), news)
		})
	}
}

func TestDriftOfAHarborProjectIsSeenAndMended(t *testing.T) {
	for name, example := range map[string]struct {
		drift func(*playedProject)
		keys  []resource.PropertyKey
	}{
		"public":    {func(p *playedProject) { p.metadata["public"] = "false" }, []resource.PropertyKey{"public"}},
		"auto scan": {func(p *playedProject) { delete(p.metadata, "auto_scan") }, []resource.PropertyKey{"scanOnPush"}},
		"sbom":      {func(p *playedProject) { p.metadata["auto_sbom_generation"] = "true" }, []resource.PropertyKey{"sbomOnPush"}},
		"signatures": {func(p *playedProject) {
			p.metadata["enable_content_trust_cosign"], p.metadata["enable_content_trust"] = "false", "true"
		}, []resource.PropertyKey{"cosign", "notation"}},
		"severity":         {func(p *playedProject) { p.metadata["severity"] = "low" }, []resource.PropertyKey{"blockSeverity"}},
		"no severity":      {func(p *playedProject) { delete(p.metadata, "severity") }, []resource.PropertyKey{"blockSeverity"}},
		"nothing blocked":  {func(p *playedProject) { p.metadata["prevent_vul"] = "false" }, []resource.PropertyKey{"blockSeverity"}},
		"quota":            {func(p *playedProject) { p.quota = 1 }, []resource.PropertyKey{"quota"}},
		"list":             {func(p *playedProject) { p.allowed = p.allowed[:1] }, []resource.PropertyKey{"allowedCves"}},
		"list of all":      {func(p *playedProject) { p.metadata["reuse_sys_cve_allowlist"] = "true" }, []resource.PropertyKey{"allowedCves"}},
		"list is over":     {func(p *playedProject) { p.expires = 1 }, []resource.PropertyKey{"allowedCves"}},
		"list is not over": {func(p *playedProject) { p.expires = 1 << 40 }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			played := playHarbor(t)
			call, _ := newCall(t)
			state := createdProject(t, call, played)
			example.drift(played.projects["hero"])
			refreshed, err := swiftProject.read(call, state)
			if err != nil {
				t.Fatal(err)
			}
			if result := mustHaveChanged(t, swiftProject, asSent(refreshed), projectInputs(played), example.keys...); len(result.ReplaceKeys) > 0 {
				t.Error("drift must not cost the project")
			}
			updated, err := swiftProject.update(call, asSent(refreshed), projectInputs(played))
			if err != nil || len(played.changes()) != min(1, len(example.keys)) {
				t.Fatal(err, played.changes())
			}
			again, err := swiftProject.read(call, asSent(updated))
			if err != nil || !asSent(again).DeepEquals(state) {
				t.Error(err, again)
			}
		})
	}
}

func TestAHarborProjectThatBlocksEverythingIsNotOneThatBlocksNothing(t *testing.T) {
	played := playHarbor(t)
	call, _ := newCall(t)
	nothing := map[string]any{"blockSeverity": ""}
	state := createdProject(t, call, played, nothing)
	played.projects["hero"].metadata["prevent_vul"] = "true"
	refreshed, err := swiftProject.read(call, state)
	if err != nil {
		t.Fatal(err)
	}
	mustHaveChanged(t, swiftProject, asSent(refreshed), projectInputs(played, nothing), "blockSeverity")
}

func TestAnotherNameIsAnotherHarborProjectAndAnotherSourceIsOneInItsPlace(t *testing.T) {
	played := playHarbor(t)
	call, _ := newCall(t)
	state := createdProject(t, call, played)
	for _, example := range []struct {
		change     map[string]any
		keys       []resource.PropertyKey
		oldOneGoes bool
	}{
		{map[string]any{"name": "heroes"}, []resource.PropertyKey{"name"}, false},
		{map[string]any{"registry": 3}, []resource.PropertyKey{"registry"}, true},
		{map[string]any{"registry": 3, "name": "heroes"}, []resource.PropertyKey{"name", "registry"}, false},
	} {
		result := mustHaveChanged(t, swiftProject, state, projectInputs(played, example.change), example.keys...)
		if !slices.Equal(result.ReplaceKeys, example.keys) || result.DeleteBeforeReplace != example.oldOneGoes {
			t.Error(result)
		}
	}
	result := mustHaveChanged(t, swiftProject, state, projectInputs(played, map[string]any{"url": "https://harbor.local"}), "url")
	if len(result.ReplaceKeys) > 0 {
		t.Error("another address is no other project")
	}
}
