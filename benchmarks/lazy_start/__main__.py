"""`make lazy`: how long a container takes from cold to ready, as OCI on overlayfs and as Nydus, by some links.

SIZES are those of the images in MB, LINKS the speeds in Mbit/s with 0 for none, RUNS how often each is started.
"""

import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.lazy_start.cases import LAZY, Case, Form, Outcome, remember, remembered
from benchmarks.lazy_start.lazy_image import LazyImage
from benchmarks.lazy_start.programs import ensure_programs
from benchmarks.lazy_start.report import draw, rows
from tests.checkout import new_checkout
from tools.node.machines import end_all
from tools.places import ROOT
from tools.readme import write_table
from tools.wrapper import plainly

SIZES = [int(size) for size in os.environ.get("SIZES", "100 1000").split()]
LINKS = [int(link) for link in os.environ.get("LINKS", "24 100 1000 0").split()]
RUNS = int(os.environ.get("RUNS", "5"))
# A run of one of these takes minutes.
LONG, LONG_RUNS = (Case(1000, 24), Case(1000, 100)), 3
SLOW = 100
DETAILS = ROOT / "docs" / "nydus.md"


def main() -> int:
    """Measure, print the table and draw the picture; with --write, update docs/benchmarks.md and docs/nydus.md."""
    if "--again" not in sys.argv:
        measure()
    outcomes = remembered()
    table = "\n".join(rows(outcomes, LAZY))
    print(table)
    draw(outcomes)
    if "--write" in sys.argv:
        write_table("lazy", "\n".join(rows(outcomes, [Form.NEEDED_AHEAD, Form.ALL_AFTERWARDS])))
        write_table("lazy", table, DETAILS)
    return 0


def measure() -> None:
    """Every case, on a registry of this project's own."""
    programs = ensure_programs()
    with tempfile.TemporaryDirectory() as folder, new_checkout(Path(folder)) as checkout:
        checkout.up()
        for megabytes in SIZES:
            image = LazyImage(programs, checkout, Path(folder), megabytes)
            for form in Form:
                image.repository(form)
            for megabits in LINKS:
                remember(outcome_of(image, megabits))


def outcome_of(image: LazyImage, megabits: int) -> Outcome:
    """Start each form in turn, so that a machine whose speed drifts is as unfair to one as to the others.

    By a slow link they are started at the same time, each with a link of its own: what takes long there is no work.
    """
    outcome = Outcome(Case(image.megabytes, megabits), {form: [] for form in Form})
    at_once = len(Form) if 0 < megabits <= SLOW else 1
    runs = min(RUNS, LONG_RUNS) if outcome.case in LONG else RUNS
    for run in range(runs):
        with ThreadPoolExecutor(at_once) as pool:
            started = {form: pool.submit(image.start, megabits, form) for form in Form}
            try:
                for form, start in started.items():
                    outcome.starts[form].append(start.result())
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                end_all()
                raise
        print(f"{outcome.case.image}, {outcome.case.link}: run {run + 1} of {runs}", file=sys.stderr, flush=True)
    return outcome


if __name__ == "__main__":
    sys.exit(plainly(main))
