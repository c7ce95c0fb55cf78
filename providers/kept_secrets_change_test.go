package main

import (
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

func (p *playedSecrets) foreseen(olds, news resource.PropertyMap) resource.PropertyMap {
	p.t.Helper()
	call, _ := newCall(p.t)
	call.preview = true
	p.asked = nil
	outputs, err := keptSecrets{}.update(call, olds, news)
	if err != nil || len(p.asked) > 0 {
		p.t.Fatal(err, p.asked)
	}
	return outputs
}

func TestAPreviewOfKeptTextsAsksNobody(t *testing.T) {
	played := playSecrets(t)
	call, _ := newCall(t)
	call.preview = true
	outputs, err := keptSecrets{}.create(call, played.inputs("database"))
	if err != nil || len(played.asked) > 0 || !outputs["values"].ContainsUnknowns() {
		t.Error(outputs, err, played.asked)
	}
}

func TestAKeyThatIsAddedGetsAText(t *testing.T) {
	played := playSecrets(t)
	state := played.kept(played.inputs("database"))
	news := played.withKeys(state, "database", "key")
	mustDiffer(t, state, news, "lengths")
	if !played.foreseen(state, news)["values"].ContainsUnknowns() {
		t.Error("nobody knows it yet")
	}
	changed := played.updated(state, news)
	if textIn(changed, "database") != textIn(state, "database") || played.text("database") != textIn(state, "database") {
		t.Error("the other one is not the same")
	}
	if text := textIn(changed, "key"); len(text) != 20 || played.text("key") != text {
		t.Errorf("%d characters here, and %d there", len(text), len(played.text("key")))
	}
	mustDiffer(t, changed, news)
}

// A run may be killed after it has written a text to the cluster, and before it could write it down.
func TestAKeyThatIsAddedTakesOverWhatTheClusterHas(t *testing.T) {
	played := playSecrets(t)
	state := played.kept(played.inputs("database"))
	played.stored[keptPath].Data["key"] = []byte(theirText)
	if changed := played.updated(state, played.withKeys(state, "database", "key")); textIn(changed, "key") != theirText {
		t.Error("it is lost")
	}
}

func TestAKeyThatIsRemovedIsDropped(t *testing.T) {
	played := playSecrets(t)
	state := played.kept(played.inputs("database", "key"))
	played.stored[keptPath].Data["other"] = []byte("theirs")
	news := played.withKeys(state, "database")
	mustDiffer(t, state, news, "lengths")
	foreseen := played.foreseen(state, news)
	if !foreseen["values"].IsSecret() || textIn(asSent(foreseen), "database") != textIn(state, "database") || textIn(asSent(foreseen), "key") != "" {
		t.Error("a preview knows it")
	}
	changed := played.updated(state, news)
	if textIn(changed, "key") != "" || played.text("key") != "" {
		t.Error("it is still there")
	}
	if textIn(changed, "database") != textIn(state, "database") || played.text("other") != "theirs" {
		t.Error("more than that is gone")
	}
}

func TestAnotherLengthChangesNoText(t *testing.T) {
	played := playSecrets(t)
	state := played.kept(played.inputs("database"))
	news := played.withKeys(state, "database")
	news["lengths"].ObjectValue()["database"] = resource.NewNumberProperty(40)
	if foreseen := played.foreseen(state, news); !asSent(foreseen)["values"].DeepEquals(state["values"]) {
		t.Error("a preview knows that it stays")
	}
	changed := played.updated(state, news)
	if !changed["values"].DeepEquals(state["values"]) || len(played.writes) > 0 {
		t.Error("it is another one, or it was written again", played.writes)
	}
	mustDiffer(t, changed, news)
}

func TestLengthsThatNobodyKnowsYetLeaveTheTextsUnknown(t *testing.T) {
	played := playSecrets(t)
	state := played.kept(played.inputs("database"))
	news := withUnknown(played.withKeys(state), "lengths")
	if _, failures, err := (keptSecrets{}).check(news); err != nil || len(failures) > 0 {
		t.Error(failures, err)
	}
	if !played.foreseen(state, news)["values"].ContainsUnknowns() {
		t.Error("nobody knows them")
	}
}

func TestAnotherPlaceIsAnotherSecretThatIsMadeFirst(t *testing.T) {
	played := playSecrets(t)
	state := played.kept(played.inputs("database"))
	for _, key := range []resource.PropertyKey{"context", "kubeconfig", "name", "namespace"} {
		news := played.withKeys(state, "database")
		news[key] = resource.NewStringProperty("another")
		result, err := keptSecrets{}.diff(state, news)
		if err != nil || !slices.Equal(result.ReplaceKeys, []resource.PropertyKey{key}) || result.DeleteBeforeReplace {
			t.Errorf("%s: %v, %v, %v", key, result.ReplaceKeys, result.DeleteBeforeReplace, err)
		}
	}
}

// Another file or another context may well lead to the same cluster.
func TestASecretThatTheNextOneHasTakenOverDoesNotGoWithTheOneBefore(t *testing.T) {
	played := playSecrets(t)
	before := played.kept(played.inputs("database"))
	after := played.kept(played.inputs("database"))
	if textIn(after, "database") != textIn(before, "database") {
		t.Error("it is not the same")
	}
	call, screen := newCall(t)
	if err := (keptSecrets{}).remove(call, before); err != nil || len(played.stored) != 1 {
		t.Error(err, played.writes)
	}
	mustContain(t, screen.all(), "the Secret harbor of the namespace heroes stays")
	if err := (keptSecrets{}).remove(call, after); err != nil || len(played.stored) != 0 {
		t.Error(err, played.writes)
	}
}

func TestASecretGoesAndMayBeGoneAlready(t *testing.T) {
	played := playSecrets(t)
	state := played.kept(played.inputs("database"))
	call, screen := newCall(t)
	for range 2 {
		if err := (keptSecrets{}).remove(call, state); err != nil {
			t.Error(err)
		}
	}
	if !slices.Equal(played.writes, []string{"DELETE " + keptPath}) || screen.all() != "" {
		t.Error(played.writes, screen.all())
	}
}

func TestWhoIsOvertakenGoesOnWithTheTextsOfTheOther(t *testing.T) {
	for name, prepare := range map[string]func(*playedSecrets){
		"when it is made":    func(*playedSecrets) {},
		"when it is changed": func(played *playedSecrets) { played.hasOurs(map[string]string{"administrator": theirText}) },
	} {
		t.Run(name, func(t *testing.T) {
			played := playSecrets(t)
			prepare(played)
			played.meddle = func() {
				played.meddle = nil
				played.hasOurs(map[string]string{"database": theirText, "other": "theirs"})
			}
			state := played.kept(played.inputs("database"))
			if textIn(state, "database") != theirText || played.text("database") != theirText || played.text("other") != "theirs" {
				t.Error("the other's texts are lost")
			}
		})
	}
}

func TestASecretThatGoesInBetweenIsMadeAgain(t *testing.T) {
	played := playSecrets(t)
	state := played.kept(played.inputs("database"))
	played.meddle = func() {
		played.meddle = nil
		delete(played.stored, keptPath)
	}
	changed := played.updated(state, played.withKeys(state, "database", "key"))
	if played.text("database") != textIn(state, "database") || played.text("key") != textIn(changed, "key") {
		t.Error("they are not the same")
	}
}

func TestWhoIsOvertakenTimeAndAgainSaysSo(t *testing.T) {
	played := playSecrets(t)
	played.meddle = func() { played.hasOurs(map[string]string{"other": "theirs"}) }
	call, _ := newCall(t)
	_, err := keptSecrets{}.create(call, played.inputs("database"))
	if err == nil {
		t.Fatal("nothing was written")
	}
	mustContain(t, err.Error(), "the Secret harbor of the namespace heroes is changed by somebody else all the time", "the next ./pulumiw up")
}
