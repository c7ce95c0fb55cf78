"""The random plugin: a value is made once and stays until an input changes."""

import base64
import secrets
import string
import uuid

from tests.engine.plays.play import Kept, Play, Properties
from tests.engine.world import World, hash_of

SPECIAL = "!@#$%&*()-_=+[]{}<>:?"


class Text(Kept):
    """A password or a string, of the characters that its inputs allow."""

    def __init__(self, *, hashed: bool) -> None:
        self._hashed = hashed
        self.computed = ("bcryptHash", "result") if hashed else ("result",)

    def make(self, world: World, inputs: Properties, old: Properties | None) -> Properties:
        kinds = {
            "lower": string.ascii_lowercase,
            "upper": string.ascii_uppercase,
            "numeric": string.digits,
            "special": inputs.get("overrideSpecial") or SPECIAL,
        }
        allowed = {kind: letters for kind, letters in kinds.items() if inputs.get(kind, True)}
        least = [
            secrets.choice(letters)
            for kind, letters in kinds.items()
            for _ in range(int(inputs.get(f"min{kind.capitalize()}") or 0))
        ]
        rest = "".join(allowed.values())
        length = int(inputs["length"])
        characters = [*least, *(secrets.choice(rest) for _ in range(length - len(least)))]
        secrets.SystemRandom().shuffle(characters)
        made = {"result": "".join(characters)}
        return {**made, "bcryptHash": hash_of(made["result"])} if self._hashed else made

    def identifier(self, world: World, name: str, outputs: Properties) -> str:
        return "none" if self._hashed else outputs["result"]


class Bytes(Kept):
    """Random bytes, written in several ways."""

    computed = ("base64", "hex", "b64Std", "b64Url", "dec")

    def make(self, world: World, inputs: Properties, old: Properties | None) -> Properties:
        made = secrets.token_bytes(int(inputs.get("length") or inputs["byteLength"]))
        return {
            "base64": base64.b64encode(made).decode(),
            "hex": made.hex(),
            "b64Std": base64.b64encode(made).decode(),
            "b64Url": base64.urlsafe_b64encode(made).decode().rstrip("="),
            "dec": str(int.from_bytes(made)),
        }


class Uuid(Kept):
    """A UUID."""

    computed = ("result",)

    def make(self, world: World, inputs: Properties, old: Properties | None) -> Properties:
        return {"result": str(uuid.uuid4())}


PLAYS: dict[str, Play] = {
    "random:index/randomPassword:RandomPassword": Text(hashed=True),
    "random:index/randomString:RandomString": Text(hashed=False),
    "random:index/randomBytes:RandomBytes": Bytes(),
    "random:index/randomId:RandomId": Bytes(),
    "random:index/randomUuid:RandomUuid": Uuid(),
}
