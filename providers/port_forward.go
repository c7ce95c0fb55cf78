package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/httpstream"
	"k8s.io/client-go/transport/spdy"
)

// https://github.com/kubernetes/client-go/blob/v0.34.4/tools/portforward/portforward.go
const portForwardProtocol = "portforward.k8s.io"

// dialPod opens a port of a pod as `kubectl port-forward` does, and no port of this machine. The API's own way to ask a
// pod by HTTP would take away the header that a login stands in.
func (c *cluster) dialPod(ctx context.Context, namespace, pod string, port int) (net.Conn, error) {
	forwarded, err := c.forward(ctx, "api/v1/namespaces/"+namespace+"/pods/"+pod+"/portforward", port)
	if err != nil {
		return nil, fmt.Errorf("the cluster of context %s forwards no port of the pod %s: %w", c.context, pod, err)
	}
	return forwarded, nil
}

func (c *cluster) forward(ctx context.Context, below string, port int) (*forwardedPort, error) {
	transport, upgrader, err := spdy.RoundTripperFor(c.config)
	if err != nil {
		return nil, err
	}
	address := *c.api
	address.Path = path.Join(address.Path, below)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address.String(), nil)
	if err != nil {
		return nil, err
	}
	connection, err := withinTime(clusterTimeout, func() (httpstream.Connection, error) {
		opened, _, err := spdy.Negotiate(upgrader, &http.Client{Transport: transport}, request, portForwardProtocol)
		return opened, err
	})
	if err != nil {
		return nil, err
	}
	headers := http.Header{}
	headers.Set(corev1.PortHeader, strconv.Itoa(port))
	headers.Set(corev1.PortForwardRequestIDHeader, "0")
	headers.Set(corev1.StreamType, corev1.StreamTypeError)
	troubles, err := connection.CreateStream(headers)
	if err != nil {
		return nil, errors.Join(err, connection.Close())
	}
	headers.Set(corev1.StreamType, corev1.StreamTypeData)
	data, err := connection.CreateStream(headers)
	if err != nil {
		return nil, errors.Join(err, connection.Close())
	}
	forwarded := &forwardedPort{Stream: data, connection: connection}
	// Nothing is said to it on that stream.
	go forwarded.listen(troubles, troubles.Close())
	return forwarded, nil
}

// withinTime bounds an upgrade: client-go reads its response without regard to the context. A connection that opens too
// late is closed.
func withinTime[T io.Closer](limit time.Duration, open func() (T, error)) (T, error) {
	type outcome struct {
		opened T
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		opened, err := open()
		done <- outcome{opened, err}
	}()
	select {
	case found := <-done:
		return found.opened, found.err
	case <-time.After(limit):
		go func() {
			if late := <-done; late.err == nil {
				late.opened.Close()
			}
		}()
		var none T
		return none, fmt.Errorf("timed out, no response within %s", seconds(limit))
	}
}

// forwardedPort is a port of a pod, as a connection to it. It has no deadlines: whoever asks closes it.
type forwardedPort struct {
	httpstream.Stream
	connection httpstream.Connection
	lock       sync.Mutex
	trouble    error
}

// listen hears of what goes wrong between the cluster and the pod.
func (f *forwardedPort) listen(troubles io.Reader, err error) {
	said, readErr := io.ReadAll(io.LimitReader(troubles, longestAnswer))
	if err = errors.Join(err, readErr); err == nil && len(said) > 0 {
		err = errors.New(shortExcuse(strings.TrimSpace(string(said))))
	}
	if err == nil {
		return
	}
	f.lock.Lock()
	f.trouble = err
	f.lock.Unlock()
	f.connection.Close()
}

func (f *forwardedPort) Read(into []byte) (int, error) {
	count, err := f.Stream.Read(into)
	return count, f.explained(err)
}

func (f *forwardedPort) Write(content []byte) (int, error) {
	count, err := f.Stream.Write(content)
	return count, f.explained(err)
}

// explained is what the cluster has said of it, where that is why it failed.
func (f *forwardedPort) explained(err error) error {
	f.lock.Lock()
	defer f.lock.Unlock()
	if err != nil && f.trouble != nil {
		return f.trouble
	}
	return err
}

func (f *forwardedPort) Close() error {
	return f.connection.Close()
}

func (f *forwardedPort) LocalAddr() net.Addr              { return forwardedAddress{} }
func (f *forwardedPort) RemoteAddr() net.Addr             { return forwardedAddress{} }
func (f *forwardedPort) SetDeadline(time.Time) error      { return nil }
func (f *forwardedPort) SetReadDeadline(time.Time) error  { return nil }
func (f *forwardedPort) SetWriteDeadline(time.Time) error { return nil }

type forwardedAddress struct{}

func (forwardedAddress) Network() string { return "forwarded" }
func (forwardedAddress) String() string  { return "a port of a pod" }
