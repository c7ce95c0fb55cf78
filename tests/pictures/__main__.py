"""`make pictures`: draws the comment, the graph and the choices again."""

import tempfile
from pathlib import Path

from tests.pictures.drawing import PICTURES, draw, install
from tests.pictures.sources import card_sources, comment, graph

if __name__ == "__main__":
    install()
    draw(comment(), PICTURES / "preview.png", markdown=True)
    draw(graph(), PICTURES / "resources.png")
    for choice, source in card_sources().items():
        with tempfile.TemporaryDirectory() as folder:
            draw(source(Path(folder)), PICTURES / f"choice-{choice}.png")
