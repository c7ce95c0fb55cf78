"""`make mutations`: break the program in ways that matter, one at a time, and see that a test turns red each time.

Each break names the test that is to see it, and only that is run. `make mutations ONLY=zot` breaks the program only
where the break is told with this word. Exits with 1 where a break goes unseen, or where its text is no longer found in
the program.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.checkout import ROOT, new_checkout
from tests.engine.mutations.mutation import Mutation
from tests.engine.mutations.tables import MUTATIONS
from tests.running import long_form

RED_IN_PYTEST = 1


def main(word: str = "") -> int:
    """Returns the exit code."""
    chosen = [mutation for mutation in MUTATIONS if word.lower() in mutation.what.lower()]
    for mutation in MUTATIONS:
        found = (ROOT / mutation.file).read_text().count(mutation.old)
        if found != 1:
            sys.exit(f"{mutation.what}: {mutation.file} has {mutation.old!r} {found} times, not once")
    with tempfile.TemporaryDirectory() as folder, new_checkout(Path(folder)) as checkout:
        _tell("as it is")
        if red := red_tests({mutation.seen_by for mutation in chosen}, checkout.path):
            print(f"red: {red}")
            return 1
        print("green")
        unseen = sum(not is_seen(mutation, checkout.path) for mutation in chosen)
    print(f"{len(chosen) - unseen} of {len(chosen)} breaks turned a test red")
    print(f"{len(long_form.mutations())} of {len(MUTATIONS)} need a test of the long form (make test-long-list)")
    return 1 if unseen else 0


def is_seen(mutation: Mutation, folder: Path) -> bool:
    """Whether its test saw the break."""
    file = folder / mutation.file
    text = file.read_text()
    _tell(mutation.what)
    file.write_text(text.replace(mutation.old, mutation.new))
    red = red_tests({mutation.seen_by}, folder)
    file.write_text(text)
    print(red or f"NOT SEEN by {mutation.seen_by}")
    return bool(red)


def red_tests(names: Iterable[str], folder: Path) -> str:
    """The first of these tests that fails there, or nothing."""
    in_go = sorted(name for name in names if name.startswith("Test"))
    in_python = sorted(set(names) - set(in_go))
    return (_red_in_go(in_go, folder) if in_go else "") or (_red_in_python(in_python, folder) if in_python else "")


def _red_in_python(names: list[str], folder: Path) -> str:
    ended = _run([sys.executable, "-m", "pytest", "-x", "--quiet", "--no-header", *names], folder)
    failed = [line for line in ended.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    if ended.returncode not in (0, RED_IN_PYTEST) or (ended.returncode and not failed):
        _give_up(ended)
    return failed[0].partition(" ")[2].partition(" - ")[0] if failed else ""


def _red_in_go(names: list[str], folder: Path) -> str:
    run = ["go", "test", "-trimpath", "-failfast", "-timeout", "2m", "-v", "-run", f"^({'|'.join(names)})$", "."]
    ended = _run(run, folder / "providers", CGO_ENABLED="0")
    if missing := [name for name in names if f"=== RUN   {name}\n" not in ended.stdout]:
        print(f"not run: {', '.join(missing)}")
        _give_up(ended)
    failed = [line for line in ended.stdout.splitlines() if line.startswith("--- FAIL: ")]
    if ended.returncode and not failed:
        _give_up(ended)
    return failed[0].split()[2] if failed else ""


def _run(command: list[str], folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, env={**os.environ, **more}, capture_output=True, text=True, check=False)


def _give_up(ended: subprocess.CompletedProcess[str]) -> None:
    sys.exit(f"the tests did not run:\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}")


def _tell(what: str) -> None:
    print(f"{what:60} ", end="", flush=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
