"""The picture of each choice is drawn of what the engine makes today."""

from pathlib import Path

import pytest

from components.catalogue import CHOICES
from tests.pictures.drawing import PICTURES, drawn_of, sum_of
from tests.pictures.sources import card_sources


@pytest.mark.parametrize("choice", CHOICES)
def test_the_picture_of_a_choice_is_of_what_the_engine_makes(choice: str, tmp_path: Path) -> None:
    source = card_sources()[choice](tmp_path)
    assert drawn_of(PICTURES / f"choice-{choice}.png") == sum_of(source), f"make pictures; it is now of\n{source}"
