package main

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// recordingListener records all that it receives, and answers as a registry that wants a password.
type recordingListener struct {
	lock     sync.Mutex
	received bytes.Buffer
	server   *httptest.Server
}

func listenAndRecord(t *testing.T, port int) *recordingListener {
	t.Helper()
	recorder := &recordingListener{}
	listener, err := net.Listen("tcp", loopbackAddress(port))
	if err != nil {
		t.Fatal(err)
	}
	recorder.server = httptest.NewUnstartedServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		recorder.lock.Lock()
		_ = request.Write(&recorder.received)
		recorder.lock.Unlock()
		if request.Header.Get("Authorization") == "" {
			writer.Header().Set("WWW-Authenticate", `Basic realm="hero"`)
			writer.WriteHeader(http.StatusUnauthorized)
		}
	}))
	recorder.server.Listener.Close()
	recorder.server.Listener = listener
	recorder.server.Start()
	t.Cleanup(recorder.server.Close)
	return recorder
}

func (r *recordingListener) mustHaveNoCredentials(t *testing.T) {
	t.Helper()
	r.lock.Lock()
	defer r.lock.Unlock()
	if strings.Contains(r.received.String(), "Authorization") || r.received.Len() == 0 {
		t.Errorf("received %q", r.received.String())
	}
}

func TestRegistry_Dies_ImpostorGetsNoCredentials(t *testing.T) {
	inCheckout(t, t.TempDir())
	port := unusedPort(t)
	properties := startedRegistry(t, ".hero/dev/registry", port)
	state := processState(t, properties)
	kill(t, mustRun(t, state).Process)
	waitForFreePort(t, port)
	impostor := listenAndRecord(t, port)

	// Without a state, as `make where` asks.
	inputs := access{
		Repository: loopbackAddress(port) + "/hero", Username: pusherName, Password: state.PusherPassword, IdentityKey: state.IdentityKey,
	}
	destination, err := newRepository(call{Context: t.Context()}, inputs)
	if err != nil {
		t.Fatal(err)
	}
	_, err = destination.listTags()
	if err == nil || !strings.Contains(err.Error(), "cannot verify") || !strings.Contains(err.Error(), "hint: ") {
		t.Error(err)
	}
	if mark, err := registryDirectory(".hero/dev/registry").mark(); err != nil || !mark.PortLost {
		t.Error("the lost port is not recorded: ", err)
	}
	read, err := registryProcess{}.read(call{Context: t.Context()}, properties)
	if err != nil || processState(t, read).Running {
		t.Error("a refresh takes the impostor for the registry: ", err)
	}
	if _, err := updatedRegistry(t, properties, processInputs(".hero/dev/registry", port)); err == nil {
		t.Error("an update takes the impostor for the registry")
	}
	impostor.mustHaveNoCredentials(t)

	impostor.server.Close()
	again, err := updatedRegistry(t, properties, processInputs(".hero/dev/registry", port))
	if err != nil {
		t.Fatal(err)
	}
	now := processState(t, again)
	if now.PusherPassword == state.PusherPassword || now.PullerPassword == state.PullerPassword {
		t.Error("the passwords are the same after the port was lost")
	}
	if now.Storage != state.Storage {
		t.Error("the images are lost")
	}
	mustRun(t, now)
}

func TestIdentity_Relayed_IsRefused(t *testing.T) {
	inCheckout(t, t.TempDir())
	port := unusedPort(t)
	state := processState(t, startedRegistry(t, ".hero/dev/registry", port))
	relay, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer relay.Close()
	go relayTo(relay, port)
	if _, err := identityOf(t.Context(), relay.Addr().(*net.TCPAddr).Port, state.IdentityKey); err == nil {
		t.Error("a relayed answer is accepted")
	}
	mustRun(t, state)
}

func relayTo(relay net.Listener, port int) {
	for {
		from, err := relay.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("tcp", loopbackAddress(port))
		if err != nil {
			return
		}
		go func() { _, _ = to.(*net.TCPConn).ReadFrom(from) }()
		go func() { _, _ = from.(*net.TCPConn).ReadFrom(to) }()
	}
}

func TestIdentity_SilentPeer_TimesOut(t *testing.T) {
	before := identityTimeout
	identityTimeout = 50 * time.Millisecond
	defer func() { identityTimeout = before }()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	if _, err := identityOf(t.Context(), silent.Addr().(*net.TCPAddr).Port, "key"); err == nil {
		t.Error("a peer that says nothing is accepted")
	}
}
