package main

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// What Docker Hub allows (https://docs.docker.com/reference/api/hub/latest/#tag/repositories).
const (
	longestDescription = 100    // characters
	longestOverview    = 25_000 // bytes
)

var hubRepositoryName = regexp.MustCompile(`^[a-z0-9]+(?:[._-][a-z0-9]+)*$`)

// hubRepository is a repository on Docker Hub: what it says of itself, who sees it, and which tags stay as they are.
type hubRepository struct{}

type hubRepositoryInputs struct {
	hubLogin
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Description is the line in lists, Overview the page itself, in Markdown.
	Description string `json:"description"`
	Overview    string `json:"overview"`
	Private     bool   `json:"private"`
	// ImmutableTags are regular expressions; a tag that one of them matches is given to an image once and for all.
	ImmutableTags []string `json:"immutableTags"`
	// KeepData leaves the repository and its images where they are when the resource goes.
	KeepData bool `json:"keepData"`
	// Tags are the stack's own.
	Tags []string `json:"tags"`
	// Discard lets a repository be deleted that has other tags too.
	Discard bool `json:"discard"`
}

func (hubRepository) check(news resource.PropertyMap) (resource.PropertyMap, []plugin.CheckFailure, error) {
	inputs, err := decode[hubRepositoryInputs](news)
	if err != nil {
		return nil, nil, err
	}
	var failures []plugin.CheckFailure
	fail := func(property resource.PropertyKey, format string, values ...any) {
		failures = append(failures, plugin.CheckFailure{Property: property, Reason: fmt.Sprintf(format, values...)})
	}
	if !news["name"].ContainsUnknowns() && (len(inputs.Name) < 2 || len(inputs.Name) > 255 || !hubRepositoryName.MatchString(inputs.Name)) {
		fail("name", "%q is no name of a repository on Docker Hub: 2 to 255 of a-z 0-9, and single . _ - between them", inputs.Name)
	}
	if length := len([]rune(inputs.Description)); length > longestDescription {
		fail("description", "it has %d characters; Docker Hub takes %d", length, longestDescription)
	}
	if length := len(inputs.Overview); length > longestOverview {
		fail("overview", "it has %d bytes; Docker Hub takes %d", length, longestOverview)
	}
	// They are Go's there too: https://docs.docker.com/docker-hub/repos/manage/hub-images/immutable-tags/
	for _, rule := range inputs.ImmutableTags {
		if _, err := regexp.Compile(rule); err != nil {
			fail("immutableTags", "%q is no regular expression: %v", rule, err)
		}
	}
	return news, failures, nil
}

// diff makes another repository for another name, and before the old one goes, so that there always is one.
func (hubRepository) diff(olds, news resource.PropertyMap) (plugin.DiffResult, error) {
	changed := changedKeys(olds, news, "username", "token")
	if isTrue(olds["keepData"]) && isTrue(news["keepData"]) {
		// They are about a deletion that does not happen; an import knows neither.
		changed = slices.DeleteFunc(changed, func(key resource.PropertyKey) bool { return key == "tags" || key == "discard" })
	}
	return newOneFirst(difference(changed, "namespace", "name")), nil
}

func isTrue(value resource.PropertyValue) bool {
	return value.IsBool() && value.BoolValue()
}

func (hubRepository) create(call call, news resource.PropertyMap) (resource.PropertyMap, error) {
	if call.preview {
		return news, nil
	}
	inputs, err := decode[hubRepositoryInputs](news)
	if err != nil {
		return nil, err
	}
	hub, err := inputs.open(call)
	if err != nil {
		return nil, err
	}
	if err := inputs.makeOrTakeOver(hub); err != nil {
		return nil, err
	}
	return inputs.state()
}

// read leaves the state as it is whenever Docker Hub cannot be asked: what is not seen is not gone.
func (hubRepository) read(call call, olds resource.PropertyMap) (resource.PropertyMap, error) {
	state, err := decode[hubRepositoryInputs](olds)
	if err != nil {
		return nil, err
	}
	found, err := state.look(call)
	switch {
	case call.Err() != nil:
		return nil, call.Err()
	case hasStatus(err, http.StatusNotFound):
		return nil, nil
	case err != nil:
		call.progress.warning("docker.io/%s/%s is left in the state as it is: %v", state.Namespace, state.Name, err)
		return state.state()
	}
	return state.as(found).state()
}

// update makes the repository again where somebody deleted it. A login alone, or what becomes of the images later, is
// nothing that Docker Hub has to know.
func (hubRepository) update(call call, olds, news resource.PropertyMap) (resource.PropertyMap, error) {
	if call.preview {
		return news, nil
	}
	state, err := decode[hubRepositoryInputs](olds)
	if err != nil {
		return nil, err
	}
	inputs, err := decode[hubRepositoryInputs](news)
	if err != nil {
		return nil, err
	}
	if inputs.looksLike(state) && inputs.API == state.API {
		return inputs.state()
	}
	hub, err := inputs.open(call)
	if err != nil {
		return nil, err
	}
	found, err := hub.repository(inputs.Namespace, inputs.Name)
	switch {
	case hasStatus(err, http.StatusNotFound):
		err = inputs.makeOrTakeOver(hub)
	case err == nil:
		err = inputs.apply(hub, inputs.as(found))
	}
	if err != nil {
		return nil, err
	}
	return inputs.state()
}

func (hubRepository) remove(call call, olds resource.PropertyMap) error {
	state, err := decode[hubRepositoryInputs](olds)
	if err != nil {
		return err
	}
	if state.KeepData {
		call.progress.info("docker.io/%s/%s stays on Docker Hub with its images, because keepData says so", state.Namespace, state.Name)
		return nil
	}
	hub, err := state.reopen(call)
	if err != nil {
		return err
	}
	if err := state.checkDelete(call, hub); err != nil {
		return err
	}
	err = hub.ask("delete "+state.path(), http.MethodDelete, state.settingsPath()+"/", nil, nil)
	if hasStatus(err, http.StatusNotFound) {
		return nil
	}
	return err
}

// importState takes in `namespace/name`, with the Docker client's login.
func (hubRepository) importState(call call, identifier string) (resource.PropertyMap, error) {
	namespace, name, both := strings.Cut(identifier, "/")
	if !both || namespace == "" || name == "" || strings.Contains(name, "/") {
		return nil, fmt.Errorf("%q is no repository on Docker Hub; it is imported as namespace/name", identifier)
	}
	login, err := personalHubLogin(call.keychain, call.hubAPI)
	if err != nil {
		return nil, err
	}
	// What was there before us does not go with us, until config says so.
	state := hubRepositoryInputs{hubLogin: login, Namespace: namespace, Name: name, KeepData: true}
	found, err := state.look(call)
	if hasStatus(err, http.StatusNotFound) {
		return nil, fmt.Errorf("Docker Hub has no repository %s that %s may see", identifier, login.Username)
	}
	if err != nil {
		return nil, err
	}
	return state.as(found).state()
}

func (hubRepository) identity(state resource.PropertyMap) string {
	return state["namespace"].StringValue() + "/" + state["name"].StringValue()
}

// look asks Docker Hub what the repository is like.
func (i hubRepositoryInputs) look(call call) (hubRepositoryFound, error) {
	hub, err := i.reopen(call)
	if err != nil {
		return hubRepositoryFound{}, err
	}
	return hub.repository(i.Namespace, i.Name)
}

func (i hubRepositoryInputs) state() (resource.PropertyMap, error) {
	if i.ImmutableTags == nil {
		i.ImmutableTags = []string{}
	}
	if i.Tags == nil {
		i.Tags = []string{}
	}
	return encode(i, "token")
}

func (i hubRepositoryInputs) path() string {
	return i.Namespace + "/" + i.Name
}

func (i hubRepositoryInputs) settingsPath() string {
	return "/v2/repositories/" + url.PathEscape(i.Namespace) + "/" + url.PathEscape(i.Name)
}

// as is the same resource, but described as it was found.
func (i hubRepositoryInputs) as(found hubRepositoryFound) hubRepositoryInputs {
	i.Description = unlessOnlySpace(i.Description, found.Description)
	i.Overview = unlessOnlySpace(i.Overview, found.Overview)
	i.Private = found.Private
	if !sameInAnyOrder(i.ImmutableTags, found.rules()) {
		i.ImmutableTags = found.rules()
	}
	return i
}

// looksLike compares all that Docker Hub keeps of a repository.
func (i hubRepositoryInputs) looksLike(other hubRepositoryInputs) bool {
	return i.Description == other.Description && i.Overview == other.Overview && i.Private == other.Private &&
		slices.Equal(i.ImmutableTags, other.ImmutableTags)
}

// unlessOnlySpace is the text that was found, unless it differs from ours in nothing but line ends and outer space:
// the Hub may store those differently, and that must not look like a change for ever.
func unlessOnlySpace(ours string, found *string) string {
	if found == nil {
		return ours // it was not told
	}
	bare := func(text string) string { return strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")) }
	if bare(ours) == bare(*found) {
		return ours
	}
	return *found
}

func sameInAnyOrder(some, others []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(some)), slices.Sorted(slices.Values(others)))
}
