"""What `make status` asks, and the dashboard that is drawn from the same numbers."""

import json
import re
from typing import Any

import pytest

from tools import status
from tools.places import ROOT
from tools.problem import Problem

PLACE = {"kubeconfig": "", "context": "kind-hero", "namespace": "hero-dev-dragonfly"}
# https://github.com/dragonflyoss/client/blob/v1.4.0/dragonfly-client-metric/src/lib.rs
METRICS = {
    f"dragonfly_client_{name}"
    for name in (
        *("download_traffic", "upload_traffic", "download_task_total", "download_task_failure_total"),
        *("proxy_request_total", "proxy_request_failure_total", "proxy_request_via_dfdaemon_total"),
    )
}


def state(*types: str) -> dict[str, Any]:
    """A stack as Pulumi exports it."""
    urns = [f"urn:pulumi:dev::hero::{kind}::name" for kind in types]
    return {"deployment": {"resources": [{"urn": urn, "outputs": PLACE} for urn in urns]}}


def test_a_dragonfly_is_found_where_its_wait_was_told_it_is() -> None:
    exported = state("hero:registry:Zot$hero-home:provider:Readiness", status.WAIT)
    assert status.where(exported, "dev") == ["", "kind-hero", "hero-dev-dragonfly"]


@pytest.mark.parametrize("exported", [state(), state("hero:registry:Zot$hero-home:provider:Readiness"), {}])
def test_a_stack_without_one_is_told_so(exported: dict[str, Any]) -> None:
    with pytest.raises(Problem, match="stack dev has no Dragonfly"):
        status.where(exported, "dev")


def test_a_stack_has_to_be_named() -> None:
    with pytest.raises(Problem, match="make status STACK"):
        status.main([])


def test_the_dashboard_asks_only_for_what_there_is() -> None:
    dashboard = json.loads((ROOT / "docs" / "dashboards" / "dragonfly.json").read_text())
    asked: set[str] = set()
    for panel in dashboard["panels"]:
        assert panel["title"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${source}"}
        for target in panel["targets"]:
            asked |= set(re.findall(r"dragonfly_\w+", target["expr"]))
    assert asked == METRICS
    assert [variable["name"] for variable in dashboard["templating"]["list"]] == ["source", "namespace"]


def test_no_panel_lies_over_another() -> None:
    dashboard = json.loads((ROOT / "docs" / "dashboards" / "dragonfly.json").read_text())
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not taken & cells
        taken |= cells
    assert max(x for x, _ in taken) < 24
