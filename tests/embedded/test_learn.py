"""`make learn`: what a container reads when it starts, seen by a real nydusd, becomes what is fetched ahead."""

import json
from pathlib import Path

import pytest

from benchmarks.lazy_start.cases import Form
from benchmarks.lazy_start.lazy_image import LazyImage, puller
from tests.checkout import Checkout
from tools.learn import watch
from tools.node.node import LEARNS, Node, new_node
from tools.node.programs import Programs
from tools.node.reads import File, accesses_of, files_of, in_order
from tools.problem import Problem

MEGABYTES, SECONDS, PATIENCE = 20, 3, 1200
PREFETCH = "hero:image.nydusPrefetch"


def learned(node: Node, reference: str) -> list[File]:
    """What it reads until it is ready, and then nothing more."""
    watch(node, reference, SECONDS, [])
    return in_order(accesses_of(node), files_of(node))


@pytest.mark.parametrize("form", [Form.NOTHING_AHEAD, Form.ALL_AHEAD])
def test_what_a_start_reads_is_known_in_its_order_whatever_is_fetched_ahead(
    home: Checkout, programs: Programs, tmp_path: Path, form: Form
) -> None:
    image = LazyImage(programs, home, tmp_path, MEGABYTES)
    with new_node(programs, image.registry, puller(home), LEARNS) as node:
        read = learned(node, f"{image.registry}/{image.repository(form)}")
    assert [each.path for each in read] == ["/starter", "/needed", *image.content.needed]
    assert [each.size for each in read[2:]] == [len(image.content.files[name]) for name in image.content.needed]


def test_an_image_that_comes_as_a_whole_is_none_to_learn_from(
    home: Checkout, programs: Programs, tmp_path: Path
) -> None:
    image = LazyImage(programs, home, tmp_path, MEGABYTES)
    with new_node(programs, image.registry, puller(home), LEARNS) as node:
        watch(node, f"{image.registry}/{image.repository(Form.OCI)}", SECONDS, [])
        with pytest.raises(Problem, match="the image came as a whole"):
            files_of(node)


def test_what_hero_reads_is_fetched_ahead_from_the_next_up_on(checkout: Checkout, programs: Programs) -> None:
    assert programs
    checkout.pulumiw("config", "set", "--stack", "dev", "--path", "hero:image.nydus", "true")
    checkout.pulumiw("config", "set", "--stack", "dev", "--path", f"{PREFETCH}[0]", "/etc")
    checkout.up()
    before = checkout.outputs()["nydusImage"]
    said, _ = checkout.start("make", "learn", f"SECONDS={SECONDS}").communicate(timeout=PATIENCE)
    assert "/ko-app/hero" in said
    assert f"{PREFETCH} of stack dev names them now" in said
    # containerd itself reads the others, for the user that Hero runs as.
    listed = json.loads(checkout.pulumiw("config", "get", "--stack", "dev", "--path", PREFETCH).text)
    assert listed == ["/etc/passwd", "/etc/group", "/ko-app/hero"]
    checkout.up()
    assert checkout.outputs()["nydusImage"] != before


def test_a_stack_without_the_form_is_told_how_to_make_one(home: Checkout, programs: Programs) -> None:
    assert programs
    ended = home.make("learn")
    assert ended.code != 0
    assert "stack dev has no image in the form of Nydus; ./pulumiw config set --stack dev" in ended.text
