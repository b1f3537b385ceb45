"""Tests of the profile's breakdown: each sample is counted once, for the right layer."""

import pytest

from lab.bench.breakdown import layer_of, shares
from lab.bench.results import BenchFailed

RUN = "run (/src/shared/runtime/processor.py:120)"


@pytest.mark.parametrize(
    ("innermost", "layer"),
    [
        ("read_bundle (/src/shared/wire/bundle.py:150)", "wire"),
        ("validate_json (/venv/site-packages/pydantic/type_adapter.py:500)", "wire"),
        ("step (/src/initiator/handshake.py:30)", "step"),
        ("declare (/src/shared/protocol/link.py:30)", "step"),
        ("commit (/src/shared/store/sqlite.py:120)", "store"),
        ("publish (/venv/site-packages/aio_pika/exchange.py:200)", "AMQP client"),
        ("run_forever (/usr/lib/python3.11/asyncio/runners.py:100)", "event loop"),
        ("tell (/src/shared/runtime/logs.py:50)", "logs"),
        ("_hear (/src/shared/runtime/processor.py:170)", "worker"),
    ],
)
def test_a_sample_belongs_to_its_innermost_layer(innermost: str, layer: str) -> None:
    assert layer_of([RUN, innermost]) == layer


def test_what_nobody_knows_belongs_to_its_caller() -> None:
    assert layer_of([RUN, "save (/src/shared/store/sqlite.py:90)", "replace (<string>:3)"]) == "store"
    assert layer_of(["<module> (x.py:1)"]) == "else"


def test_shares_add_up_to_one() -> None:
    found = shares([f"{RUN} 3", f"{RUN};commit (/src/shared/store/sqlite.py:1) 6", "somebody (elsewhere.py:1) 1"])
    assert found == {"store": 0.6, "worker": 0.3, "else": 0.1}


def test_no_sample_is_no_share() -> None:
    with pytest.raises(BenchFailed, match="no sample"):
        shares([])
