package main

import (
	"fmt"
	"net/http"
	"strings"
)

// playedImage is one that Harbor has, by project/repository@digest.
type playedImage struct {
	// scans are what Harbor says of the scan, one look after the other; the last one stays.
	scans []map[string]any
	// afterScan are those that there are once a scan was asked for.
	afterScan []map[string]any
	children  []string
	found     []any
	// foundLater is what is found from the second look at what was found on; where it is nil, the same.
	foundLater []any
	// kind is of what kind the reports are; the newer one where nothing is said.
	kind string
}

func scanned(status string, details ...map[string]any) map[string]any {
	scan := map[string]any{"scan_status": status, "report_id": "report-of-it"}
	for _, each := range details {
		for key, value := range each {
			scan[key] = value
		}
	}
	return scan
}

func vulnerability(id, severity, fixed string) map[string]any {
	return map[string]any{
		"id": id, "severity": severity, "package": "openssl", "version": "3.0.1", "fix_version": fixed, "description": "Long.",
	}
}

func (p *playedHarbor) artifacts(writer http.ResponseWriter, request *http.Request, path []string) {
	name := fmt.Sprintf("%s/%s@%s", path[1], strings.ReplaceAll(path[3], "%252F", "/"), path[5])
	image := p.images[name]
	if image == nil {
		refuse(writer, http.StatusNotFound, "NOT_FOUND", "artifact "+name+" not found")
		return
	}
	kind := scanReportTypes[0]
	if image.kind != "" {
		kind = image.kind
	}
	if !strings.Contains(request.Header.Get("X-Accept-Vulnerabilities"), kind) {
		refuse(writer, http.StatusBadRequest, "BAD_REQUEST", "nobody wants this kind of report")
		return
	}
	switch {
	case request.Method == http.MethodPost && path[6] == "scan":
		image.scans = image.afterScan
		writer.WriteHeader(http.StatusAccepted)
	case len(path) == 8 && image.found == nil:
		tell(writer, http.StatusOK, map[string]any{})
	case len(path) == 8:
		tell(writer, http.StatusOK, map[string]any{kind: map[string]any{"vulnerabilities": image.found}})
		if image.foundLater != nil {
			image.found = image.foundLater
		}
	default:
		children := []any{}
		for _, each := range image.children {
			children = append(children, map[string]any{"child_digest": each})
		}
		told := map[string]any{"digest": path[5], "references": children}
		if len(image.scans) > 0 {
			told["scan_overview"] = map[string]any{kind: image.scans[0]}
			image.scans = image.scans[min(1, len(image.scans)-1):]
		}
		tell(writer, http.StatusOK, told)
	}
}
