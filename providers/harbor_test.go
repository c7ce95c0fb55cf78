package main

import (
	"context"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

const showProject = "GET /projects/hero"

// askHarbor opens and asks for the project hero.
func askHarbor(call call, login harborLogin) error {
	opened, err := login.open(call, aMoment)
	if err != nil {
		return err
	}
	defer opened.close()
	_, err = opened.project("hero")
	return err
}

func TestErrorsOfHarborAreForPeople(t *testing.T) {
	const reason = `{"errors": [{"code": "FORBIDDEN", "message": "not for ` + harborPassword + `\nat all"}]}`
	for name, example := range map[string]struct {
		login  func(*harborLogin)
		answer playedAnswer
		told   []string
	}{
		"refused login": {
			func(login *harborLogin) { login.Password = "Wrong-12345" }, playedAnswer{},
			[]string{"Harbor at http://127.0.0.1:", "refuses the login admin", "the Secret harbor-kept", "./pulumiw up"},
		},
		"too little leave": {
			nil, playedAnswer{status: 403, body: reason},
			[]string{"refuses to show the project hero (403: not for [secret] at all)", "admin has to be one of Harbor's administrators"},
		},
		"nothing there": {nil, playedAnswer{status: 404, body: "default backend - 404"}, []string{"(404: Not Found)"}},
		"redirected": {
			nil, playedAnswer{status: 308, header: "Location", value: "https://harbor.example.com/api?token=hidden"},
			[]string{"(308: Permanent Redirect)", "it sends us on to https://harbor.example.com, and the login would go along"},
		},
		"another server": {nil, playedAnswer{status: 200, body: "<html>"}, []string{"is not Harbor: it gives no JSON that fits"}},
		"a very long reason": {
			nil, playedAnswer{status: 400, body: `{"errors": [{"message": "` + strings.Repeat("é", 9000) + `"}]}`}, []string{"ééé…)"},
		},
		"no reason": {nil, playedAnswer{status: 409, body: `{"errors": []}`}, []string{"(409: Conflict)"}},
		"nobody there": {
			func(login *harborLogin) { login.URL = closed() }, playedAnswer{},
			[]string{"Harbor at http://127.0.0.1:", "cannot be reached", "connection refused", "the next ./pulumiw up goes on from here"},
		},
		"a CA that is none": {
			func(login *harborLogin) { login.CaCertificate = "hidden" }, playedAnswer{}, []string{"CA certificate is not PEM"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			played := playHarbor(t)
			login := played.login()
			if example.login != nil {
				example.login(&login)
			}
			if example.answer.status != 0 {
				played.before(showProject, example.answer)
			}
			call, screen := newCall(t)
			err := askHarbor(call, login)
			if err == nil {
				t.Fatal("no error")
			}
			mustContain(t, err.Error(), example.told...)
			mustNotContain(t, err.Error()+screen.all(), harborPassword, "Wrong-12345", "hidden")
			if len(err.Error()) > 700 {
				t.Errorf("%d bytes are too many for a person", len(err.Error()))
			}
		})
	}
}

func TestTheLoginToHarborIsCarriedToNobodyElse(t *testing.T) {
	var asked []*http.Request
	foreign := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) { asked = append(asked, request) }))
	t.Cleanup(foreign.Close)
	for _, status := range []int{301, 302, 307, 308} {
		played := playHarbor(t)
		played.before(showProject, playedAnswer{status: status, header: "Location", value: foreign.URL + "/projects/hero"})
		call, _ := newCall(t)
		if err := askHarbor(call, played.login()); !hasStatus(err, status) || len(asked) > 0 {
			t.Error(status, err, asked)
		}
	}
}

func TestAHarborThatIsAwayForAMomentIsWaitedFor(t *testing.T) {
	for _, status := range []int{500, 502, 503, 504} {
		played := playHarbor(t)
		played.projects["hero"] = &playedProject{number: 7}
		played.before(showProject, slices.Repeat([]playedAnswer{{status: status}}, harborTries-1)...)
		call, screen := newCall(t)
		if err := askHarbor(call, played.login()); err != nil || len(played.asked) != harborTries {
			t.Error(status, err, played.asked)
		}
		mustContain(t, screen.all(), "refuses to show the project hero", "trying again in")
	}
	played := playHarbor(t)
	played.before(showProject, slices.Repeat([]playedAnswer{{status: 503}}, harborTries)...)
	call, _ := newCall(t)
	err := askHarbor(call, played.login())
	if !hasStatus(err, http.StatusServiceUnavailable) || len(played.asked) != harborTries {
		t.Fatal(err, played.asked)
	}
	mustContain(t, err.Error(), "the log of its pod core tells more", "the next ./pulumiw up goes on from here")
	if err := askHarbor(call, harborLogin{URL: closed()}); !isMomentary(err) {
		t.Error("somebody who comes back is not waited for:", err)
	}
	played.forget()
	played.before(showProject, playedAnswer{status: 403})
	if err := askHarbor(call, played.login()); !hasStatus(err, http.StatusForbidden) || len(played.asked) != 1 {
		t.Error("what will not change is asked again:", err, played.asked)
	}
}

func TestTheTriesOfHarborAreHalfAMinuteAndThePausesDouble(t *testing.T) {
	played := playHarbor(t)
	played.before(showProject, slices.Repeat([]playedAnswer{{status: 503}}, harborTries)...)
	call, _ := newCall(t)
	pause := 4 * time.Millisecond
	opened, err := played.login().open(call, pause)
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if _, err := opened.project("hero"); err == nil || time.Since(begin) < 15*pause {
		t.Error(err, time.Since(begin))
	}
	if together := 15 * harborPause; together != 30*time.Second || harborTries != 5 {
		t.Error(together)
	}
}

func TestAnInterruptedRunWaitsForNoHarbor(t *testing.T) {
	played := playHarbor(t)
	played.before(showProject, playedAnswer{status: 503})
	call, _ := newCall(t)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	opened, err := played.login().open(call.within(ctx), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := opened.project("hero"); err == nil || ctx.Err() == nil {
		t.Error(err)
	}
}

func TestHarborsCertificateIsTrustedWhenItsCAIsGivenAndOtherwiseRefusedAtOnce(t *testing.T) {
	played := newPlayedHarbor()
	played.projects["hero"] = &playedProject{number: 7}
	played.Server = httptest.NewUnstartedServer(played)
	played.Config.ErrorLog = log.New(io.Discard, "", 0)
	played.StartTLS()
	t.Cleanup(played.Close)
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: played.Certificate().Raw})
	login := played.login()
	login.CaCertificate = string(authority)
	call, screen := newCall(t)
	if err := askHarbor(call, login); err != nil {
		t.Error(err)
	}
	login.CaCertificate = ""
	err := askHarbor(call, login)
	if err == nil || isMomentary(err) {
		t.Fatal(err)
	}
	mustContain(t, err.Error(), "certificate signed by unknown authority")
	mustNotContain(t, screen.all(), "trying again")
}

func TestAnAddressThatCannotBeHarborsIsToldBeforehandAndNotRepeated(t *testing.T) {
	for _, address := range []string{
		"", "hidden.example.com", "ftp://hidden", "https://", "https://admin:hidden@harbor.local", "https://harbor.local/hidden",
		"https://harbor.local?hidden",
	} {
		news := resource.NewPropertyMapFromMap(map[string]any{"url": address})
		failures := harborLogin{URL: address}.check(news)
		if len(failures) != 1 || failures[0].Property != "url" {
			t.Fatal(address, failures)
		}
		mustNotContain(t, failures[0].Reason, "hidden")
	}
	for _, address := range []string{"https://harbor.local", "https://harbor.local:30003/", "http://10.0.0.1:30002"} {
		if failures := (harborLogin{URL: address}).check(resource.PropertyMap{}); len(failures) > 0 {
			t.Error(address, failures)
		}
	}
}

func TestWhatGoesWhenTheLoginToHarborChangesGoesWithTodays(t *testing.T) {
	played := playHarbor(t)
	call, _ := newCall(t)
	old := harborLogin{URL: played.URL, Username: "admin", Password: "Of-yesterday-1"}
	if _, known := call.logins.harborToday(old); known {
		t.Error("a login from nowhere")
	}
	call.logins = &knownLogins{}
	call.logins.remember(resource.NewPropertyMapFromMap(played.inputs(map[string]any{"username": "operator"})))
	if opened, err := old.reopen(call, aMoment); err != nil || opened.Password != old.Password {
		t.Error("somebody else's password was taken:", err)
	}
	call.logins.remember(withUnknown(resource.NewPropertyMapFromMap(played.inputs()), "caCertificate"))
	if opened, err := old.reopen(call, aMoment); err != nil || opened.Password != old.Password {
		t.Error("half a login was taken:", err)
	}
	call.logins.remember(resource.NewPropertyMapFromMap(played.inputs()))
	opened, err := old.look(call, aMoment)
	if err != nil || opened.Password != harborPassword || opened.tries != harborTriesOfALook {
		t.Error(err)
	}
}
