"""`make preview` and `make drift`: what they ask Pulumi for, what they print where, and how they end."""

import json
from pathlib import Path

import pytest

from policies.rules import RULES
from tests.previews import FOLDER, events
from tests.unit.programs import script
from tools.preview import __main__ as command
from tools.preview.events import read
from tools.preview.markdown import render
from tools.preview.masks import Masks
from tools.problem import Problem

STACK_FILE = """\
config:
  hero:registry: zot
  hero:zot: {keepData: true, rotate: 2026-11-25}
  hero:harbor: {keepData: false}
  policy:production: true
  policy:allowed:
    nothing-public: [zot-files]
"""
TOKEN = "the-administrators-token"


class Pulumi:
    """Stands in for ./pulumiw: plays a recorded log, and tells a state and a config."""

    def __init__(self, folder: Path) -> None:
        self.asked = folder / "asked"
        self._program = folder / "pulumiw"
        (folder / "state.json").write_text(json.dumps({"deployment": {}}))
        (folder / "config.json").write_text(json.dumps({"hero:dockerhub": {"objectValue": {"token": TOKEN}}}))
        self.plays(FOLDER / "changed.jsonl")

    def plays(self, log: Path, code: int = 0, told: int = 0) -> None:
        """Which log it writes, and how it ends; `told` is how it ends where it is asked for secrets."""
        folder = self.asked.parent
        script(
            self._program,
            f'echo "$PULUMI_DEBUG_COMMANDS $*" >>{self.asked}',
            'while [ $# -gt 0 ]; do [ "$1" = --event-log ] && log=$2; [ "$1" = --policy-pack-config ] && said=$2;'
            ' kept="$kept $1"; shift; done',
            f'[ -z "$said" ] || cp "$said" {folder}/said.json',
            "set -- $kept",
            f'[ "$1" = stack ] && cat {folder}/state.json && exit {told}',
            f'[ "$1" = config ] && cat {folder}/config.json && exit',
            'echo "Pulumi speaks"',
            f'[ -e {log} ] && cat {log} >"$log"',
            f"exit {code}",
        )


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pulumi:
    """In place of ./pulumiw."""
    monkeypatch.setattr(command, "PULUMI", str(tmp_path / "pulumiw"))
    monkeypatch.setattr(command, "ROOT", tmp_path)
    return Pulumi(tmp_path)


def test_stdout_is_the_report_and_nothing_else(pulumi: Pulumi, capfd: pytest.CaptureFixture[str]) -> None:
    assert command.main(["preview", "dev"]) == 0
    said = capfd.readouterr()
    assert said.out == render(read(events("changed"), Masks()), "preview", "dev")
    assert said.err == "Pulumi speaks\n"
    assert pulumi.asked.read_text().startswith("true preview --stack dev --event-log ")


def test_the_policies_are_asked_and_told_what_the_stack_s_file_says(pulumi: Pulumi, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text(STACK_FILE)
    command.main(["preview", "dev"])
    assert " --policy-pack policies --policy-pack-config " in pulumi.asked.read_text()
    said = json.loads((tmp_path / "said.json").read_text())
    common = {"production": True, "keepData": True, "rotate": "2026-11-25", "enforcementLevel": "mandatory"}
    assert said.pop("nothing-public") == {**common, "allowed": ["zot-files"]}
    assert set(said) == {rule.name for rule in RULES} - {"nothing-public"}
    assert all(each == {**common, "allowed": []} for each in said.values())


def test_where_the_stack_s_file_says_nothing_the_rules_have_their_own_level(pulumi: Pulumi, tmp_path: Path) -> None:
    command.main(["preview", "dev"])
    assert pulumi.asked.exists()
    said = json.loads((tmp_path / "said.json").read_text())
    assert all(each == {"production": False, "allowed": []} for each in said.values())


def test_a_drift_is_looked_for_without_changing_the_state(pulumi: Pulumi, capfd: pytest.CaptureFixture[str]) -> None:
    pulumi.plays(FOLDER / "drifted.jsonl", code=255)
    assert command.main(["drift", "acme/hero/dev"]) == 255
    assert "### Drift of stack `acme/hero/dev`" in capfd.readouterr().out
    asked = pulumi.asked.read_text()
    assert asked.startswith("true refresh --preview-only --expect-no-changes --stack acme/hero/dev --event-log ")


def test_a_preview_that_fails_is_reported_and_fails(pulumi: Pulumi, capfd: pytest.CaptureFixture[str]) -> None:
    pulumi.plays(FOLDER / "failed.jsonl", code=1)
    assert command.main(["preview", "dev"]) == 1
    assert "did you mean embedded?" in capfd.readouterr().out


@pytest.mark.parametrize(("code", "expected"), [(3, 3), (0, 1)])
def test_where_pulumi_saw_nothing_nothing_is_reported(
    pulumi: Pulumi, tmp_path: Path, capfd: pytest.CaptureFixture[str], code: int, expected: int
) -> None:
    pulumi.plays(tmp_path / "nothing", code=code)
    assert command.main(["preview", "dev"]) == expected
    assert capfd.readouterr().out == ""


def test_where_the_secrets_cannot_be_asked_for_nothing_is_shown(
    pulumi: Pulumi, capfd: pytest.CaptureFixture[str]
) -> None:
    pulumi.plays(FOLDER / "changed.jsonl", told=1)
    with pytest.raises(Problem, match="nothing is shown, since what is secret could not be asked for"):
        command.main(["preview", "dev"])
    assert capfd.readouterr().out == ""


def test_what_the_stack_s_file_keeps_secret_is_hidden(
    pulumi: Pulumi, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  hero:dockerhub:\n    token:\n      secure: v1:x\n")
    event = {"message": f"401 for {TOKEN}", "severity": "error", "color": "never", "prefix": ""}
    (tmp_path / "log").write_text(json.dumps({"sequence": 1, "timestamp": 1, "diagnosticEvent": event}))
    pulumi.plays(tmp_path / "log", code=1)
    assert command.main(["preview", "dev"]) == 1
    told = capfd.readouterr().out
    assert "error: 401 for [secret]" in told


@pytest.mark.usefixtures("pulumi")
@pytest.mark.parametrize("words", [[], ["preview"], ["preview", ""], ["destroy", "dev"], ["preview", "dev", "more"]])
def test_anything_else_is_told_what_to_say(words: list[str]) -> None:
    with pytest.raises(Problem, match=r"python -m tools.preview preview\|drift STACK"):
        command.main(words)
