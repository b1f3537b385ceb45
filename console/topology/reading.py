"""The reader of files that people write: topologies here, scenarios above; every problem is told with its line.

YAML is read as a tree of texts: no types are guessed (`no` stays a region, `0123` a uid), and there are no tags,
anchors or aliases, which nobody needs here and which can make a small file enormous.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from yaml.reader import ReaderError

from console.topology.models import Contradiction, Topology
from console.topology.problems import sentence_of

FILE_LIMIT_BYTES: Final = 1_048_576
DEPTH_LIMIT: Final = 16
PROBLEMS_SHOWN: Final = 20
KEY_SHOWN_CHARACTERS: Final = 60

Place = tuple[str | int, ...]
Lines = dict[Place, int]

_NULL_TAG: Final = "tag:yaml.org,2002:null"


Model = TypeVar("Model", bound=BaseModel)
Told = Callable[[str, Place, str], str]
"""What words a problem: from the validator's type, the place and the validator's message."""


class FileRefused(ValueError):
    """The base of errors of files; each line of its text begins `FILE:LINE: ` and says what would be right."""


class TopologyRefused(FileRefused):
    """The error of a topology that cannot be."""


class _Problem(Exception):
    """A problem of a file that is no topology at all, and its line."""

    def __init__(self, line: int, sentence: str) -> None:
        super().__init__(sentence)
        self.line, self.sentence = line, sentence


def load(path: Path) -> Topology:
    """Read a topology file (YAML, or JSON, which is YAML). Raises TopologyRefused, and nothing else.

    Files that it names are taken from its own folder.
    """
    topology = read_as(Topology, path, sentence_of, TopologyRefused)
    return _from_its_folder(topology, path.absolute().parent)


def read_as(model: type[Model], path: Path, words: Told, refused: type[FileRefused]) -> Model:
    """Read a file as a model. Raises `refused`, with every problem in the words that `words` finds for it."""
    try:
        tree, lines = _tree(_read(path))
    except _Problem as problem:
        raise refused(f"{path}:{problem.line}: {problem.sentence}") from None
    if tree is None:
        keys = " and ".join(f"`{name}`" for name, field in model.model_fields.items() if field.is_required())
        raise refused(f"{path}:1: the file is empty; a {model.__name__.lower()} has the keys {keys}")
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        raise refused(_told(path, error, lines, words)) from None


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(FILE_LIMIT_BYTES + 1)
    except OSError as error:
        raise _Problem(1, f"the file cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise _Problem(1, f"that is no path of a file: {error}") from None
    if len(content) > FILE_LIMIT_BYTES:
        raise _Problem(1, f"the file is larger than {FILE_LIMIT_BYTES} bytes, which is too large")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _Problem(line, "this is not UTF-8 text") from None


def _tree(text: str) -> tuple[Any, Lines]:
    """Read YAML into dictionaries, lists and texts, and say in which line each of them stands."""
    line = 1
    try:
        for event in _checked_events(text):
            line = _at(event)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        unclosed = error.context_mark is not None and "end of stream" in (error.problem or "")
        mark = error.context_mark if unclosed else error.problem_mark or error.context_mark
        raise _Problem(mark.line + 1 if mark else 1, f"this is not YAML: {error.problem or error.context}") from None
    except ReaderError as error:
        at = text.count("\n", 0, error.position) + 1
        raise _Problem(at, "this is not YAML: there is a character that no text file holds") from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise _Problem(line, f"this is not YAML: {type(error).__name__} after this line") from None
    lines: Lines = {}
    return (None if node is None else _value(node, (), lines)), lines


def _checked_events(text: str) -> Iterator[yaml.Event]:
    """Refuse what could grow or recurse, before anything is built of it."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = _at(event)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _Problem(line, "anchors and aliases (& and *) are not used here; write the value out")
        if getattr(event, "tag", None) not in {None, "!"}:
            raise _Problem(line, "tags (!) are not used here; write the plain value")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEPTH_LIMIT:
            raise _Problem(line, "this is nested deeper than anything that belongs here")
        documents += isinstance(event, yaml.DocumentStartEvent)
        if documents > 1:
            raise _Problem(line, "the file is one YAML document, and here begins a second one")
        yield event


def _at(event: yaml.Event) -> int:
    mark = event.start_mark
    return 1 if mark is None else mark.line + 1


def _value(node: yaml.Node, place: Place, lines: Lines) -> Any:  # noqa: ANN401 - a tree is what was written
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, place, lines)
    if isinstance(node, yaml.SequenceNode):
        return [_value(child, (*place, number), lines) for number, child in enumerate(node.value)]
    return None if node.tag == _NULL_TAG else node.value


def _mapping(node: yaml.MappingNode, place: Place, lines: Lines) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, child in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise _Problem(line, "a key must be a plain word")
        if key.value in found:
            shown = key.value[:KEY_SHOWN_CHARACTERS]
            raise _Problem(line, f"key {shown!r} is there twice, first in line {lines[(*place, key.value)]}")
        lines[(*place, key.value)] = line
        found[key.value] = _value(child, (*place, key.value), lines)
    return found


def _told(path: Path, error: ValidationError, lines: Lines, words: Told) -> str:
    """Put every problem on a line of its own, in the order of the file."""
    told: list[tuple[int, str]] = []
    for problem in error.errors(include_url=False, include_input=False):
        cause = problem.get("ctx", {}).get("error")
        place = tuple(part for part in problem["loc"] if not str(part).startswith("("))  # the tag of a union
        if isinstance(cause, Contradiction):
            told += [(_line((*place, *conflict.place), lines), conflict.sentence) for conflict in cause.conflicts]
        else:
            told.append((_line(place, lines), words(problem["type"], place, problem["msg"])))
    unique = sorted(set(told))[:PROBLEMS_SHOWN]
    return "\n".join(f"{path}:{line}: {sentence}" for line, sentence in unique)


def _line(place: Place, lines: Lines) -> int:
    """Return the line of a place, or of the nearest one around it."""
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)


def _from_its_folder(topology: Topology, folder: Path) -> Topology:
    """Make the paths that the file names independent of where the program was started."""

    def absolute(path: Path | None) -> Path | None:
        return None if path is None else folder / path

    broker = topology.broker
    if broker is not None:
        broker = broker.model_copy(update={"ca_file": absolute(broker.ca_file)})
    accounts = tuple(
        one.model_copy(update={"certificate_file": absolute(one.certificate_file), "key_file": absolute(one.key_file)})
        for one in topology.accounts
    )
    changes = {"broker": broker, "accounts": accounts, "folder": absolute(topology.folder)}
    return topology.model_copy(update=changes)
