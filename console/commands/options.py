"""The options that all commands have, the checks of what is typed, and modules that are imported late.

This file and those with the commands' names import nothing heavy, so that `--help` and a typing mistake are answered
at once; the work is in `console.commands.work`.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Concatenate, Final, ParamSpec

import typer

P = ParamSpec("P")

PATIENCE_SECONDS: Final = 10.0

_INTERFACE: Final = re.compile(r"ri-[a-z0-9]{1,40}")
_ENDPOINT: Final = re.compile(r"(vpc|vbr)-[a-z0-9-]{1,40}")
_ADDRESS: Final = re.compile(r"(\[[0-9a-f:.]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}")
_WORD: Final = re.compile(r"[a-z0-9-]{1,32}")


@dataclass(frozen=True, slots=True)
class Options:
    """The values of the options that all commands have."""

    topology: Path | None
    acting: str | None
    as_json: bool
    patience_seconds: float


class Later:
    """A module that is imported when something of it is used for the first time."""

    def __init__(self, name: str) -> None:
        """Only the name is kept."""
        self._name = name

    def __getattr__(self, attribute: str) -> Any:  # noqa: ANN401 - whatever the module holds
        return getattr(importlib.import_module(self._name), attribute)


TopologyOption = Annotated[
    Path | None,
    typer.Option(
        "--topology",
        envvar="PEERING_TOPOLOGY",
        metavar="FILE",
        help="Topology file; without it the running `peering up`, or PEERING_BROKER_URL.",
        rich_help_panel="Where and who",
    ),
]
ActingOption = Annotated[
    str | None,
    typer.Option(
        "--as",
        envvar="PEERING_ACCOUNT",
        metavar="ACCOUNT",
        help="Who acts: uid or name. Without it, the owner of the endpoint.",
        rich_help_panel="Where and who",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON, with the fields named below.", rich_help_panel="Where and who")
]
PatienceOption = Annotated[
    float,
    typer.Option(
        "--patience",
        envvar="PEERING_PATIENCE_SECONDS",
        metavar="SECONDS",
        min=0.1,
        help="How long to wait for a worker's answer.",
        rich_help_panel="Where and who",
    ),
]


def command(function: Callable[Concatenate[Options, P], None]) -> Callable[..., None]:
    """Give a command the options that all commands have; it gets them as its first argument."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - typer fills in what the signature says
        common = Options(
            kwargs.pop("topology"), kwargs.pop("acting"), kwargs.pop("as_json"), kwargs.pop("patience_seconds")
        )
        function(common, *args, **kwargs)

    own = inspect.signature(function, eval_str=True)
    parameters = [*list(own.parameters.values())[1:], *_common_parameters()]
    wrapper.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {one.name: one.annotation for one in parameters}
    del wrapper.__wrapped__
    return wrapper


def _common_parameters() -> list[inspect.Parameter]:
    def parameter(name: str, default: object, annotation: object) -> inspect.Parameter:
        return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)

    return [
        parameter("topology", None, TopologyOption),
        parameter("acting", None, ActingOption),
        parameter("as_json", default=False, annotation=JsonOption),
        parameter("patience_seconds", PATIENCE_SECONDS, PatienceOption),
    ]


def interface_id(text: str | None) -> str | None:
    """Check `ri-…`, as an option's or argument's value."""
    return _checked(text, _INTERFACE, "an interface id is ri- and 1 to 40 of a-z and 0-9")


def endpoint_id(text: str | None) -> str | None:
    """Check `vpc-…` or `vbr-…`."""
    return _checked(text, _ENDPOINT, "an endpoint id is vpc- or vbr- and 1 to 40 of a-z, 0-9 and '-'")


def word(text: str | None) -> str | None:
    """Check a uid or a region."""
    return _checked(text, _WORD, "that is 1 to 32 of a-z, 0-9 and '-'")


def interface_name(text: str | None) -> str | None:
    """Check `ri-…` or `ri-…@ENDPOINT`."""
    if text is None:
        return None
    name, at, endpoint = text.partition("@")
    interface_id(name)
    if at:
        endpoint_id(endpoint)
    return text


def interface_names(texts: list[str]) -> list[str]:
    """Check several of `interface_name`."""
    for text in texts:
        interface_name(text)
    return texts


def peer_name(text: str) -> str:
    """Check `ri-…@ENDPOINT`."""
    name, at, endpoint = text.partition("@")
    interface_id(name)
    if not at:
        raise typer.BadParameter(f"the peer is named with its endpoint, {name}@vpc-… or {name}@vbr-….")
    endpoint_id(endpoint)
    return text


def _checked(text: str | None, pattern: re.Pattern[str], right: str) -> str | None:
    if text is not None and not pattern.fullmatch(text):
        raise typer.BadParameter(f"{right}, not {text[:60]!r}.")
    return text


InterfaceArgument = Annotated[
    str, typer.Argument(metavar="RI", callback=interface_name, help="Interface: ri-…, or ri-…@ENDPOINT.")
]
InterfacesArgument = Annotated[
    list[str], typer.Argument(metavar="RI...", callback=interface_names, help="Interfaces: ri-…, or ri-…@ENDPOINT.")
]
SomeInterfaceArgument = Annotated[
    str | None, typer.Argument(metavar="RI", callback=interface_name, help="Interface: ri-…, or ri-…@ENDPOINT.")
]


def listen_address(text: str | None) -> str | None:
    """Check `HOST:PORT`."""
    return _checked(text, _ADDRESS, "an address to listen on looks like 127.0.0.1:8080")


SecretsOption = Annotated[
    bool,
    typer.Option(
        "--show-secrets",
        envvar="PEERING_SHOW_SECRETS",
        help="Print the page's token and the secrets of access keys into a journal or log, too, and not only on a "
        "terminal; else it names the files that hold them. --json prints them anyhow.",
    ),
]
ListenOption = Annotated[
    str | None,
    typer.Option(
        "--listen",
        envvar="PEERING_LISTEN",
        metavar="HOST:PORT",
        callback=listen_address,
        help="Where the page and the cloud's API are; 127.0.0.1:8080, or a free port if that is taken.",
    ),
]
