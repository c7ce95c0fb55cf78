package main

import (
	"fmt"
	"math"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

const (
	forEver = -1 // days
	// Harbor's own, src/controller/robot/controller.go.
	shortestRobotSecret = 8
	longestRobotSecret  = 128
)

var robotSecretParts = []*regexp.Regexp{regexp.MustCompile(`[a-z]`), regexp.MustCompile(`[A-Z]`), regexp.MustCompile(`[0-9]`)}

// harborRobot is a login for a machine to a Harbor, with a secret that we give it.
type harborRobot struct {
	// pause comes before Harbor is asked a second time for what it could not do.
	pause time.Duration
}

type harborRobotInputs struct {
	harborLogin
	// Project is the one that the robot belongs to, and goes with; without it the robot belongs to Harbor itself.
	Project     string             `json:"project"`
	Name        string             `json:"name"`
	Description string             `json:"description"`
	Permissions []harborPermission `json:"permissions"`
	Secret      string             `json:"secret"`
	// Days are counted from when the robot is made; -1 is for ever.
	Days     int64 `json:"days"`
	Disabled bool  `json:"disabled"`
}

type harborRobotState struct {
	harborRobotInputs
	// FullName is what the robot logs in as. Harbor puts a prefix before it that can be another one tomorrow.
	FullName string `json:"fullName"`
	RobotID  int64  `json:"robotId"`
	// Expired is true once its days are over.
	Expired bool `json:"expired"`
}

func (harborRobot) check(news resource.PropertyMap) (resource.PropertyMap, []plugin.CheckFailure, error) {
	inputs, err := decode[harborRobotInputs](news)
	if err != nil {
		return nil, nil, err
	}
	failures := inputs.harborLogin.check(news)
	fail := func(property resource.PropertyKey, format string, values ...any) {
		failures = append(failures, plugin.CheckFailure{Property: property, Reason: fmt.Sprintf(format, values...)})
	}
	if !news["name"].ContainsUnknowns() && !isHarborName(inputs.Name) {
		fail("name", "%q is no name of a robot in Harbor: words of a-z and 0-9 with single . _ - between them", inputs.Name)
	}
	if !news["secret"].ContainsUnknowns() && !isRobotSecret(inputs.Secret) {
		// What was given is not repeated.
		fail("secret", "it has to have %d to %d characters, and a small letter, a large one and a digit among them",
			shortestRobotSecret, longestRobotSecret)
	}
	if !news["days"].ContainsUnknowns() && inputs.Days != forEver && (inputs.Days < 1 || inputs.Days >= math.MaxInt32) {
		fail("days", "%d is no number of days, and not -1 for ever", inputs.Days)
	}
	if !news["permissions"].ContainsUnknowns() && !news["project"].ContainsUnknowns() {
		if reason := inputs.wrongPermissions(); reason != "" {
			fail("permissions", "%s", reason)
		}
	}
	return news, failures, nil
}

func isRobotSecret(secret string) bool {
	return len(secret) >= shortestRobotSecret && len(secret) <= longestRobotSecret &&
		!slices.ContainsFunc(robotSecretParts, func(part *regexp.Regexp) bool { return !part.MatchString(secret) })
}

// diff makes another robot for another name or project, and before the old one goes. One whose days are over has the
// name that the next one gets, so it has to go first; nobody can use it any more.
func (harborRobot) diff(olds, news resource.PropertyMap) (plugin.DiffResult, error) {
	state, err := decode[harborRobotState](olds)
	if err != nil {
		return plugin.DiffResult{}, err
	}
	changed := changedKeys(olds, news, harborLoginKeys...)
	if state.Expired {
		changed = append(changed, "expired")
	}
	result := difference(changed, "name", "project", "expired")
	if slices.Contains(changed, "name") || slices.Contains(changed, "project") {
		result = newOneFirst(result)
	}
	return result, nil
}

func (r harborRobot) create(call call, news resource.PropertyMap) (resource.PropertyMap, error) {
	if call.preview {
		return withUnknown(news, "fullName", "robotId"), nil
	}
	inputs, err := decode[harborRobotInputs](news)
	if err != nil {
		return nil, err
	}
	harbor, err := inputs.openForRobot(call, r.pause)
	if err != nil {
		return nil, err
	}
	defer harbor.close()
	made, err := inputs.makeOrTakeOver(harbor)
	if err != nil {
		return nil, err
	}
	if err := harbor.giveSecret(made, inputs.Secret); err != nil {
		return nil, err
	}
	return harborRobotState{harborRobotInputs: inputs, FullName: made.Name, RobotID: made.ID}.properties()
}

// read takes a robot for gone when Harbor says so, or has another one by its number. Whatever else hinders is an error,
// and leaves the state as it is.
func (r harborRobot) read(call call, olds resource.PropertyMap) (resource.PropertyMap, error) {
	state, err := decode[harborRobotState](olds)
	if err != nil {
		return nil, err
	}
	harbor, err := state.look(call, r.pause)
	if err != nil {
		return nil, err
	}
	defer harbor.close()
	found, err := harbor.robot(state.harborRobotInputs, state.RobotID)
	if isGone(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	state.harborRobotInputs = state.as(found)
	state.FullName, state.Expired = found.Name, found.expired()
	if state.Secret != "" && !state.Disabled && !state.Expired {
		works, err := harbor.opensFor(state.FullName, state.Secret)
		if err != nil {
			return nil, err
		}
		if !works {
			state.Secret = "" // so that the next up gives it again
		}
	}
	return state.properties()
}

// update sends what differs from how the robot is. A login alone is nothing that Harbor has to know, and another address
// is the same Harbor by another name.
func (r harborRobot) update(call call, olds, news resource.PropertyMap) (resource.PropertyMap, error) {
	state, err := decode[harborRobotState](olds)
	if err != nil {
		return nil, err
	}
	if call.preview {
		outputs := news.Copy()
		outputs["fullName"] = resource.NewStringProperty(state.FullName)
		outputs["robotId"] = resource.NewNumberProperty(float64(state.RobotID))
		return outputs, nil
	}
	inputs, err := decode[harborRobotInputs](news)
	if err != nil {
		return nil, err
	}
	if !inputs.looksLike(state.harborRobotInputs) || inputs.Secret != state.Secret {
		if state.FullName, err = inputs.send(call, r.pause, state); err != nil {
			return nil, err
		}
	}
	state.harborRobotInputs = inputs
	return state.properties()
}

func (r harborRobot) remove(call call, olds resource.PropertyMap) error {
	state, err := decode[harborRobotState](olds)
	if err != nil {
		return err
	}
	harbor, err := state.reopen(call, r.pause)
	if err != nil {
		return err
	}
	defer harbor.close()
	if _, err := harbor.robot(state.harborRobotInputs, state.RobotID); err != nil {
		return unlessGone(err)
	}
	return unlessGone(harbor.ask("delete the robot "+state.FullName, http.MethodDelete, harborRobotPath(state.RobotID), nil, nil))
}

func (harborRobot) identity(state resource.PropertyMap) string {
	return fmt.Sprintf("/robots/%.0f", state["robotId"].NumberValue())
}

func (s harborRobotState) properties() (resource.PropertyMap, error) {
	if s.Permissions == nil {
		s.Permissions = []harborPermission{}
	}
	return encode(s, "password", "secret")
}
