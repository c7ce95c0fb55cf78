package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const metricsOfOne = `# HELP dragonfly_client_download_traffic Counter of the number of the download traffic.
# TYPE dragonfly_client_download_traffic counter
dragonfly_client_download_traffic{type="BACK_TO_SOURCE"} 1500000
dragonfly_client_download_traffic{type="LOCAL_PEER"} 999
dragonfly_client_download_traffic{type="REMOTE_PEER"} 210000000
dragonfly_client_upload_traffic 7
`

// playPeers is a cluster with these pods, by their names; each says these metrics.
func playPeers(t *testing.T, pods map[string]string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		const below = "/api/v1/namespaces/hero-dev-dragonfly/pods"
		if request.URL.Path == below {
			var items []string
			for name := range pods {
				component, _, _ := strings.Cut(name, "_")
				items = append(items, fmt.Sprintf(
					`{"metadata": {"name": %q, "namespace": "hero-dev-dragonfly", "labels": {"component": %q}}, "spec": {"nodeName": "node-1"}}`,
					name, component))
			}
			fmt.Fprintf(writer, `{"items": [%s]}`, strings.Join(items, ","))
			return
		}
		name, rest, _ := strings.Cut(strings.TrimPrefix(request.URL.Path, below+"/"), ":")
		metrics, known := pods[name]
		if !known || rest != "4002/proxy/metrics" {
			t.Errorf("nobody asks for %s", request.URL.Path)
		}
		if metrics == "" {
			writer.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(writer, `{"message": "connection refused"}`)
			return
		}
		fmt.Fprint(writer, metrics)
	}))
	t.Cleanup(server.Close)
	return kubeconfigOf(t, server.URL)
}

func TestWhatCameFromWhereIsToldOfEachAndOfAll(t *testing.T) {
	kubeconfig := playPeers(t, map[string]string{
		"client_1": metricsOfOne, "client_2": "# nothing was fetched\n", "seed-client_0": metricsOfOne, "manager_1": "",
	})
	var told strings.Builder
	if err := tellTraffic(kubeconfig, "", "hero-dev-dragonfly", &told); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(told.String(), "\n")
	for place, words := range []string{
		"pod node from the origin from peers from its own copies",
		"client_1 node-1 1.5 MB 210.0 MB 999 B",
		"client_2 node-1 0 B 0 B 0 B",
		"seed-client_0 node-1 1.5 MB 210.0 MB 999 B",
		"all 3.0 MB 420.0 MB 2.0 kB",
		"Each pod counts from its own start.",
	} {
		if strings.Join(strings.Fields(lines[place]), " ") != words {
			t.Errorf("%q is not %q", lines[place], words)
		}
	}
}

func TestAPodThatDoesNotTellIsNamedBesideTheOthers(t *testing.T) {
	kubeconfig := playPeers(t, map[string]string{"client_1": metricsOfOne, "client_2": ""})
	var told strings.Builder
	err := tellTraffic(kubeconfig, "", "hero-dev-dragonfly", &told)
	if err == nil {
		t.Fatal("all is well")
	}
	mustContain(t, err.Error(), "client_2 does not tell", "connection refused")
	mustContain(t, told.String(), "client_1")
}

func TestWithoutADragonflyThereIsNothingToTell(t *testing.T) {
	err := tellTraffic(playPeers(t, map[string]string{"web_1": ""}), "", "hero-dev-dragonfly", &strings.Builder{})
	if err == nil {
		t.Fatal("all is well")
	}
	mustContain(t, err.Error(), "no pod of a Dragonfly", "kubectl")
}

func TestANumberThatIsNoneIsNotTakenForOne(t *testing.T) {
	if _, err := readTraffic(strings.NewReader(trafficMetric + `{type="REMOTE_PEER"} many`)); err == nil {
		t.Error("it is taken for one")
	}
}
