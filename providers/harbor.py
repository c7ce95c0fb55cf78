"""What a Harbor is told over its API, and what it is asked before an image may be used."""

from dataclasses import dataclass
from typing import TypedDict

import pulumi

from providers.resource import HeroResource

NO_QUOTA = -1
FOR_EVER = -1


@dataclass(frozen=True)
class Administrator:
    """One of a Harbor's administrators, by whom it is told what shall be in it."""

    url: str
    """Where it is, without a path."""
    username: str
    password: pulumi.Output[str]
    authority: pulumi.Output[str] | None
    """PEM of the private authority that signed its certificate; without it, whom this machine trusts is trusted."""

    def inputs(self) -> dict[str, pulumi.Input[object]]:
        """As each resource takes it."""
        return {
            "url": self.url,
            "username": self.username,
            "password": pulumi.Output.secret(self.password),
            "ca_certificate": self.authority or "",
        }


class HarborPermission(TypedDict):
    """What a robot may do in a project: `/` is the system itself, `*` are all projects; actions are resource:action."""

    project: pulumi.Input[str]
    actions: pulumi.Input[list[str]]


class HarborProject(HeroResource):
    """A project in a Harbor: who sees it, how much it holds, and which of its images can be pulled.

    Type: `hero-home:provider:HarborProject`; its ID is `/projects/<number>`, which resources of `pulumiverse_harbor`
    take for a scope. A preview asks nobody. A project that is there already is taken over, unless that would show a
    private one to everybody, or it gets its images from elsewhere. Refresh sees what somebody changed in Harbor, and
    the next `up` mends it; it fails where Harbor cannot be asked, and the state stays. Another login or address alone
    touches nothing. Another name is another project, made before the old one goes; with another `registry` the old one
    goes first. On destroy it goes with all its images. Raises, with words of Harbor's: a refused login, and what Harbor
    refuses; a Harbor that is away for half a minute is waited for.
    """

    name: pulumi.Output[str]
    """Its name in Harbor. A robot that is told its project from here is made again with it."""
    project_id: pulumi.Output[int]
    """Its number, as in the ID."""

    def __init__(
        self,
        name: str,
        *,
        administrator: Administrator,
        project: pulumi.Input[str],
        public: pulumi.Input[bool] = False,
        quota: pulumi.Input[int] = NO_QUOTA,
        registry: pulumi.Input[int] = 0,
        scan_on_push: pulumi.Input[bool] = True,
        sbom_on_push: pulumi.Input[bool] = False,
        block_severity: pulumi.Input[str] = "",
        cosign: pulumi.Input[bool] = False,
        notation: pulumi.Input[bool] = False,
        allowed_cves: pulumi.Input[list[str]] | None = None,
        repository: pulumi.Input[str] = "",
        tags: pulumi.Input[list[str]] | None = None,
        discard: pulumi.Input[bool] = False,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Make `project` in the administrator's Harbor.

        `quota` is in bytes, up to 2**50; -1 is none. `registry` is the number of another registry whose images come
        when they are first pulled; 0 is none. `block_severity` is low, medium, high or critical: what has something as
        bad as this cannot be pulled; empty, everything can. `cosign` and `notation` let only those images be pulled
        that were signed with these; a project with a `registry` has no `notation`. `allowed_cves` block nothing; where
        there are none, those are allowed that Harbor allows in all projects.
        `repository` and its `tags` are the stack's own: without `discard`, a delete fails where the project has others.
        """
        super().__init__(
            "HarborProject",
            name,
            {
                **administrator.inputs(),
                "name": project,
                "public": public,
                "quota": quota,
                "registry": registry,
                "scan_on_push": scan_on_push,
                "sbom_on_push": sbom_on_push,
                "block_severity": block_severity,
                "cosign": cosign,
                "notation": notation,
                "allowed_cves": [] if allowed_cves is None else allowed_cves,
                "repository": repository,
                "tags": [] if tags is None else tags,
                "discard": discard,
                "project_id": None,
            },
            opts,
        )


class HarborRobot(HeroResource):
    """A login for a machine to a Harbor, with a secret that we give it.

    Type: `hero-home:provider:HarborRobot`; its ID is `/robots/<number>`. A preview asks nobody. A robot that is there
    already is taken over, and gets the secret; one that has days is made anew for that. Refresh sees what somebody
    changed in Harbor, also where the secret opens nothing any more, and the next `up` mends it; it fails where Harbor
    cannot be asked, and the state stays. Another login or address alone touches nothing. Another name or project is
    another robot, made before the old one goes; one whose days are over is replaced after it has gone. Raises, with
    words of Harbor's: a refused login, and what Harbor refuses; a Harbor that is away for half a minute is waited for.
    """

    full_name: pulumi.Output[str]
    """What it logs in as, such as `robot$hero+pusher`."""
    robot_id: pulumi.Output[int]
    """Its number, as in the ID."""

    def __init__(
        self,
        name: str,
        *,
        administrator: Administrator,
        project: pulumi.Input[str],
        robot: pulumi.Input[str],
        permissions: pulumi.Input[list[HarborPermission]],
        secret: pulumi.Input[str],
        description: pulumi.Input[str] = "",
        days: pulumi.Input[int] = FOR_EVER,
        disabled: pulumi.Input[bool] = False,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Make `robot` in `project`, or in the Harbor itself where `project` is empty.

        A robot of a project has one item of `permissions`, for that project. `secret` has 8 to 128 characters, and a
        small letter, a large one and a digit among them. `days` are counted from when Harbor makes the robot; -1 is for
        ever. A `disabled` robot opens nothing.
        """
        super().__init__(
            "HarborRobot",
            name,
            {
                **administrator.inputs(),
                "project": project,
                "name": robot,
                "description": description,
                "permissions": permissions,
                "secret": pulumi.Output.secret(secret),
                "days": days,
                "disabled": disabled,
                "full_name": None,
                "robot_id": None,
            },
            opts,
        )


class HarborScan(HeroResource):
    """A wait for what Harbor's scanner finds in an image; whoever takes the digest from here gets none that is bad.

    Type: `hero-home:provider:HarborScan`. It takes the report that is there, or starts a scan; of an index it takes
    those of all images. While it waits it says how far the scan is, and the seconds. Another digest, place or `block`
    is waited for again, and nothing else. Vulnerabilities that the project allows, or Harbor in all projects, do not
    count. A preview, a refresh and a destroy ask nobody. Raises: a list of what is as bad as `block` or worse; a scan
    that failed, with where its log is; a patience that is over.
    """

    digest: pulumi.Output[str]
    """The digest that was given, once the image has passed."""

    def __init__(
        self,
        name: str,
        *,
        administrator: Administrator,
        project: pulumi.Input[str],
        repository: pulumi.Input[str],
        digest: pulumi.Input[str],
        block: pulumi.Input[str],
        patience: pulumi.Input[int],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wait for the scan of `digest` in `repository`, which is the path below `project`.

        `block` is low, medium, high or critical. `patience` is in seconds, for all of the scan.
        """
        super().__init__(
            "HarborScan",
            name,
            {
                **administrator.inputs(),
                "project": project,
                "repository": repository,
                "digest": digest,
                "block": block,
                "patience": patience,
            },
            opts,
        )


class HarborPreheat(HeroResource):
    """A Dragonfly that a Harbor knows, and to which it hands on each image that anybody pushes to a project.

    Type: `hero-home:provider:HarborPreheat`. Harbor calls the two an instance and a preheat policy. A preview asks
    nobody. Those that have the name already are taken over. Refresh sees what somebody changed in Harbor, but for the
    token, which Harbor tells nobody, and the next `up` mends it; it fails where Harbor cannot be asked, and the state
    stays. Another login or address of Harbor's alone touches nothing. With another name or project the old ones go
    first. On destroy both go; where somebody else's policy uses the instance, it stays, and a warning says so. Raises,
    with words of Harbor's: a refused login, and what Harbor refuses, such as a manager that it knows by another name.
    """

    def __init__(
        self,
        name: str,
        *,
        administrator: Administrator,
        project: pulumi.Input[str],
        preheat: pulumi.Input[str],
        manager: pulumi.Input[str],
        token: pulumi.Input[str],
        scope: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Make both by the name `preheat`.

        `manager` is where Harbor's own pods find Dragonfly's manager, `token` one of its personal access tokens with
        the scope `job`, and `scope` who fetches: all_seed_peers or all_peers.
        """
        super().__init__(
            "HarborPreheat",
            name,
            {
                **administrator.inputs(),
                "project": project,
                "name": preheat,
                "manager": manager,
                "token": pulumi.Output.secret(token),
                "scope": scope,
            },
            opts,
        )
