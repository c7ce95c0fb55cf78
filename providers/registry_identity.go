package main

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	identityPath    = "/_hero/identity"
	nonceLength     = 64
	longestIdentity = 16 << 10
)

// identityTimeout bounds the wait for an answer, which a registry gives from memory.
var identityTimeout = 10 * time.Second

// registryIdentity is the registry's answer to a challenge. Proof covers all other fields.
type registryIdentity struct {
	Process int `json:"process"`
	// Directory is where the process's working directory is now; empty when it was deleted.
	Directory string `json:"directory"`
	Proof     string `json:"proof"`
}

// identityError reports a peer that is not the embedded registry. No credentials were sent to it.
type identityError struct {
	address string
	cause   error
	hint    string
}

func (e identityError) Error() string {
	return fmt.Sprintf("cannot verify that the stack's registry listens on %s: %v; no credentials were sent\n"+
		"hint: %s", e.address, e.cause, e.hint)
}

// prove returns the HMAC of the client's nonce and of the answer. The address is part of it, so that a program on another
// port cannot relay the challenge to the registry.
func (i registryIdentity) prove(key, nonce, address string) string {
	sum := hmac.New(sha256.New, []byte(key))
	for _, field := range []string{"hero registry identity 1", nonce, address, strconv.Itoa(i.Process), i.Directory} {
		fmt.Fprintf(sum, "%d:%s,", len(field), field)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// answerIdentity answers challenges in front of the registry. It needs no credentials, and its answer reveals none.
func answerIdentity(key string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if request.URL.Path != identityPath {
			next.ServeHTTP(writer, request)
			return
		}
		nonce := request.URL.Query().Get("nonce")
		address, known := request.Context().Value(http.LocalAddrContextKey).(net.Addr)
		if key == "" || !known || len(nonce) != nonceLength {
			http.NotFound(writer, request)
			return
		}
		answer := registryIdentity{Process: os.Getpid(), Directory: workingDirectory()}
		answer.Proof = answer.prove(key, nonce, address.String())
		_ = json.NewEncoder(writer).Encode(answer)
	})
}

// workingDirectory asks the kernel, which knows of renames. It returns nothing when the directory was deleted.
func workingDirectory() string {
	path, err := syscall.Getwd()
	if err != nil || !strings.HasPrefix(path, "/") || strings.HasSuffix(path, " (deleted)") {
		return ""
	}
	return path
}

// verifyIdentity challenges the peer. The connection can be used for other requests afterwards.
func verifyIdentity(connection net.Conn, key string) (registryIdentity, error) {
	address := connection.RemoteAddr().String()
	answer, err := challenge(connection, address, key)
	if err != nil {
		return answer, identityError{address, err, "stop the program that listens there, then ./pulumiw up"}
	}
	return answer, nil
}

// checkOwner refuses the registry of another checkout. A copied checkout has the original's credentials, and must not
// change the original's images.
func (i registryIdentity) checkOwner(address string) error {
	directory := registryDirectory(i.Directory)
	if i.Directory == "" {
		return nil
	}
	mark, err := directory.mark()
	if err != nil || directory.otherCheckout(mark) == "" {
		return nil
	}
	return identityError{
		address, fmt.Errorf("it is the registry of the checkout in %s", directory.otherCheckout(mark)),
		"give this checkout's registry a port and a directory of its own, hero:embedded.port and hero:embedded.directory",
	}
}

func challenge(connection net.Conn, address, key string) (registryIdentity, error) {
	var answer registryIdentity
	if key == "" {
		return answer, errors.New("the state has no identity key")
	}
	if err := connection.SetDeadline(time.Now().Add(identityTimeout)); err != nil {
		return answer, err
	}
	nonce := randomName() + randomName()
	request, err := http.NewRequest(http.MethodGet, "http://"+address+identityPath+"?nonce="+nonce, nil)
	if err != nil {
		return answer, err
	}
	if err := request.Write(connection); err != nil {
		return answer, err
	}
	reader := bufio.NewReader(io.LimitReader(connection, longestIdentity))
	response, err := http.ReadResponse(reader, request)
	if err != nil {
		return answer, fmt.Errorf("it does not answer as the registry does: %w", err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || response.StatusCode != http.StatusOK {
		return answer, errors.New("it does not answer as the registry does")
	}
	if !hmac.Equal([]byte(answer.Proof), []byte(answer.prove(key, nonce, address))) {
		return answer, errors.New("it does not know the registry's identity key")
	}
	if _, err := io.Copy(io.Discard, response.Body); err != nil || response.Close || reader.Buffered() > 0 {
		return answer, errors.New("it does not keep the connection as the registry does")
	}
	return answer, connection.SetDeadline(time.Time{})
}

// identityOf returns the identity of the registry that listens on the port.
func identityOf(ctx context.Context, port int, key string) (registryIdentity, error) {
	connection, err := dialRegistry(ctx, "tcp", loopbackAddress(port))
	if err != nil {
		return registryIdentity{}, err
	}
	defer connection.Close()
	return verifyIdentity(connection, key)
}

// verifiedTransport verifies each connection before the first request on it. No other process can take a connection over
// once it is verified, so credentials reach the registry alone. A proxy is never used.
func verifiedTransport(key string, from *http.Transport) *http.Transport {
	transport := from.Clone()
	transport.Proxy = nil
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		connection, err := dialRegistry(ctx, network, address)
		if err != nil {
			return nil, err
		}
		answer, err := verifyIdentity(connection, key)
		if err == nil {
			err = answer.checkOwner(address)
		} else {
			noteImpostor(key)
		}
		if err != nil {
			connection.Close()
			return nil, err
		}
		return connection, nil
	}
	return transport
}

func dialRegistry(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: identityTimeout}
	return dialer.DialContext(ctx, network, address)
}

func loopbackAddress(port int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}
