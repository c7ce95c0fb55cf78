"""`make peers DRAGONFLY=FOLDER`: nodes that pull one image at once, by Dragonfly and without, by one slow link.

FOLDER has Dragonfly's programs manager, scheduler and dfdaemon. SIZE is that of the image in MB, LINK the speed in
Mbit/s, NODES how many pull at once, RUNS how often. It is done as root.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.lazy_start.programs import ensure_programs
from benchmarks.peer_to_peer.dragonfly import programs_in
from benchmarks.peer_to_peer.nodes import Nodes, new_nodes
from benchmarks.peer_to_peer.report import draw, rows, troubles
from benchmarks.peer_to_peer.waves import Wave, remember, remembered
from tests.checkout import new_checkout
from tools.places import ROOT
from tools.problem import Problem
from tools.readme import write_table
from tools.wrapper import plainly

SIZE = int(os.environ.get("SIZE", "50"))
LINK = int(os.environ.get("LINK", "50"))
NODES = [int(count) for count in os.environ.get("NODES", "1 3 10").split()]
RUNS = int(os.environ.get("RUNS", "3"))
NEEDED = ("unshare", "nsenter", "ip", "mariadb", "mariadbd", "mariadb-install-db", "redis-server")
# Of Debian's, some of them are in a folder that only root's PATH has.
SYSTEM = "/usr/sbin"
DETAILS = ROOT / "docs" / "dragonfly.md"


def main() -> int:
    """Measure, print the tables and draw the picture; with --write, put them into docs/dragonfly.md."""
    if "--again" not in sys.argv:
        measure()
    waves = remembered()
    if not waves:
        raise Problem("nothing was measured yet: make peers DRAGONFLY=FOLDER")
    tables = {"peers": "\n".join(rows(waves)), "outages": "\n".join(troubles(waves))}
    draw(waves)
    for name, table in tables.items():
        print(f"{table}\n")
        if "--write" in sys.argv:
            write_table(name, table, DETAILS)
    return 0


def measure() -> None:
    """All of it, on a registry of this project's own."""
    folder = os.environ.get("DRAGONFLY")
    if not folder:
        raise Problem("name the folder that has Dragonfly's programs: make peers DRAGONFLY=FOLDER")
    dragonfly = programs_in(Path(folder))
    os.environ["PATH"] += f":{SYSTEM}"
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        raise Problem(f"PATH has no {', '.join(missing)} (on Debian: apt install iproute2 mariadb-server redis-server)")
    programs = ensure_programs()
    with tempfile.TemporaryDirectory() as temporary, new_checkout(Path(temporary)) as checkout:
        checkout.up()
        with new_nodes(programs, dragonfly, checkout, Path(temporary), max(NODES), LINK) as nodes:
            waves = undisturbed(nodes)
            remember(waves)
            remember([*waves, *nodes.troubled(SIZE)])


def undisturbed(nodes: Nodes) -> list[Wave]:
    """Each number of nodes by each way in turn, each time an image that nobody has seen."""
    waves: list[Wave] = []
    for run in range(RUNS):
        for clients in NODES:
            waves += nodes.both_ways(clients, SIZE)
        print(f"run {run + 1} of {RUNS}", file=sys.stderr, flush=True)
    return waves


if __name__ == "__main__":
    sys.exit(plainly(main))
