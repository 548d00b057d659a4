"""TOML from a stranger to a plain document: encoding, syntax, long numbers, endless keys; each with its own error."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from tocsin.errors import ScenarioError

MAX_DEPTH = 12
# tomllib takes time with the square of a dotted key's length: a megabyte of one took minutes. No key here has 12 steps.
_PART = r"""(?:[\w-]{1,99}|"(?:[^"\\\n]|\\.){0,99}"|'[^'\n]{0,99}')"""
_ENDLESS_KEY = re.compile(rf"(?:\.[ \t]{{0,99}}{_PART}[ \t]{{0,99}}){{50}}")


def document_of(data: bytes, where: str) -> dict[str, Any]:
    """The document of a file's bytes; raises ScenarioError naming the file and what to mend."""
    too_deep = ScenarioError("nested too deeply", where=where, remedy=f"keep it under {MAX_DEPTH} levels")
    try:
        text = data.decode("utf-8")
        if _ENDLESS_KEY.search(text):
            raise too_deep
        return tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise ScenarioError(f"not UTF-8 text at byte {error.start}", where=where, remedy="save as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"not TOML: {error}", where=where, remedy="mend the line named") from None
    except ValueError:  # of int(): more digits than Python takes
        raise ScenarioError("a whole number has thousands of digits", where=where, remedy="mend the number") from None
    except RecursionError:
        raise too_deep from None
