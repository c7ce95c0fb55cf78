"""No secret in clear, wherever one looks."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.checkout import Checkout


def test_no_secret_is_in_clear_anywhere(checkout: Checkout) -> None:
    processes = Watcher()
    logging = Checkout(checkout.path, checkout.port, {**checkout.environment, "PULUMI_DEBUG_COMMANDS": "true"})
    # Not -v=9, with which the engine shows everything that passes, and says so.
    log = ["--event-log", "events.json", "--debug", "--logtostderr"]
    run = logging.start("./pulumiw", "up", "--stack", "dev", "--yes", "--show-full-output", *log)
    with ThreadPoolExecutor() as beside:
        saying = beside.submit(run.communicate)
        while not saying.done():
            processes.look()
        said = saying.result()[0]
    assert run.returncode == 0, said[-2000:]
    for command in ("preview", "refresh", "outputs"):
        said += checkout.make(command).text
    processes.look()
    secrets = every_secret(checkout)
    assert len(secrets) == 4
    files = {str(file): file.read_bytes() for file in checkout.path.rglob("*") if may_be_read(checkout, file)}
    assert any(name.endswith(".pulumi/stacks/hero/dev.json") for name in files)
    assert any(name.endswith("events.json") for name in files)
    for secret in secrets:
        assert secret not in said
        assert secret not in processes.seen
        assert [name for name, content in files.items() if secret.encode() in content] == []


def every_secret(checkout: Checkout) -> list[str]:
    """The passwords, and the hashes that stand for them."""
    told = checkout.outputs()
    exported = checkout.pulumiw("stack", "export", "--stack", "dev", "--show-secrets").text
    hashes = (checkout.path / ".hero" / "dev" / "registry" / "htpasswd").read_text().split()
    for line in hashes:
        assert line in exported
    return [told["pusherPassword"], told["pullerPassword"], *(f'"{line}' for line in hashes)]


def may_be_read(checkout: Checkout, file: Path) -> bool:
    """Every file but those of the packages."""
    return file.is_file() and not file.is_symlink() and ".venv" not in file.relative_to(checkout.path).parts


class Watcher:
    """Remembers the arguments and the environment of every process that is there when it looks."""

    def __init__(self) -> None:
        self.seen = ""

    def look(self) -> None:
        """Look once, as anybody on the machine might."""
        for folder in Path("/proc").glob("[0-9]*"):
            for name in ("cmdline", "environ"):
                try:
                    text = os.fsdecode((folder / name).read_bytes())
                except OSError:
                    continue
                if text not in self.seen:
                    self.seen += text
