package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// What a permission says in the place of a project. "*" is every project, and needs no word here.
const theSystemItself = "/"

// harborPermission is what a robot may do in a project; "/" is the system itself and "*" are all projects.
type harborPermission struct {
	Project string `json:"project"`
	// Actions are written resource:action.
	Actions []string `json:"actions"`
}

// harborGrant is a permission as Harbor writes it.
type harborGrant struct {
	Kind      string         `json:"kind"`
	Namespace string         `json:"namespace"`
	Access    []harborAccess `json:"access"`
}

type harborAccess struct {
	Resource string `json:"resource"`
	Action   string `json:"action"`
	Effect   string `json:"effect,omitempty"`
}

// wrongPermissions is why Harbor would not take them; nothing where it does.
func (i harborRobotInputs) wrongPermissions() string {
	if len(i.Permissions) == 0 {
		return "there are none, and Harbor makes no robot that may do nothing"
	}
	for _, permission := range i.Permissions {
		if i.Project != "" && permission.Project != i.Project {
			return fmt.Sprintf("%q is another project than %s, and a robot of a project may do something there alone", permission.Project, i.Project)
		}
		if len(permission.Actions) == 0 {
			return fmt.Sprintf("for %q there is no action", permission.Project)
		}
		for _, action := range permission.Actions {
			if resource, verb, both := strings.Cut(action, ":"); !both || resource == "" || verb == "" {
				return fmt.Sprintf("%q is not resource:action", action)
			}
		}
	}
	return ""
}

// grants are the permissions as Harbor writes them.
func grants(permissions []harborPermission) []harborGrant {
	actions := granted(permissions)
	grants := make([]harborGrant, 0, len(actions))
	for _, project := range slices.Sorted(maps.Keys(actions)) {
		grant := harborGrant{Kind: "project", Namespace: project}
		if project == theSystemItself {
			grant.Kind = "system"
		}
		for _, each := range actions[project] {
			resource, action, _ := strings.Cut(each, ":")
			grant.Access = append(grant.Access, harborAccess{Resource: resource, Action: action})
		}
		grants = append(grants, grant)
	}
	return grants
}

// granted are the actions by project, in the order of the alphabet and each once: what differs in nothing else is the
// same. Harbor gives permissions in an order of chance.
func granted(permissions []harborPermission) map[string][]string {
	actions := map[string][]string{}
	for _, permission := range permissions {
		actions[permission.Project] = append(actions[permission.Project], permission.Actions...)
	}
	for project, each := range actions {
		slices.Sort(each)
		actions[project] = slices.Compact(each)
	}
	return actions
}

func (f harborRobotFound) permissions() []harborPermission {
	var permissions []harborPermission
	for _, grant := range f.Permissions {
		permission := harborPermission{Project: grant.Namespace, Actions: []string{}}
		if grant.Kind == "system" {
			permission.Project = theSystemItself
		}
		for _, access := range grant.Access {
			if access.Effect != "deny" {
				permission.Actions = append(permission.Actions, access.Resource+":"+access.Action)
			}
		}
		slices.Sort(permission.Actions)
		permissions = append(permissions, permission)
	}
	slices.SortFunc(permissions, func(a, b harborPermission) int { return strings.Compare(a.Project, b.Project) })
	return permissions
}

func samePermissions(some, others []harborPermission) bool {
	return maps.EqualFunc(granted(some), granted(others), slices.Equal)
}
