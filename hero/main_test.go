package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
)

const (
	someDigest     = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	someRepository = "127.0.0.1:5001/hero"
)

// told is an environment in which somebody said these things and nothing else.
func told(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

func visit(t *testing.T, method, path string, environment map[string]string) *httptest.ResponseRecorder {
	t.Helper()
	page, err := render(identify(told(environment)))
	if err != nil {
		t.Fatal(err)
	}
	response := httptest.NewRecorder()
	routes(page).ServeHTTP(response, httptest.NewRequest(method, path, nil))
	return response
}

func expectStatus(t *testing.T, response *httptest.ResponseRecorder, status int) {
	t.Helper()
	if response.Code != status {
		t.Fatalf("the answer is %d, expected %d", response.Code, status)
	}
}

func expectText(t *testing.T, response *httptest.ResponseRecorder, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(response.Body.String(), text) {
			t.Errorf("the page does not say %q", text)
		}
	}
}

func expectNoText(t *testing.T, response *httptest.ResponseRecorder, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(response.Body.String(), text) {
			t.Errorf("the page says %q", text)
		}
	}
}

func TestPageSaysWhoHeroIs(t *testing.T) {
	response := visit(t, http.MethodGet, "/", map[string]string{
		"HERO_DIGEST": someDigest, "HERO_REPOSITORY": someRepository + "\n",
	})
	expectStatus(t, response, http.StatusOK)
	if kind := response.Header().Get("Content-Type"); kind != "text/html; charset=utf-8" {
		t.Errorf("the page is served as %q", kind)
	}
	expectText(t, response, "Hero", "v0.0.1", someDigest, someRepository, runtime.GOOS+"/"+runtime.GOARCH,
		"docker pull "+someRepository+"@"+someDigest)
	expectNoText(t, response, "nobody told me")
}

func TestPageAdmitsWhatNobodyTold(t *testing.T) {
	response := visit(t, http.MethodGet, "/", map[string]string{"HERO_DIGEST": " "})
	expectStatus(t, response, http.StatusOK)
	expectNoText(t, response, "docker pull")
	if count := strings.Count(response.Body.String(), "nobody told me"); count != 2 {
		t.Errorf("the page admits %d unknowns, expected the digest and the repository", count)
	}
}

func TestPageAdmitsOnlyWhatIsUnknown(t *testing.T) {
	response := visit(t, http.MethodGet, "/", map[string]string{"HERO_REPOSITORY": someRepository})
	expectText(t, response, someRepository)
	expectNoText(t, response, "docker pull")
	if count := strings.Count(response.Body.String(), "nobody told me"); count != 1 {
		t.Errorf("the page admits %d unknowns, expected only the digest", count)
	}
}

func TestPageEscapesWhatItWasTold(t *testing.T) {
	response := visit(t, http.MethodGet, "/", map[string]string{
		"HERO_DIGEST": `"><script>digest</script>`, "HERO_REPOSITORY": "<script>repository</script>",
	})
	expectText(t, response, "&lt;script&gt;digest", "&lt;script&gt;repository")
	expectNoText(t, response, "<script")
}

func TestPageNeedsNothingFromOutside(t *testing.T) {
	response := visit(t, http.MethodGet, "/", map[string]string{"HERO_DIGEST": someDigest})
	reference := regexp.MustCompile(`(?:src|href)="[^"]*"|url\([^)]*\)|@import`)
	for _, found := range reference.FindAllString(response.Body.String(), -1) {
		if !strings.Contains(found, `"data:`) && !strings.Contains(found, "(#") {
			t.Errorf("the page asks for %s", found)
		}
	}
}

func TestPageIsTheSameEveryTime(t *testing.T) {
	environment := map[string]string{"HERO_DIGEST": someDigest, "HERO_REPOSITORY": someRepository}
	first := visit(t, http.MethodGet, "/", environment).Body.String()
	if second := visit(t, http.MethodGet, "/", environment).Body.String(); first != second {
		t.Error("two visits saw two pages")
	}
}

func TestHealth(t *testing.T) {
	response := visit(t, http.MethodGet, "/healthz", nil)
	expectStatus(t, response, http.StatusOK)
	if body := response.Body.String(); body != "ok\n" {
		t.Errorf("the answer is %q", body)
	}
}

func TestUnknownPathsAreNotFound(t *testing.T) {
	for _, path := range []string{"/favicon.ico", "/healthz/", "/page.html", "/hero"} {
		expectStatus(t, visit(t, http.MethodGet, path, nil), http.StatusNotFound)
	}
}

func TestOnlyReadingIsAllowed(t *testing.T) {
	for _, path := range []string{"/", "/healthz"} {
		expectStatus(t, visit(t, http.MethodHead, path, nil), http.StatusOK)
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
			response := visit(t, method, path, nil)
			expectStatus(t, response, http.StatusMethodNotAllowed)
			if allowed := response.Header().Get("Allow"); allowed != "GET, HEAD" {
				t.Errorf("%s %s is answered with Allow %q", method, path, allowed)
			}
		}
	}
}

func TestEveryDigitHasItsRay(t *testing.T) {
	for digest, expected := range map[string]int{
		someDigest: 64, "sha512:" + strings.Repeat("0f", 64): 128, "": 0, "latest": 0, "sha256:": 0, "sha256:abcxyz": 0,
	} {
		if count := strings.Count(identity{Digest: digest}.Rays(), "M"); count != expected {
			t.Errorf("digest %q has %d rays, expected %d", digest, count, expected)
		}
	}
}

func TestAnotherDigestHasAnotherPortal(t *testing.T) {
	if (identity{Digest: "sha256:ab"}).Rays() == (identity{Digest: "sha256:ba"}).Rays() {
		t.Error("two digests have the same portal")
	}
}

func TestTakenAddressIsAnErrorAndNoPanic(t *testing.T) {
	neighbour := listen(t)
	address := neighbour.Addr().String()
	err := live(t.Context(), told(map[string]string{"HERO_ADDRESS": address}))
	if err == nil || !strings.Contains(err.Error(), "HERO_ADDRESS") || !strings.Contains(err.Error(), address) {
		t.Errorf("the error does not say which address is taken: %v", err)
	}
}

func TestVisitorsMayStayUntilTheEnd(t *testing.T) {
	listener := listen(t)
	arrived := make(chan struct{})
	slowly := http.HandlerFunc(func(response http.ResponseWriter, _ *http.Request) {
		close(arrived)
		time.Sleep(100 * time.Millisecond)
		sayOK(response, nil)
	})
	untilStopped, stop := context.WithCancel(t.Context())
	end := make(chan error, 1)
	go func() { end <- serve(untilStopped, listener, slowly) }()
	go func() { <-arrived; stop() }()

	response, err := http.Get("http://" + listener.Addr().String())
	if err != nil {
		t.Fatal("the visitor was sent away:", err)
	}
	_ = response.Body.Close()
	if err := <-end; err != nil {
		t.Error("the end was not graceful:", err)
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}
