package main

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const (
	scanSuccess = "Success"
	scanRunning = "Running"
	mostTold    = 20 // vulnerabilities
)

// scanReportTypes are what scanners give, the newer one first.
var scanReportTypes = []string{
	"application/vnd.security.vulnerability.report; version=1.1",
	"application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0",
}

// harborScanFound is how far a scan is. Without a status there is none.
type harborScanFound struct {
	ReportID string `json:"report_id"`
	Status   string `json:"scan_status"`
	// Percent is below 100 while images of an index are not scanned; nil where Harbor does not tell.
	Percent *int `json:"complete_percent"`
	Summary struct {
		Counts map[string]int `json:"summary"`
	} `json:"summary"`
	// digest is that of an image in the index whose scan this is; empty where it is that of the whole.
	digest string
}

type harborArtifact struct {
	Overview   map[string]harborScanFound `json:"scan_overview"`
	References []struct {
		Digest string `json:"child_digest"`
	} `json:"references"`
}

type harborVulnerability struct {
	ID       string `json:"id"`
	Package  string `json:"package"`
	Version  string `json:"version"`
	Fixed    string `json:"fix_version"`
	Severity string `json:"severity"`
}

func (a harborArtifact) scan() harborScanFound {
	for _, kind := range scanReportTypes {
		if scan, made := a.Overview[kind]; made {
			return scan
		}
	}
	return harborScanFound{}
}

func (s harborScanFound) isRunning() bool {
	return slices.Contains([]string{scanRunning, "Pending", "Scheduled"}, s.Status)
}

func (s harborScanFound) isOver() bool {
	return s.Status != "" && !s.isRunning()
}

func (s harborScanFound) isWhole() bool {
	return s.Percent == nil || *s.Percent >= 100
}

func (s harborScanFound) words() string {
	words := s.Status
	if words == "" {
		words = "not scanned yet"
	}
	if !s.isWhole() {
		words += fmt.Sprintf(", %d %%", *s.Percent)
	}
	if len(s.Summary.Counts) > 0 {
		words += ", " + s.counts()
	}
	return words
}

// counts is `2 critical, 10 low`, the worst first.
func (s harborScanFound) counts() string {
	if len(s.Summary.Counts) == 0 {
		return "no vulnerabilities"
	}
	severities := make([]string, 0, len(s.Summary.Counts))
	for severity := range s.Summary.Counts {
		severities = append(severities, severity)
	}
	slices.SortFunc(severities, func(a, b string) int { return cmp.Or(badness(b)-badness(a), strings.Compare(a, b)) })
	for place, severity := range severities {
		severities[place] = fmt.Sprintf("%d %s", s.Summary.Counts[severity], strings.ToLower(severity))
	}
	return strings.Join(severities, ", ")
}

// look takes what Harbor says of an index by what it says of each image in it: to Harbor the scan of an index is a success
// as soon as that of one image is.
func (i harborScanInputs) look(harbor *harbor) (harborScanFound, error) {
	whole, err := i.artifact(harbor)
	scan := whole.scan()
	if err != nil || scan.Status != scanSuccess || scan.isWhole() {
		return scan, err
	}
	scan.Status = scanRunning
	for _, each := range whole.References {
		child := i
		child.Digest = each.Digest
		part, err := child.artifact(harbor)
		if err != nil {
			return scan, err
		}
		if found := part.scan(); found.isOver() && found.Status != scanSuccess {
			found.digest = each.Digest
			return found, nil
		}
	}
	return scan, nil
}

func (i harborScanInputs) artifact(harbor *harbor) (harborArtifact, error) {
	var found harborArtifact
	err := harbor.ask("show "+i.shortImage(), http.MethodGet, i.path()+"?with_scan_overview=true", nil, &found)
	return found, err
}

func (i harborScanInputs) logAddress(scan harborScanFound) string {
	if scan.digest != "" {
		i.Digest = scan.digest
	}
	return i.URL + harborAPI + i.path() + "/scan/" + url.PathEscape(scan.ReportID) + "/log"
}

// vulnerabilities are all that were found. That there is no report is not that there are none.
func (i harborScanInputs) vulnerabilities(harbor *harbor) ([]harborVulnerability, error) {
	var reports map[string]struct {
		Vulnerabilities []harborVulnerability `json:"vulnerabilities"`
	}
	err := harbor.ask("show what is in "+i.shortImage(), http.MethodGet, i.path()+"/additions/vulnerabilities", nil, &reports)
	if err != nil {
		return nil, err
	}
	for _, kind := range scanReportTypes {
		if report, made := reports[kind]; made {
			return report.Vulnerabilities, nil
		}
	}
	return nil, fmt.Errorf("Harbor says that the scan of %s is a success, and shows no report; the next ./pulumiw up looks again", i.shortImage())
}

// allowedCves are those that Harbor itself would let pass.
func (h *harbor) allowedCves(project string) ([]string, error) {
	found, err := h.project(project)
	if err != nil || found.hasOwnAllowlist() {
		return found.Allowlist.inForce(), err
	}
	var forAll harborAllowlist
	err = h.ask("show which vulnerabilities are allowed", http.MethodGet, "/system/CVEAllowlist", nil, &forAll)
	return forAll.inForce(), err
}

// badness is Harbor's own order, src/pkg/scan/vuln/severity.go: a word that it does not know is the worst.
func badness(severity string) int {
	order := []string{"none", "unknown", "negligible", "low", "medium", "high", "critical"}
	place := slices.Index(order, strings.ToLower(severity))
	if place < 0 {
		return len(order)
	}
	return place
}

// judge is an error that lists what is as bad as it may not be.
func (i harborScanInputs) judge(found []harborVulnerability, allowed []string) error {
	bad := slices.DeleteFunc(slices.Clone(found), func(each harborVulnerability) bool {
		return badness(each.Severity) < badness(i.Block) || slices.Contains(allowed, each.ID)
	})
	if len(bad) == 0 {
		return nil
	}
	slices.SortStableFunc(bad, func(a, b harborVulnerability) int {
		return cmp.Or(badness(b.Severity)-badness(a.Severity), strings.Compare(a.ID, b.ID), strings.Compare(a.Package, b.Package))
	})
	var lines strings.Builder
	for _, each := range bad[:min(mostTold, len(bad))] {
		lines.WriteString("\n  " + each.words())
	}
	if more := len(bad) - mostTold; more > 0 {
		fmt.Fprintf(&lines, "\n  and %d more", more)
	}
	return fmt.Errorf("%s has what is %s or worse, and may not be used:%s\nTake a base image or packages in which this is fixed, or let "+
		"single ones pass with allowedCves of hero:harbor.project, or more with hero:harbor.scan.block and hero:harbor.project.block, then ./pulumiw up",
		i.shortImage(), i.Block, lines.String())
}

// words is one line: what, how bad, where, and what to go to.
func (v harborVulnerability) words() string {
	fixed := "no fix yet"
	if v.Fixed != "" {
		fixed = "fixed in " + v.Fixed
	}
	return shortExcuse(fmt.Sprintf("%s, %s, in %s %s, %s", v.ID, strings.ToLower(v.Severity), v.Package, v.Version, fixed))
}
