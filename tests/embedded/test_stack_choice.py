"""Which stack ./pulumiw acts on, with the state of the checkout and with a backend of the user's own."""

import fcntl
import shutil
from pathlib import Path

import pytest

from tests.checkout import Checkout


def stacks_in(backend: Path) -> list[str]:
    """Return the stacks of a backend's directory."""
    return sorted(file.stem for file in (backend / ".pulumi" / "stacks" / "hero").glob("*.json"))


@pytest.fixture
def user_backend(checkout: Checkout, tmp_path: Path) -> Path:
    """A backend of the user's own, with the stack `mine` selected."""
    backend = tmp_path / "state"
    backend.mkdir()
    checkout.environment["PULUMI_BACKEND_URL"] = f"file://{backend}"
    checkout.environment["PULUMI_CONFIG_PASSPHRASE"] = "passphrase"
    shutil.copy(checkout.path / "Pulumi.dev.yaml", checkout.path / "Pulumi.mine.yaml")
    assert checkout.pulumiw("stack", "init", "mine").code == 0
    return backend


def test_user_backend_acts_on_the_selected_stack(checkout: Checkout, user_backend: Path) -> None:
    before = (checkout.path / "Pulumi.dev.yaml").read_bytes()
    preview = checkout.pulumiw("preview")
    assert preview.code == 0, preview.text
    assert "Previewing update (mine)" in preview.text
    assert checkout.pulumiw("stack", "--show-name").text.strip() == "mine"
    assert stacks_in(user_backend) == ["mine"]
    assert (checkout.path / "Pulumi.dev.yaml").read_bytes() == before
    assert not (checkout.path / ".pulumi").exists()


@pytest.mark.parametrize("spelling", ["--stack=dev", "-sdev", "-s=dev"])
def test_user_backend_gets_no_stack(checkout: Checkout, user_backend: Path, spelling: str) -> None:
    before = (checkout.path / "Pulumi.dev.yaml").read_bytes()
    preview = checkout.pulumiw("preview", spelling)
    assert preview.code != 0
    assert "no stack named 'dev' found" in preview.text
    assert stacks_in(user_backend) == ["mine"]
    assert (checkout.path / "Pulumi.dev.yaml").read_bytes() == before


def test_own_state_acts_on_the_selected_stack(checkout: Checkout) -> None:
    shutil.copy(checkout.path / "Pulumi.dev.yaml", checkout.path / "Pulumi.mine.yaml")
    assert checkout.pulumiw("stack", "init", "mine").code == 0
    preview = checkout.pulumiw("preview")
    assert "Previewing update (mine)" in preview.text
    assert stacks_in(checkout.path) == ["mine"]
    assert checkout.pulumiw("preview", "-sdev").code == 0
    assert stacks_in(checkout.path) == ["dev", "mine"]
    assert checkout.pulumiw("stack", "--show-name").text.strip() == "mine"


def test_first_command_makes_and_selects_dev(checkout: Checkout) -> None:
    preview = checkout.pulumiw("preview")
    assert "Previewing update (dev)" in preview.text
    assert checkout.pulumiw("stack", "--show-name").text.strip() == "dev"


def test_cancel_does_not_wait_for_the_run(checkout: Checkout) -> None:
    assert checkout.pulumiw("preview").code == 0
    with (checkout.path / ".pulumi" / "dev.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        cancelled = checkout.pulumiw("cancel", "--stack", "dev", "--yes")
    assert cancelled.code == 0, cancelled.text
    assert "waiting" not in cancelled.text
