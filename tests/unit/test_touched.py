"""Which stacks a pull request touches."""

import subprocess
from pathlib import Path

import pytest

from tools import touched
from tools.places import ROOT
from tools.problem import Problem

STACKS = {
    "dev": {"embedded"},
    "hub": {"dockerhub"},
    "one": {"zot"},
    "two": {"zot"},
    "peers": {"dragonfly", "zot"},
}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ([], []),
        (["README.md", "docs/zot.md", "tests/unit/test_zot.py", "tools/containerd/go.mod"], []),
        (["Pulumi.one.yaml"], ["one"]),
        (["Pulumi.gone.yaml"], []),
        (["components/registries/zot/settings.py"], ["one", "two", "peers"]),
        (["components/registries/dragonfly/settings.py"], ["peers"]),
        (["components/registries/docker_hub.py", "docs/docker-hub.md"], ["hub"]),
        (["components/registries/embedded.py", "Pulumi.two.yaml"], ["dev", "two"]),
        (["components/registries/__init__.py"], list(STACKS)),
        (["components/hero_image.py"], list(STACKS)),
        (["hero/main.go"], list(STACKS)),
        (["hero/README.md"], list(STACKS)),
        (["uv.lock"], list(STACKS)),
        (["policies/rules/tls.py"], list(STACKS)),
        ([".github/workflows/up.yml"], list(STACKS)),
    ],
)
def test_a_file_touches_the_stacks_that_it_is_part_of(changed: list[str], expected: list[str]) -> None:
    assert touched.touched(changed, STACKS) == expected


def test_every_room_of_a_registry_is_that_of_a_choice() -> None:
    rooms = {touched.ROOMS.get(each.stem, each.stem) for each in (ROOT / "components" / "registries").iterdir()}
    chosen = set[str]().union(*touched.choices(ROOT).values())
    assert chosen <= rooms
    assert rooms - chosen <= {"__init__", "__pycache__"}


def test_the_choice_of_each_stack_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: hero\n")
    (tmp_path / "Pulumi.a.yaml").write_text("config:\n  hero:registry: zot\n")
    (tmp_path / "Pulumi.b-c.d_e.yaml").write_text("config: {}\n")
    (tmp_path / "Pulumi.c.yaml").write_text(
        "config:\n  hero:registry: dragonfly\n  hero:dragonfly:\n    origin: harbor\n"
    )
    assert touched.choices(tmp_path) == {"a": {"zot"}, "b-c.d_e": {"embedded"}, "c": {"dragonfly", "harbor"}}


@pytest.mark.parametrize("name", ["$(reboot)", "a b", "-x", "a'b"])
def test_a_stack_whose_name_a_shell_could_take_for_more_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / f"Pulumi.{name}.yaml").write_text("")
    with pytest.raises(Problem, match="names no stack that can be spoken of"):
        touched.choices(tmp_path)


def test_what_was_committed_since_a_base_is_what_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def git(*words: str) -> str:
        identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
        command = ["git", *identity, *words]
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "--quiet")
    for name in ("dev", "zot"):
        (tmp_path / f"Pulumi.{name}.yaml").write_text("config: {}\n")
    git("add", "--all")
    git("commit", "--quiet", "--message", "one")
    base = git("rev-parse", "HEAD")
    (tmp_path / "__main__.py").write_text("")
    git("add", "--all")
    git("commit", "--quiet", "--message", "two")
    monkeypatch.setattr(touched, "ROOT", tmp_path)
    monkeypatch.setattr("tools.packages.ROOT", tmp_path)
    monkeypatch.delenv("STACKS", raising=False)
    assert touched.main([base]) == 0
    assert capsys.readouterr().out == '["dev", "zot"]\n'
    monkeypatch.setenv("STACKS", '["zot", "elsewhere"]')
    touched.main([base])
    assert capsys.readouterr().out == '["zot"]\n'
    touched.main(["HEAD"])
    assert capsys.readouterr().out == "[]\n"
    with pytest.raises(Problem, match="git cannot compare"):
        touched.main(["no-such-commit"])
    with pytest.raises(Problem, match="name a commit"):
        touched.main([])


@pytest.mark.parametrize("stacks", ["dev", "[", '"dev"', '{"dev": 1}', "7"])
def test_stacks_that_are_no_list_refused(monkeypatch: pytest.MonkeyPatch, stacks: str) -> None:
    monkeypatch.setenv("STACKS", stacks)
    with pytest.raises(Problem, match=r"cannot read STACKS: .* is no list in JSON\nhint: STACKS="):
        touched.main(["HEAD"])
