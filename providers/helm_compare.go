package main

import (
	"encoding/base64"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
)

// listKeys tell the elements of a list apart, the one that tells more first.
var listKeys = []string{"mountPath", "name", "containerPort", "port", "ip"}

// difference of one field: what the manifest sets, and what the cluster has.
type fieldDifference struct {
	path         string
	wanted, live any
}

// ofManifest returns each field that the manifest sets and that is another one in the cluster. What the manifest does not
// set is the cluster's: defaults, status, and what controllers add.
func ofManifest(wanted, live kubeObject) []fieldDifference {
	var found []fieldDifference
	for key, value := range wanted {
		switch key {
		case "apiVersion", "kind", "status":
		case "stringData":
			found = append(found, compareStringData(value, live["data"])...)
		case "metadata":
			found = append(found, compareMetadata(value, live["metadata"])...)
		default:
			found = append(found, compare(key, value, live[key])...)
		}
	}
	found = slices.DeleteFunc(found, func(each fieldDifference) bool { return isClusters(wanted, each) })
	slices.SortFunc(found, func(a, b fieldDifference) int { return strings.Compare(a.path, b.path) })
	return found
}

// isClusters holds for fields that Kubernetes lets nobody change, or sets itself.
func isClusters(object kubeObject, field fieldDifference) bool {
	switch object.kind() {
	case "PersistentVolumeClaim":
		// A claim may have grown, and cannot shrink.
		return strings.HasPrefix(field.path, "spec")
	case "StatefulSet":
		return strings.HasPrefix(field.path, "spec.volumeClaimTemplates")
	case "Job":
		return strings.HasPrefix(field.path, "spec")
	case "ClusterRole":
		return object["aggregationRule"] != nil && strings.HasPrefix(field.path, "rules")
	}
	return false
}

func compareMetadata(wanted, live any) []fieldDifference {
	wantedMetadata, _ := wanted.(map[string]any)
	liveMetadata, _ := live.(map[string]any)
	var found []fieldDifference
	for _, key := range []string{"labels", "annotations"} {
		found = append(found, compare("metadata."+key, wantedMetadata[key], liveMetadata[key])...)
	}
	return found
}

func compareStringData(wanted, data any) []fieldDifference {
	texts, _ := wanted.(map[string]any)
	encoded := map[string]any{}
	for key, value := range texts {
		encoded[key] = base64.StdEncoding.EncodeToString([]byte(fmt.Sprint(value)))
	}
	return compare("data", encoded, data)
}

func compare(path string, wanted, live any) []fieldDifference {
	switch wanted := wanted.(type) {
	case nil:
		return nil
	case map[string]any:
		return compareMaps(path, wanted, live)
	case []any:
		return compareLists(path, wanted, live)
	}
	if isSameScalar(wanted, live) {
		return nil
	}
	return []fieldDifference{{path, wanted, live}}
}

func compareMaps(path string, wanted map[string]any, live any) []fieldDifference {
	object, isMap := live.(map[string]any)
	if !isMap && live != nil {
		return []fieldDifference{{path, wanted, live}}
	}
	var found []fieldDifference
	for key, value := range wanted {
		found = append(found, compare(path+"."+key, value, object[key])...)
	}
	return found
}

// compareLists matches elements by their key, so that what is added by others, such as sidecars, is no difference.
func compareLists(path string, wanted []any, live any) []fieldDifference {
	list, _ := live.([]any)
	key := keyOf(wanted)
	if key == "" && len(wanted) != len(list) {
		return []fieldDifference{{path, wanted, live}}
	}
	var found []fieldDifference
	for at, element := range wanted {
		if key == "" {
			found = append(found, compare(fmt.Sprintf("%s[%d]", path, at), element, list[at])...)
			continue
		}
		name := element.(map[string]any)[key]
		place := fmt.Sprintf("%s[%v]", path, name)
		match := slices.IndexFunc(list, func(each any) bool {
			object, _ := each.(map[string]any)
			return object != nil && reflect.DeepEqual(object[key], name)
		})
		if match < 0 {
			found = append(found, fieldDifference{place, element, nil})
			continue
		}
		found = append(found, compare(place, element, list[match])...)
	}
	return found
}

// keyOf returns the first key that all elements have, each with another value.
func keyOf(list []any) string {
	if len(list) == 0 {
		return ""
	}
	for _, key := range listKeys {
		seen := map[any]bool{}
		for _, element := range list {
			object, _ := element.(map[string]any)
			if value := object[key]; value != nil && reflect.TypeOf(value).Comparable() {
				seen[value] = true
			}
		}
		if len(seen) == len(list) {
			return key
		}
	}
	return ""
}

// isSameScalar holds for what Kubernetes takes for the same: an empty value and none, quantities, and durations.
func isSameScalar(wanted, live any) bool {
	if live == nil {
		return wanted == "" || wanted == false || wanted == float64(0) || wanted == int64(0)
	}
	a, b := fmt.Sprint(wanted), fmt.Sprint(live)
	if a == b {
		return true
	}
	if one, err := resource.ParseQuantity(a); err == nil {
		other, err := resource.ParseQuantity(b)
		return err == nil && one.Cmp(other) == 0
	}
	one, err := time.ParseDuration(a)
	if err != nil {
		return false
	}
	other, err := time.ParseDuration(b)
	return err == nil && one == other
}
