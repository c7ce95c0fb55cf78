package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

const (
	hubAPI            = "https://hub.docker.com"
	giveUsernameFirst = "say who logs in: ./pulumiw config set --path hero:dockerhub.username NAME, then " +
		"./pulumiw config set --secret --path hero:dockerhub.token"
)

// configuredHubLogin is the login in the stack's own config, which the engine hands to us because the project is called
// like the plugin.
func configuredHubLogin(config resource.PropertyMap) (hubLogin, error) {
	var block struct {
		hubLogin
		Namespace string `json:"namespace"`
	}
	text := config["dockerhub"]
	if text.IsSecret() {
		text = text.SecretValue().Element
	}
	content := []byte("{}")
	switch {
	case text.IsString():
		content = []byte(text.StringValue())
	case text.IsObject():
		var err error
		if content, err = json.Marshal(text.Mappable()); err != nil {
			return hubLogin{}, err
		}
	}
	if json.Unmarshal(content, &block) != nil {
		// The cause might quote what stands there.
		return hubLogin{}, errors.New("hero:dockerhub is not the block that it should be; see ./pulumiw config")
	}
	if block.Username == "" {
		block.Username = block.Namespace
	}
	if block.Username == "" || block.Token == "" {
		return hubLogin{}, fmt.Errorf("the stack's config does not say how to log in to Docker Hub; %s", giveUsernameFirst)
	}
	if block.API == "" {
		block.API = hubAPI
	}
	return block.hubLogin, nil
}
