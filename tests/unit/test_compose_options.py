"""Test of the compose files: mounts in memory that Docker and Podman both know, and logs within limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
KNOWN_TO_BOTH = {"size", "mode"}
"""Podman's --tmpfs knows no uid or gid."""


def services_of(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file.read_text())["services"]
    return found


def test_mounts_in_memory_have_options_that_docker_and_podman_know() -> None:
    mounts = [mount for service in services_of(COMPOSE).values() for mount in service.get("tmpfs", [])]
    options = {option.partition("=")[0] for mount in mounts for option in mount.partition(":")[2].split(",")}
    assert mounts
    assert options <= KNOWN_TO_BOTH


@pytest.mark.parametrize("file", [COMPOSE, ROOT / "examples/hosts/worker.yaml"], ids=lambda file: file.name)
def test_what_each_container_says_is_kept_within_a_limit(file: Path) -> None:
    for name, service in services_of(file).items():
        assert service["logging"]["options"] == {"max-size": "4m", "max-file": "2"}, name
