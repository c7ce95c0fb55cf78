"""Markdown and Mermaid as GitHub shows them, drawn by a browser; what a picture was drawn of goes with it."""

import hashlib
import html
import json
import subprocess
import tempfile
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.genuine.browser import browser
from tools.places import ROOT

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
PICTURES = ROOT / "docs" / "pictures"
SUM = "drawn-of"
# A comment on GitHub is a little narrower, and its table is wrapped more.
WIDTH = 1080
PAGE = """<!doctype html>
<meta charset="utf-8">
<link rel="stylesheet" href="{modules}/github-markdown-css/github-markdown-light.css">
<style>
body {{ margin: 0; background: white }}
#drawn {{ padding: 16px; width: {width}; box-sizing: border-box }}
</style>
<div id="drawn" class="{kind}"></div>
<script src="{modules}/marked/lib/marked.umd.js"></script>
<script src="{modules}/mermaid/dist/mermaid.min.js"></script>
<script>
const drawn = document.getElementById("drawn");
const text = {text};
async function draw() {{
  if (drawn.className === "markdown-body") drawn.innerHTML = marked.parse(text);
  else {{
    const flowchart = {{ useMaxWidth: false, wrappingWidth: 900 }};
    mermaid.initialize({{ startOnLoad: false, securityLevel: "loose", flowchart }});
    drawn.innerHTML = (await mermaid.render("graph", text)).svg;
  }}
  await document.fonts.ready;
  document.title = "done";
}}
draw().catch(error => {{ document.title = "failed: " + error; }});
</script>
"""


def install() -> None:
    """The pinned packages that draw, by npm."""
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=HERE, check=True)


def draw(source: str, picture: Path, *, markdown: bool = False) -> None:
    """Draw one, and write down of what."""
    page = PAGE.format(
        modules=html.escape(MODULES.as_uri()),
        width=f"{WIDTH}px" if markdown else "max-content",
        kind="markdown-body" if markdown else "mermaid",
        text=json.dumps(source).replace("</", "<\\/"),
    )
    with tempfile.TemporaryDirectory() as folder, browser(Path(folder) / "browser", (1400, 1000), []) as tab:
        file = Path(folder) / "page.html"
        file.write_text(page)
        tab.open(file.as_uri())
        tab.wait_for("document.title === 'done'")
        tab.picture(picture, "#drawn")
    mark(picture, source)


def mark(picture: Path, source: str) -> None:
    """Have a picture carry the sum of what it was drawn of."""
    told = PngInfo()
    told.add_text(SUM, sum_of(source))
    with Image.open(picture) as image:
        image.convert("P", palette=Image.Palette.ADAPTIVE, colors=256).save(picture, pnginfo=told, optimize=True)


def sum_of(source: str) -> str:
    """By which one source is known from another."""
    return hashlib.sha256(source.encode()).hexdigest()


def drawn_of(picture: Path) -> str:
    """The sum of what a picture was drawn of."""
    with Image.open(picture) as image:
        return str(image.info.get(SUM, ""))
