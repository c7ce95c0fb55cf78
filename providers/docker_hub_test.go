package main

import (
	"encoding/base64"
	"os"
	"path/filepath"

	"fmt"
	"github.com/google/go-containerregistry/pkg/authn"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// closed is an address where nothing answers.
func closed() string {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	return server.URL
}

func TestErrorsOfDockerHubAreForPeople(t *testing.T) {
	const show = "GET /v2/namespaces/heroes/repositories/hero"
	for name, example := range map[string]struct {
		login  func(*hubLogin)
		answer playedAnswer
		told   []string
	}{
		"a wrong token": {
			func(login *hubLogin) { login.Token = "dckr_pat_wrong" }, playedAnswer{},
			[]string{"Docker Hub refuses the login of hero; give another token: ./pulumiw config set --secret --path hero:dockerhub.token"},
		},
		"no token": {
			func(login *hubLogin) { login.Token = "" }, playedAnswer{},
			[]string{"needs a login", "./pulumiw config set --path hero:dockerhub.username NAME", "--secret --path hero:dockerhub.token"},
		},
		"a token that may too little": {
			nil, playedAnswer{status: 403, body: `{"message": "insufficient scope for ` + hubToken + `"}`},
			[]string{"refuses to show heroes/hero (403: insufficient scope for [secret])", "the scope Read, Write, Delete"},
		},
		"nothing there": {nil, playedAnswer{status: 404, body: "<html>"}, []string{"(404: Not Found)"}},
		"its own trouble": {
			nil, playedAnswer{status: 503}, []string{"(503: Service Unavailable)", "the next ./pulumiw up goes on from here"},
		},
		"another server": {nil, playedAnswer{status: 200, body: "<html>"}, []string{"is not Docker Hub"}},
		"a very long excuse": {
			nil, playedAnswer{status: 400, body: `{"detail": "` + strings.Repeat("é", 9000) + `"}`}, []string{"ééé…)"},
		},
		"nobody there": {
			func(login *hubLogin) { login.API = closed() }, playedAnswer{},
			[]string{"Docker Hub (127.0.0.1:", "cannot be reached", "connection refused", "the next ./pulumiw up goes on from here"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			played := playHub(t)
			login := played.login()
			if example.login != nil {
				example.login(&login)
			}
			if example.answer.status != 0 {
				played.before(show, example.answer)
			}
			call, screen := newCall(t)
			opened, err := login.open(call)
			if err == nil {
				_, err = opened.repository("heroes", "hero")
			}
			if err == nil {
				t.Fatal("no error")
			}
			mustContain(t, err.Error(), example.told...)
			mustNotContain(t, err.Error()+screen.all(), hubToken, "dckr_pat_wrong", hubBearer, "http://")
			if len(err.Error()) > 700 {
				t.Errorf("%d bytes are too many for a person", len(err.Error()))
			}
		})
	}
}

func TestABearerThatBecameTooOldIsRenewedOnce(t *testing.T) {
	played := playHub(t)
	played.repositories["heroes/hero"] = map[string]any{"is_private": true}
	const show = "GET /v2/namespaces/heroes/repositories/hero"
	played.before(show, playedAnswer{status: 401, body: `{"message": "token expired"}`})
	call, _ := newCall(t)
	opened, err := played.login().open(call)
	if err != nil {
		t.Fatal(err)
	}
	if found, err := opened.repository("heroes", "hero"); err != nil || !found.Private {
		t.Error(found, err)
	}
	played.before(show, playedAnswer{status: 401})
	played.before(show, playedAnswer{status: 401})
	_, err = opened.repository("heroes", "hero")
	if !hasStatus(err, http.StatusUnauthorized) || played.count(show) != 4 {
		t.Error(err, played.count(show))
	}
}

func TestDockerHubIsWaitedForAsItAsks(t *testing.T) {
	t.Parallel()
	played := playHub(t)
	played.repositories["heroes/hero"] = map[string]any{}
	soon := fmt.Sprint(time.Now().Add(2 * time.Second).Unix())
	played.before("POST /v2/auth/token", playedAnswer{status: 429, header: "X-Retry-After", value: soon})
	played.before("GET /v2/namespaces/heroes/repositories/hero", playedAnswer{status: 429, header: "Retry-After", value: "1"})
	call, screen := newCall(t)
	begin := time.Now()
	opened, err := played.login().open(call)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := opened.repository("heroes", "hero"); err != nil {
		t.Fatal(err)
	}
	if time.Since(begin) < 2*time.Second {
		t.Error("it was asked again too early")
	}
	mustContain(t, screen.all(), "Docker Hub has had too many requests; going on in 1 s")
	later := fmt.Sprint(time.Now().Add(time.Hour).Unix())
	played.before("GET /v2/namespaces/heroes/repositories/hero", playedAnswer{status: 429, header: "X-Retry-After", value: later})
	_, err = opened.repository("heroes", "hero")
	if err == nil {
		t.Fatal("an hour was nothing")
	}
	mustContain(t, err.Error(), "takes the next one in 60 min")
}

func TestTheLoginThatTheProgramGivesToday(t *testing.T) {
	var known knownLogins
	old := hubLogin{API: "https://hub.docker.com", Username: "hero", Token: "old"}
	if _, another := known.today(old); another {
		t.Error("nobody has given one")
	}
	given := func(token resource.PropertyValue) resource.PropertyMap {
		return resource.PropertyMap{
			"api": resource.NewStringProperty(old.API), "username": resource.NewStringProperty("hero"), "token": token,
		}
	}
	known.remember(given(resource.MakeComputed(resource.NewStringProperty(""))))
	known.remember(given(resource.NewStringProperty("old")))
	if _, another := known.today(old); another {
		t.Error("it is the same")
	}
	known.remember(given(resource.NewStringProperty(hubToken)))
	want := hubLogin{API: old.API, Username: "hero", Token: hubToken}
	if today, another := known.today(old); !another || today != want {
		t.Error(today, another)
	}
	if _, another := known.today(hubLogin{API: old.API, Username: "somebody", Token: "old"}); another {
		t.Error("that is another user's")
	}
}

func TestTheDockerClientsLogin(t *testing.T) {
	login, err := personalHubLogin(keychainOf(t, "hero", hubToken), "https://hub.docker.com")
	if want := (hubLogin{API: "https://hub.docker.com", Username: "hero", Token: hubToken}); err != nil || login != want {
		t.Error(login, err)
	}
	_, err = personalHubLogin(keychainOf(t, "", ""), "https://hub.docker.com")
	if err == nil {
		t.Fatal("there is none")
	}
	mustContain(t, err.Error(), "docker login")
}

// keychainOf is what the Docker client has after `docker login`; nothing where nobody is named.
func keychainOf(t *testing.T, username, password string) authn.Keychain {
	t.Helper()
	config := "{}"
	if username != "" {
		auth := base64.StdEncoding.EncodeToString([]byte(username + ":" + password))
		config = `{"auths": {"https://index.docker.io/v1/": {"auth": "` + auth + `"}}}`
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DOCKER_CONFIG", folder)
	return authn.DefaultKeychain
}
