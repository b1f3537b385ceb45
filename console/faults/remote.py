"""The faults of a console that runs elsewhere, over HTTP: what the commands talk to."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import httpx

from console.client import Refused, Unanswered
from console.stack.errors import StackRefused
from console.stack.private_folder import only_user, write_private

ADDRESS_FILE: Final = "console.json"
USUAL_URL: Final = "http://127.0.0.1:8080"
REQUEST_LIMIT_SECONDS: Final = 120.0
"""Tapping a wire takes a fraction of a second; a fault may concern many."""


class Access(NamedTuple):
    """Where a console answers, and its access token: a secret."""

    url: str
    token: str


@contextmanager
def told(folder: Path, url: str, token: str) -> Iterator[None]:
    """Tell the owner's commands in a folder where its console is, for as long as that runs; of several, the first."""
    file, text = folder / ADDRESS_FILE, json.dumps({"url": url, "token": token})
    with ExitStack() as alone:
        try:
            alone.enter_context(only_user(folder, "console", f"{ADDRESS_FILE}.lock"))
        except StackRefused:  # they talk to the first
            pass
        else:
            write_private(file, text)
        try:
            yield
        finally:
            with contextlib.suppress(FileNotFoundError):
                if file.read_text() == text:  # else the address is another's
                    file.unlink()


def console_of(source: str, environment: Mapping[str, str] | None = None) -> Access | None:
    """Find the console: where the environment says, or beside the running context or in the folder above; or None.

    The variables PEERING_CONSOLE_URL and PEERING_CONSOLE_TOKEN. `source` is where the context was found.
    """
    environ = os.environ if environment is None else environment
    token = environ.get("PEERING_CONSOLE_TOKEN", "")
    if url := environ.get("PEERING_CONSOLE_URL") or (USUAL_URL if token else ""):
        return Access(url, token)
    for place in (Path(source).parent, *(above / ".peering" for above in (Path.cwd(), *Path.cwd().parents))):
        if (place / ADDRESS_FILE).is_file():
            return Access(**json.loads((place / ADDRESS_FILE).read_text()))
    return None


def told_of(number: int, sentence: str, struck: int) -> str:
    """A fault that strikes, for people."""
    return f"fault {number}, {sentence} (struck {struck})"


class RemoteFaults:
    """One console's `/_peering/faults`, `held` and `dead-letters`; answers are the fields of `console.faults.model`."""

    def __init__(self, access: Access) -> None:
        """Nothing is asked before the first call."""
        self._url, self._headers = access.url.rstrip("/"), {"Authorization": f"Bearer {access.token}"}

    async def add(self, fault: Mapping[str, Any]) -> dict[str, Any]:
        """Let a fault stand. Raises Refused or Unanswered."""
        made: dict[str, Any] = await self._ask("POST", "/faults", json=dict(fault))
        return made

    async def listed(self, interface: str | None = None) -> list[dict[str, Any]]:
        """Every fault that was not cleared; or of these, those that stand and struck an interface's messages."""
        return list(await self._ask("GET", "/faults", params=_named(interface)))

    async def clear(self, number: int | None, interface: str | None) -> list[int]:
        """Clear one fault, those of an interface, or all; returns their numbers."""
        path = "/faults" if number is None else f"/faults/{number}"
        return list(await self._ask("DELETE", path, params=_named(interface)))

    async def strikes(self, *interfaces: str) -> list[dict[str, Any]]:
        """The messages that were struck."""
        return list(await self._ask("GET", "/faults/strikes", params={"interface": list(interfaces)}))

    async def held(self, interface: str | None) -> list[dict[str, Any]]:
        """The messages that are held."""
        return list(await self._ask("GET", "/held", params=_named(interface)))

    async def order(self, do: str, numbers: list[int], interface: str | None) -> list[dict[str, Any]]:
        """Do something with held messages; returns those that it was done to."""
        order = {"do": do, "numbers": numbers, "interface": interface}
        return list(await self._ask("POST", "/held", json=order))

    async def dead_letters(self, limit: int) -> dict[str, Any]:
        """The oldest deliveries that were set aside."""
        page: dict[str, Any] = await self._ask("GET", "/dead-letters", params={"limit": limit})
        return page

    async def dead_letter(self, wanted: str, *, replay: bool = False) -> dict[str, Any]:
        """One of them; or send it again."""
        path = f"/dead-letters/{quote(wanted, safe='')}"
        view: dict[str, Any] = await (self._ask("POST", f"{path}/replay") if replay else self._ask("GET", path))
        return view

    async def drop_dead_letters(self, wanted: str | None) -> int:
        """Throw one away, or all; returns how many."""
        path = "/dead-letters" if wanted is None else f"/dead-letters/{quote(wanted, safe='')}"
        return int(await self._ask("DELETE", path))

    async def _ask(self, method: str, path: str, **what: Any) -> Any:  # noqa: ANN401 - JSON
        try:
            tls = self._url.startswith("https:")  # without it nothing is verified, and certificates take long to load
            async with httpx.AsyncClient(timeout=REQUEST_LIMIT_SECONDS, trust_env=False, verify=tls) as client:
                response = await client.request(method, f"{self._url}/_peering{path}", headers=self._headers, **what)
        except httpx.HTTPError as error:
            raise Unanswered(
                f"No console answers at {self._url} ({type(error).__name__}): faults are made by `peering up` and "
                "`peering serve`; name another with PEERING_CONSOLE_URL and PEERING_CONSOLE_TOKEN.",
                "NoConsole",
            ) from None
        if response.is_success:
            return response.json()
        raise _error_of(response)


def _named(interface: str | None) -> dict[str, str]:
    return {} if interface is None else {"interface": interface}


def _error_of(response: httpx.Response) -> Exception:
    """The error that an answer tells of."""
    try:
        detail = response.json()["detail"]
    except (ValueError, LookupError, TypeError):
        return Unanswered(f"The console answers {response.status_code}.", "ConsoleFailed")
    if isinstance(detail, dict):
        code, sentence = str(detail.get("code")), str(detail.get("sentence"))
        failed = response.status_code == httpx.codes.SERVICE_UNAVAILABLE
        return Unanswered(sentence, code) if failed else Refused(code, sentence)
    if isinstance(detail, list) and detail:
        first = detail[0]
        place = ".".join(str(part) for part in first.get("loc", [])[1:])
        said = str(first.get("msg", "")).removeprefix("Value error, ")
        return Refused("WrongFault", f"{place}: {said}." if place else f"{said[:1].upper()}{said[1:]}.")
    return Refused("ConsoleRefused", f"{str(detail).rstrip('.')}.")
