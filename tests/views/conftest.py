"""Runs written by hand, made once: views read messages and change none."""

from __future__ import annotations

import pytest
from example_run import example_run, quiet_run

from tocsin.messages import Message


@pytest.fixture(scope="session")
def run() -> list[Message]:
    """Seen, confirmed, warned, engaged, hit, debris, statement."""
    return example_run()


@pytest.fixture(scope="session")
def blind_run() -> list[Message]:
    """No radar and no approver."""
    return example_run(has_radar=False, has_approver=False)


@pytest.fixture(scope="session")
def quiet() -> list[Message]:
    """Two airliners."""
    return quiet_run()
