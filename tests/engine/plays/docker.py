"""The docker plugin's image: its own source (`provider/provider.go`) says what it adds, compares and gives back."""

from tests.engine.plays.play import Play, Properties, digest, files, get
from tests.engine.world import World


class Image(Play):
    """Built and pushed by a Docker engine; a delete leaves it where it is."""

    computed = ("baseImageName", "context", "dockerfile", "registryServer", "repoDigest")
    unimportant = ("registry.username", "registry.password")
    in_the_world = False

    def check(self, world: World, name: str, inputs: Properties, old: Properties) -> Properties:
        given: dict[str, str] = inputs.get("build") or {}
        build = {"context": ".", "platform": "linux/amd64", **given}
        build.setdefault("dockerfile", f"{build['context']}/Dockerfile")
        if not (world.folder / build["dockerfile"]).is_file():
            raise ValueError(f"could not open dockerfile at relative path {build['dockerfile']!r}")
        build["contextDigest"] = digest(files(world.folder, build["context"]))
        return {"buildOnPreview": False, **inputs, "build": build}

    def renewed(self, old: Properties, new: Properties) -> tuple[str, ...]:
        return self.computed

    def make(self, world: World, inputs: Properties, old: Properties | None) -> Properties:
        name, _, tag = str(inputs["imageName"]).rpartition(":")
        address, _, path = name.partition("/")
        made = digest(inputs["build"])
        login: dict[str, str] = inputs.get("registry") or {}
        pushed = not inputs.get("skipPush")
        if pushed:
            registry = world.log_in(address, login.get("username", ""), login.get("password", ""), to_push=True)
            registry.repositories.setdefault(path, {})[tag] = made
        return {
            "baseImageName": inputs["imageName"],
            "context": get(inputs, "build.context"),
            "dockerfile": get(inputs, "build.dockerfile"),
            "registryServer": login.get("server", ""),
            # What is not pushed has no digest; the plugin gives the image's ID then.
            "repoDigest": f"{name}@{made}" if pushed else made,
        }


PLAYS: dict[str, Play] = {"docker:index/image:Image": Image()}
