"""What else is in a Harbor, by the package that speaks its API: rules of projects, people, other registries."""

import hashlib
from dataclasses import dataclass

import pulumi
import pulumiverse_harbor as harbor

from components.authorities import trusted
from components.registries.harbor.administration import Direction, Endpoint, Preheating, Replication
from components.registries.harbor.leftovers import forgetting
from components.registries.harbor.people import GroupKind, Member
from components.registries.harbor.projects import KeptArtifacts, Label, Project
from components.registries.harbor.settings import HarborSettings
from components.registries.harbor.system import ldap, oidc, system
from providers.harbor import Administrator, HarborProject

GROUP_KINDS = {GroupKind.LDAP: 1, GroupKind.OIDC: 3}


@dataclass(frozen=True)
class Rules:
    """Makes them, each as a child of the registry, through a provider that is the administrator's.

    Types: `pulumi:providers:harbor`, and of `harbor:index` whatever the stack asks for.
    """

    name: str
    settings: HarborSettings
    opts: pulumi.ResourceOptions

    def endpoints(self) -> dict[str, pulumi.Input[int]]:
        """The number of each other registry, by its name, of which a project can be a mirror."""
        return {each.name: self._endpoint(each).registry_id for each in self.settings.registries}

    def make(
        self,
        projects: dict[str, HarborProject],
        endpoints: dict[str, pulumi.Input[int]],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Everything else, each after what it speaks of."""
        opts = pulumi.ResourceOptions.merge(self.opts, opts)
        self._of_all(endpoints, opts)
        people = self._people(opts)
        after = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=people))
        for project in self.settings.all_projects:
            self._of_project(project, projects[project.name], after)

    def _endpoint(self, endpoint: Endpoint) -> harbor.Registry:
        return harbor.Registry(
            f"{self.name}-registry-{endpoint.name}",
            name=endpoint.name,
            provider_name=str(endpoint.kind),
            endpoint_url=endpoint.url,
            access_id=endpoint.username,
            access_secret=pulumi.Output.secret(endpoint.password) if endpoint.password else None,
            description=endpoint.description,
            insecure=endpoint.insecure_skip_verify,
            opts=self.opts,
        )

    def _of_project(self, project: Project, made: HarborProject, opts: pulumi.ResourceOptions) -> None:
        name = f"{self.name}-{project.name}"
        if project.retention:
            harbor.RetentionPolicy(
                f"{name}-retention",
                scope=made.id,
                schedule=project.retention.every,
                rules=[_kept(each) for each in project.retention.keep],
                opts=opts,
            )
        for place, tags in enumerate(project.immutable_tags):
            print_of = hashlib.sha256(f"{tags.repositories} {tags.tags}".encode()).hexdigest()[:8]
            # By what it says: Harbor refuses the same rule twice, as it would be while rules change places.
            before = pulumi.ResourceOptions(aliases=[pulumi.Alias(name=f"{name}-immutable-tags-{place}")])
            harbor.ImmutableTagRule(
                f"{name}-immutable-tags-{print_of}",
                project_id=made.id,
                repo_matching=tags.repositories,
                tag_matching=tags.tags,
                opts=pulumi.ResourceOptions.merge(opts, before),
            )
        for listener in project.webhooks:
            harbor.ProjectWebhook(
                f"{name}-webhook-{listener.name}",
                # Of this form and no other: it becomes a part of an URL.
                project_id=made.id,
                name=listener.name,
                address=listener.address,
                notify_type=str(listener.format),
                events_types=[str(event) for event in listener.events],
                auth_header=pulumi.Output.secret(listener.header) if listener.header else None,
                skip_cert_verify=listener.insecure_skip_verify,
                enabled=True,
                opts=opts,
            )
        for member in project.members:
            _member(name, member, made, opts)
        for label in project.labels:
            _label(name, label, made.id, opts)

    def _of_all(self, endpoints: dict[str, pulumi.Input[int]], opts: pulumi.ResourceOptions) -> None:
        settings, name = self.settings, self.name
        for label in settings.labels:
            _label(name, label, None, opts)
        for replication in settings.replications:
            _replicate(name, replication, endpoints[replication.registry], opts)
        for preheating in settings.preheat:
            _preheat(name, preheating, opts)
        if settings.garbage_collection:
            collection = settings.garbage_collection
            harbor.GarbageCollection(
                f"{name}-garbage-collection",
                schedule=collection.every,
                delete_untagged=collection.delete_untagged,
                workers=collection.workers,
                opts=opts,
            )
        if settings.scan.every:
            harbor.InterrogationServices(f"{name}-scans", vulnerability_scan_policy=settings.scan.every, opts=opts)
        if settings.allowed_cves:
            allowed = settings.allowed_cves
            harbor.ConfigSecurity(
                f"{name}-allowed-cves", cve_allowlists=allowed.identifiers, expires_at=allowed.until, opts=opts
            )
        if settings.system:
            harbor.ConfigSystem(f"{name}-system", **system(settings.system), opts=opts)

    def _people(self, opts: pulumi.ResourceOptions) -> list[pulumi.Resource]:
        """Who logs in, and how: whoever is a member of a project has to be there before."""
        settings, name = self.settings, self.name
        how: list[pulumi.Resource] = []
        if settings.oidc:
            how.append(harbor.ConfigAuth(f"{name}-authentication", **oidc(settings.oidc), opts=opts))
        if settings.ldap:
            how.append(harbor.ConfigAuth(f"{name}-authentication", **ldap(settings.ldap), opts=opts))
        # Harbor takes groups only of the kind that people log in with.
        opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=how))
        users = [
            harbor.User(
                f"{name}-user-{user.name}",
                username=user.name,
                full_name=user.full_name,
                email=user.email,
                password=pulumi.Output.secret(user.password),
                admin=user.administrator,
                opts=opts,
            )
            for user in settings.users
        ]
        groups = [
            harbor.Group(
                f"{name}-group-{group.name}",
                group_name=group.name,
                group_type=GROUP_KINDS[group.kind],
                ldap_group_dn=group.distinguished_name,
                # The provider changes neither of them.
                opts=pulumi.ResourceOptions.merge(
                    opts, pulumi.ResourceOptions(replace_on_changes=["groupType", "ldapGroupDn"])
                ),
            )
            for group in settings.groups
        ]
        return [*how, *users, *groups]


def rules_of(name: str, settings: HarborSettings, administrator: Administrator, opts: pulumi.ResourceOptions) -> Rules:
    """The rules of a Harbor, whose provider trusts its authority and nobody whom that did not sign."""
    provider = harbor.Provider(
        f"{name}-administrator",
        url=trusted(administrator.url, administrator.authority),
        username=administrator.username,
        password=administrator.password,
        # It trusts everybody unless it is told otherwise.
        insecure=False,
        opts=pulumi.ResourceOptions(parent=opts.parent),
    )
    opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(provider=provider))
    return Rules(name, settings, pulumi.ResourceOptions.merge(opts, forgetting(f"{name}-rules", administrator)))


def _kept(kept: KeptArtifacts) -> harbor.RetentionPolicyRuleArgs:
    measures = (kept.most_recently_pushed, kept.most_recently_pulled, kept.days_since_push, kept.days_since_pull)
    return harbor.RetentionPolicyRuleArgs(
        most_recently_pushed=kept.most_recently_pushed,
        most_recently_pulled=kept.most_recently_pulled,
        n_days_since_last_push=kept.days_since_push,
        n_days_since_last_pull=kept.days_since_pull,
        always_retain=None if any(measures) else True,
        repo_matching=kept.repositories,
        tag_matching=kept.tags,
        untagged_artifacts=kept.untagged,
    )


def _label(name: str, label: Label, project: pulumi.Input[str] | None, opts: pulumi.ResourceOptions) -> None:
    harbor.Label(
        f"{name}-label-{label.name}",
        name=label.name,
        color=label.color,
        description=label.description,
        project_id=project,
        opts=opts,
    )


def _member(name: str, member: Member, project: HarborProject, opts: pulumi.ResourceOptions) -> None:
    if member.user:
        harbor.ProjectMemberUser(
            f"{name}-member-{member.user}",
            project_id=project.id,
            user_name=member.user,
            role=str(member.role),
            opts=opts,
        )
        return
    harbor.ProjectMemberGroup(
        f"{name}-members-{member.group}",
        project_id=project.id,
        type=str(member.kind),
        role=str(member.role),
        group_name=member.group,
        ldap_group_dn=member.distinguished_name,
        opts=opts,
    )


def _replicate(name: str, replication: Replication, endpoint: pulumi.Input[int], opts: pulumi.ResourceOptions) -> None:
    by_itself = "event_based" if replication.direction == Direction.PUSH else "manual"
    harbor.Replication(
        f"{name}-replication-{replication.name}",
        name=replication.name,
        action=str(replication.direction),
        registry_id=endpoint,
        filters=[{"name": replication.repositories}, {"tag": replication.tags, "decoration": "matches"}],
        schedule=replication.every or by_itself,
        dest_namespace=replication.namespace or None,
        deletion=replication.deletion,
        opts=opts,
    )


def _preheat(name: str, preheating: Preheating, opts: pulumi.ResourceOptions) -> None:
    harbor.PreheatInstance(
        f"{name}-preheat-{preheating.name}",
        name=preheating.name,
        vendor="dragonfly",
        endpoint=preheating.endpoint,
        auth_mode="OAUTH",
        token=pulumi.Output.secret(preheating.token),
        insecure=preheating.insecure_skip_verify,
        opts=opts,
    )
