"""Which chart is installed: one exact version, so that two runs install the same."""

import re
from collections.abc import Iterator

from policies.rule import Resource, Rule, Said
from policies.rules.passwords import HELM

EXACT = re.compile(r"v?\d+\.\d+\.\d+([-+][\w.+-]+)?")
BY_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
ON_DISK = re.compile(r"^[./~]")


def check(resource: Resource, _: Said) -> Iterator[str]:
    """A folder or a file on disk is what it is; any other has a version, and no range of them."""
    chart, version = resource.inputs.get("chart"), resource.inputs.get("version")
    if resource.type not in HELM or not isinstance(chart, str) or ON_DISK.search(chart) or BY_DIGEST.search(chart):
        return
    if not version:
        yield "the chart has no version: whichever is the newest then would be installed"
    elif isinstance(version, str) and not EXACT.fullmatch(version):
        yield "version is a range: whichever is the newest in it would be installed"


PINNED_CHARTS = Rule("pinned-charts", "Every Helm chart has one exact version.", check)
