"""What the snapshotter's pod does on its node: the script itself, with a containerd that only says what it is told."""

import subprocess
import textwrap
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from tools.places import ROOT

SCRIPT = ROOT / "components" / "kubernetes" / "nydus" / "node.sh"
NAME = "hero-dev-nydus"
# As `containerd config dump` says it, and of that what the script looks at.
DUMP = """\
version = 3
imports = ['/etc/containerd/conf.d/*.toml']

[grpc]
  address = '/run/containerd/containerd.sock'

[plugins]
  [plugins.'io.containerd.cri.v1.images']
    disable_snapshot_annotations = true
    discard_unpacked_layers = false
    use_local_image_pull = false

  [plugins.'io.containerd.cri.v1.runtime']
    [plugins.'io.containerd.cri.v1.runtime'.containerd]
      default_runtime_name = 'runc'

      [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.kata]
        runtime_type = 'io.containerd.kata.v2'
        snapshotter = 'devmapper'

      [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
        runtime_type = 'io.containerd.runc.v2'
        snapshotter = ''

        [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
          SystemdCgroup = true

[proxy_plugins]
"""
OUR_TABLE = f"[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.{NAME}]\nsnapshotter = '{NAME}'\n"
# In place of what lies outside this process: containerd, its node, the cluster.
PLAYED = """
find_node() { host=$FOLDER/node; address=/run/containerd/containerd.sock; NODE=$$; }
find_containerd() {
    configuration=/etc/containerd/config.toml
    containerd=/usr/bin/containerd
    containerd_process=$(cat "$FOLDER/process")
}
identity() { cat "$FOLDER/process"; }
on_node() {
    case $* in
    *--version) echo "containerd github.com/containerd/containerd/v2 ${VERSION:-v2.2.9} 1234" ;;
    *) echo "$*" >>"$FOLDER/asked" ;;
    esac
}
dump() {
    cat "$FOLDER/dump"
    if is_imported 2>/dev/null; then cat "$FOLDER/ours"; fi
}
restart_containerd() {
    [ "$RESTART" = true ] || return 1
    echo "restarted" >>"$FOLDER/asked"
    echo another >"$FOLDER/process"
}
"""


@dataclass
class Node:
    """A node's files, and the script that works on them."""

    folder: Path

    @property
    def configuration(self) -> Path:
        """Containerd's own file."""
        return self.folder / "node/etc/containerd/config.toml"

    @property
    def state(self) -> Path:
        """The script's folder."""
        return self.folder / "state"

    def ran(self, commands: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """What the script's own functions say and come to."""
        environment = {
            "PATH": "/usr/bin:/bin",
            "FOLDER": str(self.folder),
            "NAME": NAME,
            "NAMESPACE": NAME,
            "STATE": str(self.state),
            "RUN": str(self.folder / "run"),
            "RESTART": "true",
            "COMPLAINT": str(self.folder / "complaint"),
            **variables,
        }
        script = f"set -- :\n. {SCRIPT}\n{PLAYED}\n{textwrap.dedent(commands)}"
        return subprocess.run(["sh", "-c", script], env=environment, capture_output=True, text=True, check=False)

    def told(self, **variables: str) -> str:
        """Tell containerd of the snapshotter; the words with which that fails, if it does."""
        ended = self.ran("find_node; tell_containerd", **variables)
        assert (ended.returncode == 0) == (ended.stderr == ""), ended
        return ended.stderr.strip()

    def asked(self) -> list[str]:
        """What the node was asked to do."""
        file = self.folder / "asked"
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node with a containerd that has not heard of us."""
    made = Node(tmp_path)
    made.configuration.parent.mkdir(parents=True)
    made.configuration.write_text("version = 3\n[grpc]\n")
    made.state.mkdir()
    (tmp_path / "dump").write_text(DUMP)
    (tmp_path / "ours").write_text(OUR_TABLE)
    (tmp_path / "process").write_text("the first\n")
    return made


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
