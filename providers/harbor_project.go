package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

const (
	noQuota = -1
	// Harbor's own, src/pkg/quota/types.
	largestQuota      = 1 << 50 // bytes
	longestHarborName = 255     // characters
)

var (
	// Harbor's own, src/pkg/project/manager.go and src/server/v2.0/handler/robot.go.
	harborName       = regexp.MustCompile(`^[a-z0-9]+(?:[._-][a-z0-9]+)*$`)
	harborSeverities = []string{"low", "medium", "high", "critical"}
)

// harborProject is a project in a Harbor: who sees it, how much it holds, and which of its images can be pulled.
type harborProject struct {
	// pause comes before Harbor is asked a second time for what it could not do.
	pause time.Duration
}

type harborProjectInputs struct {
	harborLogin
	Name   string `json:"name"`
	Public bool   `json:"public"`
	// Quota is in bytes; -1 is none.
	Quota int64 `json:"quota"`
	// Registry is the number of another registry whose images come when they are first pulled; 0 is none.
	Registry   int64 `json:"registry"`
	ScanOnPush bool  `json:"scanOnPush"`
	SbomOnPush bool  `json:"sbomOnPush"`
	// BlockSeverity is the least bad vulnerability with which an image cannot be pulled; without it all can.
	BlockSeverity string `json:"blockSeverity"`
	// Cosign and Notation let only those images be pulled that were signed with these.
	Cosign   bool `json:"cosign"`
	Notation bool `json:"notation"`
	// AllowedCves block nothing. Without any, those that Harbor allows in all projects do not.
	AllowedCves []string `json:"allowedCves"`
	// Repository and Tags are the stack's own image, without the project's name; empty where it is in another project.
	Repository string   `json:"repository"`
	Tags       []string `json:"tags"`
	// Discard lets a project be deleted that has other images too.
	Discard bool `json:"discard"`
}

type harborProjectState struct {
	harborProjectInputs
	ProjectID int64 `json:"projectId"`
}

func (harborProject) check(news resource.PropertyMap) (resource.PropertyMap, []plugin.CheckFailure, error) {
	inputs, err := decode[harborProjectInputs](news)
	if err != nil {
		return nil, nil, err
	}
	failures := inputs.harborLogin.check(news)
	fail := func(property resource.PropertyKey, format string, values ...any) {
		failures = append(failures, plugin.CheckFailure{Property: property, Reason: fmt.Sprintf(format, values...)})
	}
	if !news["name"].ContainsUnknowns() && !isHarborName(inputs.Name) {
		fail("name", "%q is no name of a project in Harbor: words of a-z and 0-9 with single . _ - between them", inputs.Name)
	}
	if !news["quota"].ContainsUnknowns() && inputs.Quota != noQuota && (inputs.Quota <= 0 || inputs.Quota > largestQuota) {
		fail("quota", "%d is no number of bytes from 1 to %d, and not -1 for none", inputs.Quota, int64(largestQuota))
	}
	if inputs.BlockSeverity != "" && !slices.Contains(harborSeverities, inputs.BlockSeverity) {
		fail("blockSeverity", "%q is none; there are %s", inputs.BlockSeverity, strings.Join(harborSeverities, ", "))
	}
	if inputs.Registry != 0 && inputs.Notation {
		fail("notation", "Harbor does not look for signatures of notation in a project whose images come from another registry")
	}
	return news, failures, nil
}

func isHarborName(name string) bool {
	return len(name) <= longestHarborName && harborName.MatchString(name)
}

// diff makes another project for another name, and before the old one goes. One that gets its images from elsewhere all
// of a sudden has the old one's name, so that has to go first.
func (harborProject) diff(olds, news resource.PropertyMap) (plugin.DiffResult, error) {
	changed := changedKeys(olds, news, harborLoginKeys...)
	result := difference(changed, "name", "registry")
	if slices.Contains(changed, "name") {
		result = newOneFirst(result)
	}
	return result, nil
}

func (p harborProject) create(call call, news resource.PropertyMap) (resource.PropertyMap, error) {
	if call.preview {
		return withUnknown(news, "projectId"), nil
	}
	inputs, err := decode[harborProjectInputs](news)
	if err != nil {
		return nil, err
	}
	harbor, err := inputs.open(call, p.pause)
	if err != nil {
		return nil, err
	}
	defer harbor.close()
	number, err := inputs.makeOrTakeOver(harbor)
	if err != nil {
		return nil, err
	}
	return harborProjectState{inputs, number}.properties()
}

// read takes a project for gone when Harbor says so, or has another one by this name. Whatever else hinders is an error,
// and leaves the state as it is.
func (p harborProject) read(call call, olds resource.PropertyMap) (resource.PropertyMap, error) {
	state, err := decode[harborProjectState](olds)
	if err != nil {
		return nil, err
	}
	harbor, err := state.look(call, p.pause)
	if err != nil {
		return nil, err
	}
	defer harbor.close()
	found, err := harbor.projectWithQuota(state.Name)
	if isGone(err) || (err == nil && found.ID != state.ProjectID) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return harborProjectState{state.as(found), state.ProjectID}.properties()
}

// update sends what differs from how the project is. A login alone is nothing that Harbor has to know, and another
// address is the same Harbor by another name.
func (p harborProject) update(call call, olds, news resource.PropertyMap) (resource.PropertyMap, error) {
	state, err := decode[harborProjectState](olds)
	if err != nil {
		return nil, err
	}
	if call.preview {
		outputs := news.Copy()
		outputs["projectId"] = resource.NewNumberProperty(float64(state.ProjectID))
		return outputs, nil
	}
	inputs, err := decode[harborProjectInputs](news)
	if err != nil {
		return nil, err
	}
	if !inputs.looksLike(state.harborProjectInputs) {
		if err := inputs.send(call, p.pause, state.ProjectID); err != nil {
			return nil, err
		}
	}
	return harborProjectState{inputs, state.ProjectID}.properties()
}

func (i harborProjectInputs) send(call call, pause time.Duration, number int64) error {
	harbor, err := i.open(call, pause)
	if err != nil {
		return err
	}
	defer harbor.close()
	found, err := harbor.projectWithQuota(i.Name)
	if isGone(err) || (err == nil && found.ID != number) {
		// Its number is what it is known by, here and to everything in it, and one that is made now has another one.
		return fmt.Errorf("the project %s is gone from Harbor: ./pulumiw refresh, and the next ./pulumiw up makes it again", i.Name)
	}
	if err != nil {
		return err
	}
	return i.apply(harbor, found)
}

// remove leaves alone what has the name and is another project: its images are not ours to delete.
func (p harborProject) remove(call call, olds resource.PropertyMap) error {
	state, err := decode[harborProjectState](olds)
	if err != nil {
		return err
	}
	harbor, err := state.reopen(call, p.pause)
	if err != nil {
		return err
	}
	defer harbor.close()
	found, err := harbor.project(state.Name)
	switch {
	case isGone(err):
		return nil
	case err != nil:
		return err
	case found.ID != state.ProjectID:
		call.progress.warning("the project %s in Harbor is not the one that we have made, and stays", state.Name)
		return nil
	}
	if err := state.checkDelete(call, harbor); err != nil {
		return err
	}
	return harbor.clearAway(state.Name)
}

func (harborProject) identity(state resource.PropertyMap) string {
	return fmt.Sprintf("/projects/%.0f", state["projectId"].NumberValue())
}

func (s harborProjectState) properties() (resource.PropertyMap, error) {
	if s.AllowedCves == nil {
		s.AllowedCves = []string{}
	}
	if s.Tags == nil {
		s.Tags = []string{}
	}
	return encode(s, "password")
}

// metadata is what Harbor keeps of a project as words.
func (i harborProjectInputs) metadata() map[string]string {
	metadata := map[string]string{
		"public":                      strconv.FormatBool(i.Public),
		"auto_scan":                   strconv.FormatBool(i.ScanOnPush),
		"auto_sbom_generation":        strconv.FormatBool(i.SbomOnPush),
		"prevent_vul":                 strconv.FormatBool(i.BlockSeverity != ""),
		"enable_content_trust_cosign": strconv.FormatBool(i.Cosign),
		"enable_content_trust":        strconv.FormatBool(i.Notation),
		// A list of its own would count for nothing with this.
		"reuse_sys_cve_allowlist": strconv.FormatBool(len(i.AllowedCves) == 0),
	}
	if i.BlockSeverity != "" {
		metadata["severity"] = i.BlockSeverity
	}
	return metadata
}

// looksLike compares all that Harbor keeps of a project and can be told to change.
func (i harborProjectInputs) looksLike(other harborProjectInputs) bool {
	return i.describedLike(other) && i.Quota == other.Quota
}

func (i harborProjectInputs) describedLike(other harborProjectInputs) bool {
	return maps.Equal(i.metadata(), other.metadata()) && sameInAnyOrder(i.AllowedCves, other.AllowedCves)
}
