"""How plugins that know no other way hear of a private authority."""

import os
from pathlib import Path
from typing import Any

import pytest

from tools import authorities

STATE: dict[str, Any] = {
    "resources": [
        {"type": "random:index/randomPassword:RandomPassword", "outputs": {"caCertificate": "another"}},
        {"type": authorities.STACK, "outputs": {"caCertificate": "a certificate"}},
    ]
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In the checkout's place."""
    monkeypatch.setattr(authorities, "FOLDER", tmp_path / ".hero" / "authorities")
    return tmp_path


@pytest.mark.parametrize(("given", "first"), [(None, "/etc/ssl/certs"), ("/their/own", "/their/own")])
def test_nobody_is_trusted_less(monkeypatch: pytest.MonkeyPatch, given: str | None, first: str) -> None:
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    if given:
        monkeypatch.setenv("SSL_CERT_DIR", given)
    folders = authorities.environment("dev")["SSL_CERT_DIR"].split(os.pathsep)
    assert folders[0] == first
    assert folders[-1] == str(authorities.FOLDER / "dev")


def test_what_the_stack_tells_is_written_and_goes_with_it(folder: Path) -> None:
    authorities.write("dev", STATE)
    assert (folder / ".hero" / "authorities" / "dev" / "ca.pem").read_text() == "a certificate"
    authorities.forget("dev")
    assert not (folder / ".hero").exists()


def test_what_the_stack_does_not_tell_any_more_is_trusted_no_more(folder: Path) -> None:
    authorities.write("dev", STATE)
    authorities.write("dev", {"resources": [{"type": authorities.STACK, "outputs": {}}]})
    assert not (folder / ".hero").exists()


def test_what_others_have_there_stays(folder: Path) -> None:
    authorities.write("dev", STATE)
    authorities.write("other", STATE)
    authorities.forget("dev")
    assert [file.name for file in (folder / ".hero" / "authorities").iterdir()] == ["other"]


@pytest.mark.parametrize("state", [{}, {"resources": None}, {"resources": [{"type": authorities.STACK}]}])
def test_a_stack_that_tells_none_has_none(folder: Path, state: dict[str, Any]) -> None:
    authorities.write("dev", state)
    assert not (folder / ".hero").exists()
    authorities.forget("dev")
