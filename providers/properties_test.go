package main

import (
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

func TestAnUnknownInputIsAChangeUnlessItIsQuiet(t *testing.T) {
	olds := resource.NewPropertyMapFromMap(map[string]any{"port": 1, "password": "a", "tags": []any{"x"}})
	news := withUnknown(resource.NewPropertyMapFromMap(map[string]any{"tags": []any{"y"}}), "port", "password")
	changed := changedKeys(olds, news, "password")
	if !slices.Equal(changed, []resource.PropertyKey{"port", "tags"}) {
		t.Error(changed)
	}
}

func TestOnlyReplacingKeysReplace(t *testing.T) {
	if result := difference([]resource.PropertyKey{"port"}, "directory"); len(result.ReplaceKeys) != 0 {
		t.Error(result.ReplaceKeys)
	}
	if result := difference([]resource.PropertyKey{"directory"}, "directory"); len(result.ReplaceKeys) != 1 {
		t.Error(result.ReplaceKeys)
	}
}

func TestSecretsAreMarked(t *testing.T) {
	properties, err := encode(registryState{PusherPassword: "a", PullerPassword: "b"}, registrySecrets...)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range registrySecrets {
		if !properties[key].IsSecret() {
			t.Errorf("%s is in clear", key)
		}
	}
}
