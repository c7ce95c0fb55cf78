"""What the snapshotter's pod leaves on its node when it ends, by the script itself."""

from pathlib import Path

import pytest

from tests.unit.nydus_node import NAME, Node, new_node


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """Where nobody has heard of us."""
    return new_node(tmp_path)


@pytest.mark.parametrize(
    ("answer", "goes"),
    [
        ("echo 2026-11-25T05:00:00Z", True),
        ("echo 'Error from server (NotFound): daemonsets.apps not found' >&2; return 1", True),
        (":", False),
        ("echo 'Error from server (Forbidden): it may not be' >&2; return 1", False),
        ("echo 'Unable to connect to the server: dial tcp' >&2; return 1", False),
    ],
    ids=["it goes", "it is gone", "it stays", "nobody may ask", "nobody answers"],
)
def test_only_a_daemon_set_that_certainly_goes_takes_all_along(node: Node, answer: str, *, goes: bool) -> None:
    ended = node.ran(f"""
        timeout() {{ shift; "$@"; }}
        kubectl() {{ {answer}; }}
        leave_no_trace() {{ echo all goes; }}
        stop_snapshotter() {{ echo the snapshotter stops; }}
        leave
    """)
    assert ("all goes" in ended.stdout) == goes
    assert ("the snapshotter stops" in ended.stdout) != goes
    assert ended.returncode == 0


CTR = """
    layer() { echo "{\\"layers\\": [{\\"annotations\\": {\\"containerd.io/snapshot/nydus-$1\\": \\"true\\"}}]}"; }
    ctr() {
        case $* in
        "content ls") cat "$FOLDER/content" ;;
        "images ls") cat "$FOLDER/images" ;;
        "content get sha256:nydus0") layer blob ;;
        "content get sha256:1de8") echo '{"manifests": [{"digest": "sha256:a0"}, {"digest": "sha256:b0"}]}' ;;
        "content get sha256:a0") echo '{"layers": []}' ;;
        "content get sha256:b0") layer bootstrap ;;
        "content get "*) echo '{"layers": []}' ;;
        "snapshots --snapshotter hero-dev-nydus ls") printf 'KEY\\n'; cat "$FOLDER/snapshots" ;;
        "snapshots --snapshotter hero-dev-nydus rm base") grep -q leaf "$FOLDER/snapshots" && return 1; forget base ;;
        "snapshots --snapshotter hero-dev-nydus rm "*) forget "$5" ;;
        *) echo "$*" >>"$FOLDER/asked" ;;
        esac
    }
    forget() { grep -v "^$1$" "$FOLDER/snapshots" >"$FOLDER/left"; mv "$FOLDER/left" "$FOLDER/snapshots"; }
"""


def test_only_images_in_the_form_of_nydus_go(node: Node) -> None:
    label = f"containerd.io/gc.ref.snapshot.{NAME}=sha256:1"
    content = [f"sha256:c{number} 1B 1s {label}" for number in (1, 2, 3)]
    (node.folder / "content").write_text("\n".join([*content, "sha256:c4 1B 1s other=1"]) + "\n")
    (node.folder / "images").write_text(
        "sha256:c1 type sha256:nydus0\nhero:v1-nydus type sha256:nydus0\n"
        "sha256:c2 type sha256:plain\npause:3.10 type sha256:plain\n"
        "sha256:c3 type sha256:1de8\nhero:merged type sha256:1de8\n"
    )
    (node.folder / "snapshots").write_text("base\nleaf\n")
    assert node.ran(CTR + "\nforget_images").stderr == ""
    assert node.asked() == [
        "images rm --sync sha256:c1",
        "images rm --sync hero:v1-nydus",
        f"content label sha256:c2 containerd.io/gc.ref.snapshot.{NAME}=",
        "images rm --sync sha256:c3",
        "images rm --sync hero:merged",
    ]
    assert (node.folder / "snapshots").read_text() == ""


def test_without_containerd_nothing_is_taken_from_under_it(node: Node) -> None:
    assert node.told() == ""
    before = node.configuration.read_text()
    ended = node.ran("""
        find_containerd() { return 1; }
        seconds_for_a_restart=0
        leave_no_trace
    """)
    assert "nothing is taken away" in ended.stdout
    assert node.configuration.read_text() == before
    assert (node.state / "containerd.toml").exists()


def test_all_that_was_written_goes(node: Node) -> None:
    before = node.configuration.read_text()
    assert node.told() == ""
    there = [node.folder / "node" / str(node.folder / name).lstrip("/") for name in ("state", "run")]
    for folder in there:
        folder.mkdir(parents=True)
    ended = node.ran("""
        forget_images() { :; }
        end_nydusd() { echo "$1"; }
        leave_no_trace
    """)
    assert ended.stdout.splitlines()[1:] == ["TERM", "KILL"]
    assert node.configuration.read_text() == before
    assert not any(folder.exists() for folder in there)
    assert node.asked()[-1] == "restarted"


def test_the_pod_says_why_it_is_not_ready(node: Node) -> None:
    assert node.ran("is_ready").stdout == "the snapshotter starts\n"
    (node.folder / "complaint").write_text("this node has no /dev/fuse: modprobe fuse\n")
    ended = node.ran("is_ready")
    assert (ended.returncode, ended.stdout) == (1, "this node has no /dev/fuse: modprobe fuse\n")
