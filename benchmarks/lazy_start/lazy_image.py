"""An image in the registry in every form, and its starts."""

from pathlib import Path

from benchmarks.lazy_start import images
from benchmarks.lazy_start.cases import Form
from benchmarks.lazy_start.start import Start, start_from_cold
from tests.checkout import Checkout
from tools.node.node import FETCHES_ALL, FETCHES_WHAT_IS_READ, NYDUS, OVERLAYFS, Login
from tools.node.programs import Programs

MEGABYTES_OF_A_LAYER, FEWEST_LAYERS = 100, 4


def puller(checkout: Checkout) -> Login:
    """Of the stack's registry."""
    told = checkout.outputs()
    return Login(told["pullerUsername"], told["pullerPassword"])


class LazyImage:
    """It is pushed as OCI, and converted to the other forms when they are first asked for."""

    def __init__(self, programs: Programs, checkout: Checkout, folder: Path, megabytes: int) -> None:
        starter = Path(programs["starter"]).read_bytes()
        self.content = images.new_content(megabytes, starter)
        self.megabytes = megabytes
        self.registry = str(checkout.outputs()["address"])
        self._programs, self._checkout, self._folder = programs, checkout, folder
        self._login = puller(checkout)
        self._repositories = {Form.OCI: f"lazy:{megabytes}"}
        layers = max(FEWEST_LAYERS, megabytes // MEGABYTES_OF_A_LAYER)
        reference = f"{self.registry}/{self._repositories[Form.OCI]}"
        images.push(checkout, folder / f"layout-{megabytes}", self.content, starter, reference, layers)

    def repository(self, form: Form) -> str:
        """With the tag of this form, which is made if need be."""
        if form is Form.ALL_AFTERWARDS:
            # Nodes are told so, and the image is the same.
            return self.repository(Form.NEEDED_AHEAD)
        if form not in self._repositories:
            tag = f"{self.megabytes}-{form.replace(' ', '-')}"
            self._checkout.crane("tag", f"{self.registry}/{self._repositories[Form.OCI]}", tag, who="pusher")
            folder, reference = self._folder / f"conversion-{tag}", f"{self.registry}/lazy:{tag}"
            images.convert(self._programs, self._checkout, folder, reference, self._ahead(form))
            self._repositories[form] = f"lazy:{tag}-nydus"
        return self._repositories[form]

    def _ahead(self, form: Form) -> list[str]:
        needed = ["/starter", "/needed", *self.content.needed]
        return {Form.NOTHING_AHEAD: [], Form.NEEDED_AHEAD: needed, Form.ALL_AHEAD: ["/"]}[form]

    def start(self, megabits: int, form: Form) -> Start:
        """From cold, by a link of its own."""
        snapshotter, repository = OVERLAYFS if form is Form.OCI else NYDUS, self.repository(form)
        told = FETCHES_ALL if form is Form.ALL_AFTERWARDS else FETCHES_WHAT_IS_READ
        return start_from_cold(
            self._programs, self.registry, self._login, megabits, snapshotter, repository, self.content, told
        )
