"""`make previews`: lets the real CLI preview a stack in each of a few states, and keeps what it wrote down."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.engine.cases import CASES, furnish
from tests.engine.changes.change import with_values
from tests.engine.house import House, Ran, new_house
from tests.previews import FOLDER, NAMES
from tools.preview.masks import SHORTEST, secrets_in

LEFT_OUT = ("debug", "info#err")
A_KEY = "PRIVATE KEY"


def first(house: House) -> Ran:
    """Of a stack that is not there yet, whose config holds a secret."""
    house.configure(config_of("dockerhub-ko"))
    return house.preview()


def unchanged(house: House) -> Ran:
    """Of a stack that is as its config says."""
    house.configure(config_of("embedded-ko"))
    house.up()
    return house.preview()


def changed(house: House) -> Ran:
    """Something is made, something replaced, something updated, something goes."""
    config = config_of("zot-ko")
    house.configure(config)
    house.up()
    changes = {"zot.rotate": "another", "zot.nodes": False, "zot.metrics": True, "image.tags": ["v0.0.2", "latest"]}
    house.configure(with_values(config, changes))
    return house.preview()


def failed(house: House) -> Ran:
    """A config with mistakes in it."""
    house.configure({"registry": "embeded", "image": {"tags": ["not a tag"]}})
    return house.run("preview")


def drifted(house: House) -> Ran:
    """Somebody has taken away what the program has made."""
    house.configure(config_of("zot-ko"))
    house.up()
    with house.world.changed():
        del house.world.things[next(key for key, each in house.world.things.items() if each.name == "zot-nodes-told")]
    return house.run("refresh", "--preview-only")


def config_of(case: str) -> dict[str, Any]:
    """The config that the engine tier begins with."""
    return next(each for each in CASES if str(each) == case).config()


SCENES: dict[str, Callable[[House], Ran]] = {
    "first": first,
    "unchanged": unchanged,
    "changed": changed,
    "failed": failed,
    "drifted": drifted,
}


def record(name: str) -> None:
    """Play one scene and keep it."""
    with tempfile.TemporaryDirectory() as folder:
        house = new_house(Path(folder), {})
        furnish(house)
        ran = SCENES[name](house)
        state = house.exported()
        house.plugins.close()
    kept = [line for line in ran.events.splitlines() if said(line) not in LEFT_OUT]
    found = sorted({secret for secret in secrets_in(state) if len(secret) >= SHORTEST and A_KEY not in secret})
    (FOLDER / f"{name}.jsonl").write_text("".join(f"{line.replace(folder, '/hero')}\n" for line in kept))
    (FOLDER / f"{name}.secrets.json").write_text(json.dumps(found, indent=1) + "\n")


def said(line: str) -> str:
    """How grave what is said in this event is; nothing where nothing is said."""
    return json.loads(line).get("diagnosticEvent", {}).get("severity", "")


if __name__ == "__main__":
    for scene in NAMES:
        record(scene)
