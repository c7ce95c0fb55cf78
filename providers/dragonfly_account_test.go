package main

import (
	"net/http"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

var swiftAccount = dragonflyAccount{pause: aMoment, forgets: aMoment}

func accountInputs(played *playedDragonfly, changes ...map[string]any) resource.PropertyMap {
	return played.inputs(append([]map[string]any{{"password": accountPassword, "generation": ""}}, changes...)...)
}

func madeAccount(t *testing.T, played *playedDragonfly) resource.PropertyMap {
	t.Helper()
	call, _ := newCall(t)
	outputs, err := swiftAccount.create(call, accountInputs(played))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []resource.PropertyKey{"password", "token"} {
		if !outputs[key].IsSecret() {
			t.Errorf("%s is in the state in clear", key)
		}
	}
	played.calls = nil
	return asSent(outputs)
}

func TestThePasswordOfTheManualIsReplacedAndATokenIsMade(t *testing.T) {
	played := playDragonfly(t)
	state := madeAccount(t, played)
	if played.password != accountPassword || !played.has(state["token"].StringValue()) {
		t.Error(played.password, state)
	}
}

func TestAManagerThatRemembersIsGivenTimeToForget(t *testing.T) {
	for name, remember := range map[string]func(*playedDragonfly){
		"the account by its name":   func(p *playedDragonfly) { p.remembered = 2 },
		"the account by its number": func(p *playedDragonfly) { p.resets = 1 },
	} {
		played := playDragonfly(t)
		remember(played)
		call, screen := newCall(t)
		if _, err := swiftAccount.create(call, accountInputs(played)); err != nil {
			t.Fatal(name, err)
		}
		mustContain(t, screen.all(), "trying again in", "does not remember that any more")
		mustNotContain(t, screen.all(), accountPassword)
		state := madeAccount(t, played)
		played.remembered = 1
		if err := swiftAccount.remove(call, state); err != nil || played.has(state["token"].StringValue()) {
			t.Error(name, err)
		}
	}
}

func TestWhatAKilledRunHasMadeIsTakenOver(t *testing.T) {
	played := playDragonfly(t)
	first := madeAccount(t, played)
	second := madeAccount(t, played)
	if played.has(first["token"].StringValue()) || !played.has(second["token"].StringValue()) {
		t.Error(played.tokens)
	}
	if slices.Contains(played.calls, "POST /api/v1/users/1/reset_password") {
		t.Error("a password that is right already was changed")
	}
}

func TestAPasswordThatSomebodyElseHasSetIsToldInWords(t *testing.T) {
	played := playDragonfly(t)
	played.password = "somebody-elses"
	call, _ := newCall(t)
	_, err := swiftAccount.create(call, accountInputs(played))
	if err == nil {
		t.Fatal("it signs in")
	}
	mustContain(t, err.Error(), "Dragonfly's manager refuses to change the password of root (401: Unauthorized)", "begin with an empty database")
	mustNotContain(t, err.Error(), accountPassword)
}

func TestAnotherGenerationIsAnotherPasswordAndAnotherToken(t *testing.T) {
	played := playDragonfly(t)
	state := madeAccount(t, played)
	call, _ := newCall(t)
	news := accountInputs(played, map[string]any{"password": anotherPassword, "generation": "2026-11"})
	call.preview = true
	seen, err := swiftAccount.update(call, state, news)
	if err != nil || !seen["token"].IsComputed() || len(played.calls) > 0 {
		t.Fatal(seen, err, played.calls)
	}
	call.preview = false
	outputs, err := swiftAccount.update(call, state, news)
	if err != nil {
		t.Fatal(err)
	}
	after := asSent(outputs)
	if played.password != anotherPassword || !played.has(after["token"].StringValue()) || played.has(state["token"].StringValue()) {
		t.Error(played.password, played.tokens)
	}
}

func TestAManagerThatBeginsAnewIsTakenOverByARotation(t *testing.T) {
	played := playDragonfly(t)
	state := madeAccount(t, played)
	played.password, played.tokens, played.remembersResets = dragonflyPublicPassword, map[int]string{}, true
	call, _ := newCall(t)
	patient := dragonflyAccount{pause: aMoment, forgets: 2 * playedMemory}
	outputs, err := patient.update(call, state, accountInputs(played, map[string]any{"password": anotherPassword, "generation": "2026-11"}))
	if err != nil {
		t.Fatal(err)
	}
	if after := asSent(outputs); played.password != anotherPassword || !played.has(after["token"].StringValue()) {
		t.Error(played.password, played.tokens)
	}
}

func TestAManagerWhoseClusterIsGoneHoldsNothingBack(t *testing.T) {
	played := playDragonfly(t)
	state := madeAccount(t, played)
	state["context"] = resource.NewProperty("gone")
	call, screen := newCall(t)
	if err := swiftAccount.remove(call, state); err != nil {
		t.Error(err)
	}
	mustContain(t, screen.all(), "before another Dragonfly uses that database, empty it")
}

func TestAnotherPatienceAsksNobody(t *testing.T) {
	played := playDragonfly(t)
	state := madeAccount(t, played)
	call, _ := newCall(t)
	outputs, err := swiftAccount.update(call, state, accountInputs(played, map[string]any{"patience": 90}))
	if err != nil || len(played.calls) > 0 {
		t.Fatal(err, played.calls)
	}
	if after := asSent(outputs); after["token"].StringValue() != state["token"].StringValue() || after["patience"].NumberValue() != 90 {
		t.Error(after)
	}
}

func TestTheTokenGoesAndWithADatabaseOfItsOwnItIsAnother(t *testing.T) {
	played := playDragonfly(t)
	state := madeAccount(t, played)
	difference, err := swiftAccount.diff(state, accountInputs(played, map[string]any{"identity": "uid-2"}))
	if err != nil || !slices.Contains(difference.ReplaceKeys, "identity") {
		t.Error(difference, err)
	}
	call, screen := newCall(t)
	if err := swiftAccount.remove(call, state); err != nil || played.has(state["token"].StringValue()) || played.password != dragonflyPublicPassword {
		t.Error(err, played.tokens, played.password)
	}
	if err := swiftAccount.remove(call, state); err != nil {
		t.Error("what is gone is gone:", err)
	}
	next := madeAccount(t, played)
	if played.password != accountPassword {
		t.Error("the next stack does not come in:", played.password)
	}
	played.ready = false
	next["patience"] = resource.NewProperty(0.0)
	if err := swiftAccount.remove(call, next); err != nil {
		t.Error("a manager that is away for good keeps the rest:", err)
	}
	mustContain(t, screen.all(), "before another Dragonfly uses that database, empty it")
}

func TestAPasswordThatSomebodyElseHasSetStaysOnDestroy(t *testing.T) {
	played := playDragonfly(t)
	state := madeAccount(t, played)
	played.password = "somebody-elses"
	call, screen := newCall(t)
	if err := swiftAccount.remove(call, state); err != nil || played.password != "somebody-elses" {
		t.Error(err, played.password)
	}
	mustContain(t, screen.all(), "keeps a password in its database that nobody will know", "empty it")
}

func TestAPreviewAsksNoManager(t *testing.T) {
	played := playDragonfly(t)
	played.api.Close()
	call, _ := newCall(t)
	call.preview = true
	outputs, err := swiftAccount.create(call, accountInputs(played))
	if err != nil || !outputs["token"].IsComputed() {
		t.Error(outputs, err)
	}
}

func TestAPasswordThatAManagerDoesNotTakeIsRefusedFirst(t *testing.T) {
	played := playDragonfly(t)
	_, failures, err := swiftAccount.check(accountInputs(played, map[string]any{"password": "a-password-of-more-than-twenty"}))
	if err != nil || len(failures) != 1 {
		t.Fatal(failures, err)
	}
	mustContain(t, failures[0].Reason, "takes 8 to 20")
}

func TestAManagerThatIsBeingReplacedIsWaitedFor(t *testing.T) {
	played := playDragonfly(t)
	played.ready = false
	call, screen := newCall(t)
	screen.whenShown(call, "no pod of it is ready", func() {
		played.lock.Lock()
		defer played.lock.Unlock()
		played.ready, played.silent = true, 2
	})
	if _, err := swiftAccount.create(call, accountInputs(played)); err != nil {
		t.Fatal(err)
	}
	mustContain(t, screen.all(), "no pod of it is ready in the namespace hero-dev-dragonfly; look further with: kubectl")
}

func TestTheWaitForAManagerHasAnEnd(t *testing.T) {
	played := playDragonfly(t)
	played.ready = false
	call, _ := newCall(t)
	_, err := swiftAccount.create(call, accountInputs(played, map[string]any{"patience": 0}))
	if err == nil {
		t.Fatal("it signs in")
	}
	mustContain(t, err.Error(), "hero:cluster.patience waits longer")
}

func TestWhatTheClusterSaysOfAPortIsTold(t *testing.T) {
	played := playDragonfly(t)
	played.broken = "error forwarding port 8080 to pod: connection refused"
	call, screen := newCall(t)
	_, err := swiftAccount.create(call, accountInputs(played, map[string]any{"patience": 0}))
	if err == nil {
		t.Fatal("it signs in")
	}
	mustContain(t, err.Error(), "connection refused")
	mustNotContain(t, screen.all(), accountPassword)
}

func TestAClusterThatForwardsNothingIsNamed(t *testing.T) {
	played := playDragonfly(t)
	played.api.Config.Handler = http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if request.URL.Path == portForwardOfPod {
			writer.WriteHeader(http.StatusForbidden)
			return
		}
		played.forward(writer, request)
	})
	call, _ := newCall(t)
	_, err := swiftAccount.create(call, accountInputs(played, map[string]any{"patience": 0}))
	if err == nil {
		t.Fatal("it signs in")
	}
	mustContain(t, err.Error(), "forwards no port of the pod dragonfly-manager-1")
}
