"""The OCI distribution-spec conformance suite, built from its pinned source and put to a registry."""

import os
import re
import subprocess
import tempfile
from ipaddress import ip_address
from pathlib import Path
from threading import Timer
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, parse

from tests.conformance.verdict import Result, Verdict, judge, read_known
from tools.go import build, ensure_go
from tools.packages import ensure_packages
from tools.places import ROOT
from tools.problem import Problem
from tools.progress import step

MODULE = ROOT / "tools" / "conformance"
PACKAGE = "github.com/opencontainers/distribution-spec/conformance"
SECONDS_FOR_THE_SUITE = 900
CHECK = re.compile(r' name="[^/"]*/?([^"]*)"')


def run(
    address: str,
    username: str,
    password: str,
    known: Path,
    *,
    below: str = "",
    may_delete: bool = True,
    ca_certificate: str = "",
    results: Path | None = None,
) -> Verdict:
    """Put the suite to a registry and hold what it finds against the list in `known`.

    It writes to the repositories `conformance/one` and `conformance/two` below another one of the registry, or of
    none. What it checks of deletes it leaves out where the login may not. Its own reports go to `results`, or to a new
    temporary folder.
    """
    folder = results or Path(tempfile.mkdtemp(prefix="hero-conformance-"))
    program = build(ensure_go(ensure_packages()), MODULE, PACKAGE, "conformance") / "conformance"
    settings = environment(address, username, password, below=below, folder=folder)
    if not may_delete:
        settings |= {f"OCI_API_{what}_DELETE": "false" for what in ("BLOBS", "MANIFESTS", "TAGS")}
    if ca_certificate:
        settings |= _trust(ca_certificate, folder)
    last_words = _execute(program, settings, folder, address)
    found = read_results(folder / "junit.xml", last_words)
    _require_answer(found, address)
    return judge(found, read_known(known))


def environment(address: str, username: str, password: str, *, below: str, folder: Path) -> dict[str, str]:
    """What the suite is told, none of it in its arguments; another OCI_ variable would change what it tests."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("OCI_")}
    repositories = f"{below}/conformance".lstrip("/")
    return {
        **others,
        "OCI_REGISTRY": address,
        "OCI_TLS": "disabled" if _is_loopback(address) else "enabled",
        "OCI_REPO1": f"{repositories}/one",
        "OCI_REPO2": f"{repositories}/two",
        "OCI_USERNAME": username,
        "OCI_PASSWORD": password,
        "OCI_RESULTS_DIR": str(folder),
        "OCI_LOG": "info",
    }


def _is_loopback(address: str) -> bool:
    """Whether container tools speak plain HTTP there unless told otherwise."""
    host = urlsplit(f"//{address}").hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _trust(ca_certificate: str, folder: Path) -> dict[str, str]:
    """Make the suite speak TLS, also on loopback, and believe this authority."""
    file = folder / "ca.pem"
    file.write_text(ca_certificate)
    return {"OCI_TLS": "enabled", "SSL_CERT_FILE": str(file)}


def _execute(program: Path, settings: dict[str, str], folder: Path, address: str) -> str:
    """Run the suite in the folder, since it would read settings from the one it is in; returns its last words."""
    words = ""
    with (
        step(f"OCI conformance suite at {address}") as bar,
        subprocess.Popen(
            [str(program)], cwd=folder, env=settings, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as process,
    ):
        patience = Timer(SECONDS_FOR_THE_SUITE, process.kill)
        patience.start()
        for line in process.stderr or ():
            words = line.strip()
            check = CHECK.search(words)
            bar.advance(check[1] if check else words)
        patience.cancel()
    if process.returncode < 0:
        raise Problem(f"the suite was ended by signal {-process.returncode} (it may take {SECONDS_FOR_THE_SUITE} s)")
    return words


def read_results(junit: Path, last_words: str) -> list[Result]:
    """Every check that the suite's report names; the last words are told where there is no report."""
    if not junit.exists():
        raise Problem(f"the suite gave no results: {last_words}")
    root = parse(junit).getroot()  # noqa: S314 - the suite that we built wrote it just now
    cases = list(root.iter("testcase"))
    errors = sum(int(suite.get("errors", "0")) for suite in root.iter("testsuite"))
    if errors > sum(1 for case in cases if case.get("status") == "error"):
        raise Problem(f"the suite broke off between two checks; what it did is told in {junit}")
    return [_result(case) for case in cases]


def _result(case: Element) -> Result:
    said = (case.findtext("system-out") or "").strip().splitlines()
    reason = said[0] if said else ""
    match case.get("status"):
        case "passed":
            return Result(case.get("name", ""), "passed")
        case "skipped":
            return Result(case.get("name", ""), "skipped", reason)
        case _:
            return Result(case.get("name", ""), "failed", reason)


def _require_answer(results: list[Result], address: str) -> None:
    """Without a registry every single check fails, which would hide the reason."""
    ping = [result for result in results if result.group == "ping"]
    if [result.status for result in ping] != ["passed"]:
        raise Problem(f"no registry answers at {address}: {ping[0].reason if ping else 'it was not asked'}")
