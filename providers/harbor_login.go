package main

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// harborLogin is what every resource in a Harbor needs to speak to it.
type harborLogin struct {
	// URL is where Harbor is found, without a path.
	URL string `json:"url"`
	// Username is one of Harbor's administrators.
	Username string `json:"username"`
	Password string `json:"password"`
	// CaCertificate is PEM; without it, those whom this machine trusts are trusted.
	CaCertificate string `json:"caCertificate"`
}

// harborLoginKeys are inputs whose change alone is nothing that Harbor has to know.
var harborLoginKeys = []resource.PropertyKey{"url", "username", "password", "caCertificate"}

// check is about the address alone: whether the rest opens Harbor, only Harbor can say.
func (l harborLogin) check(news resource.PropertyMap) []plugin.CheckFailure {
	if news["url"].ContainsUnknowns() {
		return nil
	}
	address, err := url.Parse(l.URL)
	if err == nil && slices.Contains([]string{"https", "http"}, address.Scheme) && address.Host != "" &&
		address.User == nil && strings.Trim(address.Path, "/") == "" && address.RawQuery == "" {
		return nil
	}
	// What was given is not repeated: there may be a password in it.
	return []plugin.CheckFailure{{Property: "url", Reason: "it is not https:// or http:// and a host, with a port or without"}}
}

// reopen takes the login that the program gives today, where it gives one to the same user: in an `up` that changes the
// password or the certificate, what goes is still known with the old one.
func (l harborLogin) reopen(call call, pause time.Duration) (*harbor, error) {
	if today, known := call.logins.harborToday(l); known {
		l = today
	}
	return l.open(call, pause)
}

// look reopens for a refresh.
func (l harborLogin) look(call call, pause time.Duration) (*harbor, error) {
	opened, err := l.reopen(call, pause)
	if err != nil {
		return nil, err
	}
	opened.tries = harborTriesOfALook
	return opened, nil
}

// rememberHarbor keeps the login among these inputs, where there is one and a preview knows it.
func (k *knownLogins) rememberHarbor(news resource.PropertyMap) {
	given, err := decode[harborLogin](news)
	if err != nil || given.URL == "" || given.Username == "" || given.Password == "" || news["caCertificate"].ContainsUnknowns() {
		return
	}
	k.lock.Lock()
	defer k.lock.Unlock()
	if k.harbors == nil {
		k.harbors = map[harborLogin]harborLogin{}
	}
	k.harbors[harborLogin{URL: given.URL, Username: given.Username}] = given
}

func (k *knownLogins) harborToday(old harborLogin) (harborLogin, bool) {
	if k == nil {
		return harborLogin{}, false
	}
	k.lock.Lock()
	defer k.lock.Unlock()
	today, known := k.harbors[harborLogin{URL: old.URL, Username: old.Username}]
	return today, known
}
