"""Generic classes of sensors: what ``like`` stands for. Data in sensor_classes.toml, notional by rule."""

from __future__ import annotations

import functools
import importlib.resources
import tomllib
from typing import Any

from tocsin.errors import ScenarioError


@functools.cache
def sensor_classes() -> dict[str, dict[str, Any]]:
    """Keys of each packaged class, by its name."""
    data = (importlib.resources.files("tocsin.scenario") / "sensor_classes.toml").read_text("utf-8")
    return tomllib.loads(data)


def with_class(table: dict[str, Any], at: str) -> dict[str, Any]:
    """A sensor's table with the keys of its class where it says nothing itself; ``like`` stays, to tell where from."""
    name = table.get("like", "")
    if name == "":
        return table
    classes = sensor_classes()
    if not isinstance(name, str) or name not in classes:
        raise ScenarioError(
            "no such class of sensors", where=f"{at}.like", value=name, remedy=f"use one of: {', '.join(classes)}"
        )
    return {**classes[name], **table}
