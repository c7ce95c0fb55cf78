package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// decode reads properties into a struct by its JSON names. What a preview does not know yet stays empty.
func decode[T any](properties resource.PropertyMap) (T, error) {
	var value T
	known := resource.PropertyMap{}
	for key, property := range properties {
		if !property.ContainsUnknowns() {
			known[key] = property
		}
	}
	text, err := json.Marshal(known.Mappable())
	if err != nil {
		return value, err
	}
	if err := json.Unmarshal(text, &value); err != nil {
		return value, fmt.Errorf("properties that do not fit: %w", err)
	}
	return value, nil
}

// encode turns a struct into properties and wraps those named in secrets, so that they are encrypted in the state.
func encode(value any, secrets ...resource.PropertyKey) (resource.PropertyMap, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var plain map[string]any
	if err := json.Unmarshal(text, &plain); err != nil {
		return nil, err
	}
	properties := resource.NewPropertyMapFromMap(plain)
	for _, key := range secrets {
		if property, present := properties[key]; present {
			properties[key] = resource.MakeSecret(property)
		}
	}
	return properties, nil
}

// withUnknown says of these keys that only the update itself will tell what they hold.
func withUnknown(properties resource.PropertyMap, keys ...resource.PropertyKey) resource.PropertyMap {
	outputs := properties.Copy()
	for _, key := range keys {
		outputs[key] = resource.MakeComputed(resource.NewStringProperty(""))
	}
	return outputs
}

// changedKeys names the inputs that differ from what the state holds. An input that is still unknown counts as changed
// unless it is one of quiet, whose change alone costs nothing.
func changedKeys(olds, news resource.PropertyMap, quiet ...resource.PropertyKey) []resource.PropertyKey {
	var changed []resource.PropertyKey
	for key, property := range news {
		if property.ContainsUnknowns() {
			if !slices.Contains(quiet, key) {
				changed = append(changed, key)
			}
			continue
		}
		if !reflect.DeepEqual(resource.PropertyMap{key: olds[key]}.Mappable(), resource.PropertyMap{key: property}.Mappable()) {
			changed = append(changed, key)
		}
	}
	slices.Sort(changed)
	return changed
}

// difference is what the engine shows: an update of these keys, or a replacement where one of them is in replacing.
func difference(changed []resource.PropertyKey, replacing ...resource.PropertyKey) plugin.DiffResult {
	if len(changed) == 0 {
		return plugin.DiffResult{Changes: plugin.DiffNone}
	}
	result := plugin.DiffResult{
		Changes: plugin.DiffSome, ChangedKeys: changed,
		DetailedDiff: map[string]plugin.PropertyDiff{}, DeleteBeforeReplace: true,
	}
	for _, key := range changed {
		detail := plugin.PropertyDiff{Kind: plugin.DiffUpdate}
		if slices.Contains(replacing, key) {
			result.ReplaceKeys = append(result.ReplaceKeys, key)
			detail.Kind = plugin.DiffUpdateReplace
		}
		result.DetailedDiff[string(key)] = detail
	}
	return result
}

// newOneFirst makes a replacement before the old one goes, where both can be there at once and one must always be.
func newOneFirst(result plugin.DiffResult) plugin.DiffResult {
	result.DeleteBeforeReplace = false
	return result
}
