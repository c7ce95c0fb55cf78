package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// harborRobotFound is a robot as Harbor describes it. Its name has the prefix that Harbor gives all robots, and its
// project's name.
type harborRobotFound struct {
	ID          int64         `json:"id"`
	Name        string        `json:"name"`
	Description string        `json:"description"`
	Level       string        `json:"level"`
	Duration    int64         `json:"duration"`
	Disabled    bool          `json:"disable"`
	Permissions []harborGrant `json:"permissions"`
	// ExpiresAt is a unix time; -1 is never.
	ExpiresAt int64     `json:"expires_at"`
	Made      time.Time `json:"creation_time"`
}

func (f harborRobotFound) expired() bool {
	return f.ExpiresAt > 0 && f.ExpiresAt <= time.Now().Unix()
}

// errAnotherRobot is what has the number of ours in a Harbor that was begun anew: to us it says that ours is gone.
var errAnotherRobot = &refusal{status: http.StatusNotFound, code: "NOT_FOUND"}

func unlessGone(err error) error {
	if isGone(err) {
		return nil
	}
	return err
}

func harborRobotPath(number int64) string {
	return fmt.Sprintf("/robots/%d", number)
}

// robot is the one with this number, as far as it is the one that is meant.
func (h *harbor) robot(meant harborRobotInputs, number int64) (harborRobotFound, error) {
	var found harborRobotFound
	err := h.ask("show the robot "+meant.localName(), http.MethodGet, harborRobotPath(number), nil, &found)
	if err == nil && (found.Level != meant.level() || !strings.HasSuffix(found.Name, meant.localName())) {
		err = errAnotherRobot
	}
	return found, err
}

func (i harborRobotInputs) level() string {
	if i.Project == "" {
		return "system"
	}
	return "project"
}

// localName is the name without the prefix that Harbor gives all robots. Neither a project's name nor a robot's can have
// a + in it.
func (i harborRobotInputs) localName() string {
	if i.Project == "" {
		return i.Name
	}
	return i.Project + "+" + i.Name
}

// as is the same resource, but described as it was found.
func (i harborRobotInputs) as(found harborRobotFound) harborRobotInputs {
	i.Description, i.Days, i.Disabled = found.Description, found.Duration, found.Disabled
	if !samePermissions(i.Permissions, found.permissions()) {
		i.Permissions = found.permissions()
	}
	return i
}

// looksLike compares all that Harbor tells of a robot and can be told to change.
func (i harborRobotInputs) looksLike(other harborRobotInputs) bool {
	return i.Description == other.Description && i.Days == other.Days && i.Disabled == other.Disabled &&
		samePermissions(i.Permissions, other.Permissions)
}

// body describes the robot to Harbor, which knows it by this name.
func (i harborRobotInputs) body(name string) map[string]any {
	return map[string]any{
		"name": name, "level": i.level(), "description": i.Description, "duration": i.Days, "disable": i.Disabled,
		"permissions": grants(i.Permissions),
	}
}

// openForRobot opens, and lets no error repeat the robot's secret.
func (i harborRobotInputs) openForRobot(call call, pause time.Duration) (*harbor, error) {
	opened, err := i.open(call, pause)
	if err != nil {
		return nil, err
	}
	opened.hidden = append(opened.hidden, i.Secret)
	return opened, nil
}

// makeOrTakeOver makes the robot, or goes on with the one that is there already: it was kept, or a run was cut short
// before it could write down what it had done.
func (i harborRobotInputs) makeOrTakeOver(harbor *harbor) (harborRobotFound, error) {
	made, err := i.make(harbor)
	if !hasStatus(err, http.StatusConflict) {
		return made, err
	}
	found, lookError := i.find(harbor)
	if lookError != nil {
		return harborRobotFound{}, lookError
	}
	if found == nil {
		return harborRobotFound{}, err // so it was refused for another reason
	}
	harbor.call.progress.info("the robot %s is in Harbor already; it is taken over, and whoever uses its old secret is refused "+
		"from now on", found.Name)
	if i.Days == forEver {
		return *found, harbor.describeRobot(*found, i)
	}
	// Its days would be counted from when it was first made, and may be over.
	if err := harbor.ask("delete the robot "+found.Name, http.MethodDelete, harborRobotPath(found.ID), nil, nil); unlessGone(err) != nil {
		return harborRobotFound{}, err
	}
	return i.make(harbor)
}

// make tells Harbor a second time of a robot that shall be disabled: it makes every one enabled, whatever it is told.
func (i harborRobotInputs) make(harbor *harbor) (harborRobotFound, error) {
	harbor.call.progress.status("making the robot %s in Harbor", i.localName())
	var made harborRobotFound
	err := harbor.ask("make the robot "+i.localName(), http.MethodPost, "/robots", i.body(i.Name), &made)
	if err == nil && made.ID == 0 {
		err = errors.New("Harbor has made the robot " + i.localName() + " and does not tell its number; the next ./pulumiw up takes it over")
	}
	if err == nil && i.Disabled {
		err = harbor.describeRobot(made, i)
	}
	return made, err
}

func (h *harbor) describeRobot(found harborRobotFound, wanted harborRobotInputs) error {
	return h.ask("change the robot "+found.Name, http.MethodPut, harborRobotPath(found.ID), wanted.body(found.Name), nil)
}

func (h *harbor) giveSecret(found harborRobotFound, secret string) error {
	body := map[string]string{"secret": secret}
	return h.ask("give the robot "+found.Name+" its secret", http.MethodPatch, harborRobotPath(found.ID), body, nil)
}

// find looks for the robot by its name; nil where there is none.
func (i harborRobotInputs) find(harbor *harbor) (*harborRobotFound, error) {
	query := "Level=system"
	isMeant := func(name string) bool { return strings.HasSuffix(name, i.localName()) }
	if i.Project != "" {
		project, err := harbor.project(i.Project)
		if err != nil {
			return nil, err
		}
		query = fmt.Sprintf("Level=project,ProjectID=%d", project.ID)
	} else {
		prefix, err := harbor.robotPrefix()
		if err != nil {
			return nil, err
		}
		isMeant = func(name string) bool { return name == prefix+i.Name }
	}
	robots, err := allPages[harborRobotFound](harbor, "list robots", "/robots?q="+url.QueryEscape(query))
	if err != nil {
		return nil, err
	}
	for _, robot := range robots {
		if isMeant(robot.Name) {
			return &robot, nil
		}
	}
	return nil, nil
}

// robotPrefix is what Harbor puts before each robot's name: `robot$`, where nobody has told it otherwise.
func (h *harbor) robotPrefix() (string, error) {
	var configuration struct {
		Prefix struct {
			Value string `json:"value"`
		} `json:"robot_name_prefix"`
	}
	err := h.ask("show how it is configured", http.MethodGet, "/configurations", nil, &configuration)
	return configuration.Prefix.Value, err
}

// send tells Harbor what differs from how the robot is, and gives back what the robot logs in as today.
func (i harborRobotInputs) send(call call, pause time.Duration, state harborRobotState) (string, error) {
	harbor, err := i.openForRobot(call, pause)
	if err != nil {
		return "", err
	}
	defer harbor.close()
	found, err := harbor.robot(i, state.RobotID)
	if isGone(err) {
		return "", fmt.Errorf("the robot %s is gone from Harbor: ./pulumiw refresh, and the next ./pulumiw up makes it again", i.localName())
	}
	if err == nil && !i.looksLike(i.as(found)) {
		err = i.describe(harbor, found)
	}
	if err == nil && i.Secret != state.Secret {
		err = harbor.giveSecret(found, i.Secret)
	}
	return found.Name, err
}

// describe does not let other days take effect that would be over at once: Harbor counts them from when it made the
// robot.
func (i harborRobotInputs) describe(harbor *harbor, found harborRobotFound) error {
	if i.Days != found.Duration && i.Days != forEver && found.Made.AddDate(0, 0, int(i.Days)).Before(time.Now()) {
		return fmt.Errorf("Harbor counts the days of the robot %s from %s, and %d of them are over: give it more, or another one in "+
			"its place: ./pulumiw up --replace '%s'", found.Name, found.Made.Format(time.DateOnly), i.Days, harbor.call.progress.urn)
	}
	return harbor.describeRobot(found, i)
}

// opensFor asks whether the secret is the one that Harbor knows, at the place where clients log in.
func (h *harbor) opensFor(username, secret string) (bool, error) {
	err := h.as(username, secret).persist("let "+username+" in", http.MethodGet, "/v2/", nil, nil)
	var refused *refusedHarborLogin
	if errors.As(err, &refused) {
		return false, nil
	}
	return err == nil, err
}
