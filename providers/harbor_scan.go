package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// harborScan is a wait for what Harbor's scanner finds in an image. Whoever takes the digest from here gets none that has
// something in it as bad as that.
type harborScan struct {
	// pause is the time between two looks.
	pause time.Duration
}

type harborScanInputs struct {
	harborLogin
	Project string `json:"project"`
	// Repository is its path below the project.
	Repository string `json:"repository"`
	Digest     string `json:"digest"`
	// Block is the least bad vulnerability that the image may not have.
	Block string `json:"block"`
	// Patience is in seconds, for all of it.
	Patience int `json:"patience"`
}

func (harborScan) check(news resource.PropertyMap) (resource.PropertyMap, []plugin.CheckFailure, error) {
	inputs, err := decode[harborScanInputs](news)
	if err != nil {
		return nil, nil, err
	}
	failures := inputs.harborLogin.check(news)
	if !news["block"].ContainsUnknowns() && !slices.Contains(harborSeverities, inputs.Block) {
		failures = append(failures, plugin.CheckFailure{Property: "block", Reason: fmt.Sprintf(
			"%q is none; there are %s", inputs.Block, strings.Join(harborSeverities, ", "))})
	}
	return news, failures, nil
}

func (harborScan) diff(olds, news resource.PropertyMap) (plugin.DiffResult, error) {
	return difference(changedKeys(olds, news, append([]resource.PropertyKey{"patience"}, harborLoginKeys...)...)), nil
}

func (s harborScan) create(call call, news resource.PropertyMap) (resource.PropertyMap, error) {
	if call.preview {
		return withUnknown(news, "digest"), nil
	}
	inputs, err := decode[harborScanInputs](news)
	if err != nil {
		return nil, err
	}
	if err := s.pass(call, inputs); err != nil {
		return nil, err
	}
	return encode(inputs, "password")
}

// read looks at nothing: what is found in an image after it has passed is not for this to say.
func (harborScan) read(_ call, olds resource.PropertyMap) (resource.PropertyMap, error) {
	state, err := decode[harborScanInputs](olds)
	if err != nil {
		return nil, err
	}
	return encode(state, "password")
}

// update waits again for another image and for another measure. Another login or patience changes nothing of what was
// found.
func (s harborScan) update(call call, olds, news resource.PropertyMap) (resource.PropertyMap, error) {
	if call.preview {
		if !olds["digest"].DeepEquals(news["digest"]) {
			return withUnknown(news, "digest"), nil
		}
		return news, nil
	}
	state, err := decode[harborScanInputs](olds)
	if err != nil {
		return nil, err
	}
	inputs, err := decode[harborScanInputs](news)
	if err != nil {
		return nil, err
	}
	if inputs.image() != state.image() || inputs.Block != state.Block {
		return s.create(call, news)
	}
	return encode(inputs, "password")
}

func (harborScan) remove(call, resource.PropertyMap) error {
	return nil
}

// pass is an error where the image may not be used.
func (s harborScan) pass(call call, inputs harborScanInputs) error {
	harbor, err := inputs.open(call, s.pause)
	if err != nil {
		return err
	}
	defer harbor.close()
	found, err := inputs.report(harbor)
	if err != nil {
		return err
	}
	allowed, err := harbor.allowedCves(inputs.Project)
	if err != nil {
		return err
	}
	return inputs.judge(found, allowed)
}

// report is all that was found. Where an image is scanned once more while it is read, what was found of it is left out.
func (i harborScanInputs) report(harbor *harbor) ([]harborVulnerability, error) {
	for {
		before, err := i.await(harbor)
		if err != nil {
			return nil, err
		}
		found, err := i.vulnerabilities(harbor)
		if err != nil {
			return nil, err
		}
		after, err := i.look(harbor)
		if err != nil || after.Status == scanSuccess && after.ReportID == before.ReportID {
			return found, err
		}
	}
}

// await waits until there is a report. It starts one scan where there is none, or where the last one came to nothing:
// what a run before this one has left must not hinder this one.
func (i harborScanInputs) await(harbor *harbor) (harborScanFound, error) {
	started := time.Now()
	patience := time.Duration(i.Patience) * time.Second
	begun := false
	for {
		scan, err := i.look(harbor)
		if err != nil {
			return scan, err
		}
		waited := time.Since(started)
		switch {
		case scan.Status == scanSuccess:
			harbor.call.progress.status("%s: %s (%d s)", i.shortImage(), scan.counts(), int(waited.Seconds()))
			return scan, nil
		case scan.isOver() && begun:
			return scan, fmt.Errorf("Harbor's scan of %s has failed: it is %s. Its log is at %s; the next ./pulumiw up scans again",
				i.shortImage(), scan.Status, i.logAddress(scan))
		case !scan.isRunning() && !begun:
			if err := i.begin(harbor); err != nil {
				return scan, err
			}
			begun = true
		}
		if waited > patience {
			return scan, fmt.Errorf("after %d s the scan of %s is not over: %s; the logs of Harbor's pods trivy and jobservice tell "+
				"more; hero:cluster.patience waits longer, and the next ./pulumiw up goes on from here",
				i.Patience, i.shortImage(), scan.words())
		}
		harbor.call.progress.status("scanning %s: %s (%d s)", i.shortImage(), scan.words(), int(waited.Seconds()))
		if err := harbor.wait(harbor.pause); err != nil {
			return scan, err
		}
	}
}

// begin starts a scan, or finds that somebody just has.
func (i harborScanInputs) begin(harbor *harbor) error {
	err := harbor.ask("scan "+i.shortImage(), http.MethodPost, i.path()+"/scan", map[string]any{"scan_type": "vulnerability"}, nil)
	switch {
	case hasStatus(err, http.StatusConflict):
		return nil
	case hasStatus(err, http.StatusBadRequest, http.StatusPreconditionFailed):
		return fmt.Errorf("%w; see hero:harbor.scan, and Harbor's interrogation services at %s/harbor/interrogation-services/scanners",
			err, harbor.URL)
	}
	return err
}

// image is where the image is, with all that tells it from others.
func (i harborScanInputs) image() string {
	return i.Project + "/" + i.Repository + "@" + i.Digest
}

// shortImage is the same for people.
func (i harborScanInputs) shortImage() string {
	const readable = len("sha256:") + 12
	return i.Project + "/" + i.Repository + "@" + i.Digest[:min(readable, len(i.Digest))]
}

func (i harborScanInputs) path() string {
	return harborRepositoryPath(i.Project, i.Repository) + "/artifacts/" + i.Digest
}
