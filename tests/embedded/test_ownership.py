"""What belongs to others is neither used nor deleted, and no other program gets the registry's credentials."""

import os
import shutil
import socket
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.checkout import Checkout, free_port
from tools.modes import WRITABLE_BY_OTHERS

ANOTHER_USER = 65534


@contextmanager
def recorder(port: int) -> Generator[bytearray]:
    """A program on the port that records what it receives, and accepts every request."""
    received = bytearray()

    def record(peer: socket.socket) -> None:
        with peer:
            while text := peer.recv(65536):
                received.extend(text)
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    def accept() -> None:
        while True:
            try:
                peer, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=record, args=(peer,), daemon=True).start()

    with listening_on(port) as server:
        threading.Thread(target=accept, daemon=True).start()
        yield received
        server.shutdown(socket.SHUT_RDWR)


def listening_on(port: int) -> socket.socket:
    """Listen once the killed registry has let go of the port."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return socket.create_server(("127.0.0.1", port))
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def copied(checkout: Checkout) -> Checkout:
    """A copy of the checkout, with its state."""
    path = checkout.path.with_name("copy")
    subprocess.run(["cp", "-a", str(checkout.path), str(path)], check=True)
    return replace(checkout, path=path)


def test_credentials_impostor_receives_none(checkout: Checkout) -> None:
    checkout.up()
    old = checkout.outputs()
    checkout.kill_registry()
    with recorder(checkout.port) as received:
        for command in ("where", "refresh", "drift", "preview", "up"):
            ended = checkout.make(command)
            assert (ended.code != 0) == (command in ("where", "drift", "up")), ended.text
            assert "Traceback" not in ended.text
        assert "cannot verify" in checkout.make("where").text
    assert received
    assert b"authorization" not in received.lower()
    checkout.up()
    new = checkout.outputs()
    assert new["digest"] == old["digest"]
    for user in ("pusherPassword", "pullerPassword"):
        assert new[user] != old[user]
    assert checkout.crane("digest", new["image"]) == new["digest"]
    assert checkout.up().unchanged
    checkout.kill_registry()
    with recorder(checkout.port) as received:
        checkout.make("down")
    assert b"authorization" not in received.lower()


def test_copied_checkout_leaves_the_originals_registry(checkout: Checkout, tmp_path: Path) -> None:
    directory = tmp_path / "elsewhere" / "registry"
    checkout.use_registry(f"directory: {directory}")
    checkout.up()
    process = checkout.registry_process()
    commanded = subprocess.run(["pgrep", "-f", f"registry {directory}"], capture_output=True, text=True, check=True)
    copy = copied(checkout)
    refused = copy.make("up")
    assert refused.code != 0
    assert f"holds the registry of the checkout in {checkout.path}" in refused.text
    assert "is not deleted" in copy.make("down").text
    after = subprocess.run(["pgrep", "-f", f"registry {directory}"], capture_output=True, text=True, check=True)
    assert after.stdout == commanded.stdout
    assert process is None
    assert (directory / "storage").is_dir()
    assert checkout.up().unchanged
    assert checkout.crane("digest", checkout.outputs()["image"]) == checkout.outputs()["digest"]
    checkout.down()
    assert not directory.exists()


def test_copied_checkout_with_relative_directory_gets_its_own(checkout: Checkout) -> None:
    checkout.up()
    copy = copied(checkout)
    assert "cannot be had" in copy.make("up").text
    own = replace(copy, port=free_port())
    own.use_registry()
    own.up()
    assert own.outputs()["pusherPassword"] != checkout.outputs()["pusherPassword"]
    own.down()
    assert checkout.up().unchanged
    assert checkout.crane("digest", checkout.outputs()["image"]) == checkout.outputs()["digest"]


def test_renamed_checkout_keeps_its_registry(checkout: Checkout) -> None:
    checkout.up()
    told = checkout.outputs()
    renamed = replace(checkout, path=checkout.path.rename(checkout.path.with_name("hero2")))
    assert renamed.crane("digest", told["image"], told=told) == told["digest"]
    assert "embedded-process updated" in renamed.up().text
    assert renamed.up().unchanged
    assert renamed.registries() == [renamed.registry_process()]
    assert renamed.outputs() == told
    renamed.down()
    assert renamed.registries() == []
    assert not (renamed.path / ".hero").exists()


def test_temporary_directories_of_others_stay(checkout: Checkout, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    backups = [temporary / name for name in ("hero-backup-2026-11", "hero-nydus-999999-1", "hero-sbom-1-2")]
    for backup in backups:
        (backup / "work").mkdir(parents=True)
    checkout.environment["TMPDIR"] = str(temporary)
    checkout.up()
    checkout.down()
    assert [backup for backup in backups if not (backup / "work").is_dir()] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_directory_of_another_user_is_refused(checkout: Checkout, tmp_path: Path) -> None:
    directory = tmp_path / "registry"
    directory.mkdir()
    directory.chmod(0o777)
    os.chown(directory, ANOTHER_USER, ANOTHER_USER)
    checkout.use_registry(f"directory: {directory}")
    refused = checkout.make("up")
    assert refused.code != 0
    assert f"it belongs to another user (uid {ANOTHER_USER})" in refused.text
    assert list(directory.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
def test_process_of_another_user_survives(checkout: Checkout) -> None:
    directory = checkout.path / ".hero" / "dev" / "registry"
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        # A shell that runs the script of this name has the arguments of a registry's process.
        (Path(folder) / "registry").write_text("read line\n")
        command = 'exec -a pulumi-resource-hero-home sh registry "$1"'
        other = subprocess.Popen(
            ["setpriv", f"--reuid={ANOTHER_USER}", "--clear-groups", "bash", "-c", command, "bash", str(directory)],
            cwd=folder,
            stdin=subprocess.PIPE,
        )
        try:
            checkout.up()
            shutil.rmtree(checkout.path / ".hero")
            checkout.up()
            checkout.down()
            assert other.poll() is None
        finally:
            other.kill()
            other.communicate()


def test_umask_loose_leaves_nothing_writable_by_others(checkout: Checkout, tmp_path: Path) -> None:
    checkout.environment["XDG_CACHE_HOME"] = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
    run = checkout.start("sh", "-c", "umask 000; make up")
    text, _ = run.communicate(timeout=300)
    assert run.returncode == 0, text
    assert stat.S_IMODE((checkout.path / ".pulumi").stat().st_mode) == 0o700
    plugin = (checkout.path / "bin" / "pulumi-resource-hero-home").resolve()
    made = [
        checkout.path / "bin",
        plugin,
        plugin.parent,
        *(checkout.path / ".hero").rglob("*"),
        *tmp_path.glob("*home"),
    ]
    made += (checkout.path / ".pulumi").rglob("*")
    assert [path for path in made if path.lstat().st_mode & WRITABLE_BY_OTHERS and not path.is_symlink()] == []
