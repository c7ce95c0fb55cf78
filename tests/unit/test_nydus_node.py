"""How a node's containerd learns of the snapshotter, by the script itself."""

import tomllib
from pathlib import Path

import pytest

from tests.unit.nydus_node import DUMP, NAME, OUR_TABLE, Node, new_node


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """Where nobody has heard of us."""
    return new_node(tmp_path)


def test_the_runtime_is_the_nodes_own_with_our_snapshotter(node: Node) -> None:
    assert node.told() == ""
    said = tomllib.loads((node.state / "containerd.toml").read_text())
    runtimes = said["plugins"]["io.containerd.cri.v1.runtime"]["containerd"]["runtimes"]
    assert runtimes == {
        NAME: {
            "runtime_type": "io.containerd.runc.v2",
            "snapshotter": NAME,
            "options": {"SystemdCgroup": True},
        }
    }
    assert said["plugins"]["io.containerd.cri.v1.images"] == {
        "disable_snapshot_annotations": False,
        "discard_unpacked_layers": False,
        "use_local_image_pull": True,
        "runtime_platforms": {NAME: {"snapshotter": NAME}},
    }
    assert said["proxy_plugins"][NAME]["address"] == f"{node.folder}/run/containerd-nydus-grpc.sock"


def test_a_file_of_version_2_is_told_in_its_own_words(node: Node) -> None:
    node.configuration.write_text("version = 2\n")
    assert node.told() == ""
    said = tomllib.loads((node.state / "containerd.toml").read_text())["plugins"]
    of_old = said["io.containerd.grpc.v1.cri"]["containerd"]
    assert of_old["runtimes"][NAME]["options"] == {"SystemdCgroup": True}
    assert of_old["disable_snapshot_annotations"] is False
    assert "io.containerd.cri.v1.runtime" not in said
    assert said["io.containerd.cri.v1.images"]["runtime_platforms"] == {NAME: {"snapshotter": NAME}}


CONFIGURATIONS = {
    "without imports": "version = 3\n[grpc]\n",
    "with imports": 'version = 3\nimports = ["/etc/more.toml"]\n[grpc]\n',
    "with imports of several lines": 'version = 3\nimports = [\n  "/etc/more.toml",\n]\n[grpc]\n',
    "with no imports": "version = 3\nimports = []\n[grpc]\n",
    "with a folder": 'version = 3\nimports = ["/etc/containerd/conf.d/*.toml"]\n',
    "with a folder beside it": 'version = 3\nimports = ["conf.d/*.toml"]\n',
}


@pytest.mark.parametrize("kind", CONFIGURATIONS)
def test_containerd_reads_ours_and_forgets_it_again(node: Node, kind: str) -> None:
    before = CONFIGURATIONS[kind]
    node.configuration.write_text(before)
    assert node.told() == ""
    ours = node.configuration.parent / "conf.d" / f"{NAME}.toml"
    if "folder" in kind:
        assert node.configuration.read_text() == before
        assert ours.read_text() == (node.state / "containerd.toml").read_text()
    else:
        imported = tomllib.loads(node.configuration.read_text())["imports"]
        assert imported == [f"{node.state}/containerd*.toml", *tomllib.loads(before).get("imports", [])]
    assert node.ran("find_node; find_containerd; forget_import").returncode == 0
    assert node.configuration.read_text() == before
    assert not ours.exists()


def test_containerd_is_restarted_once(node: Node) -> None:
    assert node.told() == ""
    assert node.told() == ""
    assert node.asked() == ["restarted"]


def test_it_is_restarted_again_where_it_is_told_otherwise(node: Node) -> None:
    node.told()
    (node.folder / "dump").write_text(DUMP.replace("SystemdCgroup = true", "SystemdCgroup = false"))
    assert node.told() == ""
    assert node.asked() == ["restarted", "restarted"]


def test_where_nobody_may_restart_it_somebody_is_waited_for(node: Node) -> None:
    assert "has to be restarted once" in node.told(RESTART="false")
    assert "has to be restarted once" in node.told(RESTART="false")
    assert (node.folder / "complaint").read_text().startswith("containerd on this node has to be restarted")
    (node.folder / "process").write_text("another\n")
    assert node.told(RESTART="false") == ""
    assert node.asked() == []


def test_a_restart_that_was_not_waited_for_is_made_up_for(node: Node) -> None:
    # Killed between the file and the restart.
    assert node.told(RESTART="false")
    assert node.told() == ""
    assert node.asked() == ["restarted"]


@pytest.mark.parametrize(
    "broken",
    [
        "[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.other]\n",
        OUR_TABLE + "[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]\nSystemdCgroup = false\n",
    ],
    ids=["ours is not there", "theirs is another"],
)
def test_what_containerd_would_read_otherwise_is_taken_back(node: Node, broken: str) -> None:
    before = node.configuration.read_text()
    (node.folder / "ours").write_text(broken)
    assert "it is as it was" in node.told()
    assert node.configuration.read_text() == before
    assert node.asked() == []
    assert not (node.state / "containerd.toml").exists()


def test_an_old_containerd_is_left_alone(node: Node) -> None:
    before = node.configuration.read_text()
    assert "older than 2.0" in node.told(VERSION="1.7.32")
    assert node.configuration.read_text() == before


def test_a_containerd_without_a_file_is_told_how_to_get_one(node: Node) -> None:
    node.configuration.unlink()
    assert "containerd config default > /etc/containerd/config.toml" in node.told()
