"""`make mutations`: break the program in ways that matter, one at a time, and see that a test turns red each time.

`make mutations ONLY=zot` breaks it only where the break is told with this word.
Exits with 1 where a break goes unseen, or where its text is no longer found in the program.
"""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.checkout import ROOT, new_checkout

# Those that are about what the program asks of the engine; the rest would not see it and takes longer.
TESTS = (
    "tests/unit/test_graph.py",
    "tests/unit/test_builds.py",
    "tests/unit/test_docker_hub.py",
    "tests/unit/test_zot.py",
    "tests/unit/test_harbor.py",
    "tests/unit/test_harbor_inside.py",
    "tests/unit/test_dragonfly.py",
    "tests/unit/test_nodes.py",
    "tests/unit/test_nydus.py",
    "tests/unit/test_nydus_image.py",
    "tests/unit/test_nydus_node.py",
    "tests/unit/test_nydus_traces.py",
    "tests/unit/test_wrong_configuration.py",
    "tests/engine/test_nydus_image.py",
    "tests/engine/test_secrets.py",
    "tests/engine/test_life.py",
)


@dataclass(frozen=True)
class Mutation:
    """One break: what stood in a file, and what stands there instead."""

    what: str
    file: str
    old: str
    new: str


IMAGE, REGISTRY = "components/hero_image.py", "components/registry.py"
EMBEDDED, HUB = "components/registries/embedded.py", "components/registries/docker_hub.py"
ZOT = "components/registries/zot/zot.py"
HARBOR, CHART = "components/registries/harbor/harbor.py", "components/registries/harbor/chart.py"
INSIDE, SECRETS = "components/registries/harbor/inside.py", "components/registries/harbor/secrets.py"
PULL_SECRETS = "components/kubernetes/pull_secrets.py"
DRAGONFLY = "components/registries/dragonfly/dragonfly.py"
DRAGONFLYS_CHART, DRAGONFLYS_WORDS = (
    f"components/registries/dragonfly/{part}.py" for part in ("chart", "configuration")
)
NYDUS, NYDUS_NODE = "components/kubernetes/nydus/snapshotter.py", "components/kubernetes/nydus/node.sh"
NYDUS_CONTAINERD, NYDUS_TRACES = (f"components/kubernetes/nydus/{part}.sh" for part in ("containerd", "traces"))
NYDUS_WORDS = "components/kubernetes/nydus/configuration.py"
MUTATIONS = [
    Mutation("the image does not wait for the registry", IMAGE, "depends_on=[registry]", "depends_on=[]"),
    Mutation(
        "the pusher's password is no secret",
        "providers/image.py",
        "pulumi.Output.secret(password)",
        "pulumi.Output.unsecret(password)",
    ),
    Mutation(
        "the docker build's password is no secret",
        IMAGE,
        "password=pulumi.Output.secret(registry.pusher.password)",
        "password=pulumi.Output.unsecret(registry.pusher.password)",
    ),
    Mutation(
        "a choice's passwords are what the choice makes of them",
        REGISTRY,
        "Login(puller.username, pulumi.Output.secret(puller.password))",
        "Login(puller.username, pulumi.Output.unsecret(puller.password))",
    ),
    Mutation(
        "the puller pushes",
        IMAGE,
        "source=self._source(),\n            username=registry.pusher.username",
        "source=self._source(),\n            username=registry.puller.username",
    ),
    Mutation(
        "pusher and puller are swapped",
        EMBEDDED,
        '"pusher"), process.pusher_password',
        '"pusher"), process.puller_password',
    ),
    Mutation(
        "only the first tag is pushed",
        IMAGE,
        "tags=settings.tags,\n            source",
        "tags=settings.tags[:1],\n            source",
    ),
    Mutation("consumers get a tag", IMAGE, '"@", self.digest', '":", settings.tags[0]'),
    Mutation("a preview builds", IMAGE, "build_on_preview=False", "build_on_preview=True"),
    Mutation("lost images are not built again", IMAGE, "replacement_trigger=registry.storage,", ""),
    Mutation(
        "lost images are not pushed again",
        IMAGE,
        "home=registry.storage,\n            sbom",
        'home="",\n            sbom',
    ),
    Mutation(
        "lost Nydus images are not made again",
        IMAGE,
        "home=registry.storage,\n            keep",
        'home="",\n            keep',
    ),
    Mutation("kept data lose their Nydus tags", IMAGE, "keep=registry.keeps_images", "keep=False"),
    Mutation(
        "nobody has the Nydus image early",
        IMAGE,
        "registry.spread(name, converted.nydus_digest, self)",
        "converted.nydus_digest",
    ),
    Mutation("all Nydus images are merged", IMAGE, "merged=form == Nydus.MERGED", "merged=True"),
    Mutation(
        "what a container needs first is not said", IMAGE, "prefetch=self._settings.nydus_prefetch", "prefetch=[]"
    ),
    Mutation(
        "a Nydus image's password is no secret",
        "providers/nydus.py",
        "pulumi.Output.secret(password)",
        "pulumi.Output.unsecret(password)",
    ),
    Mutation("the passwords cannot be rotated", EMBEDDED, "rotate=settings.rotate", 'rotate=""'),
    Mutation("data are kept that nobody wanted kept", EMBEDDED, "keep_data=settings.keep_data", "keep_data=True"),
    Mutation("the Hub's repository goes with its images", HUB, "keep_data=settings.keep_data", "keep_data=False"),
    Mutation("the puller's token may push", HUB, '"puller": ["repo:read"]', '"puller": ["repo:write"]'),
    Mutation("the Hub's tokens cannot be rotated", HUB, "generation=settings.rotate", 'generation=""'),
    Mutation(
        "the pusher's login is planted in clusters",
        PULL_SECRETS,
        "registry.puller.password",
        "registry.pusher.password",
    ),
    Mutation("pull secrets do not wait for the registry", PULL_SECRETS, "depends_on=[registry]", "depends_on=[]"),
    Mutation(
        "zot goes on with the passwords of before", ZOT, '"hero/files": pulumi.Output.unsecret(fingerprint(files)),', ""
    ),
    Mutation("zot is not waited for", ZOT, "depends_on=after", "depends_on=[]"),
    Mutation("zot's passwords cannot be rotated", ZOT, '"rotate": self._settings.rotate', '"rotate": ""'),
    Mutation(
        "the puller pushes to zot",
        "components/registries/zot/configuration.py",
        '"actions": ["read"]',
        '"actions": ["read", "create"]',
    ),
    Mutation("Harbor is not waited for", HARBOR, "depends_on=[well]", "depends_on=[]"),
    Mutation(
        "nobody asks whether the pusher may push to Harbor",
        HARBOR,
        'repository=f"{self._address}/{self._path}" if pusher else ""',
        'repository=""',
    ),
    Mutation("what opens Harbor's data goes", SECRETS, "retain_on_delete=settings.keep_data", "retain_on_delete=False"),
    Mutation(
        "Harbor's parts go on with the secrets of before",
        CHART,
        'rolled = {"hero/secrets": secrets.fingerprint}',
        "rolled = {}",
    ),
    Mutation("Harbor's puller pushes", INSIDE, '"puller": [PULL]', '"puller": [PULL, PUSH]'),
    Mutation("Harbor's robots cannot be rotated", INSIDE, '"rotate": settings.rotate', '"rotate": ""'),
    Mutation(
        "a full Harbor refuses to go",
        HARBOR,
        "deleted_with=None if settings.keep_data else self._cluster.home",
        "deleted_with=None",
    ),
    Mutation(
        "Harbor's token key is none that Harbor reads", SECRETS, 'algorithm="RSA", rsa_bits=2048', 'algorithm="ED25519"'
    ),
    Mutation("anybody can pass for Harbor", "components/registries/harbor/rules.py", "insecure=False", "insecure=True"),
    Mutation(
        "an image is told of before it was looked at",
        IMAGE,
        "registry.admit(name, pushed.digest, self)",
        "pushed.digest",
    ),
    Mutation(
        "a Secret is away while it changes",
        "components/kubernetes/cluster.py",
        "enable_secret_mutable=True",
        "enable_secret_mutable=False",
    ),
    Mutation(
        "what Helm knows of a killed run's release is in the way",
        "components/kubernetes/charts.py",
        "before_create=[_forget(name, release, cluster)]",
        "before_create=[]",
    ),
    Mutation(
        "a token may stand in clear", "components/reader.py", "self._tell_what_is_in_clear(key, model, given)", ""
    ),
    Mutation("an unknown key is let through", "components/settings.py", 'extra="forbid"', 'extra="ignore"'),
    Mutation("the SDK's debug lines tell secrets", "components/__init__.py", 'msg.partition(", props=")[0]', "msg"),
    Mutation(
        "Dragonfly's proxies answer anybody",
        DRAGONFLYS_WORDS,
        '"server": {"ip": "127.0.0.1", "port": PROXY_PORT}',
        '"server": {"port": PROXY_PORT}',
    ),
    Mutation(
        "Dragonfly's key is that of the chart", DRAGONFLYS_CHART, '"config": {"auth": {"jwt": {"key": ELSEWHERE}}},', ""
    ),
    Mutation(
        "Dragonfly's manager reads its passwords in a ConfigMap",
        DRAGONFLYS_CHART,
        '{"name": f"{part.upper()}_CONFIG", "value": f"{GIVEN_FOLDER}/{file}"}',
        '{"name": "NOTHING", "value": ""}',
    ),
    Mutation(
        "Dragonfly is not waited for", DRAGONFLY, "depends_on=[*after, self._origin]", "depends_on=[self._origin]"
    ),
    Mutation(
        "Dragonfly's origin goes before the image",
        DRAGONFLY,
        "depends_on=[*after, self._origin]",
        "depends_on=[*after]",
    ),
    Mutation(
        "Dragonfly is told the pusher's password",
        DRAGONFLY,
        "password=origin.puller.password,\n            scope",
        "password=origin.pusher.password,\n            scope",
    ),
    Mutation(
        "nodes take Dragonfly's word for what a tag names",
        "components/kubernetes/nodes.py",
        """'  capabilities = ["pull"]',""",
        """'  capabilities = ["pull", "resolve"]',""",
    ),
    Mutation(
        "a mirror's file goes with the registry's",
        "components/kubernetes/nodes.py",
        "for each in mirror registry; do",
        "for each in registry mirror; do",
    ),
    Mutation("Nydus pods are not named before their snapshotter goes", NYDUS, "self._departure([well])", ""),
    Mutation("what Nydus pods still read goes before them", NYDUS, "after=[registry, image]", "after=[]"),
    Mutation(
        "the Nydus snapshotter reads every Secret unasked",
        NYDUS,
        "if not self._settings.every_pull_secret:",
        "if False:",
    ),
    Mutation(
        "Nydus mounts stay in the snapshotter's pod",
        NYDUS,
        '"mount_propagation": "Bidirectional"',
        '"mount_propagation": "None"',
    ),
    Mutation("a Nydus image is fetched whole", NYDUS_WORDS, '"prefetch_all": False', '"prefetch_all": True'),
    Mutation("Nydus pods end with their nydusd", NYDUS_WORDS, 'recover_policy = "failover"', 'recover_policy = "none"'),
    Mutation(
        "a node that cannot ask takes Nydus from pods that run",
        NYDUS_NODE,
        '[ "$code" = 0 ] && [ -n "$said" ]',
        '[ "$code" != 0 ] || [ -n "$said" ]',
    ),
    Mutation(
        "containerd is restarted for Nydus each time",
        NYDUS_CONTAINERD,
        '[ "$(cat "$owed" 2>/dev/null)" = "$(identity)" ]',
        "true",
    ),
    Mutation("images that are not of Nydus go with it", NYDUS_TRACES, '&& is_nydus "$target"', ""),
    Mutation(
        "what containerd reads otherwise for Nydus stays so",
        NYDUS_CONTAINERD,
        '[ "$(without_ours "$STATE/before")" != "$(without_ours "$STATE/after")" ]',
        "false",
    ),
]


def main(word: str = "") -> int:
    """Returns the exit code."""
    chosen = [mutation for mutation in MUTATIONS if word.lower() in mutation.what.lower()]
    for mutation in MUTATIONS:
        found = (ROOT / mutation.file).read_text().count(mutation.old)
        if found != 1:
            sys.exit(f"{mutation.what}: {mutation.file} has {mutation.old!r} {found} times, not once")
    with tempfile.TemporaryDirectory() as folder, new_checkout(Path(folder)) as checkout:
        print(f"{'as it is':60}", end="", flush=True)
        if red := red_test(checkout.path):
            print(f"red: {red}")
            return 1
        print("green")
        unseen = sum(not is_seen(mutation, checkout.path) for mutation in chosen)
    print(f"{len(chosen) - unseen} of {len(chosen)} breaks turned a test red")
    return 1 if unseen else 0


def is_seen(mutation: Mutation, folder: Path) -> bool:
    """Whether a test saw the break."""
    file = folder / mutation.file
    text = file.read_text()
    print(f"{mutation.what:60}", end="", flush=True)
    file.write_text(text.replace(mutation.old, mutation.new))
    red = red_test(folder)
    file.write_text(text)
    print(red or "NOT SEEN")
    return red is not None


def red_test(folder: Path) -> str | None:
    """The first test that fails there, or None."""
    command = [sys.executable, "-m", "pytest", "-x", "--quiet", "--no-header", "--numprocesses", "2", "--dist", "load"]
    ended = subprocess.run(
        [*command, *TESTS], cwd=folder, env=dict(os.environ), capture_output=True, text=True, check=False
    )
    if ended.returncode == 0:
        return None
    failed = [line for line in ended.stdout.splitlines() if line.startswith("FAILED")]
    if not failed:
        sys.exit(f"the tests did not run:\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}")
    return failed[0].split(" - ")[0]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
