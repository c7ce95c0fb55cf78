"""A node for the snapshotter's script, with a containerd that only says what it is told."""

import subprocess
import textwrap
from dataclasses import dataclass
from pathlib import Path

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
            "TOLD": str(SCRIPT.parent),
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


def new_node(folder: Path) -> Node:
    """A node with a containerd that has not heard of us."""
    made = Node(folder)
    made.configuration.parent.mkdir(parents=True)
    made.configuration.write_text("version = 3\n[grpc]\n")
    made.state.mkdir()
    (folder / "dump").write_text(DUMP)
    (folder / "ours").write_text(OUR_TABLE)
    (folder / "process").write_text("the first\n")
    return made
