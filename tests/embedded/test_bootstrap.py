"""./pulumiw on machines that are not like ours: odd paths, full disks, other Pythons, Pulumis that end badly."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.checkout import Checkout, new_checkout

PATIENCE = 600

# It has what the wrapper asks for and no more; `preview` tells its environment, `up` waits for a signal.
PULUMI = """#!/bin/sh
case "$1" in
    version) echo v3.300.0 ;;
    preview) echo "passphrase: ${PULUMI_CONFIG_PASSPHRASE-none}, $(wc -c <"$PULUMI_CONFIG_PASSPHRASE_FILE")" ;;
    up) trap 'echo told INT; exit 4' INT
        trap 'echo told TERM; exit 5' TERM
        echo "up, process $$"
        while :; do sleep 0.05; done ;;
esac
"""


@pytest.fixture
def other_pulumi(checkout: Checkout, tmp_path: Path) -> Checkout:
    """A checkout on a machine whose PATH has another Pulumi."""
    for name, content in {"pulumi": PULUMI, "pulumi-language-python": "#!/bin/sh\n"}.items():
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).write_text(content)
        (tmp_path / "bin" / name).chmod(0o755)
    checkout.environment["PATH"] = f"{tmp_path}/bin:{checkout.environment['PATH']}"
    return checkout


@pytest.mark.parametrize("name", ["a path with spaces \N{LATIN SMALL LETTER E WITH ACUTE}", "100% #1? [a]"])
def test_a_checkout_may_lie_anywhere(tmp_path: Path, name: str) -> None:
    with new_checkout(tmp_path, name) as checkout:
        version = checkout.pulumiw("version")
        assert (version.code, version.text[:3]) == (0, "v3.")
        preview = checkout.pulumiw("preview", "--stack", "dev")
        assert preview.code == 0, preview.text
        assert "hero-home:provider:Image hero-image create" in preview.text
        assert (checkout.path / ".pulumi" / "stacks" / "hero" / "dev.json").exists()
        assert checkout.git_status() == ""


def test_a_file_that_pulumi_would_set_otherwise_stays_to_the_byte(checkout: Checkout) -> None:
    file = checkout.path / "Pulumi.dev.yaml"
    text = "# mine\n\n\n" + file.read_text().replace("hero:registry: ", "hero:registry:     ") + "\n\n# the end\n"
    file.write_text(text)
    for _ in range(2):
        assert checkout.pulumiw("preview", "--stack", "dev").code == 0
        assert file.read_text() == text


def test_a_stack_may_be_taken_away_with_what_is_in_it(checkout: Checkout) -> None:
    ended = checkout.pulumiw("destroy", "--stack", "dev", "--yes", "--remove")
    assert ended.code == 0, ended.text


def test_nothing_is_warned_of(other_pulumi: Checkout) -> None:
    command = [sys.executable, "-X", "dev", "-W", "error", "-S", "pulumiw", "version"]
    ended = subprocess.run(
        command, cwd=other_pulumi.path, env=other_pulumi.environment, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "v3.300.0\n", "")


def test_it_may_be_called_from_anywhere(other_pulumi: Checkout, tmp_path: Path) -> None:
    ended = subprocess.run(
        [other_pulumi.path / "pulumiw", "version"],
        cwd=tmp_path,
        env=other_pulumi.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "v3.300.0\n", "")


def test_python_3_9_has_all_that_is_used(other_pulumi: Checkout) -> None:
    command = ["pyright", "--pythonversion", "3.9", *sorted(map(str, (other_pulumi.path / "tools").glob("*.py")))]
    ended = subprocess.run(
        command, cwd=other_pulumi.path, env=other_pulumi.environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout


def test_the_passphrase_of_other_projects_is_left_out(other_pulumi: Checkout) -> None:
    other_pulumi.environment["PULUMI_CONFIG_PASSPHRASE"] = "that of other projects"
    assert "passphrase: none, 43" in other_pulumi.pulumiw("preview").text


# How it ends


def test_pulumi_that_is_killed_is_told_in_plain_words(other_pulumi: Checkout) -> None:
    run = other_pulumi.start("./pulumiw", "up")
    os.kill(process_in(first_line(run)), signal.SIGKILL)
    text, _ = run.communicate(timeout=PATIENCE)
    assert run.returncode == 137
    assert text == "pulumiw: pulumi was ended by signal 9; run the same command again, and it goes on from there\n"


def test_ctrl_c_is_pulumis_to_answer(other_pulumi: Checkout) -> None:
    run = other_pulumi.start("./pulumiw", "up")
    first_line(run)
    os.killpg(run.pid, signal.SIGINT)
    text, _ = run.communicate(timeout=PATIENCE)
    assert (run.returncode, text) == (4, "told INT\n")


def test_a_request_to_end_is_passed_on(other_pulumi: Checkout) -> None:
    run = other_pulumi.start("./pulumiw", "up")
    first_line(run)
    run.terminate()
    text, _ = run.communicate(timeout=PATIENCE)
    assert (run.returncode, text) == (5, "told TERM\n")


def test_the_next_run_need_not_wait_for_one_that_was_killed(other_pulumi: Checkout) -> None:
    run = other_pulumi.start("./pulumiw", "up")
    pulumi = process_in(first_line(run))
    second = other_pulumi.start("./pulumiw", "up")
    assert f"is going on (process {run.pid}); waiting" in first_line(second)
    run.kill()
    os.kill(pulumi, signal.SIGKILL)
    run.communicate(timeout=PATIENCE)
    assert process_in(first_line(second)) != pulumi
    second.terminate()
    second.communicate(timeout=PATIENCE)


# What it cannot do


def test_a_plugin_that_does_not_compile_is_told_in_gos_own_words(other_pulumi: Checkout) -> None:
    with (other_pulumi.path / "providers" / "main.go").open("a") as file:
        file.write("\nfunc broken( {\n")
    ended = other_pulumi.pulumiw("version")
    assert ended.code == 1
    assert "in providers failed:" in ended.text
    assert "main.go" in ended.text
    assert "syntax error" in ended.text
    assert "Traceback" not in ended.text


def test_a_full_disk_is_told_with_the_path(other_pulumi: Checkout) -> None:
    # No file may grow: as a full disk, but for this process and its own alone.
    ended = run_in_shell(other_pulumi, "ulimit -f 0 && exec ./pulumiw preview")
    assert ended.returncode == 1
    assert ended.stdout == f"pulumiw: {other_pulumi.path}/.pulumi/passphrase: File too large\n"
    assert list((other_pulumi.path / ".pulumi").iterdir()) == []


@pytest.mark.parametrize("variable", ["HOME", "XDG_CACHE_HOME"])
def test_a_folder_that_cannot_be_written_to_is_told_with_its_path(other_pulumi: Checkout, variable: str) -> None:
    other_pulumi.environment.pop("XDG_CACHE_HOME", None)
    other_pulumi.environment[variable] = f"{other_pulumi.path}/README.md"
    ended = other_pulumi.pulumiw("version")
    assert ended.code == 1
    assert ended.text.startswith(f"pulumiw: {other_pulumi.path}/README.md/")
    assert "cannot be made (Not a directory); XDG_CACHE_HOME may name a folder" in ended.text
    assert "Traceback" not in ended.text


@pytest.mark.parametrize(("blocked", "named"), [("bin", "bin"), (".pulumi", ".pulumi")])
def test_a_file_in_the_way_is_told_with_its_path(other_pulumi: Checkout, blocked: str, named: str) -> None:
    (other_pulumi.path / blocked).touch()
    ended = other_pulumi.pulumiw("preview")
    assert ended.code == 1
    assert ended.text.startswith(f"pulumiw: {other_pulumi.path}/{named}")
    assert "Traceback" not in ended.text


def test_a_command_that_is_not_there_is_told(other_pulumi: Checkout) -> None:
    ended = run_in_shell(other_pulumi, f"{sys.executable} -m tools.within no-such-command")
    assert (ended.returncode, ended.stdout) == (1, "pulumiw: no-such-command: No such file or directory\n")


def run_in_shell(checkout: Checkout, words: str) -> subprocess.CompletedProcess[str]:
    """The words as a person may type them in the checkout."""
    return subprocess.run(
        ["sh", "-c", words],
        cwd=checkout.path,
        env=checkout.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def first_line(run: subprocess.Popen[str]) -> str:
    """What it says first; it is told to end if that takes too long."""
    assert run.stdout is not None
    started = time.monotonic()
    line = run.stdout.readline()
    assert time.monotonic() - started < PATIENCE
    return line


def process_in(line: str) -> int:
    """The process that the line tells of."""
    return int(line.rpartition(" ")[2])
