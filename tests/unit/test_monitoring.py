"""Tests of the examples for Prometheus and Grafana: they ask for nothing that is not there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from lab.generate.metrics import metrics_page
from shared.protocol.words import Status
from shared.runtime.condition import COUNTED
from shared.runtime.peers import Peers

MONITORING: Final = Path(__file__).parents[2] / "examples" / "monitoring"
ROW: Final = re.compile(r"^\| `(peering_\w+)` \| (\w+) \| (.*?) \|", re.MULTILINE)
NAME: Final = re.compile(r"\bpeering_\w+")
MATCH: Final = re.compile(r"\b(event|status|state)=~?\"([^\"]*)\"")
VALUES: Final = {
    "event": set(COUNTED),
    "status": {one.value for one in Status},
    "state": set(Peers(1, 2).by_reachability(0)),
}


def metrics() -> set[str]:
    """Every name that can be asked for; a histogram has three."""
    found: set[str] = set()
    for name, kind, _ in ROW.findall(metrics_page()):
        found |= {f"{name}_{part}" for part in ("bucket", "count", "sum")} if kind == "histogram" else {name}
    return found


def rules() -> list[dict[str, Any]]:
    return [
        rule for group in yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"] for rule in group["rules"]
    ]


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((MONITORING / "dashboard.json").read_text())
    return found


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in rules())
    yield from (target["expr"] for panel in dashboard()["panels"] for target in panel["targets"])
    yield from (one["query"] for one in dashboard()["templating"]["list"] if one["type"] == "query")


@pytest.mark.parametrize("expression", list(expressions()))
def test_what_is_asked_for_is_there(expression: str) -> None:
    asked = set(NAME.findall(expression))
    assert asked
    assert asked <= metrics()
    for label, values in MATCH.findall(expression):
        assert set(values.split("|")) <= VALUES[label]


def test_a_metric_that_is_not_there_would_be_found() -> None:
    assert {"peering_opening_seconds_bucket", "peering_worker_events_total", "peering_worker_up"} <= metrics()
    assert not {"peering_opening_seconds", "peering_nothing"} & metrics()


def test_each_alert_says_what_is_wrong_and_where() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names))
    for rule in rules():
        assert {"summary", "description"} <= set(rule["annotations"]), rule["alert"]
        assert rule["labels"]["severity"] in {"info", "warning", "critical"}


def test_each_panel_has_a_place_of_its_own() -> None:
    panels = dashboard()["panels"]
    places = {(one["gridPos"]["x"], one["gridPos"]["y"]) for one in panels}
    assert len({one["id"] for one in panels}) == len(places) == len(panels)


def test_prometheus_reads_the_rules_and_has_a_login() -> None:
    read = yaml.safe_load((MONITORING / "prometheus.yml").read_text())
    assert all((MONITORING / one).is_file() for one in read["rule_files"])
    jobs = {one["job_name"]: one for one in read["scrape_configs"]}
    assert jobs["peering"]["authorization"]["credentials_file"].endswith(".peering/token")
