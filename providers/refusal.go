package main

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

const longestExcuse = 300 // bytes

// refusal is an answer by which a server says that it does not do what it was asked.
type refusal struct {
	server string
	status int
	// code is the word that Harbor has for its reason. Docker Hub has none.
	code string
	// purpose goes on after "refuses to".
	purpose string
	excuse  string
	advice  string
}

func (r *refusal) Error() string {
	text := fmt.Sprintf("%s refuses to %s (%d: %s)", r.server, r.purpose, r.status, r.excuse)
	if r.advice != "" {
		text += "; " + r.advice
	}
	return text
}

// hasStatus tells whether a server has refused with one of these.
func hasStatus(err error, statuses ...int) bool {
	var refused *refusal
	return errors.As(err, &refused) && slices.Contains(statuses, refused.status)
}

// shortExcuse is what a server says itself, in one line, and without the secrets that an answer may repeat.
func shortExcuse(text string, secrets ...string) string {
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "[secret]")
		}
	}
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > longestExcuse {
		text = strings.ToValidUTF8(text[:longestExcuse], "") + "…"
	}
	return text
}

// withoutURL leaves out what Go's client says around a cause: the method and the whole URL.
func withoutURL(err error) error {
	var around *url.Error
	if errors.As(err, &around) {
		return around.Err
	}
	return err
}
