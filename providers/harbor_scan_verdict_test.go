package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

func TestWhatIsTooBadInAnImageInHarborIsListed(t *testing.T) {
	for block, want := range map[string]int{"low": 4, "medium": 3, "high": 2, "critical": 2} {
		played, image := playHarborWithImage(t)
		image.found = []any{
			vulnerability("CVE-1", "Unknown", ""), vulnerability("CVE-2", "Negligible", ""), vulnerability("CVE-3", "None", ""),
			vulnerability("CVE-4", "Low", ""), vulnerability("CVE-5", "Medium", "3.0.2"), vulnerability("CVE-6", "Critical", ""),
			vulnerability("CVE-7", "Appalling", "3.0.3"), // a word of a scanner's own
		}
		call, _ := newCall(t)
		_, err := swiftScan.create(call, scanInputs(played, map[string]any{"block": block}))
		if err == nil || strings.Count(err.Error(), "CVE-") != want {
			t.Fatal(block, err)
		}
		mustContain(t, err.Error(), "hero/team/app@sha256:0123456789ab has what is "+block+" or worse, and may not be used:\n"+
			"  CVE-7, appalling, in openssl 3.0.1, fixed in 3.0.3\n  CVE-6, critical, in openssl 3.0.1, no fix yet\n",
			"allowedCves of hero:harbor.project", "hero:harbor.scan.block", "hero:harbor.project.block", "./pulumiw up")
		mustNotContain(t, err.Error(), "Long.")
	}
}

func TestALongListOfWhatHarborFoundIsCut(t *testing.T) {
	played, image := playHarborWithImage(t)
	for number := range mostTold + 5 {
		image.found = append(image.found, vulnerability(fmt.Sprintf("CVE-%02d", number), "High", ""))
	}
	call, _ := newCall(t)
	_, err := swiftScan.create(call, scanInputs(played))
	if err == nil {
		t.Fatal("it has passed")
	}
	mustContain(t, err.Error(), "\n  CVE-00, high", "\n  CVE-19, high", "\n  and 5 more\n")
	mustNotContain(t, err.Error(), "CVE-20")
	image.found = image.found[:mostTold]
	_, err = swiftScan.create(call, scanInputs(played))
	if err == nil {
		t.Fatal("it has passed")
	}
	mustNotContain(t, err.Error(), "more\n")
}

func TestWhatHarborAllowsDoesNotBlock(t *testing.T) {
	list := []any{map[string]any{"cve_id": "CVE-1"}}
	for name, example := range map[string]struct {
		project playedProject
		forAll  []any
		passes  bool
	}{
		"in the project":       {playedProject{metadata: map[string]any{"reuse_sys_cve_allowlist": "false"}, allowed: list}, nil, true},
		"in all projects":      {playedProject{}, list, true},
		"in all, said so":      {playedProject{metadata: map[string]any{"reuse_sys_cve_allowlist": "true"}}, list, true},
		"in all but this":      {playedProject{metadata: map[string]any{"reuse_sys_cve_allowlist": "false"}}, list, false},
		"here, where all rule": {playedProject{allowed: list}, nil, false},
		"no longer": {
			playedProject{metadata: map[string]any{"reuse_sys_cve_allowlist": "false"}, allowed: list, expires: 1}, nil, false,
		},
		// To Harbor, that is a time.
		"never": {
			playedProject{metadata: map[string]any{"reuse_sys_cve_allowlist": "false"}, allowed: list, expires: 0}, nil, false,
		},
	} {
		played, image := playHarborWithImage(t)
		image.found = []any{vulnerability("CVE-1", "Critical", "")}
		played.projects["hero"], played.allowed = &example.project, example.forAll
		call, _ := newCall(t)
		if _, err := swiftScan.create(call, scanInputs(played)); (err == nil) != example.passes {
			t.Error(name, err)
		}
	}
}

func TestAScanThatBeginsAnewWhileItIsReadIsReadAgain(t *testing.T) {
	for name, then := range map[string][]map[string]any{
		"and goes on":       {scanned("Running"), scanned("Success", map[string]any{"report_id": "another"})},
		"and is over again": {scanned("Success", map[string]any{"report_id": "another"})},
		"of one of several": {scanned("Success", map[string]any{"complete_percent": 50}), scanned("Success")},
	} {
		played, image := playHarborWithImage(t)
		// Harbor leaves out what has no report just then.
		image.found, image.foundLater = []any{}, []any{vulnerability("CVE-1", "Critical", "")}
		image.scans = append([]map[string]any{scanned("Success")}, then...)
		call, _ := newCall(t)
		_, err := swiftScan.create(call, scanInputs(played))
		if err == nil {
			t.Fatal(name, "half of it has passed")
		}
		mustContain(t, err.Error(), "CVE-1, critical")
	}
}

func TestAScanOfHarborsWithoutAReportIsNotPassed(t *testing.T) {
	played, image := playHarborWithImage(t)
	image.found = nil
	call, _ := newCall(t)
	_, err := swiftScan.create(call, scanInputs(played))
	if err == nil {
		t.Fatal("what nobody has seen has passed")
	}
	mustContain(t, err.Error(), "is a success, and shows no report")
}

func TestAScanOfHarborsIsWaitedForAgainForNewsOnly(t *testing.T) {
	for name, example := range map[string]struct {
		change map[string]any
		asks   bool
	}{
		"another image":    {map[string]any{"digest": "sha256:other"}, true},
		"another place":    {map[string]any{"repository": "other"}, true},
		"another project":  {map[string]any{"project": "other"}, true},
		"another measure":  {map[string]any{"block": "low"}, true},
		"another login":    {map[string]any{"password": "Other-12345", "username": "operator", "caCertificate": "PEM"}, false},
		"another address":  {map[string]any{"url": "https://harbor.local"}, false},
		"another patience": {map[string]any{"patience": 5}, false},
	} {
		played, image := playHarborWithImage(t)
		call, _ := newCall(t)
		state := passedScan(t, call, played)
		news := scanInputs(played, example.change)
		for _, each := range []string{"hero/team/app@sha256:other", "hero/other@" + heroDigest, "other/team/app@" + heroDigest} {
			played.images[each] = image
		}
		played.projects["other"] = &playedProject{number: 4}
		if result, err := swiftScan.diff(state, news); err != nil || len(result.ChangedKeys) != len(example.change) || len(result.ReplaceKeys) > 0 {
			t.Error(name, result, err)
		}
		updated, err := swiftScan.update(call, state, news)
		if err != nil || (len(played.asked) > 0) != example.asks || !asSent(updated).DeepEquals(news) {
			t.Error(name, err, played.asked)
		}
		image.found = []any{vulnerability("CVE-1", "Critical", "")}
		if _, err := swiftScan.update(call, state, news); (err != nil) != example.asks {
			t.Error(name, err)
		}
	}
}

func TestAPreviewARefreshAndADestroyOfAScanAskNoHarbor(t *testing.T) {
	played, _ := playHarborWithImage(t)
	call, _ := newCall(t)
	state := passedScan(t, call, played)
	mustHaveChanged(t, swiftScan, state, scanInputs(played))
	if kept, err := swiftScan.read(call, state); err != nil || !asSent(kept).DeepEquals(state) {
		t.Error(kept, err)
	}
	if err := swiftScan.remove(call, state); err != nil {
		t.Error(err)
	}
	call.preview = true
	if created, err := swiftScan.create(call, scanInputs(played)); err != nil || !created["digest"].ContainsUnknowns() {
		t.Error("it has passed before it was scanned:", created, err)
	}
	for name, example := range map[string]struct {
		news    resource.PropertyMap
		unknown bool
	}{
		"a digest nobody knows": {withUnknown(scanInputs(played), "digest"), true},
		"another digest":        {scanInputs(played, map[string]any{"digest": "sha256:other"}), true},
		"another measure":       {scanInputs(played, map[string]any{"block": "low"}), false},
	} {
		updated, err := swiftScan.update(call, state, example.news)
		if err != nil || updated["digest"].ContainsUnknowns() != example.unknown {
			t.Error(name, updated, err)
		}
	}
	mustHaveChanged(t, swiftScan, state, withUnknown(scanInputs(played), "digest"), "digest")
	mustHaveChanged(t, swiftScan, state, withUnknown(scanInputs(played), "url", "username", "password", "caCertificate"))
	if len(played.asked) > 0 {
		t.Error(played.asked)
	}
	_, failures, err := swiftScan.check(withUnknown(scanInputs(played), "digest", "block", "url"))
	if err := errors.Join(err, failed(failures)); err != nil {
		t.Error(err)
	}
	if _, failures, err := swiftScan.check(scanInputs(played, map[string]any{"block": "none", "url": "harbor.local"})); err != nil || len(failures) != 2 {
		t.Error(failures, err)
	}
}
