"""The environment in which the CLI runs in this tier."""

import functools
import os
from pathlib import Path

from tests.engine.keys import vault
from tools.wrapper import prepare

# A third of the CLI's CPU time: where nothing fails, the state at the end is the same.
SAVE_ONCE = {"PULUMI_SKIP_CHECKPOINTS": "true"}


def environment_of(path: Path, home: Path) -> dict[str, str]:
    """Return it for a stack in this directory, whose plugins are in this home of Pulumi's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "HERO_"))}
    return {
        **kept,
        # What the CLI allocates in a second need not be collected; the limit is for one that goes on.
        "GOGC": "off",
        "GOMEMLIMIT": "512MiB",
        "PATH": _path_of_programs(),
        "PULUMI_BACKEND_URL": f"file://{path}",
        "PULUMI_DEBUG_COMMANDS": "true",
        # What opens the secrets is named in the state; the config is written anew all the time.
        "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
        "PULUMI_HOME": str(home),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        **vault(),
    }


@functools.cache
def _path_of_programs() -> str:
    return prepare()[1]["PATH"]
