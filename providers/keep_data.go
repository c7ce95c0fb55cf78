package main

import (
	"fmt"
	"os"

	"sigs.k8s.io/yaml"
)

// checkKeepData refuses a destroy that would delete images although the stack's file sets keepData: a destroy acts on
// what the last `up` has recorded.
func (s storageGuardState) checkKeepData(stack string) error {
	config := stackConfig(stack)
	for _, storage := range s.Storages {
		block, _ := config["hero:"+storage.Registry].(map[string]any)
		if kept, _ := block["keepData"].(bool); kept && !storage.KeepsImages {
			return fmt.Errorf("cannot delete the images in %s: hero:%s.keepData is true in Pulumi.%s.yaml, but no `up` has recorded it\n"+
				"hint: ./pulumiw up --stack %s && ./pulumiw destroy --stack %s", storage.name(), storage.Registry, stack, stack, stack)
		}
	}
	return nil
}

// stackConfig is the config in the stack's file, as it stands there; nil where there is none to read.
func stackConfig(stack string) map[string]any {
	text, err := os.ReadFile("Pulumi." + stack + ".yaml")
	if err != nil {
		return nil
	}
	var file struct {
		Config map[string]any `json:"config"`
	}
	if yaml.Unmarshal(text, &file) != nil {
		return nil // Pulumi itself reports a file that it cannot read
	}
	return file.Config
}
