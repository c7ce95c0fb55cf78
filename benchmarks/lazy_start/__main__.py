"""`make lazy`: how long a container takes from cold to ready, as OCI on overlayfs and as Nydus, by some links.

SIZES are those of the images in MB, LINKS the speeds in Mbit/s with 0 for none, RUNS how often each is started.
"""

import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.lazy_start import images
from benchmarks.lazy_start.cases import LAZY, Case, Form, Outcome, remember, remembered
from benchmarks.lazy_start.node import NYDUS, OVERLAYFS, Login
from benchmarks.lazy_start.programs import Programs, ensure_programs
from benchmarks.lazy_start.report import draw, rows
from benchmarks.lazy_start.start import Start, start_from_cold
from tests.checkout import Checkout, new_checkout
from tools.places import ROOT
from tools.readme import write_table
from tools.wrapper import plainly

SIZES = [int(size) for size in os.environ.get("SIZES", "100 1000").split()]
LINKS = [int(link) for link in os.environ.get("LINKS", "24 100 1000 0").split()]
RUNS = int(os.environ.get("RUNS", "5"))
# A run of one of these takes minutes.
LONG, LONG_RUNS = Case(1000, 24), 3
MEGABYTES_OF_A_LAYER = 100
SLOW = 100
DETAILS = ROOT / "docs" / "nydus.md"


def main() -> int:
    """Measure, print the table and draw the picture; with --write, put it into the README and docs/nydus.md."""
    if "--again" not in sys.argv:
        measure()
    outcomes = remembered()
    table = "\n".join(rows(outcomes, LAZY))
    print(table)
    draw(outcomes)
    if "--write" in sys.argv:
        write_table("lazy", "\n".join(rows(outcomes, [Form.NEEDED_AHEAD])))
        write_table("lazy", table, DETAILS)
    return 0


def measure() -> None:
    """Every case, on a registry of this project's own."""
    programs = ensure_programs()
    with tempfile.TemporaryDirectory() as folder, new_checkout(Path(folder)) as checkout:
        checkout.up()
        for megabytes in SIZES:
            lazy = Lazy(programs, checkout, Path(folder), megabytes)
            for megabits in LINKS:
                remember(lazy.outcome(megabits))


class Lazy:
    """An image in every form, in the registry."""

    def __init__(self, programs: Programs, checkout: Checkout, folder: Path, megabytes: int) -> None:
        self._programs = programs
        self._megabytes = megabytes
        starter = Path(programs["starter"]).read_bytes()
        self.content = images.new_content(megabytes, starter)
        told = checkout.outputs()
        self._registry = told["address"]
        self._login = Login(told["pullerUsername"], told["pullerPassword"])
        reference = f"{self._registry}/lazy:{megabytes}"
        layers = max(4, megabytes // MEGABYTES_OF_A_LAYER)
        images.push(checkout, folder / f"layout-{megabytes}", self.content, starter, reference, layers)
        ahead = {
            Form.NOTHING_AHEAD: [],
            Form.NEEDED_AHEAD: ["/starter", "/needed", *self.content.needed],
            Form.ALL_AHEAD: ["/"],
        }
        self._repositories = {Form.OCI: f"lazy:{megabytes}"}
        for form, files in ahead.items():
            tag = f"{megabytes}-{form.replace(' ', '-')}"
            checkout.crane("tag", reference, tag, who="pusher")
            images.convert(programs, checkout, folder / f"conversion-{tag}", f"{self._registry}/lazy:{tag}", files)
            self._repositories[form] = f"lazy:{tag}-nydus"

    def outcome(self, megabits: int) -> Outcome:
        """Start each form in turn, so that a machine whose speed drifts is as unfair to one as to the others.

        By a slow link they are started at the same time, each with a link of its own: what takes long there is no work.
        """
        outcome = Outcome(Case(self._megabytes, megabits), {form: [] for form in Form})
        at_once = len(Form) if 0 < megabits <= SLOW else 1
        runs = min(RUNS, LONG_RUNS) if outcome.case == LONG else RUNS
        for run in range(runs):
            with ThreadPoolExecutor(at_once) as pool:
                started = {form: pool.submit(self.start, megabits, form) for form in Form}
                for form, start in started.items():
                    outcome.starts[form].append(start.result())
            print(f"{outcome.case.image}, {outcome.case.link}: run {run + 1} of {runs}", file=sys.stderr, flush=True)
        return outcome

    def start(self, megabits: int, form: Form) -> Start:
        """From cold."""
        snapshotter = OVERLAYFS if form is Form.OCI else NYDUS
        repository = self._repositories[form]
        return start_from_cold(
            self._programs, self._registry, self._login, megabits, snapshotter, repository, self.content
        )


if __name__ == "__main__":
    sys.exit(plainly(main))
