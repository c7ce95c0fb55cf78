package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// nothingFirst names nothing that any image has: without a list the whole image would be fetched ahead.
const nothingFirst = "/.hero-needs-nothing-first"

// accelctl converts an image of a registry, with nydus-image, and pushes what becomes of it.
type accelctl struct {
	program string
	builder string
	// folder is where it works; it is this user's alone.
	folder string
	// platforms are those to convert; all where none is named.
	platforms []string
}

// convert runs it on an image of the loopback, as `:tag@digest`; the outcome has the tag with -nydus behind it.
func (a accelctl) convert(call call, registry *loopback, reference string, inputs nydusInputs) error {
	config := filepath.Join(a.folder, "accelctl.yaml")
	// What is JSON is YAML too.
	text, err := json.Marshal(a.config(registry, inputs))
	if err != nil {
		return err
	}
	if err := os.WriteFile(config, text, 0o600); err != nil {
		return err
	}
	var said []string
	command := exec.CommandContext(call, a.program, "convert", "--config", config, registry.name(reference))
	command.Dir, command.Env = a.folder, a.environment()
	command.Stderr = &lines{take: func(line string) {
		words := wordsOf(line)
		call.progress.status("%s", withRealName(words, registry))
		said = append(said, words)
	}}
	if _, err = outputOfAll(call, command); err == nil {
		return nil
	}
	if trouble := registry.failure(); trouble != nil {
		return trouble
	}
	return fmt.Errorf("accelctl: %s", withRealName(told(lastOf(said), err), registry))
}

// config says nothing of the real registry. https://github.com/goharbor/acceleration-service/blob/v0.2.26/misc/config/config.nydus.yaml
func (a accelctl) config(registry *loopback, inputs nydusInputs) map[string]any {
	first := inputs.Prefetch
	if len(first) == 0 {
		first = []string{nothingFirst}
	}
	login := base64.StdEncoding.EncodeToString([]byte(loopbackUser + ":" + registry.password))
	return map[string]any{
		"provider": map[string]any{
			"source":   map[string]any{registry.address: map[string]any{"auth": login}},
			"work_dir": a.folder, "gcpolicy": map[string]any{"threshold": "1TB"},
		},
		"converter": map[string]any{
			"worker": 1, "harbor_annotation": false, "platforms": strings.Join(a.platforms, ","),
			"driver": map[string]any{"type": "nydus", "config": map[string]string{
				"work_dir": a.folder, "builder": a.builder, "docker2oci": "true", "with_referrer": "true",
				"merge_manifest": strconv.FormatBool(inputs.Merged), "prefetch_patterns": strings.Join(first, "\n"),
			}},
			"rules": []map[string]string{{"tag_suffix": nydusSuffix}},
		},
	}
}

// environment has what a program needs to start, and no login or proxy of the user's.
func (a accelctl) environment() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + a.folder, "TMPDIR=" + a.folder, "DOCKER_CONFIG=" + a.folder,
	}
}

var saidByLogrus = regexp.MustCompile(`level=(\w+) msg=("(?:[^"\\]|\\.)*"|\S+)`)

// wordsOf is what a line of accelctl's log says.
func wordsOf(line string) string {
	found := saidByLogrus.FindStringSubmatch(line)
	if found == nil {
		return line
	}
	if words, err := strconv.Unquote(found[2]); err == nil {
		return strings.TrimSpace(words)
	}
	return found[2]
}

// withRealName says where the image really is, and not how a program got there.
func withRealName(words string, registry *loopback) string {
	return strings.ReplaceAll(words, registry.name(""), registry.behind.host()+"/"+registry.behind.name.RepositoryStr())
}

// lastOf is the end of a log, where a failure is told.
func lastOf(said []string) []string {
	return said[max(0, len(said)-longestEnd):]
}

const longestEnd = 6 // lines
