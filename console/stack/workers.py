"""The command line and environment of a worker: the one place that knows how a worker process is started."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from console.stack.brokers import Found
from console.stack.forking import OWN_MODULES
from console.stack.private_folder import LOGS, STORES
from console.stack.supervised import Program
from console.topology import EndpointSection
from shared.runtime.settings import WorkerSettings

_PYTHON: Final = (sys.executable, "-P", "-m")  # -P: nothing is imported from the current folder
_OWN_SETTINGS: Final = {
    *("endpoint", "account", "region", "broker", "store", "accept_from", "restored", "health_file", "metrics_port")
}
"""What is one worker's and no other's: a variable of the environment would set it for all of them."""
_COMMON_VARIABLES: Final = {
    f"PEERING_{name.upper()}" for name in WorkerSettings.model_fields if name not in _OWN_SETTINGS
}


def worker_command(  # noqa: PLR0913 - what a worker is told, each by its name
    role: str, *, endpoint: str, account: str, region: str, store: Path, accept_from: Iterable[str]
) -> tuple[str, ...]:
    """The command that starts a worker. Its login is not in it: everybody on the machine can read a command line."""
    return (
        *(*_PYTHON, role),
        *("--endpoint", endpoint, "--account", account, "--region", region),
        *("--store", str(store), "--accept-from", ",".join(accept_from)),
    )


def worker_program(
    found: Found, endpoint: EndpointSection, folder: Path, settings: Mapping[str, str], *, restored: bool = False
) -> Program:
    """One worker of a topology. `settings` are PEERING_… variables; with `restored` it renews every epoch."""
    account = found.topology.account(endpoint.account)
    broker = found.topology.broker
    files = {
        "PEERING_BROKER_CA_FILE": broker and broker.ca_file,
        "PEERING_BROKER_CERTIFICATE_FILE": account and account.certificate_file,
        "PEERING_BROKER_KEY_FILE": account and account.key_file,
    }
    command = worker_command(
        endpoint.role,
        endpoint=endpoint.id,
        account=endpoint.account,
        region=endpoint.region,
        store=folder / STORES / f"{endpoint.id}.sqlite",
        accept_from=[uid for uid in found.topology.senders(endpoint) if uid != endpoint.account],
    )
    command = (*command, "--restored") if restored else command
    return Program(
        name=endpoint.id,
        command=command,
        forked=command[len(_PYTHON) :],
        log=log_of(folder, endpoint.id),
        environment={
            "PEERING_BROKER": found.login(endpoint.account),
            **{name: str(file) for name, file in files.items() if file is not None},
            **settings,
            **OWN_MODULES,
        },
    )


def common_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Those settings in an environment that all workers may share."""
    return {name: value for name, value in environment.items() if name in _COMMON_VARIABLES}


def log_of(folder: Path, endpoint: str) -> Path:
    """Where an endpoint's worker logs."""
    return folder / LOGS / f"{endpoint}.log"
