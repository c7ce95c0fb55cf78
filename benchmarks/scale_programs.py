"""The stacks that grow: as many projects with two robots each, or as many images, as the config says."""

import pulumi

from components.hero_image import HeroImage
from components.image_settings import ImageSettings
from components.registries.embedded import Embedded, EmbeddedSettings


def harbor_projects(count: int) -> None:
    """So many projects of Harbor, each with a pusher and a puller of its own: three resources each."""
    import pulumi_random as random  # noqa: PLC0415 - the other stack does without
    import pulumiverse_harbor as harbor  # noqa: PLC0415

    secret = random.RandomPassword("secret", length=24, special=False)
    for number in range(count):
        project = harbor.Project(f"project-{number}", name=f"project-{number}", force_destroy=True)
        for robot, actions in (("pusher", ("pull", "push")), ("puller", ("pull",))):
            harbor.RobotAccount(
                f"project-{number}-{robot}",
                name=robot,
                level="project",
                secret=secret.result,
                permissions=[
                    harbor.RobotAccountPermissionArgs(
                        kind="project",
                        namespace=project.name,
                        accesses=[
                            harbor.RobotAccountPermissionAccessArgs(action=action, resource="repository")
                            for action in actions
                        ],
                    )
                ],
            )


def images(count: int) -> None:
    """So many images in one registry: a component and a resource each."""
    registry = Embedded("embedded", EmbeddedSettings(), "hero")
    for number in range(count):
        HeroImage(f"hero-{number}", registry, ImageSettings(), after=[registry])


PROGRAMS = {"projects": harbor_projects, "images": images}


def main() -> None:
    """What the stack's config asks for."""
    config = pulumi.Config("scale")
    PROGRAMS[config.require("program")](config.require_int("count"))
