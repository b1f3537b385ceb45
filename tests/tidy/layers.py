"""The one table of which file may import which package, and what of Python a pure file must not import."""

import ast
import sys
from collections.abc import Iterator, Mapping

from tests.tidy.sources import Source

FIRST_PARTY = frozenset({"initiator", "acceptor", "shared", "console", "peering_handshake", "lab", "tests"})

_WORKERS = ("initiator/__main__.py", "acceptor/__main__.py")
_WEB = ("console/web/",)
_BASELINES = ("lab/bench/baselines/",)  # programs that ours is compared with

# package: the files and folders that may import it; tests may import every package of this table
LAYERS: Mapping[str, tuple[str, ...]] = {
    "aio_pika": ("shared/broker/amqp.py", "shared/broker/amqp/", *_BASELINES),
    "aiormq": ("shared/broker/amqp.py", "shared/broker/amqp/"),
    "pamqp": ("shared/broker/amqp.py", "shared/broker/amqp/"),
    "sqlite3": ("shared/store/", "console/web/cloud/store.py", *_BASELINES),
    "opentelemetry": ("shared/runtime/tracing.py",),
    "pydantic": ("shared/wire/", "shared/runtime/", "console/", "lab/", *_WORKERS),
    "pydantic_core": ("shared/wire/", "shared/runtime/logs.py"),
    "pydantic_settings": ("shared/runtime/", "console/", "lab/", *_WORKERS),
    "structlog": ("shared/runtime/", "console/", "lab/", *_WORKERS),
    "setproctitle": ("console/stack/fork_server.py", "console/command_server.py"),
    "uvloop": ("shared/runtime/", "console/", "lab/", *_WORKERS, *_BASELINES),
    "fastapi": _WEB,
    "h11": ("console/web/connections.py",),
    "starlette": _WEB,
    "uvicorn": ("console/web/",),
    "prometheus_client": (*_WEB, "shared/runtime/metrics.py"),
    "httpx": ("shared/broker/control.py", "console/", "peering_handshake/", "lab/"),
    "rich": ("console/", "lab/"),
    "typer": ("console/", "lab/"),
    "yaml": ("console/", "lab/"),
    "faststream": _BASELINES,
    "matplotlib": ("lab/bench/",),
    "typing_extensions": ("shared/wire/",),
    "_pytest": (),
    "docker": (),
    "hypothesis": (),
    "pytest": ("peering_handshake/pytest_",),
    "pytest_asyncio": ("peering_handshake/pytest_async.py",),
    "selenium": (),
    "testcontainers": ("peering_handshake/",),
    "trustme": (),
}

# What a pure file must not import.
_CLOCKS = {"calendar", "datetime", "sched", "time", "zoneinfo"}
_RANDOMNESS = {"random", "secrets", "uuid"}
_WAITING = {
    "asyncio",
    "concurrent",
    "contextvars",
    "multiprocessing",
    "queue",
    "select",
    "selectors",
    "threading",
}
_OUTSIDE = {
    "ctypes",
    "getpass",
    "http",
    "io",
    "logging",
    "os",
    "pathlib",
    "platform",
    "shutil",
    "signal",
    "socket",
    "socketserver",
    "sqlite3",
    "ssl",
    "subprocess",
    "sys",
    "tempfile",
    "urllib",
    "warnings",
}
IMPURE = frozenset(_CLOCKS | _RANDOMNESS | _WAITING | _OUTSIDE)

# The parts of impure modules that are values and nothing else.
HARMLESS = frozenset({("datetime", "timedelta")})


def imports(source: Source) -> Iterator[tuple[ast.stmt, str, str]]:
    """Yield each import as (where, module, name taken from it); relative ones with their whole path."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name, ""
        elif isinstance(node, ast.ImportFrom):
            inside = source.folders[: len(source.folders) - node.level + 1] if node.level else ()
            module = ".".join([*inside, *([node.module] if node.module else [])])
            for alias in node.names:
                yield node, module, alias.name


def top(module: str) -> str:
    """Name the package that a module belongs to."""
    return module.partition(".")[0]


def is_third_party(package: str) -> bool:
    """Whether it comes neither from this repository nor with Python."""
    return package not in FIRST_PARTY and package not in sys.stdlib_module_names


def is_pure(source: Source) -> bool:
    """Whether law 4 binds it: the protocol, and the two handshakes."""
    return source.path.startswith("shared/protocol/") or (
        source.folders in {("initiator",), ("acceptor",)} and source.name == "handshake.py"
    )
