"""A stack's config as a person writes it, what the program says of it, and what its advice does to it."""

import contextvars
import gzip
import json
import re
import runpy
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from components.catalogue import Settings, read_settings
from components.mistakes import Mistake
from components.reader import Entry
from components.settings import ConfigurationError
from tests.images import layer, write_archive
from tests.unit.graph import Engine, use_engine
from tools.places import ROOT

STEP = re.compile(r'\["((?:\\"|[^"])*)"\]|\[(\d+)\]|\.?([\w-]+)')
MISTAKE = re.compile(
    r'  (?P<path>hero:(?:\["(?:\\"|[^"])*"\]|\[\d+\]|\.?[\w-]+)+): (?P<problem>.*)\n'
    r"      allowed: (?P<allowed>.+)\n      mend:    (?P<mend>.+)"
)


def write_sources(folder: Path) -> None:
    """Everything that a config may rightly or wrongly point at."""
    for name in ("hero", "my app"):
        (folder / name).mkdir()
        (folder / name / "main.go").write_text("package main\n\nfunc main() {}\n")
        (folder / name / "go.mod").write_text("module example.com/hero\n")
    (folder / "hero" / "Dockerfile").write_text("FROM scratch\n")
    (folder / "empty").mkdir()
    (folder / "loose").mkdir()
    (folder / "loose" / "main.go").write_text("package main\n\nfunc main() {}\n")
    (folder / "layout").mkdir()
    (folder / "layout" / "index.json").write_text("{}")
    (folder / "hero" / "README.md").write_text("# Hero\n")
    (folder / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    (folder / "kubeconfig").write_text("{}")
    (folder / "notes.txt").write_text("no image")
    write_archive(folder / "hero.tar", [layer({"hello": b"world"})], "cncf-demo:v0.0.1")
    (folder / "hero.tar.gz").write_bytes(gzip.compress((folder / "hero.tar").read_bytes()))


def entries_of(config: Mapping[str, object], *, secret: bool = False) -> dict[str, Entry]:
    """A stack file's config as Pulumi hands it over: JSON for what is not text, and no text at all for null.

    A map is secret as a whole where something in it is, which stands in the file as `secure: …`.
    """
    return {key: Entry(_text(_opened(value)), secret or _opened(value) != value) for key, value in config.items()}


def sealed(text: str) -> dict[str, str]:
    """A secret as it stands in a stack's file, but for the cipher."""
    return {"secure": text}


def _opened(value: object) -> object:
    if isinstance(value, dict):
        members = cast("dict[str, object]", value)
        if members.keys() == {"secure"}:
            return members["secure"]
        return {key: _opened(member) for key, member in members.items()}
    if isinstance(value, list):
        return [_opened(item) for item in cast("list[object]", value)]
    return value


def read(entries: Mapping[str, Entry]) -> Settings:
    """What the program reads in stack dev of project hero."""

    def within_the_stack() -> Settings:
        use_engine(Engine())
        return read_settings(entries)

    return contextvars.copy_context().run(within_the_stack)


def built_from(config: Mapping[str, object]) -> Engine:
    """The program itself, run with this config."""
    engine = Engine()
    engine.run(lambda: runpy.run_path(str(ROOT / "__main__.py")), entries_of(config))
    return engine


def mistakes_in(entries: Mapping[str, Entry]) -> list[Mistake]:
    """What the program says is wrong, taken apart again."""
    try:
        read(entries)
    except ConfigurationError as error:
        return taken_apart(str(error))
    return []


def taken_apart(message: str) -> list[Mistake]:
    """Every mistake of the message, of which each line must belong to one."""
    head, _, rest = message.partition("\n")
    mistakes = [Mistake(**found.groupdict()) for found in MISTAKE.finditer(rest)]
    count = "a mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
    assert head == f"The configuration of stack dev has {count}; nothing was changed."
    assert rest == "\n".join(mistake.told() for mistake in mistakes)
    return mistakes


def follow(advice: str, config: dict[str, Any]) -> None:
    """Do to the config what the CLI would do to the stack file; what it would refuse fails here too."""
    for command in advice.split(" && "):
        program, _, verb, *words = shlex.split(command)
        secret = "--secret" in words
        if secret:
            # The CLI asks for the value.
            words = [word for word in words if word != "--secret"] + ["what-is-typed-then"]
        assert (program, words[:3]) == ("./pulumiw", ["--stack", "dev", "--path"])
        key, steps = _steps(words[3])
        if verb == "rm":
            _remove(config, [key, *steps])
        elif secret:
            old = config.get(key)
            config[key] = _put(cast("object", old) if isinstance(old, dict) else None, steps, sealed(words[4]))
        elif steps:
            # Only at its first level does the CLI put a container where there is something else.
            old = config.get(key)
            container = cast("object", old) if isinstance(old, dict | list) else None
            config[key] = _put(container, steps, _coerced(words[4]))
        else:
            config[key] = words[4]


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _steps(path: str) -> tuple[str, list[str | int]]:
    project, _, rest = path.partition(":")
    assert STEP.sub("", rest) == ""
    steps: list[str | int] = []
    for quoted, place, bare in STEP.findall(rest):
        steps.append(int(place) if place else (bare or quoted.replace(r"\"", '"')))
    assert steps[0], "the CLI wants a key"
    return f"{project}:{steps[0]}", steps[1:]


def _coerced(value: str) -> object:
    if value in ("true", "false"):
        return value == "true"
    return int(value) if re.fullmatch(r"-?[1-9]\d*|0", value) else value


def _remove(inside: Any, steps: list[str | int]) -> None:  # noqa: ANN401 - any JSON
    step, *rest = steps
    if not _has(inside, step):
        return
    if rest:
        _remove(inside[step], rest)
    else:
        del inside[step]


def _put(inside: Any, steps: list[str | int], value: object) -> object:  # noqa: ANN401 - any JSON
    if not steps:
        return value
    step, *rest = steps
    if inside is None:
        inside = [] if isinstance(step, int) else {}
    if isinstance(step, int):
        items = cast("list[object]", inside)
        assert isinstance(inside, list), "the CLI expects a list"
        assert step <= len(items), "the CLI leaves no gap in a list"
        items[step : step + 1] = [_put(items[step] if step < len(items) else None, rest, value)]
        return items
    assert isinstance(inside, dict), "the CLI expects a map"
    members = cast("dict[str, object]", inside)
    return {**members, step: _put(members.get(step), rest, value)}


def _has(inside: Any, step: str | int) -> bool:  # noqa: ANN401 - any JSON
    if isinstance(step, int):
        return isinstance(inside, list) and step < len(cast("list[object]", inside))
    return isinstance(inside, dict) and step in inside
