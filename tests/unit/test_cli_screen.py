"""Tests of tables and of text from elsewhere on the terminal."""

import io
import json

import pytest
from rich.console import Console
from rich.text import Text

from console.client.plain import escape_json, plain
from console.screen import (
    Screen,
    connection_table,
    interfaces_table,
    table,
    timeline_table,
    transition_line,
)
from shared.wire.views import TimelineRow
from tests.unit.test_why import other, own


def drawn(width: int, thing: object, *, colour: bool = False) -> str:
    out = io.StringIO()
    if colour:
        Console(file=out, width=width, force_terminal=True, color_system="truecolor").print(thing)
    else:
        Console(file=out, width=width, markup=False).print(thing)
    return out.getvalue()


def console(width: int) -> Console:
    return Console(file=io.StringIO(), width=width)


@pytest.mark.parametrize("width", [200, 80, 40])
def test_no_width_cuts_anything_off(width: int) -> None:
    text = drawn(width, interfaces_table(console(width), [own(), other()]))
    for word in ("ri-a", "ri-b@vpc-b", "Activated", "owner-a", "nobody", "interface", "charged"):
        assert word in text
    assert "…" not in text
    assert all(len(line) <= width for line in text.splitlines())


def test_a_narrow_terminal_gets_blocks() -> None:
    wide, narrow = (interfaces_table(console(width), [own()]) for width in (200, 40))
    assert len(drawn(200, wide).splitlines()) == 2
    assert drawn(40, narrow).splitlines()[0].split() == ["interface", "ri-a"]


def test_statuses_have_colours_and_nothing_relies_on_them() -> None:
    coloured = drawn(100, connection_table(console(100), [own(), other()]), colour=True)
    assert "\x1b[1;32mActivated" in coloured
    assert "\x1b" not in drawn(100, connection_table(console(100), [own(), other()]))


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    out = io.StringIO()
    Console(file=out, force_terminal=True).print(Text("Activated", "green"))
    assert "\x1b[32m" not in out.getvalue()


def test_what_came_from_elsewhere_drives_no_terminal() -> None:
    assert plain("a\x1b[31mb\r\x07\u202e") == "a\\x1b[31mb\\r\\x07\\u202e"
    text = drawn(100, table(console(100), ("name",), [["[bold]\x1b[2J"]]))
    assert "[bold]\\x1b[2J" in text
    row = TimelineRow(row=1, at=0.5, interface="ri-a", was="", status="Idle", cause="\x1b]0;x\x07", said=["a", "b"])
    assert "\x1b" not in drawn(200, timeline_table(console(200), [row]))
    assert "\\x1b]0;x\\x07" in transition_line("vpc-a", row).plain


def test_json_has_the_same_facts_and_nothing_that_a_terminal_obeys(capsys: pytest.CaptureFixture[str]) -> None:
    nasty = {"body": "a\u202eb\u2066\u200f\x9b31m\x7f\u2028\U000e0041é中\ud800", "more": ["\u061c"]}
    Screen(as_json=True).data(nasty)
    said = capsys.readouterr().out
    assert json.loads(said) == nasty
    assert said == plain(said, keep="\n")
    assert "é中" in said
    assert escape_json('{"a": "\u202e"}') == '{"a": "\\u202e"}'


def test_a_name_is_shown_only_where_there_is_one() -> None:
    assert "name" not in drawn(200, interfaces_table(console(200), [own()])).split()
    assert "office" in drawn(200, interfaces_table(console(200), [own(name="office")]))


def test_refusals_go_to_stderr_and_json_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    Screen(as_json=False).failed("NotInitiator", "It can only wait.", "refused")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "refused (NotInitiator): It can only wait.\n")
    Screen(as_json=True).failed("NotInitiator", "It can only wait.", "refused")
    said = capsys.readouterr()
    assert said.out == '{"outcome": "refused", "code": "NotInitiator", "sentence": "It can only wait."}\n'
    assert said.err == ""
