package main

import (
	"fmt"
	"sync"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

const (
	hubAPI            = "https://hub.docker.com"
	giveUsernameFirst = "say who logs in: ./pulumiw config set --path hero:dockerhub.username NAME, then " +
		"./pulumiw config set --secret --path hero:dockerhub.token"
)

// knownLogins are the logins that this run's program has given, by user. They are never asked of the stack's config: the
// engine puts what it hands to a plugin into that process's environment, in clear.
type knownLogins struct {
	lock   sync.Mutex
	logins map[hubLogin]string
	// harbors are those to a Harbor, by address and user.
	harbors map[harborLogin]harborLogin
}

// remember keeps the login among these inputs, where there is one and a preview knows it.
func (k *knownLogins) remember(news resource.PropertyMap) {
	k.rememberHarbor(news)
	given, err := decode[hubLogin](news)
	if err != nil || given.API == "" || given.Username == "" || given.Token == "" {
		return
	}
	k.lock.Lock()
	defer k.lock.Unlock()
	if k.logins == nil {
		k.logins = map[hubLogin]string{}
	}
	k.logins[hubLogin{API: given.API, Username: given.Username}] = given.Token
}

// today is the same user's login with the token that the program gives now; false where that is no other one.
func (k *knownLogins) today(old hubLogin) (hubLogin, bool) {
	if k == nil {
		return hubLogin{}, false
	}
	k.lock.Lock()
	defer k.lock.Unlock()
	token, known := k.logins[hubLogin{API: old.API, Username: old.Username}]
	return hubLogin{API: old.API, Username: old.Username, Token: token}, known && token != old.Token
}

// personalHubLogin is the one that `docker login` has left on this machine, which an import has to do with.
func personalHubLogin(keychain authn.Keychain, api string) (hubLogin, error) {
	registry, err := name.NewRegistry(name.DefaultRegistry)
	if err != nil {
		return hubLogin{}, err
	}
	authenticator, err := keychain.Resolve(registry)
	if err != nil {
		return hubLogin{}, fmt.Errorf("the Docker client's login to Docker Hub cannot be read: %w", err)
	}
	login, err := authenticator.Authorization()
	if err != nil {
		return hubLogin{}, fmt.Errorf("the Docker client's login to Docker Hub cannot be read: %w", err)
	}
	if login.Username == "" || login.Password == "" {
		return hubLogin{}, fmt.Errorf("an import uses the Docker client's login to Docker Hub, and there is none: docker login")
	}
	return hubLogin{API: api, Username: login.Username, Token: login.Password}, nil
}
