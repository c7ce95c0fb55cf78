"""`make first STACK=mine`: a first `up` with Harbor against what one would type instead, and an unchanged one.

In the cluster that the stack's file names, with genuine plugins, chart and images. It is a home of its own with the
stack's config; the stack itself must not be up, since both would want the same port. The other side is `kubectl apply`
of the same namespace, Secrets and claims, `helm install --wait` of the same values, and Harbor's API for the project
and its two robots. Ours tells the nodes, waits besides until Harbor says that it is well, and builds and pushes the
image; so there is one more pair in which the other side waits too and pushes what is built already. Needs kubectl and
Helm on PATH.
"""

import base64
import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from urllib.request import Request, urlopen

import yaml

from benchmarks.pairs import Pair, in_turn, table
from benchmarks.speed import EMPTY, become_empty, quietly
from components.kubernetes.charts import HARBOR
from components.registries.harbor.chart import RELEASE
from tests.checkout import Checkout, new_checkout
from tools.places import ROOT
from tools.readme import write_table

RUNS = int(os.environ.get("RUNS", "3"))
PAGE = ROOT / "docs" / "harbor.md"
NAMESPACE = "hero-first-up"
UP = ["./pulumiw", "up", "--stack", "dev", "--yes", "--skip-preview"]
# What the chart has of its own, where the program has something else, so that parts do not wait longer than they must.
WAITING = ("readinessProbe", "startupProbe", "initContainers")
# What a cluster writes down of what is in it.
CLUSTERS_OWN = ("creationTimestamp", "resourceVersion", "uid", "managedFields", "ownerReferences", "finalizers")


def main(stack: str) -> None:
    """Measure, and print the table; with --write, put it into Harbor's page."""
    with (
        tempfile.TemporaryDirectory() as folder,
        new_checkout(Path(folder)) as checkout,
        new_checkout(Path(folder), "empty") as other,
    ):
        ours, empty = with_the_users_plugins(checkout), with_the_users_plugins(other)
        speak_to_the_cluster_of(be_like(stack, ours), Path(folder))
        become_empty(empty)
        try:
            quietly(UP, ours)
            by_hand = ByHand(ours, Path(folder))
            unchanged = unchanged_runs(ours, empty)
        finally:
            ours.down()
        pairs = [*first_runs(ours, by_hand), unchanged]
    told = table((pair.row() for pair in pairs), RUNS)
    print(told)
    if "--write" in sys.argv:
        write_table("first", told, PAGE)


def be_like(stack: str, checkout: Checkout) -> dict[str, Any]:
    """The stack's config, in a namespace where nothing is kept, since all of it is taken away again and again."""
    told = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())
    told["config"]["hero:harbor"] |= {"namespace": NAMESPACE, "keepData": False}
    (checkout.path / "Pulumi.dev.yaml").write_text(yaml.safe_dump(told))
    return told["config"]


def speak_to_the_cluster_of(config: dict[str, Any], folder: Path) -> None:
    """Have kubectl and Helm speak to it, and see that nobody else is where everything is taken away."""
    cluster = config.get("hero:cluster", {})
    if "kubeconfig" in cluster:
        os.environ["KUBECONFIG"] = cluster["kubeconfig"]
    context = ["--context", cluster["context"]] if "context" in cluster else []
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(kubectl("config", "view", "--raw", "--minify", "--flatten", *context))
    os.environ["KUBECONFIG"] = str(kubeconfig)
    if kubectl("get", "namespace", NAMESPACE, "--ignore-not-found", "--output", "name"):
        sys.exit(f"the namespace {NAMESPACE} is there already; kubectl delete namespace {NAMESPACE} takes it away")


def with_the_users_plugins(checkout: Checkout) -> Checkout:
    """They are large, and how long they take to come is nobody's speed."""
    environment = {name: value for name, value in checkout.environment.items() if name != "PULUMI_HOME"}
    return replace(checkout, environment=environment)


def unchanged_runs(ours: Checkout, empty: Checkout) -> Pair:
    """The same command, where nothing is to be done."""
    return in_turn(
        "`up`, nothing changed",
        lambda: quietly(UP, ours),
        f"the same for {EMPTY}",
        lambda: quietly(UP, empty),
        "2",
        RUNS,
    )


def first_runs(ours: Checkout, by_hand: "ByHand") -> list[Pair]:
    """Each from nothing to a Harbor with a project and its robots; what takes it away again is not timed."""
    helm = "`helm install --wait` and Harbor's API"
    ways: dict[str, Callable[[], object]] = {
        helm: lambda: by_hand.install(by_hand.same),
        f"{helm}; until it is well; `crane push`": by_hand.install_and_push,
        f"{helm}, by the chart's own probes": lambda: by_hand.install(by_hand.charts),
    }
    up: list[float] = []
    taken: dict[str, list[float]] = {way: [] for way in ways}
    for run in range(RUNS):
        up.append(seconds(lambda: quietly(UP, ours), ours.down))
        for way, command in ways.items():
            taken[way].append(seconds(command, by_hand.remove))
        others = ", ".join(f"{each[-1]:.1f} s" for each in taken.values())
        print(f"  run {run + 1} of {RUNS}: {up[-1]:.1f} s against {others}", file=sys.stderr)
    return [Pair("a first `up`", way, "1.15" if way == helm else "", up, taken[way]) for way in ways]


def seconds(command: Callable[[], object], take_away: Callable[[], object]) -> float:
    """That the command takes; what it made is taken away again, also where it fails."""
    started = time.perf_counter()
    try:
        command()
        return time.perf_counter() - started
    finally:
        take_away()


class ByHand:
    """What one would type without this project, with all values at hand."""

    def __init__(self, checkout: Checkout, folder: Path) -> None:
        """Take them from a Harbor that is there."""
        release = checkout.state()["harbor-release"]
        self._chart: str = release["chart"]
        self._charts_repository: str | None = release.get("repositoryOpts", {}).get("repo")
        self._parts = self._found("secrets", "persistentvolumeclaims")
        told = json.loads(self._helm("get", "values", RELEASE, "--output", "json"))
        self.same, self.charts = folder / "same.json", folder / "charts.json"
        self.same.write_text(json.dumps(told))
        self.charts.write_text(json.dumps(without(told, WAITING)))
        self._url: str = told["externalURL"]
        outputs = checkout.outputs()
        self._trust = ssl.create_default_context(cadata=outputs["caCertificate"] or None)
        authority = folder / "authority.pem"
        authority.write_text(outputs["caCertificate"] or "")
        self._checkout = replace(checkout, environment={**checkout.environment, "SSL_CERT_FILE": str(authority)})
        self._address, self._repository, self._tags = outputs["address"], outputs["repository"], outputs["tags"]
        self._image = str(folder / "image")
        self._checkout.crane("pull", "--format", "oci", outputs["image"], self._image, told=outputs)
        kept = next(part for part in self._parts if "HARBOR_ADMIN_PASSWORD" in part.get("data", {}))
        password = base64.b64decode(kept["data"]["HARBOR_ADMIN_PASSWORD"])
        self._login = base64.b64encode(b"admin:" + password).decode()

    def install(self, values: Path) -> dict[str, Any]:
        """Everything, from no namespace to two robots; the one that pushes is told, as Harbor tells it."""
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
        everything = {"apiVersion": "v1", "kind": "List", "items": [namespace, *self._parts]}
        kubectl("apply", "--filename", "-", told=json.dumps(everything))
        repository = ["--repo", self._charts_repository] if self._charts_repository else []
        chart = [self._chart, "--version", HARBOR.version, *repository]
        self._helm("install", RELEASE, *chart, "--values", str(values), "--wait", "--timeout", "10m")
        project = self._repository.split("/")[1]
        self._ask("projects", {"project_name": project, "metadata": {"public": "false"}})
        made: list[dict[str, Any]] = []
        for name, actions in (("puller", ("pull",)), ("pusher", ("pull", "push"))):
            access = [{"resource": "repository", "action": action} for action in actions]
            permissions = [{"kind": "project", "namespace": project, "access": access}]
            robot = {"name": name, "level": "project", "duration": -1, "permissions": permissions}
            made.append(self._ask("robots", robot))
        return made[-1]

    def install_and_push(self) -> None:
        """The same, and all that ours does after it; but nothing is built."""
        pusher = self.install(self.same)
        while self._ask("health")["status"] != "healthy":
            time.sleep(1)
        told = {"address": self._address, "pusherUsername": pusher["name"], "pusherPassword": pusher["secret"]}
        for tag in self._tags:
            self._checkout.crane("push", self._image, f"{self._repository}:{tag}", who="pusher", told=told)

    def remove(self) -> None:
        """All of it."""
        self._helm("uninstall", RELEASE, "--ignore-not-found", "--wait")
        kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait")

    def _found(self, *kinds: str) -> list[dict[str, Any]]:
        listed = kubectl("get", ",".join(kinds), "--namespace", NAMESPACE, "--output", "json")
        parts = [part for part in json.loads(listed)["items"] if not belongs_to_helm(part)]
        for part in parts:
            part.pop("status", None)
            part.get("spec", {}).pop("volumeName", None)
            metadata = part["metadata"]
            annotations = metadata.get("annotations", {})
            metadata["annotations"] = {name: text for name, text in annotations.items() if "kubernetes.io" not in name}
            for name in CLUSTERS_OWN:
                metadata.pop(name, None)
        return parts

    def _helm(self, *words: str) -> str:
        return said(["helm", "--namespace", NAMESPACE, *words])

    def _ask(self, path: str, what: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Basic {self._login}", "Content-Type": "application/json"}
        told = json.dumps(what).encode() if what else None
        # What is wrong with the address is wrong with the stack, whose file it is from.
        request = Request(f"{self._url}/api/v2.0/{path}", told, headers)  # noqa: S310
        with urlopen(request, context=self._trust, timeout=30) as answer:  # noqa: S310
            return json.loads(answer.read() or "{}")


def belongs_to_helm(part: dict[str, Any]) -> bool:
    """Whether the chart makes it, or Helm for itself."""
    labels = part["metadata"].get("labels", {})
    return "helm" in (labels.get("owner"), str(labels.get("app.kubernetes.io/managed-by")).lower())


def without(values: Any, names: tuple[str, ...]) -> Any:  # noqa: ANN401 - as JSON is
    """The same values with none of these keys at any depth."""
    if not isinstance(values, dict):
        return values
    told = cast("dict[str, Any]", values)
    return {key: without(value, names) for key, value in told.items() if key not in names}


def kubectl(*words: str, told: str | None = None) -> str:
    """What it says."""
    return said(["kubectl", *words], told)


def said(command: list[str], told: str | None = None) -> str:
    """What it says; a command that fails is not worth timing."""
    ended = subprocess.run(command, input=told, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{ended.stderr}")
    return ended.stdout


if __name__ == "__main__":
    main(sys.argv[1])
