"""Hero's page, as a person sees it; `make pictures` keeps what is seen here."""

import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from tests.checkout import ROOT, Checkout, free_port
from tests.embedded.test_first_up import fetch_when_ready, start_hero
from tests.genuine.browser import QUIET, find_browser

PICTURES = ROOT / "docs" / "pictures"
SIZE = (1200, 800)
# A page without pictures or text would be far smaller.
SMALLEST_PICTURE = 20_000


def test_heros_page_in_a_real_browser(home: Checkout, tmp_path: Path) -> None:
    browser = find_browser()
    if browser is None:
        pytest.skip("no Chromium on PATH; what the page says is tested without one")
    port = free_port()
    hero = start_hero(home, tmp_path, port)
    try:
        url = f"http://127.0.0.1:{port}/"
        fetch_when_ready(url)
        picture = tmp_path / "hero.png"
        look(browser, tmp_path, url, f"--screenshot={picture}", f"--window-size={SIZE[0]},{SIZE[1]}")
        assert struct.unpack(">II", picture.read_bytes()[16:24]) == SIZE
        assert picture.stat().st_size > SMALLEST_PICTURE
        seen = look(browser, tmp_path, url, "--dump-dom")
        assert home.outputs()["digest"] in seen
        assert "v0.0.1" in seen
    finally:
        hero.terminate()
        hero.wait(timeout=200)
    if os.environ.get("KEEP_PICTURES"):
        PICTURES.mkdir(parents=True, exist_ok=True)
        shutil.copy(picture, PICTURES / "hero.png")


def look(browser: str, folder: Path, url: str, *how: str) -> str:
    """Open the page in a browser of its own, and close it again."""
    command = [browser, *QUIET, f"--user-data-dir={folder / 'browser'}", *how, url]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=600).stdout
