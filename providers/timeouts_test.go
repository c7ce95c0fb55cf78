package main

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

type slowConnection struct{ closed chan struct{} }

func (s slowConnection) Close() error {
	close(s.closed)
	return nil
}

func TestPortForward_LateConnectionIsClosed(t *testing.T) {
	late := slowConnection{make(chan struct{})}
	proceed := make(chan struct{})
	_, err := withinTime(10*time.Millisecond, func() (slowConnection, error) {
		<-proceed
		return late, nil
	})
	if err == nil || !strings.Contains(err.Error(), "timed out") {
		t.Fatal(err)
	}
	close(proceed)
	<-late.closed
}

func TestDockerHub_RedirectToPlainHTTPIsRefused(t *testing.T) {
	request := func(address string) *http.Request {
		made, err := http.NewRequest(http.MethodGet, address, nil)
		must(t, err)
		return made
	}
	before := []*http.Request{request("https://hub.example/v2/")}
	if err := keepMethod(request("http://hub.example/v2/"), before); err == nil {
		t.Error("the token would be sent in plaintext")
	}
	must(t, keepMethod(request("https://hub.example/v2/other"), before))
}

func TestCluster_EachRequestHasALimit(t *testing.T) {
	cluster, err := connectCluster(kubeconfigOf(t, "http://127.0.0.1:1"), "")
	must(t, err)
	if cluster.client.Timeout != clusterTimeout {
		t.Error(cluster.client.Timeout)
	}
}
