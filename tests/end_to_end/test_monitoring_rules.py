"""Tests of the examples for Prometheus and Grafana by Prometheus's own checker: its alerts fire when they should."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import yaml

from tests.end_to_end.programs import REPOSITORY

MONITORING: Final = REPOSITORY / "examples" / "monitoring"
RULES: Final = MONITORING / "alerts.yml"
LIMIT_SECONDS: Final = 60
ENDPOINT: Final = 'endpoint="vpc-a"'
VARIABLES: Final = {"$__rate_interval": "1m", "$endpoint": "vpc-a"}
"""What Grafana puts in before it asks."""


class Case(NamedTuple):
    """An alert, series by the minute with which it fires, and others with which it does not, after so long.

    `labels` are those that it has beside its severity and its endpoint.
    """

    alert: str
    fires: dict[str, str]
    silent: dict[str, str]
    after: str = "30m"
    labels: str = ""


def events(**counts: str) -> dict[str, str]:
    return {f'peering_worker_events_total{{{ENDPOINT},event="{name}"}}': series for name, series in counts.items()}


def of(name: str, series: str, *labels: str) -> dict[str, str]:
    return {f"{name}{{{','.join((ENDPOINT, *labels))}}}": series}


def opened(within_5: str, within_10: str) -> dict[str, str]:
    """Connections that opened within 5 s, and within 10 s."""
    counted = {"5.0": within_5, "10.0": within_10, "+Inf": within_10}
    return {
        name: series
        for bound, series in counted.items()
        for name in of("peering_opening_seconds_bucket", series, f'le="{bound}"')
    }


def dead(reason: str, series: str) -> dict[str, str]:
    return of("peering_dead_letters_total", series, f'reason="{reason}"')


UP, DOWN = of("peering_worker_up", "1x60"), of("peering_worker_up", "0x60")
CASES: Final = (
    Case("PeeringWorkerDown", DOWN, UP),
    Case(
        "PeeringWorkerUnhealthy", UP | of("peering_worker_healthy", "0x60"), UP | of("peering_worker_healthy", "1x60")
    ),
    Case("PeeringBrokerTakesNothing", of("peering_worker_blocked", "1x60"), of("peering_worker_blocked", "0x60")),
    Case("PeeringBrokerTakesNothing", of("peering_worker_connected", "0x60"), of("peering_worker_connected", "1x60")),
    Case("PeeringStoreFailing", of("peering_worker_store_failing", "1x60"), of("peering_worker_store_failing", "0x60")),
    Case("PeeringErrors", events(errors="0x25 1x35"), events(errors="1x60"), labels='event="errors"'),
    Case(
        "PeeringStoreGrows",
        of("peering_store_bytes", "1000000+1000000x600"),
        of("peering_store_bytes", "900000000+1000x600"),
        "9h",
    ),
    Case(
        "PeeringPeersUnreachable",
        of("peering_peers", "1x60", 'state="unreachable"'),
        of("peering_peers", "0x60", 'state="unreachable"') | of("peering_peers", "3x60", 'state="unknown"'),
        labels='state="unreachable"',
    ),
    Case("PeeringOpeningSlow", opened("0x60", "0+6x60"), opened("0+6x60", "0+6x60")),
    Case(
        "PeeringStuckInTransition",
        of("peering_interfaces", "1x60", 'status="Suspending"'),
        of("peering_interfaces", "1x8 0 1x8 0 1x12", 'status="Suspending"')
        | of("peering_interfaces", "3x60", 'status="Connecting"'),
    ),
    Case(
        "PeeringRetransmissions",
        events(retransmissions="0+30x60", received_messages="0+60x60"),
        events(retransmissions="0+30x60", received_messages="0+600x60"),
    ),
    Case("PeeringDeadLetters", dead("NotJson", "0x25 1x35"), dead("NotJson", "1x60"), labels='reason="NotJson"'),
    Case("PeeringDeadLettersFlood", dead("NotJson", "0+900x60"), dead("NotJson", "0+300x60")),
    Case("PeeringOwnError", dead("OwnError", "0x25 1x35"), dead("NotJson", "0x25 1x35")),
)


@pytest.fixture(scope="module")
def promtool() -> Path:
    """Prometheus's checker."""
    subprocess.run(
        [str(REPOSITORY / "scripts/bootstrap"), "promtool"], check=True, timeout=600, stdin=subprocess.DEVNULL
    )
    return REPOSITORY / ".venv" / "promtool" / "promtool"


def said(promtool: Path, *words: str) -> tuple[int, str]:
    done = subprocess.run(
        [str(promtool), *words], check=False, capture_output=True, text=True, timeout=LIMIT_SECONDS, cwd=REPOSITORY
    )
    return done.returncode, done.stdout + done.stderr


def firing(case: Case, severity: str) -> list[dict[str, Any]]:
    """How promtool is told that an alert fires, and no other alert of its name."""
    labels = f'alertname="{case.alert}",alertstate="firing",{ENDPOINT},severity="{severity}",{case.labels}'
    return [{"labels": f"ALERTS{{{labels}}}", "value": 1}]


def rules() -> dict[str, dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def test_the_rules_are_accepted(promtool: Path) -> None:
    assert said(promtool, "check", "rules", "--lint=all", "--lint-fatal", str(RULES))[0] == 0


def test_every_alert_has_a_case() -> None:
    assert {case.alert for case in CASES} == set(rules())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.alert)
def test_an_alert_fires_when_it_should_and_is_silent_when_not(case: Case, promtool: Path, tmp_path: Path) -> None:
    fires = firing(case, rules()[case.alert]["labels"]["severity"])
    asked = f'ALERTS{{alertname="{case.alert}",alertstate="firing"}}'
    tests = [
        {
            "interval": "1m",
            "input_series": [{"series": name, "values": values} for name, values in series.items()],
            "promql_expr_test": [{"expr": asked, "eval_time": case.after, "exp_samples": expected}],
        }
        for series, expected in ((case.fires, fires), (case.silent, []))
    ]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": tests}))
    code, output = said(promtool, "test", "rules", str(file))
    assert code == 0, output


def test_prometheus_accepts_its_own_file(promtool: Path) -> None:
    """What it does not find here is the token of an `up` that does not run."""
    code, output = said(promtool, "check", "config", "--syntax-only", str(MONITORING / "prometheus.yml"))
    assert code == 0, output


def test_the_dashboard_asks_what_prometheus_understands(promtool: Path, tmp_path: Path) -> None:
    panels = json.loads((MONITORING / "dashboard.json").read_text())["panels"]
    asked = [target["expr"] for panel in panels for target in panel["targets"]]
    for name, value in VARIABLES.items():
        asked = [expression.replace(name, value) for expression in asked]
    recorded = [{"record": f"panel:{number}", "expr": expression} for number, expression in enumerate(asked)]
    file = tmp_path / "panels.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": recorded}]}))
    code, output = said(promtool, "check", "rules", str(file))
    assert (code, f"{len(asked)} rules found" in output) == (0, True), output


def test_each_panel_says_where_its_figures_come_from_and_their_unit() -> None:
    for panel in json.loads((MONITORING / "dashboard.json").read_text())["panels"]:
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
