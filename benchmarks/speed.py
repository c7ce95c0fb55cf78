"""`make benchmark`: how long the daily commands take, as ratios to what they could be.

Every pair is timed in turn in one run, on a checkout of its own, with everything built before.
"""

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmarks.pairs import Pair, draw, in_turn, table
from tests.checkout import Checkout, client_program, new_checkout
from tests.images import layer
from tools.places import ROOT
from tools.readme import write_table
from tools.wrapper import prepare

RUNS = int(os.environ.get("RUNS", "10"))
PLATFORMS = "linux/amd64,linux/arm64"
PREVIEW = ["./pulumiw", "preview", "--stack", "dev"]
BARE_PREVIEW = ["pulumi", "preview", "--stack", "dev"]
UP = ["make", "up"]
EMPTY = "an empty Pulumi Python program"
PICTURE = ROOT / "docs" / "pictures" / "speed.svg"
KO_SETTINGS = "defaultFlags: [-buildvcs=false]\ndefaultLdflags: [-s, -w]\n"


def main() -> None:
    """Measure and print the table; with --write, update docs/benchmarks.md and its picture."""
    with (
        tempfile.TemporaryDirectory() as folder,
        new_checkout(Path(folder)) as checkout,
        new_checkout(Path(folder), "empty") as empty,
    ):
        checkout.up()
        become_empty(empty)
        pairs = [*daily_commands(checkout, empty), *after_a_changed_line(checkout, empty, Path(folder))]
        told = table([*(pair.row() for pair in pairs), bytes_after_a_changed_line(checkout)], RUNS)
        checkout.down()
    print(told)
    if "--write" in sys.argv:
        write_table("speed", told)
        draw(pairs, PICTURE)


def daily_commands(checkout: Checkout, empty: Checkout) -> list[Pair]:
    """What a person types each day, when nothing has changed; the empty program goes the same way."""

    def previewed(where: Checkout) -> Callable[[], None]:
        return lambda: quietly(PREVIEW, where)

    preview, everything = "`./pulumiw preview`, nothing changed", bare(checkout)
    return [
        in_turn(preview, previewed(checkout), f"the same for {EMPTY}", previewed(empty), "1.3", RUNS),
        in_turn("`make up`, nothing changed", lambda: quietly(UP, checkout), preview, previewed(checkout), "1.5", RUNS),
        in_turn(
            preview,
            previewed(checkout),
            "`pulumi preview` without ./pulumiw",
            lambda: quietly(BARE_PREVIEW, everything),
            "",
            RUNS,
        ),
    ]


def become_empty(checkout: Checkout) -> None:
    """The smallest Pulumi program, with the same wrapper, CLI, language host and packages."""
    (checkout.path / "__main__.py").write_text("import pulumi\n")
    (checkout.path / "Pulumi.dev.yaml").write_text("{}\n")
    checkout.up()


def bare(checkout: Checkout) -> Checkout:
    """The same checkout for whoever has everything on PATH and calls Pulumi without ./pulumiw."""
    _, prepared = prepare()
    environment = {
        **checkout.environment,
        "PATH": prepared["PATH"],
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_BACKEND_URL": f"file://{checkout.path}",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(checkout.path / ".pulumi" / "passphrase"),
        "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
    }
    return replace(checkout, environment=environment)


def after_a_changed_line(checkout: Checkout, empty: Checkout, folder: Path) -> list[Pair]:
    """One other line in Hero's source, moved in by us and by hand with the same ko.

    What Pulumi takes for itself, which a program that only called ko would take too, is seen by the second pair.
    """
    by_hand = KoByHand(checkout, folder)
    changes = itertools.count()

    def ours() -> None:
        change_a_line(checkout.path / "hero", next(changes))
        quietly(UP, checkout)

    def theirs() -> None:
        change_a_line(by_hand.source, next(changes))
        by_hand.build()

    def theirs_by_pulumi() -> None:
        theirs()
        quietly(UP, empty)

    what, ko = "`make up` after a changed line", "the same `ko build` by hand"
    return [
        in_turn(what, ours, ko, theirs, "1.5", RUNS),
        in_turn(what, ours, f"{ko}, and `make up` of {EMPTY}", theirs_by_pulumi, "1.1", RUNS),
    ]


class KoByHand:
    """What one would type without this project: crane for a base, then ko, into the same registry."""

    def __init__(self, checkout: Checkout, folder: Path) -> None:
        self.source = folder / "by-hand"
        shutil.copytree(checkout.path / "hero", self.source)
        (self.source / ".ko.yaml").write_text(KO_SETTINGS)
        told = checkout.outputs()
        logins = {told["address"]: {"username": told["pusherUsername"], "password": told["pusherPassword"]}}
        (folder / "config.json").write_text(json.dumps({"auths": logins}))
        base = f"{told['address']}/base"
        _, prepared = prepare()
        self._ko = client_program("ko")
        self._environment = {
            **checkout.environment,
            "PATH": prepared["PATH"],
            "DOCKER_CONFIG": str(folder),
            "KO_DOCKER_REPO": f"{told['address']}/by-hand",
            "KO_DEFAULTBASEIMAGE": base,
        }
        self._make_base(folder, base)

    def _make_base(self, folder: Path, base: str) -> None:
        """An image of one small layer for each platform, as ours has it, since nothing can be pulled here."""
        (folder / "base.tar").write_bytes(layer({"etc/passwd": b"nonroot:x:65532:65532::/:/sbin/nologin\n"}))
        crane = client_program("crane")
        for platform in PLATFORMS.split(","):
            tag = f"{base}:{platform.rpartition('/')[2]}"
            append = [crane, "append", "--oci-empty-base", "--new_layer", "base.tar", "--new_tag", tag]
            mutate = [crane, "mutate", "--set-platform", platform, "--tag", tag, tag]
            for command in (append, mutate):
                subprocess.run(command, cwd=folder, env=self._environment, check=True, capture_output=True)
        manifests = [f"--manifest={base}:{platform.rpartition('/')[2]}" for platform in PLATFORMS.split(",")]
        index = [crane, "index", "append", "--tag", f"{base}:latest", *manifests]
        subprocess.run(index, cwd=folder, env=self._environment, check=True, capture_output=True)

    def build(self) -> None:
        """`ko build` for the same platforms and tags."""
        command = [self._ko, "build", "--bare", "--platform", PLATFORMS, "--tags", "v0.0.1,latest", "."]
        ended = subprocess.run(
            command, cwd=self.source, env=self._environment, capture_output=True, text=True, check=False
        )
        if ended.returncode != 0:
            sys.exit(ended.stderr)


def bytes_after_a_changed_line(checkout: Checkout) -> str:
    """What goes over the wire, against the size of the one layer that changed; for one platform."""
    checkout.use_image("platforms: [linux/amd64]", "tags: [v0.0.1, latest]")
    checkout.up()
    before = layers(checkout)
    change_a_line(checkout.path / "hero", RUNS * 10)
    checkout.up()
    changed = sum(size for digest, size in layers(checkout).items() if digest not in before)
    sent = checkout.state()["hero-image"]["uploaded"]
    measured = f"{sent:,} | the changed layer | {changed:,} | **+{sent - changed:,}**"
    return f"| bytes sent after a changed line, one platform | {measured} | +10,000 |"


def layers(checkout: Checkout) -> dict[str, int]:
    """The image's layers, with their sizes."""
    manifest = json.loads(checkout.crane("manifest", checkout.outputs()["image"]))
    return {each["digest"]: each["size"] for each in manifest["layers"]}


def change_a_line(source: Path, number: int) -> None:
    """Another word in Hero's log."""
    file = source / "main.go"
    file.write_text(re.sub(r'"Hero is [^"]*"', f'"Hero is here, change {number}"', file.read_text(), count=1))


def quietly(command: list[str], where: Checkout) -> None:
    """Run it; a command that fails is not worth timing."""
    ended = subprocess.run(command, cwd=where.path, env=where.environment, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{ended.stdout}{ended.stderr}")


if __name__ == "__main__":
    main()
