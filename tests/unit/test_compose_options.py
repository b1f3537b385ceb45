"""Test of docker-compose.yml's mounts in memory: only what Docker and Podman both know."""

from __future__ import annotations

from pathlib import Path

import yaml

COMPOSE = Path(__file__).parents[2] / "docker-compose.yml"
KNOWN_TO_BOTH = {"size", "mode"}
"""Podman's --tmpfs knows no uid or gid."""


def test_mounts_in_memory_have_options_that_docker_and_podman_know() -> None:
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    mounts = [mount for service in services.values() for mount in service.get("tmpfs", [])]
    options = {option.partition("=")[0] for mount in mounts for option in mount.partition(":")[2].split(",")}
    assert mounts
    assert options <= KNOWN_TO_BOTH
