"""The report in a real browser: nothing is wider than the window, on a desk and on a telephone."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from example_report import Write
from example_run import example_run

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
    "--hide-scrollbars", "--virtual-time-budget=5000",
)  # fmt: skip


@pytest.fixture(scope="module")
def chromium() -> str:
    found = shutil.which("chromium")
    if found is None:
        if os.environ.get("TOCSIN_REQUIRE_ALL") == "1":
            pytest.fail("Debian's chromium is absent: the report cannot be looked at")
        pytest.skip("Debian's chromium is absent: the report cannot be looked at")
    return found


@pytest.mark.parametrize("width_px", [390, 760, 1400])
def test_nothing_is_wider_than_the_window(chromium: str, write: Write, tmp_path: Path, width_px: int) -> None:
    report = write(example_run())
    page = tmp_path / "frame.html"
    page.write_text(
        f'<title>-</title><iframe id="f" style="width:{width_px}px;height:900px;border:0" srcdoc="'
        + html.escape(report, quote=True)
        + '"></iframe><script>const frame = document.getElementById("f"); frame.onload = () => {'
        "const root = frame.contentDocument.documentElement;"
        "document.title = `width ${root.scrollWidth} height ${root.scrollHeight}`; };</script>",
        encoding="utf-8",
    )
    command = [chromium, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    found = re.search(r"<title>width (\d+) height (\d+)</title>", result.stdout)
    assert found, result.stdout[:400] + result.stderr[-400:]
    assert int(found[1]) <= width_px
    assert int(found[2]) > 2000  # it was laid out, not empty
