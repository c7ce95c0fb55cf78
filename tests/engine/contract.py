"""What a provider's schema says of its resources: which inputs there are, of which type, secret, or replacing.

`python -m tests.engine.contract SCHEMA …` writes `contracts/<package>.json` from a schema that a provider printed,
without its prose; `kubernetes` is read from its Python SDK, whose schema is a hundred times the size of the kinds here.
"""

import collections.abc
import importlib
import json
import sys
import types
import typing
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, cast

import pulumi

from tests.wire import UNKNOWN

FOLDER = Path(__file__).with_name("contracts")

# `null` in their schemas, since nothing there is changed in place: their sources say so.
ALL_REPLACE = {"random": (), "tls": ("earlyRenewalHours",)}
# Kubernetes itself checks what lies deeper.
LEVELS_READ = 2
KINDS = (
    "core.v1.Namespace",
    "core.v1.Secret",
    "core.v1.ConfigMap",
    "core.v1.PersistentVolumeClaim",
    "core.v1.Service",
    "core.v1.ServiceAccount",
    "apps.v1.DaemonSet",
    "helm.v3.Release",
    "node.v1.RuntimeClass",
    "rbac.v1.ClusterRole",
    "rbac.v1.ClusterRoleBinding",
    "rbac.v1.Role",
    "rbac.v1.RoleBinding",
)
GROUPS = {"helm": "helm.sh", "node": "node.k8s.io", "rbac": "rbac.authorization.k8s.io"}
CUSTOM_KINDS = ("kubernetes:cert-manager.io/v1:Certificate", "kubernetes:monitoring.coreos.com/v1:ServiceMonitor")


@dataclass(frozen=True)
class Contract:
    """What one type of resource takes and gives; `inputs` names each input's type as `mistakes` reads it."""

    inputs: dict[str, Any]
    required: list[str] = field(default_factory=list[str])
    secrets: list[str] = field(default_factory=list[str])
    replaces: list[str] = field(default_factory=list[str])

    def mistakes(self, given: dict[str, Any]) -> list[tuple[str, str]]:
        """Every property that is missing, unknown or of another type, with what is wrong about it."""
        return list(_wrong_members({"object": self.inputs, "required": self.required}, given, ""))


@cache
def contracts_of(package: str) -> dict[str, Contract]:
    """Every resource of a package, by its type; `provider` is the package's own configuration."""
    written = json.loads((FOLDER / f"{package}.json").read_text())
    return {kind: Contract(**each) for kind, each in written.items()}


def _wrong(kind: Any, value: Any, path: str) -> typing.Iterator[tuple[str, str]]:  # noqa: ANN401, C901 - any JSON
    if value == UNKNOWN or kind == "any":
        return
    if isinstance(kind, str):
        if not _is(kind, value):
            yield path, f"{value!r} is not a {kind}"
    elif "either" in kind:
        tried = [list(_wrong(each, value, path)) for each in kind["either"]]
        if all(tried):
            yield from min(tried, key=len)
    elif "list" in kind:
        if not isinstance(value, list):
            yield path, f"{value!r} is not a list"
        for place, item in enumerate(cast("list[Any]", value) if isinstance(value, list) else []):
            yield from _wrong(kind["list"], item, f"{path}[{place}]")
    elif not isinstance(value, dict):
        yield path, f"{value!r} is not an object"
    elif "map" in kind:
        for name, item in cast("dict[str, Any]", value).items():
            yield from _wrong(kind["map"], item, f"{path}.{name}")
    else:
        yield from _wrong_members(kind, cast("dict[str, Any]", value), path)


def _wrong_members(kind: dict[str, Any], value: dict[str, Any], path: str) -> typing.Iterator[tuple[str, str]]:
    for name in kind.get("required", []):
        if value.get(name) is None:
            yield _join(path, name), "is missing"
    for name, member in value.items():
        if name not in kind["object"]:
            yield _join(path, name), f"is unknown; there are {', '.join(kind['object'])}"
        elif member is not None:
            yield from _wrong(kind["object"][name], member, _join(path, name))


def _is(kind: str, value: object) -> bool:
    match kind:
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            # A provider behind the bridge takes a number that is written as text too, but no SDK sends one.
            return isinstance(value, int | float) and not isinstance(value, bool) and value == int(value)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case _:
            raise ValueError(kind)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _from_schema(schema: dict[str, Any]) -> dict[str, Any]:
    package = schema["name"]
    resources = {**schema["resources"], "provider": schema.get("provider", {})}
    return {kind: _contract(schema, package, kind, each) for kind, each in sorted(resources.items())}


def _contract(schema: dict[str, Any], package: str, kind: str, resource: dict[str, Any]) -> dict[str, Any]:
    inputs, outputs = resource.get("inputProperties", {}), resource.get("properties", {})
    replaces = [
        name
        for name, each in inputs.items()
        if each.get("willReplaceOnChanges")
        or each.get("replaceOnChanges")
        or (package in ALL_REPLACE and kind != "provider" and name not in ALL_REPLACE[package])
    ]
    secrets = {name for each in (inputs, outputs) for name, member in each.items() if member.get("secret")}
    return {
        "inputs": {name: _type(schema, each) for name, each in sorted(inputs.items())},
        "required": sorted(resource.get("requiredInputs", [])),
        "secrets": sorted(secrets),
        "replaces": sorted(replaces),
    }


def _type(schema: dict[str, Any], written: dict[str, Any]) -> Any:  # noqa: ANN401, PLR0911 - any JSON
    if "oneOf" in written:
        return {"either": [_type(schema, each) for each in written["oneOf"]]}
    if "$ref" in written:
        if not written["$ref"].startswith("#/types/"):
            return "any"
        named = schema["types"][written["$ref"].removeprefix("#/types/")]
        if "properties" not in named:
            return named["type"]
        members = {name: _type(schema, each) for name, each in sorted(named["properties"].items())}
        return {"object": members, "required": sorted(named.get("required", []))}
    if written["type"] == "array":
        return {"list": _type(schema, written["items"])}
    if written["type"] == "object":
        return {"map": _type(schema, written["additionalProperties"]) if "additionalProperties" in written else "any"}
    return written["type"]


def _from_kubernetes_sdk() -> dict[str, Any]:
    written: dict[str, Any] = {"provider": _sdk_contract("pulumi_kubernetes", "ProviderArgs")}
    for kind in KINDS:
        group, version, name = kind.split(".")
        token = f"kubernetes:{GROUPS.get(group, group)}/{version}:{name}"
        written[token] = _sdk_contract(f"pulumi_kubernetes.{group}.{version}", f"{name}Args")
    # The API's own schema says which fields of an object cannot change; `plays.py` has what concerns these kinds.
    written["kubernetes:core/v1:Secret"]["secrets"] = ["data", "stringData"]
    written |= _custom(CUSTOM_KINDS)
    # `provider/pkg/provider/provider.go`, DiffConfig: another cluster.
    written["provider"]["replaces"] = ["cluster", "context", "kubeconfig"]
    return written


def _custom(kinds: Iterable[str]) -> dict[str, Any]:
    """Whatever a cluster was taught to know besides; it checks what lies in them itself."""
    inputs = {"apiVersion": "string", "kind": "string", "metadata": "any", "spec": "any"}
    return {kind: {"inputs": inputs, "required": [], "secrets": [], "replaces": []} for kind in kinds}


def _sdk_contract(module: str, name: str) -> dict[str, Any]:
    inputs = vars(importlib.import_module(module)).get(name) or vars(importlib.import_module(f"{module}._inputs"))[name]
    return {"inputs": _members(inputs, LEVELS_READ), "required": [], "secrets": [], "replaces": []}


def _members(arguments: type, levels: int) -> dict[str, Any]:
    names = {"Output": pulumi.Output, "T": typing.Any, **vars(sys.modules[arguments.__module__])}
    hints = typing.get_type_hints(arguments.__init__, names)
    return {_camel(name): _read(hint, levels) for name, hint in sorted(hints.items()) if name not in ("return", "opts")}


def _read(hint: Any, levels: int) -> Any:  # noqa: ANN401, PLR0911 - any type there is, and any JSON
    words = {str: "string", bool: "boolean", int: "integer", float: "number"}
    origin, inside = typing.get_origin(hint), typing.get_args(hint)
    if hint in words:
        return words[hint]
    if origin is typing.Literal:
        return "string"
    if origin in (collections.abc.Mapping, dict):
        return {"map": _read(inside[1], levels)}
    if origin in (collections.abc.Sequence, list):
        return {"list": _read(inside[0], levels)}
    if origin in (typing.Union, types.UnionType):
        found: list[Any] = []
        for each in inside:
            if typing.get_origin(each) in (pulumi.Output, collections.abc.Awaitable) or each is type(None):
                continue
            kind = _read(each, levels)
            found += [kind] if kind not in found and not typing.is_typeddict(each) else []
        return found[0] if len(found) == 1 else {"either": found}
    if isinstance(hint, type) and hint.__name__.endswith("Args") and levels:
        return {"object": _members(hint, levels - 1)}
    return "any"


def _camel(name: str) -> str:
    head, *tail = name.rstrip("_").split("_")
    return head + "".join(word.capitalize() for word in tail)


def main(schemas: list[str]) -> None:
    """Write the contract of each schema, and that of Kubernetes."""
    packages = {"kubernetes": _from_kubernetes_sdk()}
    for file in schemas:
        schema = json.loads(Path(file).read_text())
        packages[schema["name"]] = _from_schema(schema)
    for package, written in packages.items():
        (FOLDER / f"{package}.json").write_text(json.dumps(written, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
