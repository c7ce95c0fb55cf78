package main

import (
	"net/http"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

const (
	managersAddress = "http://hero-manager.hero-dev-dragonfly.svc:8080"
	managersToken   = "a-token-of-the-manager"
	instancePath    = "/p2p/preheat/instances/hero-dev"
	policyPath      = "/projects/hero/preheat/policies/hero-dev"
)

var swiftPreheatInHarbor = harborPreheat{pause: aMoment}

func preheatInHarbor(played *playedHarbor, changes ...map[string]any) resource.PropertyMap {
	inputs := map[string]any{
		"project": "hero", "name": "hero-dev", "manager": managersAddress, "token": managersToken, "scope": "all_seed_peers",
	}
	return resource.NewPropertyMapFromMap(played.inputs(append([]map[string]any{inputs}, changes...)...))
}

func toldHarbor(t *testing.T, call call, played *playedHarbor) resource.PropertyMap {
	t.Helper()
	outputs, err := swiftPreheatInHarbor.create(call, preheatInHarbor(played))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []resource.PropertyKey{"password", "token"} {
		if !outputs[secret].IsSecret() {
			t.Errorf("%s is in the state in clear", secret)
		}
	}
	return asSent(outputs)
}

func TestHarborIsToldOfADragonflyAndWhatItFetches(t *testing.T) {
	played := playHarborWithHero(t)
	call, _ := newCall(t)
	outputs := toldHarbor(t, call, played)
	wanted := []string{"POST /p2p/preheat/instances", "POST /projects/hero/preheat/policies"}
	if made := played.changes(); !slices.Equal(made, wanted) {
		t.Error(made)
	}
	instance, policy := played.instances["hero-dev"], played.policies["hero"]["hero-dev"]
	for key, value := range map[string]any{"vendor": "dragonfly", "endpoint": managersAddress, "auth_mode": "OAUTH", "enabled": true, "insecure": false} {
		if instance[key] != value {
			t.Errorf("%s: %v", key, instance[key])
		}
	}
	if instance["auth_info"].(map[string]any)["token"] != managersToken {
		t.Error(instance["auth_info"])
	}
	for key, value := range map[string]any{
		"provider_id": float64(instance["id"].(int)), "enabled": true, "extra_attrs": `{"scope":"all_seed_peers"}`,
		"filters": `[{"type":"repository","value":"**"},{"type":"tag","value":"**"}]`,
		"trigger": `{"type":"event_based","trigger_setting":{}}`,
	} {
		if policy[key] != value {
			t.Errorf("%s: %v", key, policy[key])
		}
	}
	played.forget()
	seen, err := swiftPreheatInHarbor.read(call, outputs)
	if err != nil || !asSent(seen).DeepEquals(outputs) || len(played.changes()) > 0 {
		t.Error(err, seen)
	}
}

func TestAPreviewTellsHarborNothing(t *testing.T) {
	played := playHarborWithHero(t)
	call, _ := newCall(t)
	outputs := toldHarbor(t, call, played)
	played.forget()
	call.preview = true
	if _, err := swiftPreheatInHarbor.create(call, preheatInHarbor(played)); err != nil {
		t.Error(err)
	}
	if _, err := swiftPreheatInHarbor.update(call, outputs, preheatInHarbor(played, map[string]any{"scope": "all_peers"})); err != nil {
		t.Error(err)
	}
	if len(played.asked) > 0 {
		t.Error(played.asked)
	}
}

func TestWhatHasTheNameInHarborIsTakenOver(t *testing.T) {
	played := playHarborWithHero(t)
	call, _ := newCall(t)
	toldHarbor(t, call, played)
	number := played.instances["hero-dev"]["id"]
	played.forget()
	toldHarbor(t, call, played)
	if made := played.changes(); !slices.Equal(made, []string{"PUT " + instancePath, "PUT " + policyPath}) {
		t.Error(made)
	}
	if played.instances["hero-dev"]["id"] != number {
		t.Error(played.instances)
	}
}

func TestAnotherTokenIsToldAndAnotherLoginAloneIsNot(t *testing.T) {
	played := playHarborWithHero(t)
	call, _ := newCall(t)
	outputs := toldHarbor(t, call, played)
	played.forget()
	if _, err := swiftPreheatInHarbor.update(call, outputs, preheatInHarbor(played, map[string]any{"url": "http://other"})); err != nil {
		t.Error(err)
	}
	if len(played.asked) > 0 {
		t.Error(played.asked)
	}
	if _, err := swiftPreheatInHarbor.update(call, outputs, preheatInHarbor(played, map[string]any{"token": "another"})); err != nil {
		t.Error(err)
	}
	if played.instances["hero-dev"]["auth_info"].(map[string]any)["token"] != "another" {
		t.Error(played.instances)
	}
}

func TestARefreshSeesWhatSomebodyChangedInHarbor(t *testing.T) {
	played := playHarborWithHero(t)
	call, _ := newCall(t)
	outputs := toldHarbor(t, call, played)
	for name, change := range map[string]func(){
		"another manager":  func() { played.instances["hero-dev"]["endpoint"] = "http://elsewhere" },
		"switched off":     func() { played.instances["hero-dev"]["enabled"] = false },
		"no token":         func() { played.instances["hero-dev"]["auth_mode"] = "NONE" },
		"another scope":    func() { played.policies["hero"]["hero-dev"]["extra_attrs"] = `{"scope":"all_peers"}` },
		"no scope":         func() { played.policies["hero"]["hero-dev"]["extra_attrs"] = "" },
		"a policy off":     func() { played.policies["hero"]["hero-dev"]["enabled"] = false },
		"fewer images":     func() { played.policies["hero"]["hero-dev"]["filters"] = "[]" },
		"another time":     func() { played.policies["hero"]["hero-dev"]["trigger"] = `{"type":"manual"}` },
		"another instance": func() { played.policies["hero"]["hero-dev"]["provider_id"] = float64(77) },
	} {
		change()
		seen, err := swiftPreheatInHarbor.read(call, outputs)
		if err != nil {
			t.Fatal(name, err)
		}
		difference, err := swiftPreheatInHarbor.diff(asSent(seen), preheatInHarbor(played))
		if err != nil || len(difference.ChangedKeys) == 0 {
			t.Error(name, "is not seen", err)
		}
		toldHarbor(t, call, played)
	}
}

func TestWhatIsGoneFromHarborIsGone(t *testing.T) {
	played := playHarborWithHero(t)
	call, _ := newCall(t)
	for name, change := range map[string]func(){
		"the instance": func() { delete(played.instances, "hero-dev") },
		"the policy":   func() { delete(played.policies["hero"], "hero-dev") },
	} {
		outputs := toldHarbor(t, call, played)
		change()
		if seen, err := swiftPreheatInHarbor.read(call, outputs); seen != nil || err != nil {
			t.Error(name, seen, err)
		}
		// Whatever is left of it goes.
		if err := swiftPreheatInHarbor.remove(call, outputs); err != nil || len(played.instances) > 0 || len(played.policies["hero"]) > 0 {
			t.Error(name, err)
		}
	}
}

func TestWhereHarborCannotBeAskedTheStateStays(t *testing.T) {
	played := playHarborWithHero(t)
	call, _ := newCall(t)
	outputs := toldHarbor(t, call, played)
	down := playedAnswer{status: http.StatusServiceUnavailable, body: "upstream"}
	played.before("GET "+instancePath, down, down)
	if seen, err := swiftPreheatInHarbor.read(call, outputs); err == nil {
		t.Error(seen)
	}
}

func TestWhatOthersUseOfADragonflyStaysInHarbor(t *testing.T) {
	played := playHarborWithHero(t)
	call, screen := newCall(t)
	outputs := toldHarbor(t, call, played)
	played.policies["others"] = map[string]map[string]any{"theirs": {"provider_id": float64(played.instances["hero-dev"]["id"].(int))}}
	if err := swiftPreheatInHarbor.remove(call, outputs); err != nil {
		t.Fatal(err)
	}
	if len(played.instances) != 1 || len(played.policies["hero"]) > 0 {
		t.Error(played.instances, played.policies)
	}
	mustContain(t, screen.all(), "the Dragonfly hero-dev stays in Harbor", "some preheat policies are using it")
}

func TestATokenIsInNoWordsOfARefusal(t *testing.T) {
	played := playHarborWithHero(t)
	call, _ := newCall(t)
	refused := playedAnswer{status: http.StatusBadRequest, body: `{"errors":[{"code":"BAD_REQUEST","message":"no ` + managersToken + `"}]}`}
	played.before("POST /p2p/preheat/instances", refused)
	_, err := swiftPreheatInHarbor.create(call, preheatInHarbor(played))
	if err == nil {
		t.Fatal("it went well")
	}
	mustContain(t, err.Error(), "keep the Dragonfly hero-dev")
	mustNotContain(t, err.Error(), managersToken)
}

func TestHarborsAddressIsLookedAtForPreheats(t *testing.T) {
	played := playHarborWithHero(t)
	_, failures, err := swiftPreheatInHarbor.check(preheatInHarbor(played, map[string]any{"url": "harbor"}))
	if err != nil || len(failures) != 1 {
		t.Error(failures, err)
	}
}

func TestAPolicyByWhichHarborJustHandsSomethingOnIsWaitedFor(t *testing.T) {
	played := playHarborWithHero(t)
	call, screen := newCall(t)
	outputs := toldHarbor(t, call, played)
	busy := playedAnswer{status: http.StatusPreconditionFailed, body: `{"errors":[{"code":"PRECONDITION","message":"an execution is running"}]}`}
	played.before("DELETE "+policyPath, busy, busy)
	if err := swiftPreheatInHarbor.remove(call, outputs); err != nil || len(played.instances) > 0 || len(played.policies["hero"]) > 0 {
		t.Error(err, played.instances, played.policies)
	}
	mustContain(t, screen.all(), "(412: an execution is running); trying again")
}
