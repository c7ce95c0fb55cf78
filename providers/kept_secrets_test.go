package main

import (
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

func mustDiffer(t *testing.T, olds, news resource.PropertyMap, keys ...resource.PropertyKey) {
	t.Helper()
	result, err := keptSecrets{}.diff(olds, news)
	if err != nil || !slices.Equal(result.ChangedKeys, keys) || len(result.ReplaceKeys) > 0 {
		t.Errorf("%v %v, want %v; %v", result.ChangedKeys, result.ReplaceKeys, keys, err)
	}
}

func (p *playedSecrets) updated(olds, news resource.PropertyMap) resource.PropertyMap {
	p.t.Helper()
	call, _ := newCall(p.t)
	outputs, err := keptSecrets{}.update(call, olds, news)
	if err != nil {
		p.t.Fatal(err)
	}
	if !outputs["values"].IsSecret() {
		p.t.Error("the texts are in clear")
	}
	return asSent(outputs)
}

func (p *playedSecrets) refreshed(state resource.PropertyMap) resource.PropertyMap {
	p.t.Helper()
	call, _ := newCall(p.t)
	outputs, err := keptSecrets{}.read(call, state)
	if err != nil {
		p.t.Fatal(err)
	}
	if !outputs["values"].IsSecret() {
		p.t.Error("the texts are in clear")
	}
	return asSent(outputs)
}

func TestKeptTextsAreMadeOnceAndThenUnchanged(t *testing.T) {
	played := playSecrets(t)
	inputs := played.inputs("database", "SECRET_KEY")
	state := played.kept(inputs)
	secret := played.stored[keptPath]
	if secret.Type != "Opaque" || secret.Labels["app.kubernetes.io/managed-by"] != "hero" || len(secret.Data) != 2 {
		t.Error(secret.Type, secret.Labels, len(secret.Data))
	}
	for _, key := range []string{"database", "SECRET_KEY"} {
		if text := textIn(state, resource.PropertyKey(key)); len(text) != 20 || played.text(key) != text {
			t.Errorf("%s has %d characters here, and %d there", key, len(text), len(played.text(key)))
		}
	}
	if textIn(state, "database") == textIn(state, "SECRET_KEY") {
		t.Error("they are the same")
	}
	if !state["present"].BoolValue() || (keptSecrets{}).identity(state) != "heroes/harbor" {
		t.Error(state["present"], keptSecrets{}.identity(state))
	}
	mustDiffer(t, state, inputs)
	refreshed := played.refreshed(state)
	if !refreshed.DeepEquals(state) {
		t.Error("a refresh changes it")
	}
	mustDiffer(t, refreshed, inputs)
}

func TestATextHasEachKindOfCharacter(t *testing.T) {
	for _, length := range []int{3, 16, 32, 100} {
		made := map[string]bool{}
		for range 100 {
			text := newText(length)
			made[text] = true
			kinds := map[string]bool{}
			for _, letter := range text {
				switch {
				case letter >= 'a' && letter <= 'z':
					kinds["small"] = true
				case letter >= 'A' && letter <= 'Z':
					kinds["capital"] = true
				case letter >= '0' && letter <= '9':
					kinds["digit"] = true
				default:
					kinds["other"] = true
				}
			}
			if len(text) != length || len(kinds) != 3 || kinds["other"] {
				t.Fatalf("%d: %q", length, text)
			}
		}
		if len(made) < 90 {
			t.Errorf("%d of 100 texts with %d characters differ", len(made), length)
		}
	}
}

func TestASecretOfOursIsTakenOver(t *testing.T) {
	played := playSecrets(t)
	played.hasOurs(map[string]string{"database": theirText, "administrator": "", "other": "theirs"})
	state := played.kept(played.inputs("database", "administrator", "key"))
	if textIn(state, "database") != theirText || played.text("database") != theirText || played.text("other") != "theirs" {
		t.Error("a text is lost")
	}
	for _, key := range []string{"administrator", "key"} {
		if text := textIn(state, resource.PropertyKey(key)); len(text) != 20 || played.text(key) != text {
			t.Errorf("%s has %d characters here, and %d there", key, len(text), len(played.text(key)))
		}
	}
	if _, ours := state["values"].ObjectValue()["other"]; ours {
		t.Error("a text is taken that nobody asked for")
	}
}

func TestASecretThatIsNotOursIsNotTouched(t *testing.T) {
	for name, take := range map[string]func(*playedSecrets){
		"nobody's":        func(played *playedSecrets) { played.has(`{"data": {"database": "aGlkZGVuLVRleHQtMQ=="}}`) },
		"it was ours":     func(played *playedSecrets) { delete(played.stored[keptPath].Labels, managerLabel) },
		"another manager": func(played *playedSecrets) { played.stored[keptPath].Labels[managerLabel] = "Helm" },
	} {
		t.Run(name, func(t *testing.T) {
			played := playSecrets(t)
			state := played.kept(played.inputs("database"))
			take(played)
			played.writes = nil
			call, screen := newCall(t)
			_, created := keptSecrets{}.create(call, played.inputs("database"))
			_, updated := keptSecrets{}.update(call, state, played.inputs("database"))
			for _, err := range []error{created, updated} {
				if err == nil {
					t.Fatal("it is somebody else's")
				}
				mustContain(t, err.Error(), "the namespace heroes has a Secret harbor that is not ours", "app.kubernetes.io/managed-by: hero",
					"kubectl --context lab --namespace heroes describe secret harbor")
				mustNotContain(t, err.Error(), theirText, textIn(state, "database"))
			}
			if state = played.refreshed(state); state["present"].BoolValue() {
				t.Error("it is taken for ours")
			}
			if err := (keptSecrets{}).remove(call, state); err != nil || len(played.writes) > 0 {
				t.Error(err, played.writes)
			}
			mustContain(t, screen.all(), "the Secret harbor of the namespace heroes stays")
		})
	}
}

func TestWhatIsNoTextIsLeftAsItIs(t *testing.T) {
	played := playSecrets(t)
	played.hasOurs(map[string]string{"database": "hidden\xff"})
	played.writes = nil
	call, _ := newCall(t)
	_, err := keptSecrets{}.create(call, played.inputs("database"))
	if err == nil || len(played.writes) > 0 {
		t.Fatal(played.writes)
	}
	mustContain(t, err.Error(), "the Secret harbor of the namespace heroes has something at database that is no text")
	mustNotContain(t, err.Error(), "hidden")
}

func TestTextsThatTheClusterHasLostAreWrittenAgain(t *testing.T) {
	for name, lose := range map[string]func(*playedSecrets){
		"the Secret":     func(played *playedSecrets) { delete(played.stored, keptPath) },
		"a text":         func(played *playedSecrets) { delete(played.stored[keptPath].Data, "database") },
		"all of a text":  func(played *playedSecrets) { played.stored[keptPath].Data["database"] = nil },
		"to another one": func(played *playedSecrets) { played.hasOurs(map[string]string{"database": theirText}) },
	} {
		t.Run(name, func(t *testing.T) {
			played := playSecrets(t)
			inputs := played.inputs("database", "key")
			state := played.kept(inputs)
			lose(played)
			refreshed := played.refreshed(state)
			if refreshed["present"].BoolValue() || !refreshed["values"].DeepEquals(state["values"]) {
				t.Error("a text is forgotten, or nothing is noticed")
			}
			mustDiffer(t, refreshed, inputs, "present")
			mended := played.updated(refreshed, inputs)
			if !mended.DeepEquals(state) || played.text("database") != textIn(state, "database") || played.text("key") != textIn(state, "key") {
				t.Error("they are not the same")
			}
			mustDiffer(t, mended, inputs)
		})
	}
}

func TestARefreshThatCannotAskIsAnError(t *testing.T) {
	for name, test := range map[string]struct {
		fail func(*playedSecrets)
		told string
	}{
		"nobody there": {func(played *playedSecrets) { played.server.Close() }, "the cluster of context lab cannot be reached"},
		"no leave":     {func(played *playedSecrets) { played.refusing = true }, "the cluster of context lab refuses: it may not be"},
	} {
		t.Run(name, func(t *testing.T) {
			played := playSecrets(t)
			state := played.kept(played.inputs("database"))
			test.fail(played)
			call, _ := newCall(t)
			_, err := keptSecrets{}.read(call, state)
			if err == nil {
				t.Fatal("nobody knows")
			}
			mustContain(t, err.Error(), test.told)
			mustNotContain(t, err.Error(), textIn(state, "database"), "hidden-token")
			if err := (keptSecrets{}).remove(call, state); err == nil {
				t.Error("it may still be there")
			}
		})
	}
}

func TestARefusalDoesNotRepeatTheTexts(t *testing.T) {
	played := playSecrets(t)
	played.hasOurs(map[string]string{"database": theirText})
	state := played.kept(played.inputs("database"))
	played.refusingWrites = true
	call, screen := newCall(t)
	_, err := keptSecrets{}.update(call, state, played.inputs("database", "key"))
	if err == nil {
		t.Fatal("it was refused")
	}
	mustContain(t, err.Error(), "the cluster of context lab refuses: it may not be", "[secret]")
	mustNotContain(t, err.Error()+screen.all(), theirText, base64.StdEncoding.EncodeToString([]byte(theirText)))
}

func TestWhatCannotBeMadeIsToldBeforehand(t *testing.T) {
	played := playSecrets(t)
	for name, test := range map[string]struct {
		lengths map[string]any
		told    string
	}{
		"too short": {map[string]any{"database": 2}, "database cannot have 2 characters"},
		"no key":    {map[string]any{"a/b": 20}, `"a/b" is no key of a Secret`},
	} {
		inputs := played.inputs()
		maps.Copy(inputs, resource.NewPropertyMapFromMap(map[string]any{"lengths": test.lengths}))
		_, failures, err := keptSecrets{}.check(inputs)
		if err != nil || len(failures) != 1 || !strings.Contains(failures[0].Reason, test.told) {
			t.Errorf("%s: %v, %v", name, failures, err)
		}
	}
	if _, failures, err := (keptSecrets{}).check(played.inputs("database", "SECRET_KEY", "a.b-c")); err != nil || len(failures) > 0 {
		t.Error(failures, err)
	}
}
