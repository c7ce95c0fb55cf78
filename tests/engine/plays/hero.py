"""Our own plugin, which `make genuine` puts in this one's place to see whether both do the same."""

import secrets
from urllib.parse import urlsplit

from tests.engine.plays import helm
from tests.engine.plays.play import Kept, Play, Properties, digest, files, get
from tests.engine.world import Login, Refusal, Registry, World
from tests.wire import UNKNOWN


class RegistryProcess(Play):
    """A registry on 127.0.0.1 with two logins."""

    computed = ("htpasswd", "identityKey", "ownerId", "pullerPassword", "pusherPassword", "running", "storage")
    remakes = ("storage",)
    adopts = True
    deletes_first = True

    def identity(self, inputs: Properties) -> str:
        return f"{inputs['owner']} {inputs['directory']}"

    def renewed(self, old: Properties, new: Properties) -> tuple[str, ...]:
        return ("htpasswd", "pullerPassword", "pusherPassword") if old["rotate"] != new["rotate"] else ()

    def make(self, world: World, inputs: Properties, old: Properties | None) -> Properties:
        passwords = old if old and not self.renewed(old, inputs) else _passwords()
        address = f"127.0.0.1:{int(inputs['port'])}"
        kept = world.registries.pop(f"127.0.0.1:{int(old['port'])}", None) if old else None
        if address in world.registries:
            raise Refusal(f"the port of {address} is taken")
        held = kept or Registry()
        held.logins = [
            Login("pusher", passwords["pusherPassword"], may_push=True),
            Login("puller", passwords["pullerPassword"], may_push=False),
        ]
        world.registries[address] = held
        return {
            "htpasswd": passwords["htpasswd"],
            "identityKey": old["identityKey"] if old else secrets.token_hex(16),
            "ownerId": old["ownerId"] if old else secrets.token_hex(16),
            "pullerPassword": passwords["pullerPassword"],
            "pusherPassword": passwords["pusherPassword"],
            "running": True,
            "storage": old["storage"] if old and kept else f"storage-{world.number('storage')}",
        }

    def take_over(self, world: World, outputs: Properties) -> None:
        # A run that was killed has left it running, with passwords that nobody knows.
        self.unmake(world, outputs)

    def unmake(self, world: World, outputs: Properties) -> None:
        world.registries.pop(f"127.0.0.1:{int(outputs['port'])}", None)


class Image(Play):
    """An image under all its tags, pushed by whoever may push."""

    computed = ("digest", "uploaded", "missing")
    # As of every image: when the resource goes, the registry decides what becomes of it.
    in_the_world = False

    def check(self, world: World, name: str, inputs: Properties, old: Properties) -> Properties:
        source = inputs["source"]
        if source == UNKNOWN or UNKNOWN in source.values():
            return {**inputs, "fingerprint": UNKNOWN}
        return {
            **inputs,
            "fingerprint": digest(source, files(world.folder, source["path"]) if "path" in source else []),
        }

    def renewed(self, old: Properties, new: Properties) -> tuple[str, ...]:
        return self.computed if old["fingerprint"] != new["fingerprint"] else ("uploaded",)

    def make(self, world: World, inputs: Properties, old: Properties | None) -> Properties:
        address, _, path = str(inputs["repository"]).partition("/")
        registry = world.log_in(address, inputs["username"], inputs["password"], to_push=True)
        tags = registry.repositories.setdefault(path, {})
        reference = str(inputs["source"].get("reference", ""))
        if old and _identifier(old) == _identifier(inputs) and _is_there(old, inputs, tags):
            # The same image by its ID, which stays as it was packed first.
            made = old["digest"]
        elif inputs["source"]["kind"] == "registry":
            _, _, made = reference.partition("@")
            if made not in tags.values():
                raise Refusal(f"404 Not Found: {reference}")
        else:
            made = digest(inputs["fingerprint"])
        for tag in set(old["tags"]) - set(inputs["tags"]) if old else ():
            tags.pop(tag, None)
        tags.update(dict.fromkeys(inputs["tags"], made))
        return {"digest": made, "uploaded": 1, "missing": []}


def _is_there(old: Properties, new: Properties, tags: dict[str, str]) -> bool:
    """Whether the image of before is in the repository. After a move it is, though Docker has given its tag away."""
    return old["digest"] in tags.values() or old["repository"] != new["repository"]


def _identifier(image: Properties) -> str:
    """By which the Docker engine knows an image; nothing alike where it has not built it."""
    return str(image["source"].get("reference", "")).rpartition("@")[2] or str(image["fingerprint"])


class Home(Kept):
    """What remembers where everything lives, and brings it along to another choice while the old one still stands."""

    computed = ("before",)

    def renewed(self, old: Properties, new: Properties) -> tuple[str, ...]:
        return self.computed if old["tags"] != new["tags"] else ()

    def make(self, world: World, inputs: Properties, old: Properties | None) -> Properties:
        if old is None:
            return {"before": []}
        if old["registry"] != inputs["registry"]:
            self._move(world, old, inputs)
        return {"before": old["tags"] if self.renewed(old, inputs) else old["before"]}

    def _move(self, world: World, old: Properties, new: Properties) -> None:
        held = _repository(world, old)
        taken = {
            tag: image
            for tag, image in held.items()
            if new["copy"] == "all" or (new["copy"] == "current" and tag in old["tags"])
        }
        lost = held.keys() - taken.keys()
        if lost and not old["keepsImages"] and not new["discard"]:
            raise Refusal(f"nowhere else: {', '.join(sorted(lost))}")
        if taken:
            _repository(world, new).update(taken)

    def unmake(self, world: World, outputs: Properties) -> None:
        address, _, path = str(outputs["repository"]).partition("/")
        if outputs["keepsImages"] or outputs["discard"] or address not in world.registries:
            return
        there = world.registries[address].repositories.get(path, {}).keys()
        own: list[str] = outputs["tags"]
        if set(own) - there:
            own = [*own, *outputs["before"]]
        if there - set(own):
            raise Refusal(f"nowhere else: {', '.join(sorted(there - set(own)))}")


class NydusImage(Play):
    """The form of an image for Nydus, under the image's tags with -nydus behind them."""

    computed = ("nydusDigest", "missing")
    # What a killed run has made of it are tags, which the next one gives anew.
    in_the_world = False

    def renewed(self, old: Properties, new: Properties) -> tuple[str, ...]:
        same = all(old[key] == new[key] for key in ("repository", "digest", "merged", "prefetch", "home"))
        return () if same else ("nydusDigest",)

    def make(self, world: World, inputs: Properties, old: Properties | None) -> Properties:
        address, _, path = str(inputs["repository"]).partition("/")
        registry = world.log_in(address, inputs["username"], inputs["password"], to_push=True)
        tags = registry.repositories.setdefault(path, {})
        if inputs["digest"] not in tags.values():
            raise Refusal(f"404 Not Found: {inputs['repository']}@{inputs['digest']}")
        for tag in set(old["tags"]) - set(inputs["tags"]) if old else ():
            tags.pop(f"{tag}-nydus", None)
        made = digest(inputs["digest"], inputs["merged"], inputs["prefetch"])
        tags.update({f"{tag}-nydus": made for tag in inputs["tags"]})
        return {"nydusDigest": made, "missing": []}

    def unmake(self, world: World, outputs: Properties) -> None:
        address, _, path = str(outputs["repository"]).partition("/")
        registry = world.registries.get(address)
        if registry is None or outputs["keep"]:
            return
        for tag in outputs["tags"]:
            registry.repositories.get(path, {}).pop(f"{tag}-nydus", None)


class ImageCopy(Play):
    """Images of a repository in another one."""

    computed = ("missing", "uploaded")
    # As of every image: when the resource goes, the registry decides what becomes of it.
    in_the_world = False

    def renewed(self, old: Properties, new: Properties) -> tuple[str, ...]:
        return ("uploaded",)

    def make(self, world: World, inputs: Properties, old: Properties | None) -> Properties:
        source, destination = _repository(world, inputs["source"]), _repository(world, inputs)
        for image in inputs["images"]:
            if image["digest"] not in source.values():
                raise Refusal(f"404 Not Found: {inputs['source']['repository']}@{image['digest']}")
            destination.update(dict.fromkeys(image["tags"], image["digest"]))
        if old and old["repository"] == inputs["repository"]:
            for tag in _tags(old) - _tags(inputs):
                destination.pop(tag, None)
        return {"missing": [], "uploaded": 1}


class Readiness(Kept):
    """A wait until the pusher may push; where it may not, that would be for ever. Without an address, it is over.

    With a release, it also keeps the release's objects as Helm's record has them.
    """

    def drifted(self, world: World, outputs: Properties) -> list[str]:
        return ["drift"] if outputs.get("drift") or self.seen(world, outputs).get("drift") else []

    def seen(self, world: World, outputs: Properties) -> Properties:
        record = helm.record_of(world, _release(outputs)) if outputs.get("release") else None
        return {**outputs, "drift": record.differs} if record else outputs

    def make(self, world: World, inputs: Properties, old: Properties | None) -> Properties:
        if inputs.get("release"):
            helm.repair(world, _release(inputs))
        if inputs["repository"]:
            address = str(inputs["repository"]).partition("/")[0]
            world.log_in(address, inputs["username"], inputs["password"], to_push=True)
        elif inputs["url"] and urlsplit(str(inputs["url"])).netloc not in world.registries:
            raise Refusal(f"{inputs['url']} does not answer")
        return {}


def _release(waited: Properties) -> str:
    return f"{waited['namespace']}/{waited['release']}"


class Departure(Kept):
    """What takes a DaemonSet away before the engine does."""

    def unmake(self, world: World, outputs: Properties) -> None:
        place = outputs["namespace"], outputs["daemonSet"]
        found = [
            thing
            for thing in world.things.values()
            if thing.type == "kubernetes:apps/v1:DaemonSet"
            and (get(thing.outputs, "metadata.namespace"), get(thing.outputs, "metadata.name")) == place
        ]
        if not found:
            raise Refusal(f"the DaemonSet {outputs['daemonSet']} went before the pods that live from it were named")


def _tags(copied: Properties) -> set[str]:
    """All tags of the images that were copied."""
    return {tag for image in copied["images"] for tag in image["tags"]}


def _repository(world: World, home: Properties) -> dict[str, str]:
    """What a home's tags name, for its pusher."""
    address, _, path = str(home["repository"]).partition("/")
    registry = world.log_in(address, home["username"], home["password"], to_push=True)
    return registry.repositories.setdefault(path, {})


def _passwords() -> Properties:
    made = {f"{who}Password": secrets.token_hex(16) for who in ("pusher", "puller")}
    return {**made, "htpasswd": f"pusher:{digest(made)}"}


PLAYS: dict[str, Play] = {
    "hero-home:provider:RegistryProcess": RegistryProcess(),
    "hero-home:provider:Image": Image(),
    "hero-home:provider:Home": Home(),
    "hero-home:provider:NydusImage": NydusImage(),
    "hero-home:provider:ImageCopy": ImageCopy(),
    "hero-home:provider:Readiness": Readiness(),
    "hero-home:provider:Departure": Departure(),
}
