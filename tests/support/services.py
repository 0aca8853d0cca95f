"""Real services that tests need: required in CI, elsewhere skipped with what to install."""

import os
import socket

import pytest


def require(available: object, what_to_install: str) -> None:
    """Go on if `available`; otherwise fail in CI and skip elsewhere, naming what to install."""
    if available:
        return
    if os.environ.get("CI"):
        pytest.fail(f"CI must have this service: {what_to_install}", pytrace=False)
    pytest.skip(what_to_install)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
