"""Tests of the benchmark's table: what is divided by what, and against which aim."""

import json
from dataclasses import asdict
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from lab.bench import page, report
from lab.bench.results import (
    Baseline,
    BenchFailed,
    Breakdown,
    Bulk,
    ByConnections,
    ConnectionsPoint,
    Fanout,
    Latency,
    Lone,
    Payloads,
    Rate,
    Results,
    ScalePoint,
    Worlds,
    percentile,
)
from lab.bench.run import joined
from lab.bench.table import Row, fastest, quickest, table

MACHINE = report.Machine("an old one", 2, "Linux 6", "3.11.2", 0.1)


def baseline(queue_type: str, seconds: float, milliseconds: float) -> Baseline:
    return Baseline(queue_type, Rate(1_000, (seconds,)), Latency((milliseconds,) * 100))


def test_a_baseline_that_is_measured_twice_counts_with_both() -> None:
    before = [baseline("classic", 1.0, 4.0), baseline("quorum", 2.0, 5.0)]
    after = [baseline("classic", 3.0, 6.0), baseline("quorum", 2.0, 5.0)]
    both = joined(joined([], before), after)
    assert both == [
        Baseline("classic", Rate(1_000, (1.0, 3.0)), Latency((4.0,) * 100 + (6.0,) * 100)),
        Baseline("quorum", Rate(1_000, (2.0, 2.0)), Latency((5.0,) * 200)),
    ]
    assert joined(None, rate := Rate(1, (1.0,))) is rate


def point(connections: int, cost: float) -> ConnectionsPoint:
    latency = Latency((2.0,))
    return ConnectionsPoint(connections, cost, 40.0, Rate(1_000, (0.1,)), latency, latency, latency)


def scale_point(endpoints: int) -> ScalePoint:
    return ScalePoint(endpoints, 4, 7.0, 15.0, 0.061, 12.5, 13.4, 6_144.0, 4 * endpoints, 2 * endpoints + 5, 0.0075)


def results(*, seconds: float = 1.0) -> Results:
    rate = Rate(20_000, (seconds,))
    return Results(
        plain=[baseline("classic", 1.25, 4.0), baseline("quorum", 1.0, 5.0)],
        stock=[baseline("classic", 2.0, 10.0)],
        durable=[baseline("quorum", 4.0, 8.0)],
        faststream=[baseline("classic", 2.0, 8.0)],
        plain_payloads=[("quorum", Payloads(rate, Rate(20_000, (20.0,))))],
        bulk=Bulk(rate, rate, Rate(20_000, (4.0,))),
        lone=Lone(Latency((5.0,) * 99 + (6.1,)), Latency((9.0,)), Latency((0.4,))),
        by_connections=ByConnections(
            (point(1_000, 100.0), point(100_000, 121.0)), 50.0, 251.0, (0.5,), (2.0, 3.5), 0.04, 100_000
        ),
        payloads=Payloads(Rate(20_000, (0.2,)), Rate(20_000, (10.0,))),
        worlds=Worlds(Latency((450.0,)), Latency((60.0,)), Latency((90.0,)), 590.0, (0.9, 1.1, 1.2), 1.0),
        scale=[scale_point(20), scale_point(300)],
        fanout=[
            Fanout(50, Rate(20_000, (2.0,)), rate, 100.0, 300.0, 50.0),
            Fanout(200, Rate(20_000, (1.25,)), rate, 120.0, 400.0, 60.0),
        ],
    )


def row(rows: list[Row], name: str) -> Row:
    found = [one for one in rows if one.measure.startswith(name)]
    assert len(found) == 1, [one.measure for one in rows]
    return found[0]


def test_a_percentile_is_a_sample_that_was_taken() -> None:
    samples = [float(number) for number in range(1, 101)]
    assert [percentile(samples, percent) for percent in (50, 99, 100, 0)] == [50.0, 99.0, 100.0, 1.0]
    assert percentile([7.0], 99) == 7.0
    with pytest.raises(BenchFailed, match="nothing was measured"):
        percentile([], 50)


def test_a_rate_is_the_median_of_its_tries() -> None:
    assert Rate(100, (1.0, 50.0, 2.0)).per_second == 50.0


def test_the_better_of_the_two_queues_is_the_baseline_each_time() -> None:
    both = results().plain
    assert fastest(both) == 1_000.0
    best = quickest(both)
    assert best is not None
    assert best.p50 == 4.0
    assert fastest([]) is None
    assert quickest([]) is None


def test_throughput_is_ours_over_theirs() -> None:
    many = row(table(results(), full=True), "handshakes, 20,000")
    assert (many.ours, many.baseline, many.ratio, many.met) == (20_000.0, 1_000.0, 20.0, True)
    assert row(table(results(seconds=2.1), full=True), "handshakes, 20,000").met is False
    durable = next(one for one in table(results(), full=True) if one.measure.endswith("made as durable"))
    assert (durable.ratio, durable.met) == (80.0, None)


def test_latency_is_ours_over_theirs_and_small_is_good() -> None:
    rows = table(results(), full=True)
    assert (row(rows, "lone handshake, p50").ratio, row(rows, "lone handshake, p50").met) == (1.25, True)
    assert row(rows, "lone handshake, p99").met is True
    assert row(rows, "against plain on quorum queues").ratio == 1.0
    assert row(rows, "against plain on asyncio's loop, p50").ratio == 0.5
    assert row(rows, "against plain made as durable, p50").ratio == 0.625
    slower = results()
    slower.plain = [baseline("quorum", 1.0, 3.0)]
    assert row(table(slower, full=True), "lone handshake, p50").met is False


def test_every_aim_has_its_verdict() -> None:
    verdicts = {one.measure: one.met for one in table(results(), full=True) if one.aim}
    assert verdicts == {
        "handshakes, 20,000 connections": True,
        "lone handshake, p50": True,
        "lone handshake, p99": True,
        "dearest of these to cheapest": False,
        "suspends, 20,000 connections": True,
        "resumes, 20,000 connections": False,
        "payloads, one way": True,
        "payloads, both ways": False,
        "memory of a worker, idle": True,
        "memory of a worker, 100,000 interfaces": False,
        "worker started, until it answers": True,
        "after kill -9, 100,000 interfaces": False,
        "show, p50, at 1,000 and 100,000": True,
        "page of 100, p50, at 1,000 and 100,000": True,
        "keeping 100,000 interfaces alive": True,
        "handshakes, 1 initiator, 50 acceptors": False,
        "handshakes, 1 initiator, 200 acceptors": True,
        "hub of 200, 10,000 connections": True,
        "300 endpoints, ready after the boot": True,
        "memory of 300, RabbitMQ included": True,
        "private memory of a worker of 300": False,
        "processor time to start one of 300": False,
        "doing nothing, all of 300 together": True,
        "world until both are Activated, p50": True,
        "reset of a world, p50": False,
        "processor time of a world, all of it": True,
        "up on a warm broker, until ready": False,
        "first start, beyond RabbitMQ's boot": True,
    }


def test_fan_out_says_where_the_time_went() -> None:
    rows = table(results(), full=True)
    costs = [one.ours for one in rows if one.measure.startswith("processor time, ") and one.unit == "µs"]
    assert costs == [100.0, 300.0, 50.0, 120.0, 400.0, 60.0]


def test_a_hub_is_compared_with_the_time_of_one_pair() -> None:
    hub = row(table(results(), full=True), "hub of 200")
    assert (hub.ours, hub.baseline, hub.ratio) == (0.625, 0.5, 1.25)


def test_a_small_run_judges_ratios_and_no_sizes() -> None:
    judged = {one.measure for one in table(results(), full=False) if one.met is not None}
    assert judged == {
        "handshakes, 20,000 connections",
        "lone handshake, p50",
        "lone handshake, p99",
        "payloads, one way",
        "payloads, both ways",
        "memory of a worker, idle",
        "worker started, until it answers",
        "300 endpoints, ready after the boot",
        "memory of 300, RabbitMQ included",
        "private memory of a worker of 300",
        "processor time to start one of 300",
        "doing nothing, all of 300 together",
        "world until both are Activated, p50",
        "reset of a world, p50",
        "processor time of a world, all of it",
        "up on a warm broker, until ready",
        "first start, beyond RabbitMQ's boot",
    }


def test_without_a_baseline_there_is_no_ratio_and_no_verdict() -> None:
    alone = results()
    alone.plain, alone.faststream = [], []
    many = row(table(alone, full=True), "handshakes, 20,000")
    assert (many.ours, many.baseline, many.ratio, many.met) == (20_000.0, None, None, None)
    assert table(Results(), full=True) == []


def test_figures_have_three_figures() -> None:
    shown = [report.figure(value) for value in (0.0312, 1.234, 12.34, 123.4, 12_345.6)]
    assert shown == ["0.03", "1.23", "12.3", "123", "12,346"]


@pytest.mark.parametrize("full", [True, False])
def test_the_printed_table_fits_a_terminal_of_80_columns(*, full: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    rows = table(results(seconds=0.1), full=full)
    console = Console(file=StringIO(), record=True)
    report.show(rows, console)
    lines = console.export_text().splitlines()
    assert max(map(len, lines)) <= 80
    for one in rows:
        (line,) = [line for line in lines if line.startswith(f"{one.measure} ")]
        assert f"{report.figure(one.ours)} {one.unit}" in line
        assert "…" not in line
    assert any(line.startswith("- not at this size") for line in lines) is not full


def test_the_printed_table_of_scale_fits_and_leaves_nothing_out() -> None:
    console = Console(file=StringIO(), record=True, width=80)
    points = [scale_point(endpoints) for endpoints in (20, 100, 300, 600, 1_000)]
    report.show_scale(points, console)
    lines = console.export_text().splitlines()
    assert max(map(len, lines)) <= 80
    found = [line.rsplit(maxsplit=len(points)) for line in lines if not line.startswith("─")]
    assert [row[0] for row in found] == list(report.SCALE)
    assert list(zip(*(row[1:] for row in found), strict=True)) == [report.scale_cells(point) for point in points]
    report.show_scale([], console)
    assert console.export_text(clear=False) == ""


def test_what_is_kept_can_be_read_and_fills_the_page(tmp_path: Path) -> None:
    found = results()
    found.breakdown = Breakdown({"wire": 30.0, "step": 10.0}, 1_000)
    rows = table(found, full=True)
    file = tmp_path / "deep" / "run.json"
    report.write(file, report.document(found, rows, MACHINE, {"fanout": "too few processes"}))
    kept = json.loads(file.read_text(encoding="utf-8"))
    assert [Row(**one) for one in kept["rows"]] == rows
    assert kept["machine"] == asdict(MACHINE)
    ends = {
        "samples": 100,
        "p1": 5.0,
        "p10": 5.0,
        "p25": 5.0,
        "p50": 5.0,
        "p75": 5.0,
        "p90": 5.0,
        "p99": 5.0,
        "p100": 6.1,
    }
    assert kept["results"]["lone"]["ends"] == ends
    marks = [mark.format(name) for name in ("measures", "breakdown", "machine", "scale") for mark in page.MARKS]
    text = page.written("\n".join(["before", *marks, "after"]), kept)
    assert "| handshakes, 20,000 connections | 20,000 /s | 1,000 /s | 20.0 | at least 10 times plain | yes |" in text
    assert "| 300 | 4 | 7.00 | 15.0 | 61.0 | 12.5 | 13.4 | 6.00 | 1,200 | 605 | 0.75 |" in text
    assert "| wire | 30.0 µs | 75% |" in text
    assert "too few processes" in text
    assert text.startswith("before")
    assert text.endswith("after")
    assert page.written(text, kept) == text


def test_a_page_without_a_place_is_refused() -> None:
    kept = report.document(Results(), [], MACHINE, {})
    with pytest.raises(ValueError, match="no place for measures"):
        page.written("nothing", kept)
