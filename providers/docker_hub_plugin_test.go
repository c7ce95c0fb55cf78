package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"
)

const repositoryType = tokens.Type("hero-home:provider:DockerHubRepository")

// pluginWith is the whole plugin, on a machine where the Docker client knows this login.
func pluginWith(t *testing.T, username, token, api string) *heroPlugin {
	t.Helper()
	return &heroPlugin{
		kinds:     map[tokens.Type]kind{repositoryType: hubRepository{}, "hero-home:provider:Image": image{}},
		cancelled: t.Context(), keychain: keychainOf(t, username, token), hubAPI: api,
	}
}

func TestARepositoryCanBeImported(t *testing.T) {
	played := playHub(t)
	played.repositories["heroes/hero"] = map[string]any{
		"description": "Theirs.", "full_description": "# Theirs", "is_private": true,
		"immutable_tags_settings": map[string]any{"enabled": true, "rules": []any{"v.*"}},
	}
	hero := pluginWith(t, "hero", hubToken, played.URL)
	response, err := hero.Read(t.Context(), plugin.ReadRequest{ID: "heroes/hero", Type: repositoryType})
	if err != nil {
		t.Fatal(err)
	}
	if !response.Outputs["token"].IsSecret() || !response.Inputs["token"].IsSecret() || response.ID != "heroes/hero" {
		t.Error(response)
	}
	// The engine refuses to import what then looks changed.
	inputs, state := asSent(response.Inputs), asSent(response.Outputs)
	checked, failures, err := hubRepository{}.check(inputs)
	if err != nil || len(failures) > 0 {
		t.Fatal(err, failures)
	}
	mustChange(t, state, checked)
	want := repositoryInputs(played, map[string]any{
		"description": "Theirs.", "overview": "# Theirs", "private": true, "immutableTags": []any{"v.*"}, "keepData": true,
		"tags": []any{}, "discard": false,
	})
	if !state.DeepEquals(want) {
		t.Error(state)
	}
}

func TestAnImportThatCannotBeSaysWhy(t *testing.T) {
	played := playHub(t)
	for name, example := range map[string]struct {
		token, identifier string
		kind              tokens.Type
		told              string
	}{
		"no login":    {"", "heroes/hero", repositoryType, "docker login"},
		"not there":   {hubToken, "heroes/hero", repositoryType, "Docker Hub has no repository heroes/hero that hero may see"},
		"no name":     {hubToken, "heroes", repositoryType, "it is imported as namespace/name"},
		"an address":  {hubToken, "docker.io/heroes/hero", repositoryType, "it is imported as namespace/name"},
		"wrong token": {"wrong", "heroes/hero", repositoryType, "refuses the login of hero"},
		"an image":    {hubToken, "hero-image", "hero-home:provider:Image", "cannot be imported"},
	} {
		t.Run(name, func(t *testing.T) {
			request := plugin.ReadRequest{ID: resource.ID(example.identifier), Type: example.kind}
			username := ""
			if example.token != "" {
				username = "hero"
			}
			response, err := pluginWith(t, username, example.token, played.URL).Read(t.Context(), request)
			if err == nil {
				t.Fatal(response)
			}
			mustContain(t, err.Error(), example.told)
			mustNotContain(t, err.Error(), hubToken)
		})
	}
}

func TestWhatDockerHubDoesNotTakeIsToldBeforehand(t *testing.T) {
	played := playHub(t)
	for key, change := range map[resource.PropertyKey]map[string]any{
		"name":          {"name": "Hero__es"},
		"description":   {"description": strings.Repeat("é", 101)},
		"overview":      {"overview": strings.Repeat("é", 12_501)},
		"immutableTags": {"immutableTags": []any{"v.*", "v("}},
	} {
		_, failures, err := hubRepository{}.check(repositoryInputs(played, change))
		if err != nil || len(failures) != 1 || failures[0].Property != key {
			t.Error(key, failures, err)
		}
	}
	fits := map[string]any{"description": strings.Repeat("é", 100), "overview": strings.Repeat("é", 12_500), "name": "hero-es.of_all"}
	if _, failures, err := (hubRepository{}).check(repositoryInputs(played, fits)); err != nil || len(failures) > 0 {
		t.Error(failures, err)
	}
}

func TestAPreviewOfARepositoryNeedsNoNetwork(t *testing.T) {
	played := playHub(t)
	call, _ := newCall(t)
	state := createdRepository(t, call, played)
	call.preview = true
	news := withUnknown(repositoryInputs(played, map[string]any{"overview": "other"}), "token")
	for _, step := range []func() error{
		func() error {
			_, failures, err := hubRepository{}.check(news)
			return errors.Join(err, failed(failures))
		},
		func() error { _, err := hubRepository{}.create(call, news); return err },
		func() error { _, err := hubRepository{}.update(call, state, news); return err },
	} {
		if err := step(); err != nil {
			t.Error(err)
		}
	}
	mustChange(t, state, news, "overview")
	if len(played.asked) != 0 {
		t.Error(played.asked)
	}
}

func failed(failures []plugin.CheckFailure) error {
	var err error
	for _, failure := range failures {
		err = errors.Join(err, errors.New(string(failure.Property)+": "+failure.Reason))
	}
	return err
}

func TestTheEngineIsToldWhatARefreshFound(t *testing.T) {
	played := playHub(t)
	call, _ := newCall(t)
	state := createdRepository(t, call, played)
	state["overview"] = resource.NewStringProperty("theirs")
	send := func(properties resource.PropertyMap) *structpb.Struct {
		sent, err := plugin.MarshalProperties(properties, plugin.MarshalOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return sent
	}
	server := detailedServer{plugin.NewProviderServer(pluginWith(t, "", "", ""))}
	request := &pulumirpc.DiffRequest{
		Urn:  string(resource.NewURN("dev", "hero", "", repositoryType, "repository")),
		Olds: send(state), News: send(repositoryInputs(played)),
	}
	response, err := server.Diff(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if !response.GetHasDetailedDiff() || response.GetDetailedDiff()["overview"] == nil || len(response.GetReplaces()) > 0 {
		t.Error(response)
	}
	request.Olds = request.GetNews()
	response, err = server.Diff(t.Context(), request)
	if err != nil || response.GetHasDetailedDiff() || response.GetChanges() != pulumirpc.DiffResponse_DIFF_NONE {
		t.Error(response, err)
	}
}
