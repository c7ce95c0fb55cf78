"""The kubernetes plugin and a cluster behind it, as far as objects by name, namespaces and Helm releases go."""

import secrets

from tests.engine.plays import dragonfly, helm, our_harbor, zot
from tests.engine.plays.play import Play, Properties, digest, get
from tests.engine.world import Refusal, World

NAMESPACE = "kubernetes:core/v1:Namespace"


class Object(Play):
    """Any object; it lives in a namespace, under a name that it gets here where the program gives none."""

    deletes_first = True
    upserted = True

    def __init__(self, *, namespaced: bool = True, mutable_by: str = "") -> None:
        self._namespaced = namespaced
        self.mutable_by = mutable_by

    def deletes_before(self, old: Properties, new: Properties) -> bool:
        # `provider/pkg/provider/provider.go`, Diff: only one that takes the same name.
        return self.identity(old) == self.identity(new)

    def check(self, world: World, name: str, inputs: Properties, old: Properties) -> Properties:
        metadata = dict(inputs.get("metadata") or {})
        metadata.setdefault("name", get(old, "metadata.name") or f"{name}-{secrets.token_hex(4)}")
        return {**inputs, "metadata": metadata}

    def replaced(self, old: Properties, new: Properties) -> tuple[str, ...]:
        moved = self.identity(old) != self.identity(new)
        other_type = ("type",) if old.get("type") != new.get("type") else ()
        return (*(("metadata",) if moved else ()), *other_type)

    def identity(self, inputs: Properties) -> str:
        return (
            f"{_namespace(inputs)}/{get(inputs, 'metadata.name')}" if self._namespaced else get(inputs, "metadata.name")
        )

    def identifier(self, world: World, name: str, outputs: Properties) -> str:
        return self.identity(outputs)

    def kept(self, old: Properties, new: Properties) -> Properties:
        return {"metadata": {**new["metadata"], "uid": get(old, "metadata.uid")}}

    def make(self, world: World, inputs: Properties, old: Properties | None) -> Properties:
        if self._namespaced:
            _ensure_namespace(world, _namespace(inputs))
        uid = get(old or {}, "metadata.uid") or digest(world.number("uid"))[7:39]
        return {"metadata": {**inputs["metadata"], "uid": uid}}


class Namespace(Object):
    """What is in it goes when it goes."""

    def __init__(self) -> None:
        super().__init__(namespaced=False)

    def unmake(self, world: World, outputs: Properties) -> None:
        name = get(outputs, "metadata.name")
        for key, thing in list(world.things.items()):
            # Others of the stack's namespaces may go without it.
            if thing.name == "harbor-namespace" and get(thing.outputs, "metadata.name") == name:
                our_harbor.stop(world, key.partition("::")[0])
        inside = [
            identifier
            for identifier, thing in world.things.items()
            if thing.type.startswith("kubernetes:") and thing.type != NAMESPACE and _namespace(thing.outputs) == name
        ]
        for identifier in inside:
            del world.things[identifier]
        for identity in [each for each in world.records if each.partition("/")[0] == name]:
            helm.forget(world, identity)
        zot.stop(world, name)
        dragonfly.stop(world, name)


class Claim(Object):
    """What is on it is there as long as it is."""

    def replaced(self, old: Properties, new: Properties) -> tuple[str, ...]:
        # `provider/pkg/provider/diff.go`: the class, and not the size.
        other_class = get(old, "spec.storageClassName") != get(new, "spec.storageClassName")
        return (*super().replaced(old, new), *(("spec",) if other_class else ()))


class Release(Play):
    """A Helm release."""

    computed = ("checksum", "resourceNames", "status")
    deletes_first = True

    def check(self, world: World, name: str, inputs: Properties, old: Properties) -> Properties:
        made_up = old.get("name") or f"{name}-{secrets.token_hex(4)}"
        return {"name": made_up, "namespace": "default", **inputs}

    def replaced(self, old: Properties, new: Properties) -> tuple[str, ...]:
        return tuple(key for key in ("name", "namespace") if old[key] != new[key])

    def identity(self, inputs: Properties) -> str:
        return f"{inputs['namespace']}/{inputs['name']}"

    def identifier(self, world: World, name: str, outputs: Properties) -> str:
        return self.identity(outputs)

    def renewed(self, old: Properties, new: Properties) -> tuple[str, ...]:
        return self.computed

    def differing(self, old: Properties, new: Properties, live: Properties) -> list[str]:
        # `provider/pkg/provider/helm_release.go`, Diff: a three-way merge with what a refresh has found.
        return [
            key
            for key in sorted({*old, *new})
            if helm.patched(*({key: each[key]} if key in each else {} for each in (old, new, live)))
        ]

    def seen(self, world: World, outputs: Properties) -> Properties:
        # The same file, Read: of the newest revision, also where that is pending; the description stays.
        record = helm.record_of(world, self.identity(outputs))
        if record is None:
            return outputs
        newest = record.revisions[-1]
        status = {**outputs["status"], "revision": newest.number, "status": newest.status}
        before: Properties = outputs.get("values") or {}
        values = {**before, **newest.values}
        return {**outputs, "values": values, "version": newest.version, "status": status}

    def make(self, world: World, inputs: Properties, old: Properties | None) -> Properties:
        if not inputs.get("createNamespace"):
            _ensure_namespace(world, inputs["namespace"])
        identity = self.identity(inputs)
        if old is None and helm.record_of(world, identity):
            if not world.is_forgotten(identity):
                raise Refusal("cannot re-use a name that is still in use")
            helm.forget(world, identity)
        revision = helm.operate(world, identity, "upgrade" if old else "install", inputs)
        if _chart(inputs) == "zot":
            zot.start(world, inputs)
        if _chart(inputs) == "harbor":
            our_harbor.start(world, inputs)
        return {
            "checksum": digest(inputs.get("values")),
            "resourceNames": {},
            "status": {
                "chart": inputs["chart"],
                "name": inputs["name"],
                "namespace": inputs["namespace"],
                "revision": revision,
                "status": "deployed",
                "version": inputs.get("version", ""),
            },
        }

    def take_over(self, world: World, outputs: Properties) -> None:
        helm.forget(world, self.identity(outputs))

    def unmake(self, world: World, outputs: Properties) -> None:
        helm.forget(world, self.identity(outputs))
        zot.stop(world, outputs["namespace"])


def _chart(inputs: Properties) -> str:
    """Its name, also where it is a folder or an archive that is named."""
    return str(inputs["chart"]).rpartition("/")[2].partition("-")[0]


def _namespace(inputs: Properties) -> str:
    return inputs.get("namespace") or get(inputs, "metadata.namespace") or "default"


def _ensure_namespace(world: World, name: str) -> None:
    known = [get(thing.outputs, "metadata.name") for thing in world.things.values() if thing.type == NAMESPACE]
    if name not in ("default", "kube-system", *known):
        raise Refusal(f'namespaces "{name}" not found')


PLAYS: dict[str, Play] = {
    NAMESPACE: Namespace(),
    # `provider/pkg/provider/diff.go`: unless the provider is told otherwise, these two are replaced.
    "kubernetes:core/v1:Secret": Object(mutable_by="enableSecretMutable"),
    "kubernetes:core/v1:ConfigMap": Object(mutable_by="enableConfigMapMutable"),
    "kubernetes:core/v1:Service": Object(),
    "kubernetes:core/v1:ServiceAccount": Object(),
    "kubernetes:core/v1:PersistentVolumeClaim": Claim(),
    "kubernetes:cert-manager.io/v1:Certificate": Object(),
    "kubernetes:monitoring.coreos.com/v1:ServiceMonitor": Object(),
    "kubernetes:apps/v1:DaemonSet": Object(),
    "kubernetes:node.k8s.io/v1:RuntimeClass": Object(namespaced=False),
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole": Object(namespaced=False),
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding": Object(namespaced=False),
    "kubernetes:rbac.authorization.k8s.io/v1:Role": Object(),
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding": Object(),
    "kubernetes:helm.sh/v3:Release": Release(),
}
