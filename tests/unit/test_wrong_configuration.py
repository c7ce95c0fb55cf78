"""Every wrong configuration that we could think of, and what is said of it."""

import copy
import os
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from components.catalogue import PLANNED
from components.mistakes import Mistake
from components.reader import Entry
from components.registries.embedded import EmbeddedSettings
from components.settings import ConfigurationError
from tests.unit.configuration import entries_of, follow, mistakes_in, read, taken_apart, write_sources
from tests.unit.graph import Engine

ROOT = Path(__file__).resolve().parents[2]

NO_TEXT = "not text as it stands; in quotes it is"
NOT_THE_TEXT = "valid string"
NO_TAG = "not a tag"
NO_PATH = "not a repository path"
NO_FOLDER = "there is no such folder"
NO_PLATFORM = "not a platform"
A_WORD = "input should be 'ko', 'docker' or 'existing'"
UNPRINTABLE = "has characters that cannot be printed"


def image(**block: object) -> dict[str, object]:
    return {"hero:image": block}


def embedded(**block: object) -> dict[str, object]:
    return {"hero:embedded": block}


def existing(source: object, **block: object) -> dict[str, object]:
    return image(build="existing", source=source, **block)


# What the config says, and what is told of it by the path of each mistake.
WRONG: dict[str, tuple[dict[str, object], dict[str, str]]] = {
    # Keys that nobody knows.
    "a top-level key with a slip in it": (
        {"hero:imgae": {}},
        {"hero:imgae": "unknown key, did you mean hero:image?"},
    ),
    "a top-level key in capitals": (
        {"hero:Registry": "embedded"},
        {"hero:Registry": "unknown key, did you mean hero:registry?"},
    ),
    "a top-level key like no other": ({"hero:zebra": "1"}, {"hero:zebra": "unknown key"}),
    "a top-level key with a dot": ({"hero:image.tags": ["v1"]}, {'hero:["image.tags"]': "unknown key"}),
    "a top-level key with a space": ({"hero:my key": "1"}, {'hero:["my key"]': "unknown key"}),
    "a top-level key with quotes": ({'hero:my "key"': "1"}, {r'hero:["my \"key\""]': "unknown key"}),
    "a top-level key with a new line": ({"hero:a\nb": "1"}, {r'hero:["a\nb"]': "unknown key"}),
    "no key at all": ({"hero:": "1"}, {'hero:[""]': "unknown key"}),
    "tag instead of tags": (image(tag="v1"), {"hero:image.tag": "unknown key, did you mean tags?"}),
    "tags in capitals": (image(TAGS=["v1"]), {"hero:image.TAGS": "unknown key, did you mean tags?"}),
    "a key of the image that is like no other": (image(zebra=1), {"hero:image.zebra": "unknown key"}),
    "a key of the image with a space and a dot": (
        {"hero:image": {"docker file.1": "x"}},
        {'hero:image["docker file.1"]': "unknown key, did you mean dockerfile?"},
    ),
    "a key of the image with a hyphen": (
        {"hero:image": {"docker-file": "x"}},
        {"hero:image.docker-file": "unknown key, did you mean dockerfile?"},
    ),
    "a key of the image with quotes": ({"hero:image": {'a"b': 1}}, {r'hero:image["a\"b"]': "unknown key"}),
    "a key of the image in another script": (image(имя="hero"), {"hero:image.имя": "unknown key"}),
    "a key as Python writes it": (
        embedded(keep_data=True),
        {"hero:embedded.keep_data": "unknown key, did you mean keepData?"},
    ),
    "a key of another block": (embedded(tags=["v1"]), {"hero:embedded.tags": "unknown key"}),
    "two unknown keys in two blocks": (
        {"hero:image": {"nam": "x"}, "hero:embedded": {"prot": 1}},
        {
            "hero:image.nam": "unknown key, did you mean name?",
            "hero:embedded.prot": "unknown key, did you mean port?",
        },
    ),
    # The choice.
    "a choice with a slip in it": (
        {"hero:registry": "embeded"},
        {"hero:registry": '"embeded" is not a choice, did you mean embedded?'},
    ),
    "a choice in capitals": (
        {"hero:registry": "EMBEDDED"},
        {"hero:registry": "is not a choice, did you mean embedded?"},
    ),
    "a choice with a space behind it": (
        {"hero:registry": "embedded "},
        {"hero:registry": '"embedded " is not a choice, did you mean embedded?'},
    ),
    "a choice like no other": ({"hero:registry": "quay"}, {"hero:registry": '"quay" is not a choice'}),
    "an empty choice": ({"hero:registry": ""}, {"hero:registry": '"" is not a choice'}),
    "null as the choice": ({"hero:registry": None}, {"hero:registry": '"" is not a choice'}),
    "a number as the choice": ({"hero:registry": 5}, {"hero:registry": '"5" is not a choice'}),
    "a truth value as the choice": ({"hero:registry": True}, {"hero:registry": '"true" is not a choice'}),
    "a mirror with a slip in it": (
        {"hero:mirrors": ["embeded"], "hero:registry": "zot", "hero:zot": {"domain": "registry.example.com"}},
        {"hero:mirrors[0]": '"embeded" is not a choice, did you mean embedded?'},
    ),
    "a mirror that keeps no images": (
        {"hero:mirrors": ["dragonfly"]},
        {"hero:mirrors[0]": '"dragonfly" is not a choice'},
    ),
    "a number as a mirror": ({"hero:mirrors": [7]}, {"hero:mirrors[0]": "7 is not a choice"}),
    "one mirror, not as a list": ({"hero:mirrors": "zot"}, {"hero:mirrors": '"zot" is not a list'}),
    "a map as the mirrors": ({"hero:mirrors": {"zot": True}}, {"hero:mirrors": "is not a list"}),
    "a list as the choice": ({"hero:registry": ["embedded"]}, {"hero:registry": "is not a choice"}),
    "a map as the choice": ({"hero:registry": {"embedded": {}}}, {"hero:registry": "is not a choice"}),
    # Blocks that are none.
    "the image as text": ({"hero:image": "hero:v1"}, {"hero:image": '"hero:v1" is not a map'}),
    "the image as a number": ({"hero:image": 7}, {"hero:image": "7 is not a map"}),
    "the image as a list": ({"hero:image": ["v1", "v2"]}, {"hero:image": '["v1", "v2"] is not a map'}),
    "the image as a truth value": ({"hero:image": False}, {"hero:image": "false is not a map"}),
    "the image as null": ({"hero:image": None}, {"hero:image": '"" is not a map'}),
    "the image as JSON that breaks off": (
        {"hero:image": '{"tags": ["v1"'},
        {"hero:image": r'"{\"tags\": [\"v1\"" is not a map'},
    ),
    "the image as brackets without end": ({"hero:image": "[" * 100_000}, {"hero:image": "is not a map"}),
    "the image as what is no number": ({"hero:image": "NaN"}, {"hero:image": "NaN is not a map"}),
    "the embedded registry as a number": ({"hero:embedded": 5001}, {"hero:embedded": "5001 is not a map"}),
    "the embedded registry as text": ({"hero:embedded": "yes"}, {"hero:embedded": '"yes" is not a map'}),
    "the embedded registry as a list": ({"hero:embedded": []}, {"hero:embedded": "[] is not a map"}),
    # The name.
    "a name in upper case": (image(name="Hero"), {"hero:image.name": f'"Hero": {NO_PATH}'}),
    "a name with two slashes": (image(name="a//b"), {"hero:image.name": NO_PATH}),
    "a name with a slash before it": (image(name="/hero"), {"hero:image.name": NO_PATH}),
    "a name with a slash behind it": (image(name="hero/"), {"hero:image.name": NO_PATH}),
    "a name that climbs": (image(name="../hero"), {"hero:image.name": NO_PATH}),
    "a name with two dots": (image(name="he..ro"), {"hero:image.name": NO_PATH}),
    "a name with three underscores": (image(name="he___ro"), {"hero:image.name": NO_PATH}),
    "a name with a tag": (image(name="hero:v1"), {"hero:image.name": NO_PATH}),
    "a name with an umlaut": (image(name="hérö"), {"hero:image.name": NO_PATH}),
    "a name with a new line": (image(name="hero\n"), {"hero:image.name": UNPRINTABLE}),
    "a name of 201 characters": (image(name="h" * 201), {"hero:image.name": "at most 200 characters"}),
    "an empty name": (image(name=""), {"hero:image.name": NO_PATH}),
    # Tags.
    "a tag that YAML reads as a number": (image(tags=["v1", 1.10]), {"hero:image.tags[1]": f"1.1: {NO_TEXT}"}),
    "a tag that YAML reads as a truth value": (image(tags=[True]), {"hero:image.tags[0]": f"true: {NO_TEXT}"}),
    "a tag that is null": (image(tags=[None]), {"hero:image.tags[0]": f"null: input should be a {NOT_THE_TEXT}"}),
    "a tag that is a list": (image(tags=[["v1"]]), {"hero:image.tags[0]": NOT_THE_TEXT}),
    "a tag that is a map": (image(tags=[{"v1": "latest"}]), {"hero:image.tags[0]": NOT_THE_TEXT}),
    "a tag with a space": (image(tags=["v 1"]), {"hero:image.tags[0]": f'"v 1": {NO_TAG}'}),
    "a tag with a dot first": (image(tags=[".v1"]), {"hero:image.tags[0]": NO_TAG}),
    "a tag with a hyphen first": (image(tags=["-v1"]), {"hero:image.tags[0]": NO_TAG}),
    "a tag with a slash": (image(tags=["v1/v2"]), {"hero:image.tags[0]": NO_TAG}),
    "a tag with a plus, as in build metadata": (image(tags=["v1+2"]), {"hero:image.tags[0]": NO_TAG}),
    "a tag of 129 characters": (image(tags=["v" * 129]), {"hero:image.tags[0]": NO_TAG}),
    "an empty tag": (image(tags=[""]), {"hero:image.tags[0]": f'"": {NO_TAG}'}),
    "a tag with an umlaut": (image(tags=["größe"]), {"hero:image.tags[0]": f'"größe": {NO_TAG}'}),
    "a tag with a new line": (image(tags=["v1\n"]), {"hero:image.tags[0]": rf'"v1\n": {UNPRINTABLE}'}),
    "a tag with half a character": (
        {"hero:image": r'{"tags": ["\ud800"]}'},
        {"hero:image.tags[0]": rf'"\ud800": {UNPRINTABLE}'},
    ),
    "a tag as registries keep them for signatures": (
        image(tags=[f"sha256-{'a' * 64}"]),
        {"hero:image.tags[0]": "registries keep such tags for what is attached to an image"},
    ),
    "the same tag twice": (image(tags=["v1", "v2", "v1"]), {"hero:image.tags[2]": "v1 is there twice"}),
    "no tags": (image(tags=[]), {"hero:image.tags": "[]: list should have at least 1 item"}),
    "three wrong tags of four": (
        image(tags=["-", "v1", "", 3]),
        {"hero:image.tags[0]": NO_TAG, "hero:image.tags[2]": NO_TAG, "hero:image.tags[3]": NO_TEXT},
    ),
    # How it is built.
    "a build that nobody knows": (image(build="kaniko"), {"hero:image.build": f'"kaniko": {A_WORD}'}),
    "a copy that nobody knows": (
        {"hero:switch": {"copy": "everything", "coppy": "all"}},
        {
            "hero:switch.copy": "input should be 'all', 'current' or 'none'",
            "hero:switch.coppy": "unknown key, did you mean copy?",
        },
    ),
    "one namespace for two": (
        {
            "hero:harbor": {"domain": "hero.10.0.0.1.nip.io", "namespace": "hero"},
            "hero:zot": {"domain": "hero.10.0.0.1.nip.io", "namespace": "hero"},
        },
        {"hero:zot.namespace": "harbor lives there"},
    ),
    "a build in capitals": (image(build="KO"), {"hero:image.build": A_WORD}),
    "an empty build": (image(build=""), {"hero:image.build": A_WORD}),
    "a context that is not there": (image(context="nowhere"), {"hero:image.context": f'"nowhere": {NO_FOLDER}'}),
    "a context with spaces that is not there": (image(context="no app"), {"hero:image.context": NO_FOLDER}),
    "a context that is a file": (image(context="hero/main.go"), {"hero:image.context": NO_FOLDER}),
    "a context in a file": (image(context="hero/main.go/cmd"), {"hero:image.context": NO_FOLDER}),
    "a context without a Go file": (image(context="empty"), {"hero:image.context": "no Go file is in this folder"}),
    "a context without a module": (
        image(context="loose"),
        {"hero:image.context": "neither this folder nor one above it has a go.mod"},
    ),
    "an empty context": (image(context=""), {"hero:image.context": '"": is blank'}),
    "a blank context for Docker": (image(context=" ", build="docker"), {"hero:image.context": '" ": is blank'}),
    "a context with a NUL": (image(context="he\0ro"), {"hero:image.context": rf'"he\u0000ro": {UNPRINTABLE}'}),
    "a context with an escape sequence": (image(context="\x1b[31m"), {"hero:image.context": UNPRINTABLE}),
    "a context that is written from right to left": (
        image(context="\u202eoreh"),
        {"hero:image.context": rf'"\u202eoreh": {UNPRINTABLE}'},
    ),
    "a context longer than any path": (image(context="x/" * 5000), {"hero:image.context": NO_FOLDER}),
    "a folder's name longer than any": (image(context="x" * 300), {"hero:image.context": NO_FOLDER}),
    "a home directory, which only a shell knows": (image(context="~/hero"), {"hero:image.context": NO_FOLDER}),
    "a context for Docker that is not there": (
        image(build="docker", context="nowhere"),
        {"hero:image.context": NO_FOLDER},
    ),
    "a Dockerfile for ko": (
        image(dockerfile="Dockerfile"),
        {"hero:image.dockerfile": '"Dockerfile": build ko has no Dockerfile'},
    ),
    "a Dockerfile for an image that exists": (
        existing("cncf-demo:v0.0.1", dockerfile="Dockerfile"),
        {"hero:image.dockerfile": "build existing has no Dockerfile"},
    ),
    "a Dockerfile that is not there": (
        image(build="docker", dockerfile="Dockerfile.dev"),
        {"hero:image.dockerfile": "there is no file Dockerfile.dev in hero"},
    ),
    "a Dockerfile that is a folder": (
        image(build="docker", dockerfile="."),
        {"hero:image.dockerfile": "there is no file . in hero"},
    ),
    "a Dockerfile by its absolute path": (
        image(build="docker", dockerfile=str(ROOT / "hero" / "Dockerfile")),
        {"hero:image.dockerfile": "there is no file /"},
    ),
    "an empty Dockerfile": (image(build="docker", dockerfile=""), {"hero:image.dockerfile": '"": is blank'}),
    "a context without a Dockerfile": (
        image(build="docker", context="my app"),
        {"hero:image.dockerfile": "there is no file Dockerfile in my app"},
    ),
    # Platforms.
    "a platform without an architecture": (image(platforms=["linux"]), {"hero:image.platforms[0]": NO_PLATFORM}),
    "a platform with a slip in it": (image(platforms=["linux/amd46"]), {"hero:image.platforms[0]": NO_PLATFORM}),
    "a platform as the kernel calls it": (image(platforms=["linux/x86_64"]), {"hero:image.platforms[0]": NO_PLATFORM}),
    "a platform in capitals": (image(platforms=["Linux/AMD64"]), {"hero:image.platforms[0]": NO_PLATFORM}),
    "a platform with a variant that there is not": (
        image(platforms=["linux/arm/v9"]),
        {"hero:image.platforms[0]": NO_PLATFORM},
    ),
    "a platform that no image has": (image(platforms=["darwin/arm64"]), {"hero:image.platforms[0]": NO_PLATFORM}),
    "two platforms in one": (
        image(platforms=["linux/amd64,linux/arm64"]),
        {"hero:image.platforms[0]": NO_PLATFORM},
    ),
    "an empty platform": (image(platforms=[""]), {"hero:image.platforms[0]": NO_PLATFORM}),
    "a platform that is a number": (image(platforms=[64]), {"hero:image.platforms[0]": NO_TEXT}),
    "the same platform twice": (
        image(platforms=["linux/amd64", "linux/amd64"]),
        {"hero:image.platforms[1]": "linux/amd64 is there twice"},
    ),
    "no platforms": (image(platforms=[]), {"hero:image.platforms": "at least 1 item"}),
    "several platforms with Docker": (
        image(build="docker", platforms=["linux/amd64", "linux/arm64"]),
        {"hero:image.platforms": "the Docker engine builds for one platform at a time"},
    ),
    "platforms of an image that exists": (
        existing("cncf-demo:v0.0.1", platforms=["linux/amd64"]),
        {"hero:image.platforms": "an existing image has the platforms that it has"},
    ),
    "Windows with ko": (image(platforms=["windows/amd64"]), {"hero:image.platforms": "is one for Linux"}),
    # An SBOM.
    "an SBOM for ko, which always makes one": (
        image(sbom=True),
        {"hero:image.sbom": "true: an image that ko builds always has an SBOM"},
    ),
    "no SBOM for ko, which always makes one": (
        image(sbom=False),
        {"hero:image.sbom": "false: an image that ko builds always has an SBOM"},
    ),
    "an SBOM by the name of its format": (
        image(build="docker", sbom="spdx"),
        {"hero:image.sbom": '"spdx": input should be a valid boolean'},
    ),
    "a list of SBOMs": (image(build="docker", sbom=["spdx"]), {"hero:image.sbom": "valid boolean"}),
    # A form for Nydus.
    "Nydus in another shape": (
        image(nydus="zran"),
        {"hero:image.nydus": "\"zran\": input should be 'false', 'true' or 'merged'"},
    ),
    "Nydus as a number": (image(nydus=1), {"hero:image.nydus": "1: input should be 'false', 'true' or 'merged'"}),
    "a tag that Nydus would take": (
        image(tags=["v1", "v1-nydus"], nydus=True),
        {"hero:image.nydus": "v1-nydus is one of the tags already"},
    ),
    "a tag that is too long for Nydus": (
        image(tags=["v" * 123], nydus="merged"),
        {"hero:image.nydus": "is too long to have -nydus behind it"},
    ),
    "what is needed first, without Nydus": (
        image(nydusPrefetch=["/ko-app/hero"]),
        {"hero:image.nydusPrefetch": "without nydus nothing is fetched ahead"},
    ),
    "a path that is no whole one": (
        image(nydus=True, nydusPrefetch=["/usr", "bin/hero"]),
        {"hero:image.nydusPrefetch[1]": '"bin/hero": does not begin with /'},
    ),
    "a path that leads out": (
        image(nydus=True, nydusPrefetch=["/usr/../etc"]),
        {"hero:image.nydusPrefetch[0]": "leads out of the folder"},
    ),
    "two paths in one": (
        image(nydus=True, nydusPrefetch=["/usr\n/etc"]),
        {"hero:image.nydusPrefetch[0]": "has characters that cannot be printed"},
    ),
    "a path that is there twice": (
        image(nydus=True, nydusPrefetch=["/usr", "/usr"]),
        {"hero:image.nydusPrefetch[1]": "/usr is there twice"},
    ),
    "one path that is no list": (image(nydus=True, nydusPrefetch="/usr"), {"hero:image.nydusPrefetch": "valid list"}),
    # An image that exists.
    "no source for an image that exists": (
        image(build="existing"),
        {"hero:image.source": "build existing needs to know which image"},
    ),
    "null as the source": (existing(None), {"hero:image.source": "build existing needs to know which image"}),
    "an empty source": (existing(""), {"hero:image.source": '"": is blank'}),
    "a source for ko": (image(source="cncf-demo:v0.0.1"), {"hero:image.source": "build ko builds image.context"}),
    "a source for Docker": (
        image(build="docker", source="./hero.tar"),
        {"hero:image.source": "build docker builds image.context"},
    ),
    "a source file that is not there": (existing("./gone.tar"), {"hero:image.source": "no such file or folder"}),
    "a source that is no archive": (existing("./notes.txt"), {"hero:image.source": "is no archive"}),
    "a source that is a device": (existing("/dev/null"), {"hero:image.source": "no such file or folder"}),
    "a folder that is no layout": (existing("./empty"), {"hero:image.source": "it has no index.json"}),
    "a source file without its dot": (existing("hero.tar"), {"hero:image.source": "put ./ before it"}),
    "a source in the home directory": (existing("~/hero.tar"), {"hero:image.source": "not the name of an image"}),
    "a source in upper case": (existing("CNCF-Demo:v1"), {"hero:image.source": "not the name of an image"}),
    "a source with a space": (existing("cncf demo"), {"hero:image.source": "not the name of an image"}),
    "a source with a tag that is none": (existing("cncf-demo:-v1"), {"hero:image.source": "not the name of an image"}),
    "a source that is an option": (existing("--help"), {"hero:image.source": "not the name of an image"}),
    "a source with half a digest": (existing("demo@sha256:abc"), {"hero:image.source": "not the name of an image"}),
    "a source with a bell": (existing("./hero\a.tar"), {"hero:image.source": UNPRINTABLE}),
    "a source longer than any path": (existing("./" + "x" * 5000), {"hero:image.source": "no such file or folder"}),
    # The embedded registry.
    "port 0": (embedded(port=0), {"hero:embedded.port": "0: input should be greater than or equal to 1"}),
    "a port below 0": (embedded(port=-1), {"hero:embedded.port": "-1: input should be greater than or equal to 1"}),
    "a port above all": (embedded(port=65536), {"hero:embedded.port": "less than or equal to 65535"}),
    "a port above all numbers": (embedded(port=10**30), {"hero:embedded.port": "less than or equal to 65535"}),
    "a port without end": ({"hero:embedded": '{"port": 1e999}'}, {"hero:embedded.port": "finite number"}),
    "half a port": (embedded(port=1.5), {"hero:embedded.port": "1.5: input should be a valid integer"}),
    "a port in words": (embedded(port="abc"), {"hero:embedded.port": '"abc": input should be a valid integer'}),
    "an address instead of a port": (embedded(port="127.0.0.1:5001"), {"hero:embedded.port": "valid integer"}),
    "an empty port": (embedded(port=""), {"hero:embedded.port": "valid integer"}),
    "a blank directory": (embedded(directory="  "), {"hero:embedded.directory": '"  ": is blank'}),
    "an empty directory": (embedded(directory=""), {"hero:embedded.directory": '"": is blank'}),
    "a directory with a NUL": (embedded(directory="a\0b"), {"hero:embedded.directory": UNPRINTABLE}),
    "a directory with a tabulator": (embedded(directory="a\tb"), {"hero:embedded.directory": UNPRINTABLE}),
    "data kept perhaps": (embedded(keepData="perhaps"), {"hero:embedded.keepData": "valid boolean"}),
    "a rotation with a new line": (embedded(rotate="one\ntwo"), {"hero:embedded.rotate": UNPRINTABLE}),
    # What has not been chosen is checked too, and so is what stands beside a wrong choice.
    "a wrong choice and a wrong block": (
        {"hero:registry": "quay", "hero:embedded": {"port": 0}},
        {"hero:registry": "is not a choice", "hero:embedded.port": "greater than or equal to 1"},
    ),
}

for _planned in PLANNED:
    WRONG[f"{_planned}, which is planned"] = (
        {"hero:registry": _planned},
        {"hero:registry": f"{_planned} is planned and not built yet"},
    )
    WRONG[f"a block of {_planned}, which is planned"] = (
        {f"hero:{_planned}": {}},
        {f"hero:{_planned}": "a choice that is planned and not built yet"},
    )

# Each field with what it says of a value of each kind that it does not take.
NOT_TEXT = {"a number": NO_TEXT, "a truth value": NO_TEXT, "a list": NOT_THE_TEXT, "a map": NOT_THE_TEXT}
NOT_A_LIST = dict.fromkeys(("a number", "a truth value", "a map", "text"), "valid list")
KINDS: dict[str, object] = {
    "a number": 7,
    "a truth value": True,
    "a list": ["x"],
    "a map": {"x": 1},
    "null": None,
    "text": "x",
}
TYPES = {
    "hero:image.name": {**NOT_TEXT, "null": NOT_THE_TEXT},
    "hero:image.tags": {**NOT_A_LIST, "null": "valid list"},
    "hero:image.build": dict.fromkeys(KINDS, A_WORD),
    "hero:image.context": {**NOT_TEXT, "null": NOT_THE_TEXT},
    "hero:image.dockerfile": NOT_TEXT,
    "hero:image.platforms": NOT_A_LIST,
    "hero:image.source": NOT_TEXT,
    "hero:embedded.port": {
        **dict.fromkeys(("a list", "a map", "null", "text"), "valid integer"),
        "a truth value": "true: not a number",
    },
    "hero:embedded.directory": NOT_TEXT,
    "hero:embedded.keepData": dict.fromkeys(("a number", "a list", "a map", "null", "text"), "valid boolean"),
    "hero:embedded.rotate": {**NOT_TEXT, "null": NOT_THE_TEXT},
}
for _path, _kinds in TYPES.items():
    for _kind, _told in _kinds.items():
        _key, _, _field = _path.partition(".")
        WRONG[f"{_kind} as {_path}"] = ({_key: {_field: KINDS[_kind]}}, {_path: _told})

# What is allowed, in a few of the words that say so.
ALLOWED = {
    "hero:registry": "embedded",
    "hero:mirrors": "embedded | dockerhub",
    "hero:image": "a map with the keys name, tags",
    "hero:embedded": "a map with the keys port, directory",
    "hero:image.name": "a-z, 0-9 and single . _ -",
    "hero:image.tags": "At least one tag, each once",
    "hero:image.build": "ko (a Go program",
    "hero:image.context": "The directory of a Go main package",
    "hero:image.dockerfile": "The Dockerfile, relative to the context",
    "hero:image.platforms": "os/architecture[/variant], each once",
    "hero:image.sbom": "Only with docker and existing",
    "hero:image.nydus": "true (the Nydus image)",
    "hero:image.nydusPrefetch": "Absolute paths of files and directories in the image",
    "hero:image.source": "An image of the Docker engine",
    "hero:embedded.port": "1 to 65535",
    "hero:embedded.directory": "own directory",
    "hero:embedded.keepData": "Keep the images when the stack is destroyed",
    "hero:embedded.rotate": "Credentials version",
    "hero:switch.copy": "all (every tag, with everything attached)",
    "hero:zot.namespace": "This registry's own namespace",
}
KEYS = {
    "hero:image": "name, tags, build",
    "hero:embedded": "port, directory",
    "hero:switch": "copy, discard",
    "hero": "hero:registry, hero:mirrors, hero:image",
}

# These need a file that nobody but a person can write, or a key that no command line can name.
BEYOND_COMMANDS = {"a context without a Dockerfile", "a top-level key with a new line", "no key at all"}
# Pulumi hands over text and a map in the same words, and its `--path` does not look into text.
AS_TEXT = {"a tag with half a character", "a port without end"}


def allowed_at(mistake: Mistake) -> str:
    """Some of the words in which the mistake's path says what it takes."""
    if mistake.problem.startswith(("unknown key", "a choice that is planned")):
        block = re.split(r"[.\[]", mistake.path)[0]
        return KEYS.get(block, KEYS["hero"])
    return ALLOWED[re.sub(r"\[\d+\]$", "", mistake.path)]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program's folder, with something right and something wrong to point at."""
    write_sources(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("config", "told"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_told_where_it_is(config: dict[str, object], told: dict[str, str]) -> None:
    mistakes = mistakes_in(entries_of(config))
    assert {mistake.path for mistake in mistakes} == told.keys()
    for mistake in mistakes:
        assert told[mistake.path] in mistake.problem
        assert allowed_at(mistake) in mistake.allowed
        assert mistake.told().replace("\n", "").isprintable()
        assert len(mistake.problem) < 200


@pytest.mark.parametrize(
    "config",
    [pytest.param(config, id=name) for name, (config, _) in WRONG.items() if name not in BEYOND_COMMANDS | AS_TEXT],
)
def test_who_follows_the_advice_ends_with_a_config_that_is_right(config: dict[str, object]) -> None:
    config = copy.deepcopy(config)
    # Where one mistake hides another, advice is given a second time.
    for _ in range(2):
        for mistake in mistakes_in(entries_of(config)):
            follow(mistake.mend, config)
    assert mistakes_in(entries_of(config)) == []


@pytest.mark.parametrize("config", [WRONG[name][0] for name in sorted(AS_TEXT)], ids=sorted(AS_TEXT))
def test_advice_for_a_map_that_is_written_as_text_is_good_for_the_map(config: dict[str, object]) -> None:
    config = copy.deepcopy(config)
    for mistake in mistakes_in(entries_of(config)):
        follow(mistake.mend, config)
    assert mistakes_in(entries_of(config)) == []


RIGHT: dict[str, dict[str, object]] = {
    "nothing": {},
    "the choice alone": {"hero:registry": "embedded"},
    "empty blocks": {"hero:image": {}, "hero:embedded": {}},
    "a context with spaces": image(context="my app"),
    "a context by its absolute path": image(context=os.fsdecode(ROOT / "hero")),
    "a context with a dot before it": image(context="./hero/"),
    "a number in quotes as a tag": image(tags=["1.10"]),
    "a tag of 128 characters": image(tags=["v" * 128]),
    "a tag with an underscore first": image(tags=["_v1"]),
    "tags that differ in their case": image(tags=["V1", "v1"]),
    "a name with everything that it may have": image(name="team-1/a.b_c__d---e/hero"),
    "a name of 200 characters": image(name="h" * 200),
    "every platform of Linux that images usually have": image(
        platforms=["linux/386", "linux/amd64", "linux/arm/v6", "linux/arm/v7", "linux/arm64/v8", "linux/s390x"]
    ),
    "Docker": image(build="docker"),
    "Docker with one platform": image(build="docker", platforms=["linux/arm64"]),
    "a Dockerfile beside the context": image(build="docker", context="my app", dockerfile="../hero/Dockerfile"),
    "Docker for Windows": image(build="docker", platforms=["windows/amd64"]),
    "an image of the Docker engine": existing("cncf-demo:v0.0.1"),
    "an image of another registry": existing("registry.example:5000/team/hero:v1"),
    "an image by its digest": existing(f"ghcr.io/team/hero@sha256:{'a' * 64}"),
    "an image by its identifier": existing(f"sha256:{'a' * 64}"),
    "an archive": existing("./hero.tar"),
    "a compressed archive": existing("./hero.tar.gz"),
    "a layout": existing("./layout"),
    "an image although the context is missing": existing("./hero.tar", context="nowhere"),
    "an SBOM of what Docker builds": image(build="docker", sbom=True),
    "an SBOM of an image that exists": existing("./layout", sbom=True),
    "no SBOM of an image that exists, in the words of YAML 1.1": existing("./layout", sbom="no"),
    "a form for Nydus": image(nydus=True, nydusPrefetch=["/ko-app", "/etc/my file"]),
    "a form for Nydus beside the usual one": image(nydus="merged", tags=["v" * 122]),
    "no form for Nydus": image(nydus=False, nydusPrefetch=[], tags=["v1", "v1-nydus"]),
    "fields that are null": image(dockerfile=None, platforms=None, source=None, sbom=None),
    "a map written as JSON": {"hero:image": '{"tags": ["v1"]}'},
    "the first port": embedded(port=1),
    "the last port": embedded(port=65535),
    "a port in quotes": embedded(port="5001"),
    "a directory with spaces": embedded(directory="my images"),
    "data kept, in the words of YAML 1.1": embedded(keepData="yes"),
    "a rotation with spaces": embedded(rotate="the second time"),
}


@pytest.mark.parametrize("config", RIGHT.values(), ids=RIGHT)
def test_what_is_right_is_accepted(config: dict[str, object]) -> None:
    assert mistakes_in(entries_of(config)) == []


def test_what_is_read_is_what_was_written() -> None:
    config = {
        "hero:registry": "embedded",
        "hero:image": {"name": "team/hero", "tags": ["1.10", "latest"], "context": "my app"},
        "hero:embedded": {"port": "5002", "directory": "my images", "keepData": "no", "rotate": "2"},
    }
    settings = read(entries_of(config))
    assert settings.registry == "embedded"
    assert (settings.image.name, settings.image.tags, settings.image.context) == (
        "team/hero",
        ["1.10", "latest"],
        "my app",
    )
    assert settings.choice == EmbeddedSettings.model_validate(
        {"port": 5002, "directory": "my images", "keepData": False, "rotate": "2"}
    )


SECRETS: dict[str, dict[str, object]] = {
    "a choice": {"hero:registry": "hunter2"},
    "a mirror": {"hero:mirrors": ["hunter2"]},
    "mirrors as text": {"hero:mirrors": "hunter2"},
    "an unknown key": {"hero:password": "hunter2"},
    "a block as text": {"hero:image": "hunter2"},
    "a name": image(name="Hunter2"),
    "a tag": image(tags=["hunter2 "]),
    "a tag that is there twice": image(tags=["hunter2", "hunter2"]),
    "a build": image(build="hunter2"),
    "a context": image(context="hunter2"),
    "a Dockerfile": image(build="docker", dockerfile="hunter2"),
    "a source": existing("./hunter2"),
    "a wish for an SBOM": existing("./hero.tar", sbom="hunter2"),
    "a form for Nydus": image(nydus="hunter2"),
    "what is needed first": image(nydus=True, nydusPrefetch=["hunter2"]),
    "a port": embedded(port="hunter2"),
    "a value of an unknown key": embedded(token="hunter2"),  # noqa: S106 - it looks like a secret on purpose
}


@pytest.mark.parametrize("config", SECRETS.values(), ids=SECRETS)
def test_a_secret_is_never_repeated(config: dict[str, object]) -> None:
    mistakes = mistakes_in(entries_of(config, secret=True))
    assert len(mistakes) == 1
    assert "hunter2" not in mistakes[0].told().lower()
    assert mistakes[0].problem.startswith(("[secret] is not ", "[secret]: ", "unknown key"))


def test_what_a_secret_is_near_to_is_not_told() -> None:
    (mistake,) = mistakes_in(entries_of({"hero:mirrors": ["harbour"]}, secret=True))
    assert mistake.problem == "[secret] is not a choice"


def test_a_planned_choice_that_is_a_secret_is_not_repeated_either() -> None:
    for planned in PLANNED:
        (mistake,) = mistakes_in({"hero:registry": Entry(planned, secret=True)})
        assert mistake.problem == "[secret] is not a choice"


TEN_MISTAKES: dict[str, object] = {
    "hero:registry": "embeded",
    "hero:imagee": {},
    "hero:image": {
        "name": "Hero",
        "tags": ["v 1", 1.10],
        "build": "kaniko",
        "platforms": ["linux"],
        "source": 7,
        "tag": "v1",
    },
    "hero:embedded": {"port": "five thousand"},
}


def test_ten_mistakes_are_told_at_once_and_nothing_is_provisioned() -> None:
    engine = Engine()
    with pytest.raises(ConfigurationError, match="has 10 mistakes; nothing was changed") as raised:
        engine.run(lambda: runpy.run_path(str(ROOT / "__main__.py")), entries_of(TEN_MISTAKES))
    assert [mistake.path for mistake in taken_apart(str(raised.value))] == [
        "hero:embedded.port",
        "hero:image.build",
        "hero:image.name",
        "hero:image.platforms[0]",
        "hero:image.source",
        "hero:image.tag",
        "hero:image.tags[0]",
        "hero:image.tags[1]",
        "hero:imagee",
        "hero:registry",
    ]
    assert engine.made == []
    assert engine.exported == {}


def test_a_secret_of_the_stack_is_known_as_one() -> None:
    engine = Engine()
    with pytest.raises(ConfigurationError) as raised:
        engine.run(
            lambda: runpy.run_path(str(ROOT / "__main__.py")), {"hero:image": Entry('{"name": "Hunter2"}', secret=True)}
        )
    assert "[secret]" in str(raised.value)
    assert "unter2" not in str(raised.value)


def test_the_config_of_others_is_not_ours_to_judge() -> None:
    engine = Engine()
    others: dict[str, Any] = {"docker:host": "unix:///nowhere", "heroes:image": "7"}
    engine.run(lambda: runpy.run_path(str(ROOT / "__main__.py")), entries_of(others))
    assert "hero" in engine.types()
