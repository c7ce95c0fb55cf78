"""What a node starts: the pinned tools, built the first time."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.go import build, ensure_go
from tools.node.machines import APART
from tools.packages import ensure_packages
from tools.places import ROOT
from tools.problem import Problem
from tools.provide import needed_go, provide

CONTAINERD = ROOT / "tools" / "containerd"
SNAPSHOTTER = ROOT / "tools" / "snapshotter"
CONTAINERDS_OWN = "github.com/containerd/containerd/v2/cmd"
# What calls them is built here, where they are not.
CALLED = ("unshare", "nsenter", "cc", "make", "perl", "cargo")
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


def ensure_programs(more: Mapping[str, tuple[Path, str]]) -> Programs:
    """All of them, built if need be, and others by their names, each a package of a Go module."""
    if shutil.which("cc") is None:
        raise Problem("runc is built with a C compiler, and PATH has no cc (on Debian: apt install gcc libc6-dev)")
    go = ensure_go(ensure_packages(), max(needed_go(CONTAINERD), needed_go(SNAPSHOTTER)))
    packages = {name: (CONTAINERD, f"{CONTAINERDS_OWN}/{name}") for name in ("containerd", SHIM, "ctr")}
    packages |= {GRPC: (SNAPSHOTTER, f"github.com/containerd/nydus-snapshotter/cmd/{GRPC}"), **more}
    paths = {name: build(go, module, package, name) / name for name, (module, package) in packages.items()}
    paths["runc"] = build(go, CONTAINERD, "github.com/opencontainers/runc", "runc", with_c=True) / "runc"
    paths |= {name: provide(name) for name in ("accelctl", "nydus-image", "nydusd")}
    return Programs(paths)


def why_not() -> str:
    """What this machine lacks; nothing where it lacks nothing."""
    if os.geteuid() != 0:
        return "machines beside this one are for root to make"
    missing = [name for name in CALLED if shutil.which(name) is None]
    if missing:
        return f"machines beside this one need {', '.join(missing)} on PATH"
    if not Path("/dev/fuse").exists():
        return "lazy starts need /dev/fuse: modprobe fuse"
    tried = subprocess.run([*APART, "true"], capture_output=True, text=True, check=False)
    return f"no namespaces for mounts and processes: {tried.stderr.strip()}" if tried.returncode else ""
