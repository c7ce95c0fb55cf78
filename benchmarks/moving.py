"""`make moving`: how long a move to another registry takes, against `crane copy` of the same set.

Both copy between the same two embedded registries of this machine, in turn in one run: all tags, and what is attached
to them, which crane finds by the tags that clients keep where a registry has no referrers API. Ours looks at everything
again in the new place, and that is in its time; Pulumi's own part of `make up` is not.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.checkout import Checkout, client_program, new_checkout
from tests.embedded.test_switching import Lived, choose
from tools.places import ROOT
from tools.readme import write_table

RUNS = int(os.environ.get("RUNS", "5"))
TAGS = int(os.environ.get("TAGS", "50"))
MEGABYTES = int(os.environ.get("MEGABYTES", "1000"))
PAGE = ROOT / "docs" / "switching.md"
SENT = re.compile(r"has, with the same digests as .*; ([\d.]+) MB were sent in ([\d.]+) s")


def main() -> None:
    """Measure, and print the table; with --write, put it into the page on switching."""
    with (
        tempfile.TemporaryDirectory() as folder,
        new_checkout(Path(folder)) as checkout,
        new_checkout(Path(folder), "other") as other,
    ):
        other.up()
        checkout.use_registry("keepData: true")
        checkout.up()
        furnish(checkout)
        measured = [(by_crane(checkout, other, run), *ours(checkout, other, run)) for run in range(RUNS)]
        for each in (checkout, other):
            each.down()
    crane, moved, again = (statistics.median(each[place] for each in measured) for place in range(3))
    against = f"`crane copy --all-tags` | {crane:.1f} s | **{crane / moved:.2f} x** | 0.9 x |"
    table = "\n".join(
        [
            f"{MEGABYTES} MB in {TAGS} tags; medians of {RUNS} runs each, taken in turn, on {os.cpu_count()} cores:",
            "",
            "| what | takes | against | takes | as fast | at least |",
            "| --- | ---: | --- | ---: | ---: | ---: |",
            f"| the move, looked at again | {moved:.1f} s | {against}",
            f"| the move back, where everything is still there | {again:.1f} s | | | | |",
        ]
    )
    print(table)
    if "--write" in sys.argv:
        write_table("moving", table, PAGE)


def furnish(checkout: Checkout) -> None:
    """Images that do not compress, every fifth with something attached to it."""
    home = Lived(checkout, checkout.outputs())
    for number in range(TAGS):
        image = home.push(f"theirs-{number}", os.urandom(MEGABYTES * 10**6 // TAGS))
        if number % 5 == 0:
            home.push(f"attached-{number}", os.urandom(1000), image)


def by_crane(checkout: Checkout, other: Checkout, run: int) -> float:
    """Seconds."""
    here, there = checkout.outputs(), other.outputs()
    with tempfile.TemporaryDirectory() as folder:
        logins = {
            told["address"]: {"username": told["pusherUsername"], "password": told["pusherPassword"]}
            for told in (here, there)
        }
        (Path(folder) / "config.json").write_text(json.dumps({"auths": logins}))
        command = [client_program("crane"), "copy", "--all-tags"]
        began = time.monotonic()
        subprocess.run(
            [*command, here["repository"], f"{there['address']}/by-crane-{run}/hero"],
            env={**checkout.environment, "DOCKER_CONFIG": folder},
            check=True,
            capture_output=True,
        )
        return time.monotonic() - began


def ours(checkout: Checkout, other: Checkout, run: int) -> tuple[float, float]:
    """Seconds for the move, and for the one back."""
    file = checkout.path / "Pulumi.dev.yaml"
    before = file.read_text()
    choose(checkout, other, f"by-us-{run}")
    sent, moved = copied(checkout)
    if sent < MEGABYTES:
        sys.exit(f"only {sent} MB were sent")
    # The login stays readable: it is sealed with what stands at the end of the file.
    salt = re.findall(r"^encryptionsalt: .*\n", file.read_text(), re.MULTILINE)
    file.write_text("".join(salt) + re.sub(r"^encryptionsalt: .*\n", "", before, flags=re.MULTILINE))
    sent, again = copied(checkout)
    if sent > 1:
        sys.exit(f"{sent} MB were sent again")
    return moved, again


def copied(checkout: Checkout) -> tuple[float, float]:
    """Megabytes and seconds, as the move itself tells them."""
    found = SENT.search(checkout.up().text)
    if found is None:
        sys.exit("nothing was moved")
    return float(found[1]), float(found[2])


if __name__ == "__main__":
    main()
