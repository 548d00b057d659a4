"""Shared fixtures: the reference folder beside the project, which is never shipped."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REFERENCE = Path(__file__).resolve().parents[1].parent / "shared" / "reference"


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of real recordings; absent: skip by name, or fail where everything is required."""
    if not REFERENCE.is_dir():
        message = "../shared/reference is absent: real recordings cannot be checked"
        if os.environ.get("TOCSIN_REQUIRE_ALL") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return REFERENCE
