"""The commands of the documentation, and why some of them are not run by a test."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tools.places import ROOT

PAGES = ["README.md", "CONTRIBUTING.md", *sorted(f"docs/{file.name}" for file in (ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

PLAYED = "typed by tests/engine/test_documents.py, with stand-ins for the providers"
CLUSTER = "asks a cluster, which no stand-in plays; the unit tier does the same with answers of its own"
REAL = "typed by tests/embedded/test_documents.py alone: it asks registries, which no stand-in plays"
BACKUP = "needs a cluster with a Harbor in it; it was run by hand in one"
OTHERS = "typed by tests/engine/test_package.py, with a stand-in and with our own plugin"
ITSELF = "is what runs this test"
BESIDE = "is run by CI beside `make test`, and would only be run twice"

# It ends what hangs: on a new and busy machine, what compiles first has been seen to need more than 300.
SECONDS_FOR_A_COMMAND = 1200

# What they are about begins with a home that is there.
OF_A_HOME = ("docs/mirrors.md", "docs/switching.md")

# What some of them have to say.
ANSWERS = {"make preview": "to create", "make where": "It is the only home."}

# By page: whatever cannot be done on any machine, or by one of the tiers alone, or would be done twice.
NOT_RUN: dict[str, dict[str, str]] = {
    "README.md": {"make test": ITSELF},
    "CONTRIBUTING.md": {"make test": ITSELF, "make lint": BESIDE},
    "docs/docker-hub.md": {
        "make up STACK=mine": PLAYED,
        "./pulumiw import hero-home:provider:DockerHubRepository dockerhub-repository NAMESPACE/hero --stack mine "
        "--parent dockerhub=urn:pulumi:mine::hero::hero:registry:DockerHub::dockerhub --generate-code=false "
        "--protect=false": PLAYED,
    },
    "docs/harbor.md": {
        "make up STACK=mine": PLAYED,
        "make refresh STACK=mine && make up STACK=mine": PLAYED,
        "make first STACK=mine": "takes a cluster, the chart and genuine plugins, and a quarter of an hour",
        "kubectl": BACKUP,
    },
    "docs/dragonfly.md": {
        "make up STACK=mine": PLAYED,
        "make status STACK=mine": CLUSTER,
        "sudo --preserve-env make peers DRAGONFLY=FOLDER": "takes ten minutes, and Dragonfly's own programs",
    },
    "docs/nydus.md": {
        "make up": PLAYED,
        "sudo --preserve-env make learn STACK=dev": "is for root where FUSE is; tests/embedded/test_learn.py types it",
        "sudo --preserve-env make lazy": "takes an hour; it is the next one without the numbers",
        "sudo": "is for root where FUSE is; tests/embedded/test_lazy_start.py types it",
    },
    "docs/mirrors.md": {
        "make preview": PLAYED,
        "make up": PLAYED,
        "./pulumiw stack output mirrors --stack dev": PLAYED,
        "make where": REAL,
    },
    "docs/package.md": {"pulumi": OTHERS, "npm": OTHERS},
    "docs/pull-secrets.md": {"make up": PLAYED},
    "docs/switching.md": {"make preview": PLAYED, "make up": PLAYED, "make where": REAL},
    "docs/zot.md": {
        "make up STACK=mine": PLAYED,
        "./pulumiw stack output caCertificate --stack mine > ca.crt": PLAYED,
        "sudo install -D ca.crt /etc/docker/certs.d/ADDRESS/ca.crt": "tells this machine's own Docker engine",
    },
}


def blocks(page: str) -> list[tuple[str, str]]:
    """Each block of code of a page, with the language that it is said to be in."""
    return BLOCK.findall((ROOT / page).read_text())


def commands(page: str) -> list[str]:
    """What a page has its reader type, without the comments behind it, in this order."""
    typed: list[str] = []
    for language, text in blocks(page):
        if language == "console":
            typed += re.findall(r"^\$ (.+)$", re.sub(r" *\\\n +", " ", text), re.MULTILINE)
    return [re.sub(r" +# .*", "", command) for command in typed]


def why_not(page: str, command: str) -> str:
    """Why not all tiers type it; nothing where they do. A reason may be that of all commands of one program."""
    reasons = NOT_RUN.get(page, {})
    return reasons.get(command) or reasons.get(command.split(maxsplit=1)[0], "")


def by_its_reader(command: str) -> str:
    """With something of the reader's own where the page has a word for it."""
    return command.replace("NAMESPACE", "vfarcic")


def run_by_a_test(page: str) -> list[str]:
    """What `tests/embedded/test_documents.py` types."""
    return [command for command in commands(page) if why_not(page, command) in ("", REAL)]


def played(page: str) -> list[str]:
    """What `tests/engine/test_documents.py` types of it: all but what needs more than a stand-in."""
    return [command for command in commands(page) if why_not(page, command) in ("", PLAYED)]


def typed(command: str, folder: Path, environment: Mapping[str, str], answer: str = "") -> str:
    """Its words, where it ends well; a command that asks is answered."""
    ended = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=environment,
        input=f"{answer}\n",
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS_FOR_A_COMMAND,
    )
    assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout
