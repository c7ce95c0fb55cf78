package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A minute with our pause, within which Harbor is done with what it does in a project.
const triesToClearAway = 15

// harborProjectFound is a project as Harbor describes it.
type harborProjectFound struct {
	ID        int64             `json:"project_id"`
	Name      string            `json:"name"`
	Registry  int64             `json:"registry_id"`
	Metadata  map[string]string `json:"metadata"`
	Allowlist harborAllowlist   `json:"cve_allowlist"`
	// quota is told apart from the rest; nil where Harbor counts none.
	quota *harborQuota
}

type harborAllowlist struct {
	// ExpiresAt is a unix time; nil is never.
	ExpiresAt *int64          `json:"expires_at,omitempty"`
	Items     []harborAllowed `json:"items"`
}

type harborAllowed struct {
	CVE string `json:"cve_id"`
}

type harborQuota struct {
	ID   int64            `json:"id"`
	Hard map[string]int64 `json:"hard"`
}

// inForce is what the list allows today.
func (l harborAllowlist) inForce() []string {
	if l.ExpiresAt != nil && *l.ExpiresAt <= time.Now().Unix() {
		return nil
	}
	allowed := make([]string, 0, len(l.Items))
	for _, item := range l.Items {
		allowed = append(allowed, item.CVE)
	}
	return allowed
}

func (f harborProjectFound) is(key string) bool {
	value, err := strconv.ParseBool(f.Metadata[key])
	return err == nil && value
}

// hasOwnAllowlist is false where nothing is said of it: then Harbor looks at the list for all projects.
func (f harborProjectFound) hasOwnAllowlist() bool {
	return f.Metadata["reuse_sys_cve_allowlist"] != "" && !f.is("reuse_sys_cve_allowlist")
}

func (f harborProjectFound) blockSeverity() string {
	switch severity := f.Metadata["severity"]; {
	case !f.is("prevent_vul"):
		return ""
	case severity == "":
		return "none" // which blocks everything
	default:
		return severity
	}
}

// as is the same resource, but described as it was found.
func (i harborProjectInputs) as(found harborProjectFound) harborProjectInputs {
	i.Public, i.Registry = found.is("public"), found.Registry
	i.ScanOnPush, i.SbomOnPush = found.is("auto_scan"), found.is("auto_sbom_generation")
	i.Cosign, i.Notation = found.is("enable_content_trust_cosign"), found.is("enable_content_trust")
	i.BlockSeverity = found.blockSeverity()
	var allowed []string
	if found.hasOwnAllowlist() {
		allowed = found.Allowlist.inForce()
	}
	if !sameInAnyOrder(i.AllowedCves, allowed) {
		i.AllowedCves = allowed
	}
	i.Quota = noQuota
	if found.quota != nil {
		i.Quota = found.quota.Hard["storage"]
	}
	return i
}

func (h *harbor) project(name string) (harborProjectFound, error) {
	var found harborProjectFound
	err := h.ask("show the project "+name, http.MethodGet, harborProjectPath(name), nil, &found)
	return found, err
}

func (h *harbor) projectWithQuota(name string) (harborProjectFound, error) {
	found, err := h.project(name)
	if err != nil {
		return found, err
	}
	var quotas []harborQuota
	path := fmt.Sprintf("/quotas?reference=project&reference_id=%d", found.ID)
	if err := h.ask("show the quota of the project "+name, http.MethodGet, path, nil, &quotas); err != nil {
		return found, err
	}
	if len(quotas) > 0 {
		found.quota = &quotas[0]
	}
	return found, nil
}

func harborProjectPath(name string) string {
	return "/projects/" + url.PathEscape(name)
}

// harborRepositoryPath has the slashes below the project encoded twice, as Harbor wants them.
func harborRepositoryPath(project, repository string) string {
	return harborProjectPath(project) + "/repositories/" + url.PathEscape(url.PathEscape(repository))
}

// makeOrTakeOver makes the project, or goes on with the one that is there already: it was kept, or a run was cut short
// before it could write down what it had done.
func (i harborProjectInputs) makeOrTakeOver(harbor *harbor) (int64, error) {
	harbor.call.progress.status("making the project %s in Harbor", i.Name)
	body := map[string]any{"project_name": i.Name, "metadata": i.metadata(), "storage_limit": i.Quota}
	if i.Registry != 0 {
		body["registry_id"] = i.Registry
	}
	err := harbor.ask("make the project "+i.Name, http.MethodPost, "/projects", body, nil)
	taken := hasStatus(err, http.StatusConflict)
	if err != nil && !taken {
		return 0, err
	}
	found, err := harbor.projectWithQuota(i.Name)
	if err != nil {
		return 0, err
	}
	if taken {
		if err := i.checkTakeOver(found); err != nil {
			return 0, err
		}
		harbor.call.progress.info("the project %s is in Harbor already; it is taken over and made as config says; "+
			"where it is deleted one day, all its images go too", i.Name)
	}
	return found.ID, i.apply(harbor, found)
}

func (i harborProjectInputs) checkTakeOver(found harborProjectFound) error {
	if found.Registry != i.Registry {
		return fmt.Errorf("the project %s is in Harbor already, and gets its images from %s; config says from %s, and Harbor "+
			"changes that in no project that is there. Choose another name, or delete it in Harbor, then ./pulumiw up",
			i.Name, sourceOfImages(found.Registry), sourceOfImages(i.Registry))
	}
	if i.Public && !found.is("public") {
		return fmt.Errorf("the project %s is in Harbor already, and private; taking it over would show it to everybody, as config "+
			"says. Either keep it private, with public: false, or make it public in Harbor, then ./pulumiw up", i.Name)
	}
	return nil
}

func sourceOfImages(registry int64) string {
	if registry == 0 {
		return "those who push"
	}
	return fmt.Sprintf("the registry %d", registry)
}

// apply changes what differs from how the project is, and nothing else. A new one is told its list of vulnerabilities
// here: Harbor makes every project with an empty one, whatever it is told.
func (i harborProjectInputs) apply(harbor *harbor, found harborProjectFound) error {
	current := i.as(found)
	// An empty list of its own and the one for all projects look alike in what it allows, and are not the same.
	if !i.describedLike(current) || found.hasOwnAllowlist() != (len(i.AllowedCves) > 0) {
		list := harborAllowlist{Items: []harborAllowed{}}
		for _, cve := range i.AllowedCves {
			list.Items = append(list.Items, harborAllowed{cve})
		}
		body := map[string]any{"metadata": i.metadata(), "cve_allowlist": list}
		if err := harbor.ask("change the project "+i.Name, http.MethodPut, harborProjectPath(i.Name), body, nil); err != nil {
			return err
		}
	}
	if i.Quota == current.Quota {
		return nil
	}
	if found.quota == nil {
		return fmt.Errorf("Harbor at %s counts no quotas, and the project %s shall have one; take it away from config, or have "+
			"Harbor count them: quota_per_project_enable is false in it", harbor.URL, i.Name)
	}
	body := map[string]any{"hard": map[string]int64{"storage": i.Quota}}
	return harbor.ask("change the quota of the project "+i.Name, http.MethodPut, fmt.Sprintf("/quotas/%d", found.quota.ID), body, nil)
}

// clearAway deletes the project with all that is in it. What Harbor still does there, or somebody still pushes, may end
// within a minute.
func (h *harbor) clearAway(name string) error {
	for try := 1; ; try++ {
		err := h.deleteAll(name)
		switch {
		case err == nil || isGone(err):
			return nil
		case !hasStatus(err, http.StatusPreconditionFailed):
			return err
		case strings.Contains(err.Error(), "immutable"):
			return fmt.Errorf("%w; a rule of the project keeps these tags: delete it at %s/harbor/projects, then run ./pulumiw again", err, h.URL)
		case try == triesToClearAway:
			return fmt.Errorf("%w, and has done so for a minute; see what goes on in it at %s/harbor/projects, then run ./pulumiw again", err, h.URL)
		}
		h.call.progress.status("%v; trying again in %s", err, seconds(2*h.pause))
		if err := h.wait(2 * h.pause); err != nil {
			return err
		}
	}
}

func (h *harbor) deleteAll(name string) error {
	type repository struct {
		Name string `json:"name"`
	}
	repositories, err := allPages[repository](h, "list what is in the project "+name, harborProjectPath(name)+"/repositories")
	if err != nil {
		return err
	}
	for place, each := range repositories {
		h.call.progress.status("deleting %s, %d of %d", each.Name, place+1, len(repositories))
		path := harborRepositoryPath(name, strings.TrimPrefix(each.Name, name+"/"))
		if err := h.ask("delete "+each.Name, http.MethodDelete, path, nil, nil); err != nil && !isGone(err) {
			return err
		}
	}
	return h.ask("delete the project "+name, http.MethodDelete, harborProjectPath(name), nil, nil)
}
