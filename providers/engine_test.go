package main

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// terminal is an engine that only remembers what the plugin tells the person.
type terminal struct {
	pulumirpc.EngineClient
	lock   sync.Mutex
	status []string
	stays  []string
}

func (t *terminal) Log(_ context.Context, line *pulumirpc.LogRequest, _ ...grpc.CallOption) (*emptypb.Empty, error) {
	t.lock.Lock()
	defer t.lock.Unlock()
	if line.GetEphemeral() {
		t.status = append(t.status, line.GetMessage())
	} else {
		t.stays = append(t.stays, strings.ToLower(line.GetSeverity().String())+": "+line.GetMessage())
	}
	return &emptypb.Empty{}, nil
}

// all is every line that was told, also those that were gone again.
func (t *terminal) all() string {
	t.lock.Lock()
	defer t.lock.Unlock()
	return strings.Join(append(append([]string{}, t.status...), t.stays...), "\n")
}

// stayed is every line that stays on the screen.
func (t *terminal) stayed() string {
	t.lock.Lock()
	defer t.lock.Unlock()
	return strings.Join(t.stays, "\n")
}

// whenShown does something as soon as the terminal shows a text, however slow the machine is.
func (t *terminal) whenShown(ctx context.Context, text string, act func()) {
	go func() {
		for !strings.Contains(t.all(), text) {
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Millisecond):
			}
		}
		act()
	}()
}

// newCall is a call of an engine whose terminal can be read.
func newCall(t *testing.T) (call, *terminal) {
	t.Helper()
	screen := &terminal{}
	return call{Context: t.Context(), progress: progress{engine: screen}}, screen
}

// asSent is what the engine hands over: it keeps secrets encrypted in the state, and sends them to the plugin in clear.
func asSent(properties resource.PropertyMap) resource.PropertyMap {
	sent := resource.PropertyMap{}
	for key, property := range properties {
		if property.IsSecret() {
			property = property.SecretValue().Element
		}
		sent[key] = property
	}
	return sent
}

func mustContain(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not told in:\n%s", part, text)
		}
	}
}

func mustNotContain(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if strings.Contains(text, part) {
			t.Errorf("%q is told in:\n%s", part, text)
		}
	}
}
