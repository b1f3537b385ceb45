"""The reader of scenario files, and the JSON schema by which an editor completes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final, get_args

from pydantic import BaseModel

from console.faults import steps
from console.faults.reaching import REACH_LIMIT_SECONDS
from console.faults.situation import FOLDER, Situation, situation
from console.faults.steps import ROLES, Expectation
from console.scenario.model import Action, Scenario, Step
from console.topology import FileRefused, Topology, load
from console.topology import problems as of_topology
from console.topology.reading import Place, read_as

_SHOWN_CHARACTERS: Final = 60


class ScenarioRefused(FileRefused):
    """The error of a scenario that cannot be."""


def load_scenario(path: Path) -> tuple[Scenario, Topology | None]:
    """Read a scenario file, and the topology that it names or holds. Raises ScenarioRefused or TopologyRefused.

    The file of a situation is one, too: it is reached, and heals.
    """
    if path.resolve().parent == Path(str(FOLDER)).resolve() and path.suffix == ".yaml":
        return _of_situation(situation(path.stem)), None
    scenario = read_as(Scenario, path, _sentence, ScenarioRefused)
    topology = scenario.topology
    if isinstance(topology, Path):
        topology = load(path.parent / topology)
    return scenario, topology


def _of_situation(wanted: Situation) -> Scenario:
    """The scenario that reaches a situation and lets it heal, on what runs already."""
    reached = Step(title="It is reached", expect=_patient(wanted.reached))
    healed = Step(title="It heals", do=(Action(clear="all"), *_acts(wanted.heal)), expect=_patient(wanted.healed))
    taken = [Step(do=_acts(one.do), expect=one.expect and _patient(one.expect)) for one in wanted.steps]
    return Scenario(title=wanted.name, steps=(*taken, reached, healed))


def _acts(acts: Sequence[steps.Action]) -> tuple[Action, ...]:
    return tuple(Action.model_validate(one.model_dump(by_alias=True, exclude_unset=True)) for one in acts)


def _patient(wanted: Expectation) -> Expectation:
    return wanted.model_copy(update={"within": max(wanted.within, REACH_LIMIT_SECONDS)})


def _sentence(kind: str, place: Place, said: str) -> str:
    """Say what is wrong with one place, and what would be right; never what was written there."""
    if place[:1] == ("topology",) and len(place) > 1:
        return of_topology.sentence_of(kind, place[1:], said)
    model, key = _model_at(place[:-1]), str(place[-1]) if place else ""
    shown = "".join(f"[{part}]" if isinstance(part, int) else f".{part[:_SHOWN_CHARACTERS]}" for part in place)
    shown = f"`{shown.lstrip('.')}`" if place else "the scenario"
    if model is not None and (kind == "extra_forbidden" or (model is Expectation and _is_unknown(key))):
        known = list(_keys(model))
        close = get_close_matches(key, known, n=1)
        meant = f"; did you mean {close[0]!r}?" if close else ""
        return f"unknown key {key[:_SHOWN_CHARACTERS]!r}{meant} (keys here: {', '.join(known)})"
    if kind == "missing":
        return f"{shown} is missing"
    said = said.removeprefix("Value error, ")
    return f"{shown}: {said[:1].lower()}{said[1:]}"


def _is_unknown(key: str) -> bool:
    return not key.startswith("ri-") and key not in {*ROLES, *_keys(Expectation)}


def _keys(model: type[BaseModel]) -> Iterator[str]:
    yield from (field.alias or name for name, field in model.model_fields.items())
    if model is Expectation:
        yield Expectation.keys


def _model_at(place: Place) -> type[BaseModel] | None:
    """The model of a place of a scenario; None where there is none."""
    found: type[BaseModel] | None = Scenario
    for part in place:
        if isinstance(part, str) and found is not None:
            fields = {field.alias or name: field for name, field in found.model_fields.items()}
            found = next(_models_in(fields[part].annotation), None) if part in fields else None
    return found


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)
