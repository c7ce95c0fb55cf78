"""What is started here: the pinned tools, built the first time, and two small programs of our own."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tools.go import build, ensure_go
from tools.packages import ensure_packages
from tools.places import ROOT
from tools.problem import Problem
from tools.provide import needed_go, provide

CONTAINERD = ROOT / "tools" / "containerd"
SNAPSHOTTER = ROOT / "tools" / "snapshotter"
OURS = Path(__file__).parent / "programs"
CONTAINERDS_OWN = "github.com/containerd/containerd/v2/cmd"
SHIM, GRPC = "containerd-shim-runc-v2", "containerd-nydus-grpc"


@dataclass(frozen=True)
class Programs:
    """Where each one is."""

    paths: dict[str, Path]

    def __getitem__(self, name: str) -> str:
        """For a command."""
        return str(self.paths[name])

    @property
    def folders(self) -> list[str]:
        """For PATH, by which containerd finds its shim and runc."""
        return list(dict.fromkeys(str(path.parent) for path in self.paths.values()))


def ensure_programs() -> Programs:
    """All of them, built if need be."""
    if shutil.which("cc") is None:
        raise Problem("runc is built with a C compiler, and PATH has no cc (on Debian: apt install gcc libc6-dev)")
    go = ensure_go(ensure_packages(), max(needed_go(CONTAINERD), needed_go(SNAPSHOTTER)))
    packages = {name: (CONTAINERD, f"{CONTAINERDS_OWN}/{name}") for name in ("containerd", SHIM, "ctr")}
    packages |= {name: (OURS, f"./{name}") for name in ("link", "starter")}
    packages[GRPC] = (SNAPSHOTTER, f"github.com/containerd/nydus-snapshotter/cmd/{GRPC}")
    paths = {name: build(go, module, package, name) / name for name, (module, package) in packages.items()}
    paths["runc"] = build(go, CONTAINERD, "github.com/opencontainers/runc", "runc", with_c=True) / "runc"
    paths |= {name: provide(name) for name in ("accelctl", "nydus-image", "nydusd")}
    return Programs(paths)
