"""What is in a Harbor that images need: projects, and the robots that push to them and pull from them."""

import re
from dataclasses import dataclass

import pulumi
import pulumi_random as random

from components.registries.harbor.projects import HEROS_LOGINS, Project, Robot
from components.registries.harbor.settings import HarborSettings
from components.registry import Login
from providers.harbor import Administrator, HarborProject, HarborRobot

BYTES = {"Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40}
PULL, PUSH = "repository:pull", "repository:push"
# Whoever pushes is asked for leave to pull too.
# https://goharbor.io/docs/2.14.0/working-with-projects/project-configuration/create-robot-accounts/
MAY = {"pusher": [PULL, PUSH], "puller": [PULL]}
EVERYWHERE = "*"
PASSWORD_LENGTH = 32


@dataclass(frozen=True)
class MadeRobot:
    """A robot, and what one logs in with as it."""

    robot: HarborRobot
    login: Login


@dataclass(frozen=True)
class Guarded:
    """What a project may lose when it is deleted: the stack's own image, or everything."""

    repository: str
    """Of the stack's image, without the project; empty where it is in another project."""
    tags: list[str]
    discard: bool
    """Whether images may be deleted that the stack has not pushed."""


def make_project(
    name: str,
    project: Project,
    endpoint: pulumi.Input[int],
    administrator: Administrator,
    guarded: Guarded,
    opts: pulumi.ResourceOptions,
) -> HarborProject:
    """A project; `endpoint` is the number of the registry that it is a mirror of, and 0 of none.

    Type: `hero-home:provider:HarborProject`.
    """
    return HarborProject(
        f"{name}-project-{project.name}",
        administrator=administrator,
        project=project.name,
        public=project.public,
        quota=_bytes(project.quota) if project.quota else -1,
        registry=endpoint,
        scan_on_push=project.scan_on_push,
        block_severity=str(project.block or ""),
        cosign=project.cosign,
        notation=project.notation,
        sbom_on_push=project.sbom_on_push,
        allowed_cves=project.allowed_cves,
        repository=guarded.repository,
        tags=guarded.tags,
        discard=guarded.discard,
        opts=opts,
    )


def make_heros_robots(
    name: str, settings: HarborSettings, administrator: Administrator, opts: pulumi.ResourceOptions
) -> dict[str, MadeRobot]:
    """The robots `pusher` and `puller` of Hero's project, which may do nothing else and nothing elsewhere."""
    project = settings.project.name
    return {
        who: make_robot(f"{name}-{who}", settings, project, Robot(name=who, may=MAY[who]), administrator, opts)
        for who in HEROS_LOGINS
    }


def make_other_robots(
    name: str, settings: HarborSettings, administrator: Administrator, opts: pulumi.ResourceOptions
) -> list[MadeRobot]:
    """Those that the stack asks for besides, of one project or of all."""
    asked = [(project.name, robot) for project in settings.all_projects for robot in project.robots]
    asked += [(EVERYWHERE, robot) for robot in settings.robots]
    return [
        make_robot(
            f"{name}-system-robot-{robot.name}" if project == EVERYWHERE else f"{name}-robot-{project}-{robot.name}",
            settings,
            project,
            robot,
            administrator,
            opts,
        )
        for project, robot in asked
    ]


def make_robot(
    name: str,
    settings: HarborSettings,
    project: str,
    robot: Robot,
    administrator: Administrator,
    opts: pulumi.ResourceOptions,
) -> MadeRobot:
    """A login for a machine, with a password of the stack's own; of all projects where `project` is `*`.

    Types: `random:index/randomPassword:RandomPassword` and `hero-home:provider:HarborRobot`.
    """
    password = random.RandomPassword(
        f"{name}-password",
        length=PASSWORD_LENGTH,
        special=False,
        # Harbor refuses a password without one of each.
        min_lower=1,
        min_upper=1,
        min_numeric=1,
        keepers={"rotate": settings.rotate},
        opts=pulumi.ResourceOptions(parent=opts.parent),
    )
    made = HarborRobot(
        name,
        administrator=administrator,
        project="" if project == EVERYWHERE else project,
        robot=robot.name,
        description=f"Made by {pulumi.get_project()}/{pulumi.get_stack()}",
        permissions=[{"project": project, "actions": robot.may}],
        secret=password.result,
        days=robot.days or -1,
        opts=opts,
    )
    return MadeRobot(made, Login(made.full_name, password.result))


def _bytes(size: str) -> int:
    number, unit = re.fullmatch(r"(\d+)(\w+)", size).groups()  # pyright: ignore[reportOptionalMemberAccess] - checked
    return int(number) * BYTES[unit]
