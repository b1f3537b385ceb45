"""Tests of complaints: whose they are, when several workers were asked."""

from __future__ import annotations

import pytest

from console.commands.work.looking import complain
from console.screen import Screen


def test_each_complaint_names_its_endpoint_once(capsys: pytest.CaptureFixture[str]) -> None:
    away = {"endpoint": "vpc-a", "code": "WorkerSilent", "sentence": "The worker of vpc-a did not answer."}
    other = {"endpoint": "vpc-b", "code": "NotOwner", "sentence": "The endpoint belongs to another account."}
    assert complain(Screen(as_json=False), [away, other]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "The worker of vpc-a did not answer.",
        "vpc-b: The endpoint belongs to another account.",
    ]
    assert complain(Screen(as_json=False), []) == 0
