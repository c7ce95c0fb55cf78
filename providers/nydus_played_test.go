package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// playedConversion speaks to a registry as accelctl does, and makes of each image one with a blob and a bootstrap.
const playedConversion = `#!/usr/bin/env python3
import base64, hashlib, json, os, sys, urllib.error, urllib.request
if "--version" in sys.argv:
    print("accelctl version 0.2.26 .")
    sys.exit()
here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
config = json.load(open(sys.argv[3]))
with open(here + "/calls", "a") as calls:
    calls.write(json.dumps({"arguments": sys.argv[1:], "config": config, "environment": dict(os.environ)}) + "\n")
exec(open(here + "/trouble").read())
(address, login), = config["provider"]["source"].items()
driver = config["converter"]["driver"]["config"]
name, _, digest = sys.argv[4].partition("@")
tag = name.rpartition(":")[2]
base = "http://" + address + "/v2/hero/"
def ask(method, path, content=None, kind=""):
    url = path if path.startswith("http") else base + path
    headers = {"Authorization": "Basic " + login["auth"], "Content-Type": kind}
    return urllib.request.urlopen(urllib.request.Request(url, content, headers, method=method))
def there(path):
    try:
        return bool(ask("HEAD", path))
    except urllib.error.HTTPError as error:
        assert error.code == 404, error
def name_of(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()
def blob(content, kind):
    if not there("blobs/" + name_of(content)):
        place = ask("POST", "blobs/uploads/").headers["Location"]
        ask("PUT", "http://" + address + place + "?digest=" + name_of(content), content)
    return {"mediaType": kind, "digest": name_of(content), "size": len(content)}
def put(content, kind, reference=""):
    text = json.dumps(content).encode()
    ask("PUT", "manifests/" + (reference or name_of(text)), text, kind)
    return {"mediaType": kind, "digest": name_of(text), "size": len(text)}
OCI = "application/vnd.oci.image."
def form(digest, subject, reference=""):
    image = json.load(ask("GET", "manifests/" + digest))
    content = ask("GET", "blobs/" + image["layers"][0]["digest"]).read()
    print('time="now" level=info msg="converting image %s"' % name, file=sys.stderr)
    return put({
        "schemaVersion": 2, "mediaType": OCI + "manifest.v1+json",
        "config": blob(ask("GET", "blobs/" + image["config"]["digest"]).read(), OCI + "config.v1+json"),
        "layers": [blob(content[::-1] + driver["prefetch_patterns"].encode(), OCI + "layer.nydus.blob.v1")],
        "annotations": {"containerd.io/snapshot/nydus-source-reference": sys.argv[4]}, "subject": subject,
    }, OCI + "manifest.v1+json", reference)
answer = ask("GET", "manifests/" + digest)
kind, source = answer.headers["Content-Type"], json.load(answer)
target = tag + config["converter"]["rules"][0]["tag_suffix"]
wanted = config["converter"]["platforms"].split(",")
parts = source.get("manifests", [{"mediaType": kind, "digest": digest, "size": 1}])
parts = [part for part in parts if wanted == [""] or "%(os)s/%(architecture)s" % part["platform"] in wanted]
subject = lambda part: {key: part[key] for key in ("mediaType", "digest", "size")}
if driver["merge_manifest"] == "false" and len(parts) == 1:
    form(parts[0]["digest"], subject(parts[0]), target)
else:
    usual = [dict(part, annotations={"nydus": "no"}) for part in parts if driver["merge_manifest"] == "true"]
    forms = [dict(form(part["digest"], subject(part)), **({"platform": part["platform"]} if "platform" in part else {})) for part in parts]
    put({"schemaVersion": 2, "manifests": usual + forms}, OCI + "index.v1+json", target)
`

// playNydus puts an accelctl and a nydus-image on PATH. The trouble is Python that comes before the conversion.
func playNydus(t *testing.T, trouble string) (calls func() []string, temporary string) {
	t.Helper()
	folder := t.TempDir()
	write(t, folder, map[string]string{
		"bin/accelctl": playedConversion, "bin/nydus-image": "#!/bin/sh\necho 'Version: v2.4.4'\n",
		"trouble": trouble, "temporary/.keep": "",
	})
	for _, program := range []string{"accelctl", "nydus-image"} {
		if err := os.Chmod(filepath.Join(folder, "bin", program), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	temporary = filepath.Join(folder, "temporary")
	t.Setenv("PATH", filepath.Join(folder, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("TMPDIR", temporary)
	t.Chdir("..") // where the engine starts the plugin
	return func() []string {
		text, _ := os.ReadFile(filepath.Join(folder, "calls"))
		return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")[:strings.Count(string(text), "\n")]
	}, temporary
}

// toConvert are the inputs of the form of an image that has been pushed.
func toConvert(t *testing.T, content manifest, options ...registry.Option) nydusInputs {
	t.Helper()
	inputs := wanted(t, false, options...)
	digest, err := pushed(t, context.Background(), inputs, content)
	if err != nil {
		t.Fatal(err)
	}
	return nydusInputs{
		access: inputs.access, Tags: []string{"v1"}, Digest: digest, Prefetch: []string{"/ko-app"},
	}
}

func (i nydusInputs) properties(t *testing.T) resource.PropertyMap {
	t.Helper()
	properties, err := encode(i, "password")
	if err != nil {
		t.Fatal(err)
	}
	return asSent(properties)
}

func created(t *testing.T, inputs nydusInputs) nydusState {
	t.Helper()
	outputs, err := nydusImage{}.create(call{Context: context.Background()}, inputs.properties(t))
	if err != nil {
		t.Fatal(err)
	}
	return stateOf(t, outputs)
}

func updated(t *testing.T, state nydusState, inputs nydusInputs) nydusState {
	t.Helper()
	outputs, err := nydusImage{}.update(call{Context: context.Background()}, asSent(mustEncode(t, state)), inputs.properties(t))
	if err != nil {
		t.Fatal(err)
	}
	return stateOf(t, outputs)
}

func mustEncode(t *testing.T, state nydusState) resource.PropertyMap {
	t.Helper()
	properties, err := encode(state, "password")
	if err != nil {
		t.Fatal(err)
	}
	return properties
}

func stateOf(t *testing.T, outputs resource.PropertyMap) nydusState {
	t.Helper()
	if !outputs["password"].IsSecret() {
		t.Error("the password is no secret")
	}
	state, err := decode[nydusState](asSent(outputs))
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// tagsIn are the tags of the repository with what they name.
func tagsIn(t *testing.T, inputs nydusInputs) map[string]string {
	t.Helper()
	repository, err := name.NewRepository(inputs.Repository)
	if err != nil {
		t.Fatal(err)
	}
	tags, err := remote.List(repository)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, tag := range tags {
		descriptor, err := remote.Head(repository.Tag(tag))
		if err != nil {
			t.Fatal(err)
		}
		found[tag] = descriptor.Digest.String()
	}
	return found
}
