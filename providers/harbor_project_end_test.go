package main

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

const notFound = `{"errors": [{"code": "NOT_FOUND", "message": "gone"}]}`

func TestAHarborProjectIsGoneOnlyWhenHarborSaysSo(t *testing.T) {
	for name, spoil := range map[string]func(*playedHarbor, resource.PropertyMap){
		"refused login": func(_ *playedHarbor, state resource.PropertyMap) {
			state["password"] = resource.NewStringProperty("Wrong-12345")
		},
		"unreachable": func(_ *playedHarbor, state resource.PropertyMap) { state["url"] = resource.NewStringProperty(closed()) },
		// To somebody who is no administrator, Harbor says this of a project that is not there.
		"403": func(played *playedHarbor, _ resource.PropertyMap) {
			played.before(showProject, playedAnswer{status: 403})
		},
		"404 of what stands before it": func(played *playedHarbor, _ resource.PropertyMap) {
			played.before(showProject, playedAnswer{status: 404, body: "default backend - 404"})
		},
		"502": func(played *playedHarbor, _ resource.PropertyMap) {
			played.before(showProject, playedAnswer{status: 502}, playedAnswer{status: 502})
		},
		"no quota to see": func(played *playedHarbor, _ resource.PropertyMap) {
			played.before("GET /quotas", playedAnswer{status: 403})
		},
	} {
		t.Run(name, func(t *testing.T) {
			played := playHarbor(t)
			call, _ := newCall(t)
			state := createdProject(t, call, played)
			spoil(played, state)
			kept, err := swiftProject.read(call, state)
			if err == nil || kept != nil {
				t.Fatal("without an error the engine takes it for gone:", kept)
			}
			mustNotContain(t, err.Error(), harborPassword, "Wrong-12345")
			if len(played.asked) > harborTriesOfALook {
				t.Error("a refresh is drawn out:", played.asked)
			}
		})
	}
	for name, lose := range map[string]func(*playedHarbor){
		"deleted": func(played *playedHarbor) { delete(played.projects, "hero") },
		// In a Harbor that was begun anew, or where somebody has made one again.
		"another one": func(played *playedHarbor) { played.projects["hero"].number = 99 },
	} {
		played := playHarbor(t)
		call, _ := newCall(t)
		state := createdProject(t, call, played)
		lose(played)
		if gone, err := swiftProject.read(call, state); gone != nil || err != nil {
			t.Error(name, gone, err)
		}
		_, err := swiftProject.update(call, state, projectInputs(played, map[string]any{"public": false}))
		if err == nil || len(played.changes()) > 0 {
			t.Fatal(name, played.changes())
		}
		mustContain(t, err.Error(), "the project hero is gone from Harbor: ./pulumiw refresh")
		if err := swiftProject.remove(call, state); err != nil || len(played.changes()) > 0 {
			t.Error(name, "what is not ours was touched:", err, played.changes())
		}
	}
}

func TestARefreshOfAHarborProjectSurvivesOneMoment(t *testing.T) {
	played := playHarbor(t)
	call, _ := newCall(t)
	state := createdProject(t, call, played)
	played.before(showProject, playedAnswer{status: 502})
	if kept, err := swiftProject.read(call, state); err != nil || !asSent(kept).DeepEquals(state) {
		t.Error(err, kept)
	}
}

func TestAHarborWithoutQuotasIsNotSilentlyGivenOne(t *testing.T) {
	played := playHarbor(t)
	played.noQuotas = true
	call, _ := newCall(t)
	_, err := swiftProject.create(call, projectInputs(played))
	if err == nil {
		t.Fatal("a quota that nobody counts")
	}
	mustContain(t, err.Error(), "counts no quotas", "the project hero", "quota_per_project_enable is false")
	state := createdProject(t, call, played, map[string]any{"quota": noQuota})
	refreshed, err := swiftProject.read(call, state)
	if err != nil || !asSent(refreshed).DeepEquals(state) {
		t.Error(err, refreshed)
	}
}

func TestAHarborProjectGoesWithAllThatIsInIt(t *testing.T) {
	played := playHarbor(t)
	call, screen := newCall(t)
	state := createdProject(t, call, played)
	played.projects["hero"].repositories = []string{"hero", "team/app", "team/deep/app", "d", "e"}
	// Somebody else has taken this one away in the meantime.
	played.before("DELETE /projects/hero/repositories/d", playedAnswer{status: 404, body: notFound, after: true})
	if err := swiftProject.remove(call, state); err != nil || played.projects["hero"] != nil {
		t.Fatal(err, played.projects)
	}
	if !slices.Contains(played.changes(), "DELETE /projects/hero/repositories/team%252Fdeep%252Fapp") {
		t.Error(played.changes())
	}
	mustContain(t, screen.all(), "deleting hero/team/app, 2 of 5")
	if err := swiftProject.remove(call, state); err != nil {
		t.Error("deleted already, and yet:", err)
	}
	state = createdProject(t, call, played)
	played.before("DELETE /projects/hero", playedAnswer{status: 404, body: notFound})
	if err := swiftProject.remove(call, state); err != nil {
		t.Error("deleted by somebody else in the meantime, and yet:", err)
	}
}

func TestAHarborProjectInWhichSomethingGoesOnIsWaitedFor(t *testing.T) {
	const goesOn = `{"errors": [{"code": "PRECONDITION", "message": "contains executions that aren't in final status"}]}`
	const keeps = `{"errors": [{"code": "PRECONDITION", "message": "the tag v1 configured as immutable, cannot be deleted"}]}`
	busy := playedAnswer{status: http.StatusPreconditionFailed, body: goesOn}
	played := playHarbor(t)
	call, screen := newCall(t)
	state := createdProject(t, call, played)
	played.before("DELETE /projects/hero", slices.Repeat([]playedAnswer{busy}, triesToClearAway-1)...)
	if err := swiftProject.remove(call, state); err != nil || played.projects["hero"] != nil {
		t.Fatal(err)
	}
	mustContain(t, screen.all(), "aren't in final status", "trying again in")

	state = createdProject(t, call, played)
	played.before("DELETE /projects/hero", slices.Repeat([]playedAnswer{busy}, triesToClearAway)...)
	err := swiftProject.remove(call, state)
	if err == nil {
		t.Fatal("it went, and could not")
	}
	mustContain(t, err.Error(), "refuses to delete the project hero (412: contains executions that aren't in final status)",
		"for a minute", played.URL+"/harbor/projects")
	if minute := (triesToClearAway - 1) * 2 * harborPause; minute.Seconds() != 56 {
		t.Error(minute)
	}

	played.projects["hero"].repositories = []string{"app"}
	played.forget()
	played.before("DELETE /projects/hero/repositories/app", playedAnswer{status: http.StatusPreconditionFailed, body: keeps})
	err = swiftProject.remove(call, state)
	if err == nil || len(played.changes()) != 1 {
		t.Fatal("a rule does not go by waiting:", err, played.changes())
	}
	mustContain(t, err.Error(), "refuses to delete hero/app (412: the tag v1 configured as immutable, cannot be deleted)", "a rule of the project")
	played.before("DELETE /projects/hero/repositories/app", playedAnswer{status: 403})
	if err := swiftProject.remove(call, state); !hasStatus(err, http.StatusForbidden) {
		t.Error(err)
	}
}

func TestWhatIsPushedWhileAHarborProjectGoesIsDeletedToo(t *testing.T) {
	played := playHarbor(t)
	call, _ := newCall(t)
	state := createdProject(t, call, played)
	played.projects["hero"].repositories = []string{"late"}
	played.before("GET /projects/hero/repositories", playedAnswer{status: 200, body: "[]"})
	if err := swiftProject.remove(call, state); err != nil || played.projects["hero"] != nil {
		t.Error(err)
	}
}

func TestWhatHarborDoesNotTakeOfAProjectIsToldBeforehand(t *testing.T) {
	played := playHarbor(t)
	for _, example := range []struct {
		key    resource.PropertyKey
		change map[string]any
	}{
		{"name", map[string]any{"name": "Hero"}},
		{"name", map[string]any{"name": strings.Repeat("a", 256)}},
		{"quota", map[string]any{"quota": 0}},
		{"quota", map[string]any{"quota": 1<<50 + 1}},
		{"blockSeverity", map[string]any{"blockSeverity": "none"}},
		{"notation", map[string]any{"notation": true, "registry": 3}},
		{"url", map[string]any{"url": "harbor.local"}},
	} {
		_, failures, err := swiftProject.check(projectInputs(played, example.change))
		if err != nil || len(failures) != 1 || failures[0].Property != example.key {
			t.Error(example, failures, err)
		}
	}
	fits := map[string]any{"name": "team-a.b_c", "quota": 1 << 50, "notation": true}
	if _, failures, err := swiftProject.check(projectInputs(played, fits)); err != nil || len(failures) > 0 {
		t.Error(failures, err)
	}
}

func TestAPreviewOfAHarborProjectNeedsNoNetwork(t *testing.T) {
	played := playHarbor(t)
	call, _ := newCall(t)
	state := createdProject(t, call, played)
	call.preview = true
	news := withUnknown(projectInputs(played, map[string]any{"public": false}), "url", "password", "caCertificate", "registry", "quota", "name")
	_, failures, err := swiftProject.check(news)
	if err := errors.Join(err, failed(failures)); err != nil {
		t.Error(err)
	}
	quiet := withUnknown(projectInputs(played, map[string]any{"public": false}), "url", "username", "password", "caCertificate")
	mustHaveChanged(t, swiftProject, state, quiet, "public")
	created, err := swiftProject.create(call, news)
	if err != nil || !created["projectId"].ContainsUnknowns() {
		t.Error(created, err)
	}
	updated, err := swiftProject.update(call, state, quiet)
	if err != nil || updated["projectId"].NumberValue() != 7 {
		t.Error(updated, err)
	}
	if len(played.asked) > 0 {
		t.Error(played.asked)
	}
}
