package main

import (
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

const (
	heroDigest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	heroImage  = "hero/team/app@" + heroDigest
	askForScan = "POST /projects/hero/repositories/team%252Fapp/artifacts/" + heroDigest + "/scan"
)

var swiftScan = harborScan{pause: aMoment}

func scanInputs(played *playedHarbor, changes ...map[string]any) resource.PropertyMap {
	inputs := map[string]any{"project": "hero", "repository": "team/app", "digest": heroDigest, "block": "high", "patience": 60}
	return resource.NewPropertyMapFromMap(played.inputs(append([]map[string]any{inputs}, changes...)...))
}

// playHarborWithImage has an image that nobody has scanned yet, and in which nothing will be found.
func playHarborWithImage(t *testing.T) (*playedHarbor, *playedImage) {
	t.Helper()
	played := playHarborWithHero(t)
	image := &playedImage{afterScan: []map[string]any{scanned("Success")}, found: []any{}}
	played.images[heroImage] = image
	return played, image
}

func passedScan(t *testing.T, call call, played *playedHarbor) resource.PropertyMap {
	t.Helper()
	outputs, err := swiftScan.create(call, scanInputs(played))
	if err != nil {
		t.Fatal(err)
	}
	if !outputs["password"].IsSecret() {
		t.Error("the password is in the state in clear")
	}
	played.forget()
	return asSent(outputs)
}

func TestAnImageThatHarborHasNotScannedIsScannedOnce(t *testing.T) {
	half := map[string]any{"complete_percent": 50, "summary": map[string]any{"summary": map[string]any{"Low": 3, "Critical": 1}}}
	whole := map[string]any{"complete_percent": 100, "summary": map[string]any{"summary": map[string]any{"Low": 3, "Unknown": 2, "Medium": 1}}}
	played, image := playHarborWithImage(t)
	image.afterScan = []map[string]any{scanned("Pending"), scanned("Scheduled"), scanned("Running", half), scanned("Success", whole)}
	call, screen := newCall(t)
	outputs, err := swiftScan.create(call, scanInputs(played))
	if err != nil || !slices.Equal(played.changes(), []string{askForScan}) {
		t.Fatal(err, played.changes())
	}
	if outputs["digest"].StringValue() != heroDigest {
		t.Error(outputs)
	}
	mustContain(t, screen.all(), "scanning hero/team/app@sha256:0123456789ab: not scanned yet (0 s)", "app@sha256:0123456789ab: Pending (0 s)",
		"Running, 50 %, 1 critical, 3 low (0 s)", "app@sha256:0123456789ab: 1 medium, 3 low, 2 unknown (0 s)")
	mustNotContain(t, screen.all(), harborPassword)
}

func TestAScanThatHarborHasIsTakenAsItIs(t *testing.T) {
	for name, scans := range map[string][]map[string]any{
		"over":    {scanned("Success")},
		"running": {scanned("Pending"), scanned("Running"), scanned("Success")},
	} {
		played, image := playHarborWithImage(t)
		image.scans = scans
		call, _ := newCall(t)
		if _, err := swiftScan.create(call, scanInputs(played)); err != nil || len(played.changes()) > 0 {
			t.Error(name, err, played.changes())
		}
	}
	// For a moment there is nothing to be told of a scan that was just begun.
	played, image := playHarborWithImage(t)
	image.afterScan = []map[string]any{nil, nil, scanned("Success")}
	call, _ := newCall(t)
	if _, err := swiftScan.create(call, scanInputs(played)); err != nil || len(played.changes()) != 1 {
		t.Error(err, played.changes())
	}
	// An older scanner gives another kind of report.
	played, image = playHarborWithImage(t)
	image.scans, image.kind, image.found = []map[string]any{scanned("Success")}, scanReportTypes[1], []any{vulnerability("CVE-1", "High", "")}
	if _, err := swiftScan.create(call, scanInputs(played)); err == nil {
		t.Error("an older report was not read")
	}
}

func TestAScanThatSomebodyElseBeganInHarborIsWaitedFor(t *testing.T) {
	played, _ := playHarborWithImage(t)
	conflict := `{"errors": [{"code": "CONFLICT", "message": "a previous scan process is Running"}]}`
	played.before(askForScan, playedAnswer{status: 409, body: conflict, after: true})
	call, _ := newCall(t)
	if _, err := swiftScan.create(call, scanInputs(played)); err != nil || len(played.changes()) != 1 {
		t.Error(err, played.changes())
	}
}

func TestAScanOfHarborsThatFailedBeforeIsBegunAgainOnce(t *testing.T) {
	for _, status := range []string{"Error", "Stopped"} {
		played, image := playHarborWithImage(t)
		image.scans = []map[string]any{scanned(status)}
		call, _ := newCall(t)
		if _, err := swiftScan.create(call, scanInputs(played)); err != nil || len(played.changes()) != 1 {
			t.Error(status, err, played.changes())
		}
		image.scans, image.afterScan = nil, []map[string]any{scanned("Running"), scanned(status)}
		played.forget()
		_, err := swiftScan.create(call, scanInputs(played))
		if err == nil || len(played.changes()) != 1 {
			t.Fatal(err, played.changes())
		}
		mustContain(t, err.Error(), "Harbor's scan of hero/team/app@sha256:0123456789ab has failed: it is "+status,
			played.URL+"/api/v2.0/projects/hero/repositories/team%252Fapp/artifacts/"+heroDigest+"/scan/report-of-it/log",
			"the next ./pulumiw up scans again")
	}
}

func TestAScanThatHarborRefusesSaysWhereToLook(t *testing.T) {
	for _, status := range []int{400, 412} {
		played, _ := playHarborWithImage(t)
		played.before(askForScan, playedAnswer{status: status, body: `{"errors": [{"message": "no available scanner for project: 3"}]}`})
		call, _ := newCall(t)
		_, err := swiftScan.create(call, scanInputs(played))
		if !hasStatus(err, status) {
			t.Fatal(err)
		}
		mustContain(t, err.Error(), "no available scanner for project: 3", "see hero:harbor.scan", "/harbor/interrogation-services/scanners")
	}
	played, _ := playHarborWithImage(t)
	call, _ := newCall(t)
	if _, err := swiftScan.create(call, scanInputs(played, map[string]any{"repository": "other"})); !isGone(err) {
		t.Error(err)
	}
}

func TestAScanOfHarborsThatTakesTooLongSaysHowFarItIs(t *testing.T) {
	played, image := playHarborWithImage(t)
	image.afterScan = []map[string]any{scanned("Running")}
	call, _ := newCall(t)
	_, err := swiftScan.create(call, scanInputs(played, map[string]any{"patience": 0}))
	if err == nil {
		t.Fatal("nobody waits for it")
	}
	mustContain(t, err.Error(), "after 0 s the scan of hero/team/app@sha256:0123456789ab is not over", "hero:cluster.patience waits longer")
}

func TestAnIndexInHarborIsScannedWhenEachImageInItIs(t *testing.T) {
	part := scanned("Success", map[string]any{"complete_percent": 50})
	all := scanned("Success", map[string]any{"complete_percent": 100})
	for name, example := range map[string]struct {
		scans  []map[string]any
		second []map[string]any
		told   string
	}{
		"one after the other": {[]map[string]any{part, part, all}, []map[string]any{scanned("Pending"), scanned("Running")}, ""},
		// Such as what says how the image was built.
		"one that cannot be scanned": {[]map[string]any{part, all}, nil, ""},
		"one that failed":            {[]map[string]any{part}, []map[string]any{scanned("Error")}, "has failed: it is Error. Its log is at"},
	} {
		t.Run(name, func(t *testing.T) {
			played, image := playHarborWithImage(t)
			image.scans, image.afterScan, image.children = example.scans, []map[string]any{part}, []string{"sha256:first", "sha256:second"}
			played.images["hero/team/app@sha256:first"] = &playedImage{scans: []map[string]any{scanned("Success")}}
			played.images["hero/team/app@sha256:second"] = &playedImage{scans: example.second}
			call, _ := newCall(t)
			_, err := swiftScan.create(call, scanInputs(played))
			if example.told == "" {
				if err != nil || len(played.changes()) > 0 {
					t.Error(err, played.changes())
				}
				return
			}
			if err == nil {
				t.Fatal("an image that was not scanned has passed")
			}
			mustContain(t, err.Error(), example.told, "/artifacts/sha256:second/scan/report-of-it/log")
		})
	}
}
