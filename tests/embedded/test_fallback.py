"""A node whose registry is down: a real containerd with the file of this project's nodes, and two real registries.

One is Hero's home, the other a mirror in which one more word is before the image's path. It has to be root, as lazy
starts have.
"""

import shutil
from collections.abc import Generator
from dataclasses import dataclass

import pytest

from benchmarks.lazy_start.lazy_image import puller
from benchmarks.lazy_start.link import Link
from benchmarks.peer_to_peer.client import Client
from benchmarks.peer_to_peer.switch import new_switch
from components.kubernetes.fallback import before, table
from components.kubernetes.nodes import hosts
from tests.checkout import Checkout, new_checkout
from tests.embedded.test_switching import mirror, name
from tools.node.machines import write
from tools.node.node import Login
from tools.node.programs import Programs

TOLD, MIRRORS_PORT = "told", 5001
SECONDS_FOR_A_PULL = 1200
WORDS_ALONE = 10**5


@dataclass(frozen=True)
class Place:
    """A node, its way to each registry, and who pulls there."""

    client: Client
    home: Link
    mirror: Link
    login: Login
    mirrors_login: Login
    before: str
    """What is before the image's path in the mirror."""

    def tell(self, *, logins: bool) -> None:
        """What the DaemonSet writes; the login to the home, which the kubelet tells, is in the file as well."""
        home, login = f"http://{self.home.address}", self.mirrors_login
        kubelets = f'[host."{home}".header]\n  authorization = "Basic {self.login.basic}"\n'
        mirrors = [login.username, login.password] if logins else []
        behind = table(f"http://{self.mirror.address}", self.before, "", mirrors)
        folder = self.client.host.machine.folder / TOLD / self.home.address
        write(folder / "hosts.toml", hosts(home, "", None) + kubelets + behind)

    def pull(self, image: str) -> tuple[int, int, str]:
        """The bytes that came from the home and from the mirror, and the words of a pull that failed."""
        home, mirror = self.home.passed, self.mirror.passed
        pulling = self.client.pull(TOLD, image)
        said = pulling.communicate(timeout=SECONDS_FOR_A_PULL)[0]
        if pulling.returncode == 0:
            self.client.forget(image)
        return self.home.passed - home, self.mirror.passed - mirror, said if pulling.returncode else ""


@pytest.fixture(scope="session")
def other(tmp_path_factory: pytest.TempPathFactory) -> Generator[Checkout]:
    """The checkout whose embedded registry is the mirror."""
    with new_checkout(tmp_path_factory.mktemp("other")) as checkout:
        checkout.up()
        yield checkout


@pytest.fixture
def place(checkout: Checkout, other: Checkout, programs: Programs) -> Generator[Place]:
    """Hero is in both of them."""
    if shutil.which("ip") is None:
        pytest.skip("a network of its own needs ip on PATH (on Debian: apt install iproute2)")
    name(checkout, other, "mirrored")
    mirror(checkout, "dockerhub")
    checkout.up()
    told = checkout.outputs()
    at_home = told["repository"].removeprefix(f"{told['address']}/")
    mirrored = told["mirrors"][0].partition("@")[0].removeprefix(f"{other.outputs()['address']}/")
    with (
        new_switch({}) as switch,
        switch.link(programs, told["address"], 0) as link,
        switch.link(programs, other.outputs()["address"], 0, MIRRORS_PORT) as mirrors,
    ):
        client = Client(switch.host("node", 11), programs, "", "", link.address)
        client.start_containerd(puller(checkout))
        yield Place(client, link, mirrors, puller(checkout), puller(other), before(at_home, mirrored))


def test_who_does_not_answer_is_fallen_back_from(place: Place, checkout: Checkout) -> None:
    image = f"hero@{checkout.outputs()['digest']}"
    assert place.before == "mirrored"
    place.tell(logins=True)
    home, mirrored, said = place.pull(image)
    assert not said
    assert home > WORDS_ALONE, "the home is asked first"
    assert mirrored == 0
    checkout.kill_registry()
    _, mirrored, said = place.pull(image)
    assert not said
    assert mirrored == pytest.approx(home, rel=0.1), "the same comes from the mirror"
    place.tell(logins=False)
    _, mirrored, said = place.pull(image)
    assert said, "without a login the mirror gives nothing"
    assert mirrored < WORDS_ALONE


def test_what_the_home_has_lost_comes_from_the_mirror(place: Place, checkout: Checkout) -> None:
    told = checkout.outputs()
    place.tell(logins=True)
    checkout.crane("delete", told["image"], who="pusher")
    home, mirrored, said = place.pull(f"hero@{told['digest']}")
    assert not said
    assert home > WORDS_ALONE, "which still has the layers"
    assert 0 < mirrored < WORDS_ALONE
