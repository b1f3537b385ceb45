"""Tests of seeded runs: a fixed set, and a fresh one."""

from __future__ import annotations

from pathlib import Path
from random import SystemRandom

import pytest

from lab.simulate import report
from lab.simulate.plan import Plan
from lab.simulate.report import commit, simulate_seeds
from lab.simulate.simulation import Simulation, scratch_folder, simulate
from shared.protocol.interface import Interface
from shared.store.sqlite import Store

FIXED = (0, 400)
FRESH_SEEDS = 400
KILLS = Plan(seconds=12.0, connections=2, commands=14, kills=9, delay_seconds=0.02)


def test_the_fixed_seeds_hold() -> None:
    figures = simulate_seeds(*FIXED)
    assert not figures.broken
    assert {"killed", "lost", "doubled", "partition", "disk full", "store lost"} <= figures.faults.keys()


def test_fresh_seeds_hold() -> None:
    first = SystemRandom().randrange(2**31)
    figures = simulate_seeds(first, FRESH_SEEDS, stores_last=True)
    assert not figures.broken, f"commit {commit()}: live({min(figures.broken)}, told=True, stores_last=True)"


@pytest.mark.parametrize("seed", range(40))
def test_workers_that_are_killed_again_and_again_lose_nothing(seed: int) -> None:
    with scratch_folder() as folder:
        findings = Simulation(seed, folder, plan=KILLS).run()
    assert findings.broken is None
    assert findings.faults["killed"] > 0


@pytest.mark.parametrize("seed", [3, 17, 4242])
def test_the_same_seed_tells_the_same_story_word_for_word(seed: int) -> None:
    first, second = simulate(seed, verbose=True), simulate(seed, verbose=True)
    assert first.lines == second.lines
    assert len(first.lines) > 10


def _broken(count: int = 150) -> list[str]:
    return list(simulate_seeds(0, count).broken.values())


def test_records_that_are_not_written_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that is changed only in memory is what a worker that speaks before its commit has."""
    shipped = Store.save

    def forgetful(self: Store, state: Interface) -> None:
        if state.version != 2:
            shipped(self, state)

    monkeypatch.setattr(Store, "save", forgetful)
    assert _broken()


def test_a_failed_run_is_told_with_its_seed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shared.store.payloads.Payloads.keep", lambda *_: None)
    monkeypatch.setattr(report, "CHUNK_SEEDS", 40)
    assert report.run(40, 0, 1, trace=False, as_json=False) == 1
    assert "peering-lab simulate --seed" in capsys.readouterr().out


def test_lost_stores_come_to_an_agreement(tmp_path: Path) -> None:
    plan = Plan(seconds=10.0, connections=3, commands=8, losses=1)
    for seed in range(30):
        folder = tmp_path / str(seed)
        folder.mkdir()
        assert Simulation(seed, folder, plan=plan).run().broken is None
