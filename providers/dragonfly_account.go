package main

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

const (
	// The account that a manager makes for itself, and the password that stands in its manual.
	dragonflyUser, dragonflyPublicPassword = "root", "dragonfly"
	dragonflyUserID                        = 1
	dragonflyToken                         = "hero"
	dragonflyTokenYears                    = 10
	// For half a minute a manager remembers what it has read.
	dragonflyForgets                  = 31 * time.Second
	shortestPassword, longestPassword = 8, 20
)

// dragonflyAccount is the manager's first account with a password that nobody else knows, and a token of it that may do
// nothing but jobs.
type dragonflyAccount struct {
	// pause is the time between two tries.
	pause time.Duration
	// forgets is how long a manager may refuse what is right.
	forgets time.Duration
}

type dragonflyAccountInputs struct {
	dragonflyManagerInputs
	Password string `json:"password"`
	// Generation is any text; another text means another token.
	Generation string `json:"generation"`
}

type dragonflyAccountState struct {
	dragonflyAccountInputs
	Token   string `json:"token"`
	TokenID int    `json:"tokenId"`
}

type dragonflyTokenFound struct {
	ID    int    `json:"id"`
	Name  string `json:"name"`
	Token string `json:"token"`
}

var dragonflyAccountSecrets = []resource.PropertyKey{"password", "token"}

func (dragonflyAccount) check(news resource.PropertyMap) (resource.PropertyMap, []plugin.CheckFailure, error) {
	inputs, err := decode[dragonflyAccountInputs](news)
	if err != nil {
		return nil, nil, err
	}
	length := len(inputs.Password)
	if !news["password"].ContainsUnknowns() && (length < shortestPassword || length > longestPassword) {
		return news, []plugin.CheckFailure{{Property: "password", Reason: fmt.Sprintf(
			"it has %d characters; Dragonfly's manager takes %d to %d", length, shortestPassword, longestPassword)}}, nil
	}
	return news, nil, nil
}

// diff replaces it where it would be in another database; that the old one is gone is for the namespace to see to.
func (dragonflyAccount) diff(olds, news resource.PropertyMap) (plugin.DiffResult, error) {
	return difference(changedKeys(olds, news), "identity", "namespace", "release"), nil
}

func (a dragonflyAccount) create(call call, news resource.PropertyMap) (resource.PropertyMap, error) {
	if call.preview {
		return withUnknown(news, "token", "tokenId"), nil
	}
	inputs, err := decode[dragonflyAccountInputs](news)
	if err != nil {
		return nil, err
	}
	return a.settle(call, dragonflyAccountState{dragonflyAccountInputs: inputs})
}

// read looks at nothing: a token that somebody took away is missed by whoever needs it next, in words.
func (dragonflyAccount) read(_ call, olds resource.PropertyMap) (resource.PropertyMap, error) {
	state, err := decode[dragonflyAccountState](olds)
	if err != nil {
		return nil, err
	}
	return encode(state, dragonflyAccountSecrets...)
}

// update changes the password where it is another, and makes another token for another generation.
func (a dragonflyAccount) update(call call, olds, news resource.PropertyMap) (resource.PropertyMap, error) {
	state, err := decode[dragonflyAccountState](olds)
	if err != nil {
		return nil, err
	}
	inputs, err := decode[dragonflyAccountInputs](news)
	if err != nil {
		return nil, err
	}
	another := inputs.Generation != state.Generation
	if call.preview {
		if another {
			return withUnknown(news, "token", "tokenId"), nil
		}
		outputs := news.Copy()
		outputs["token"], outputs["tokenId"] = olds["token"], olds["tokenId"]
		return outputs, nil
	}
	before := state.Password
	state.dragonflyAccountInputs = inputs
	if another {
		state.Token = ""
	}
	if !another && before == inputs.Password {
		return encode(state, dragonflyAccountSecrets...)
	}
	return a.settle(call, state, before)
}

// remove leaves the database as it was found: without the token, and with the password that stands in the manual, as nobody
// will know ours. Where the database goes with its namespace, the engine does not ask for that.
func (a dragonflyAccount) remove(call call, olds resource.PropertyMap) error {
	state, err := decode[dragonflyAccountState](olds)
	if err != nil {
		return err
	}
	manager, err := state.open(call, a.pause, state.Password, state.Token)
	if err == nil {
		defer manager.close()
		err = a.leave(manager, state)
	}
	if err != nil && call.Err() == nil {
		// With the manager goes whatever else could be done about it.
		call.progress.warning("%s keeps a password in its database that nobody will know: %v; before another Dragonfly uses that database, empty it",
			dragonflyUser, err)
	}
	return call.Err()
}

func (a dragonflyAccount) leave(manager *dragonfly, state dragonflyAccountState) error {
	err := a.enter(manager, state.Password, state.Password)
	if hasStatus(err, http.StatusUnauthorized) && manager.signIn(dragonflyPublicPassword) == nil {
		return nil // a run that was killed has come so far
	}
	if err != nil {
		return err
	}
	if err := manager.dropToken(state.TokenID); err != nil {
		return err
	}
	return a.patiently(manager, func() error { return manager.changePassword(state.Password, dragonflyPublicPassword) })
}

// settle has the account have the password of the state, whether it has it already, still one of before, or, where its
// database was emptied, the one that stands in the manual; and makes a token where the state has none.
func (a dragonflyAccount) settle(call call, state dragonflyAccountState, before ...string) (resource.PropertyMap, error) {
	manager, err := state.open(call, a.pause, append([]string{state.Password, state.Token}, before...)...)
	if err != nil {
		return nil, err
	}
	defer manager.close()
	if err := a.enter(manager, state.Password, append(before, dragonflyPublicPassword)...); err != nil {
		return nil, err
	}
	if state.Token == "" {
		if err := state.makeToken(manager); err != nil {
			return nil, err
		}
	}
	return encode(state, dragonflyAccountSecrets...)
}

// enter signs in with the password, which replaces one of before where it is not there yet. One after the other: to be
// refused one makes the manager remember the account, and refuse the next.
func (a dragonflyAccount) enter(manager *dragonfly, password string, before ...string) error {
	var err error
	for _, each := range before {
		err = a.patiently(manager, func() error { return manager.enter(password, each) })
		if !mayBeRemembered(err) {
			break
		}
	}
	if mayBeRemembered(err) || hasStatus(err, http.StatusNotFound) {
		return fmt.Errorf("%w; its password is neither the stack's nor the one that it had before: where somebody has changed it, "+
			"change it back there, or begin with an empty database", err)
	}
	return err
}

// patiently believes a refusal only once the manager cannot have remembered it.
func (a dragonflyAccount) patiently(manager *dragonfly, ask func() error) error {
	err := ask()
	if !mayBeRemembered(err) {
		return err
	}
	manager.call.progress.status("%v; trying again in %s, when it does not remember that any more", err, seconds(a.forgets))
	if err := manager.wait(a.forgets); err != nil {
		return err
	}
	return ask()
}

// enter first tries the password that shall be: a run before this one may have come so far. To change it needs no login
// but the old one.
func (d *dragonfly) enter(password, before string) error {
	err := d.signIn(password)
	if before == password || !hasStatus(err, http.StatusUnauthorized) {
		return err
	}
	if err := d.changePassword(before, password); err != nil {
		return err
	}
	return d.signIn(password)
}

func (d *dragonfly) changePassword(before, password string) error {
	return d.ask("change the password of "+dragonflyUser, http.MethodPost,
		fmt.Sprintf("/api/v1/users/%d/reset_password", dragonflyUserID),
		map[string]any{"old_password": before, "new_password": password}, nil)
}

// mayBeRemembered tells whether the manager may have answered from what it remembers of its database, in which accounts
// have no passwords. Seen of version 2.5.0, whose manager/database/cacher.go keeps as JSON what that leaves out.
func mayBeRemembered(err error) bool {
	var refused *refusal
	return errors.As(err, &refused) && (refused.status == http.StatusUnauthorized || strings.Contains(refused.excuse, "bcrypt"))
}

// signIn keeps what the manager gives for the password, for all that comes after.
func (d *dragonfly) signIn(password string) error {
	var signed struct {
		Token string `json:"token"`
	}
	err := d.ask("let "+dragonflyUser+" sign in", http.MethodPost, "/api/v1/users/signin",
		map[string]any{"name": dragonflyUser, "password": password}, &signed)
	if err != nil {
		return err
	}
	d.bearer = signed.Token
	d.hidden = append(d.hidden, signed.Token)
	return nil
}

// makeToken takes away first what is called like it: no two may be, and nobody knows one that a killed run has made.
func (s *dragonflyAccountState) makeToken(manager *dragonfly) error {
	const tokens = "/api/v1/personal-access-tokens"
	var found []dragonflyTokenFound
	if err := manager.ask("list its tokens", http.MethodGet, tokens+"?page=1&per_page=10000", nil, &found); err != nil {
		return err
	}
	for _, each := range found {
		if each.Name == dragonflyToken {
			if err := manager.dropToken(each.ID); err != nil {
				return err
			}
		}
	}
	var made dragonflyTokenFound
	err := manager.ask("make a token", http.MethodPost, tokens, map[string]any{
		"name": dragonflyToken, "bio": "Of the stack that this Dragonfly belongs to", "scopes": []string{"job"},
		"expired_at": time.Now().AddDate(dragonflyTokenYears, 0, 0).UTC().Format(time.RFC3339), "user_id": dragonflyUserID,
	}, &made)
	if err != nil {
		return err
	}
	if made.Token == "" {
		return fmt.Errorf("Dragonfly's manager has made the token %s and does not tell it; the next ./pulumiw up makes another one", dragonflyToken)
	}
	s.Token, s.TokenID = made.Token, made.ID
	return nil
}

func (d *dragonfly) dropToken(id int) error {
	err := d.ask("take a token away", http.MethodDelete, fmt.Sprintf("/api/v1/personal-access-tokens/%d", id), nil, nil)
	if hasStatus(err, http.StatusNotFound) {
		return nil
	}
	return err
}
