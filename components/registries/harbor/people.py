"""What a stack may say of the people who use a Harbor: who they are, how they log in, what they may do."""

import re
from enum import StrEnum

from pydantic import Field, ValidationInfo, field_validator

from components.settings import Block, FilledText, SecretText, Superfluous, Text, WebAddress

PASSWORD = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d).{8,128}")


class Role(StrEnum):
    """What a person may do in a project."""

    ADMINISTRATOR = "projectadmin"
    MAINTAINER = "maintainer"
    DEVELOPER = "developer"
    GUEST = "guest"
    LIMITED_GUEST = "limitedguest"


class GroupKind(StrEnum):
    """Who knows who is in a group."""

    LDAP = "ldap"
    OIDC = "oidc"


def _check_place_in_ldap(name: str | None, info: ValidationInfo) -> str | None:
    if info.data.get("kind") == GroupKind.LDAP and name is None:
        raise ValueError("missing: with ldap a group is somewhere")
    if info.data.get("kind") == GroupKind.OIDC and name is not None:
        raise Superfluous("only ldap has such names")
    return name


class Member(Block):
    """An item of `members`: what a person or a group may do in the project."""

    user: FilledText | None = Field(
        default=None, description="A user's name. Set either user or group.", examples=["vfarcic"]
    )
    group: FilledText | None = Field(
        default=None, description="A group's name. Set either user or group.", examples=["platform"]
    )
    kind: GroupKind = Field(
        default=GroupKind.OIDC, description="The group's type: oidc or ldap. Only with `group`.", examples=["oidc"]
    )
    distinguished_name: FilledText | None = Field(
        default=None, description="The group's DN. Only with ldap.", examples=["cn=platform,dc=example,dc=com"]
    )
    role: Role = Field(
        description="The role: limitedguest, guest, developer, maintainer or projectadmin.", examples=["developer"]
    )

    @field_validator("distinguished_name")
    @classmethod
    def _check_distinguished_name(cls, name: str | None, info: ValidationInfo) -> str | None:
        return _check_place_in_ldap(name, info)

    @field_validator("group")
    @classmethod
    def _check_one(cls, group: str | None, info: ValidationInfo) -> str | None:
        if (group is None) != (info.data.get("user") is None):
            return group
        if group is None:
            raise ValueError("missing: a user or a group")
        raise Superfluous("there is a user")


class User(Block):
    """An item of `hero:harbor.users`: a person that Harbor itself knows."""

    name: FilledText = Field(description="The user name, each once.", examples=["vfarcic"])
    full_name: FilledText = Field(description="The full name.", examples=["Viktor Farcic"])
    email: FilledText = Field(description="The e-mail address.", examples=["viktor@example.com"])
    password: SecretText = Field(
        description="8 to 128 characters with a lower-case letter, an upper-case letter and a digit.",
        examples=["Password-1"],
    )
    administrator: bool = Field(default=False, description="Make the user a system administrator.", examples=["false"])

    @field_validator("password")
    @classmethod
    def _check_password(cls, password: str) -> str:
        # Harbor's own, src/common/utils/passports.go and src/server/v2.0/handler/user.go.
        if not PASSWORD.fullmatch(password):
            raise ValueError("none that Harbor takes")
        return password


class Group(Block):
    """An item of `hero:harbor.groups`: a group that somebody else knows."""

    name: FilledText = Field(description="The group's name, each once.", examples=["platform"])
    kind: GroupKind = Field(default=GroupKind.OIDC, description="The group's type: oidc or ldap.", examples=["oidc"])
    distinguished_name: FilledText | None = Field(
        default=None, description="The group's DN. Only with ldap.", examples=["cn=platform,dc=example,dc=com"]
    )

    @field_validator("distinguished_name")
    @classmethod
    def _check_distinguished_name(cls, name: str | None, info: ValidationInfo) -> str | None:
        return _check_place_in_ldap(name, info)


class Oidc(Block):
    """The block `hero:harbor.oidc`: people log in at a provider of identities."""

    name: FilledText = Field(
        description="The provider's name on the login page. Harbor: `oidc_name`.", examples=["Keycloak"]
    )
    endpoint: WebAddress = Field(
        description="The issuer URL, starting with https://. Harbor: `oidc_endpoint`.",
        examples=["https://login.example.com/realms/hero"],
    )
    client_id: FilledText = Field(
        description="Harbor's client ID at the provider. Harbor: `oidc_client_id`.", examples=["harbor"]
    )
    client_secret: SecretText = Field(
        description="The client secret. Harbor: `oidc_client_secret`.", examples=["CLIENT_SECRET"]
    )
    scope: FilledText = Field(
        default="openid,profile,email,offline_access",
        description="The scopes, separated by commas. Harbor: `oidc_scope`.",
        examples=["openid,profile,email,offline_access"],
    )
    user_claim: FilledText = Field(
        default="preferred_username",
        description="The claim with the user name. Harbor: `oidc_user_claim`.",
        examples=["name"],
    )
    groups_claim: FilledText = Field(
        default="groups",
        description="The claim with the user's groups. Harbor: `oidc_groups_claim`.",
        examples=["groups"],
    )
    group_filter: Text = Field(
        default="",
        description="A regular expression of the groups that are used. Default: all. Harbor: `oidc_group_filter`.",
        examples=[""],
    )
    administrators: Text = Field(
        default="",
        description="The group of system administrators. Harbor keeps it when the key is removed; reset it in the"
        " UI. Harbor: `oidc_admin_group`.",
        examples=[""],
    )
    onboard: bool = Field(
        default=True,
        description="Create users at their first login without asking for a name. Harbor: `oidc_auto_onboard`.",
        examples=["true"],
    )
    insecure_skip_verify: bool = Field(
        default=False,
        description="Skip TLS verification of the OIDC provider. Harbor: `oidc_verify_cert: false`.",
        examples=["false"],
    )


class Scope(StrEnum):
    """How deep one looks below a place in LDAP."""

    BASE = "base"
    ONE_LEVEL = "onelevel"
    SUBTREE = "subtree"


class Ldap(Block):
    """The block `hero:harbor.ldap`: people log in with what LDAP knows of them."""

    url: FilledText = Field(
        description="ldaps://host[:port] or ldap://host[:port]. Harbor: `ldap_url`.", examples=["ldaps://example.com"]
    )
    base: FilledText = Field(
        description="The base DN of users. Harbor: `ldap_base_dn`.", examples=["ou=people,dc=example,dc=com"]
    )
    user_attribute: FilledText = Field(
        default="uid", description="The attribute with the user name. Harbor: `ldap_uid`.", examples=["uid"]
    )
    scope: Scope = Field(
        default=Scope.SUBTREE,
        description="The search scope: base, onelevel or subtree. Harbor: `ldap_scope`.",
        examples=["subtree"],
    )
    filter: Text = Field(
        default="", description="A filter of users. Default: all. Harbor: `ldap_filter`.", examples=[""]
    )
    search_name: FilledText | None = Field(
        default=None,
        description="The DN that searches. Default: anonymous. Harbor: `ldap_search_dn`.",
        examples=["cn=harbor,dc=example,dc=com"],
    )
    search_password: SecretText | None = Field(
        default=None, description="The password of `searchName`. Harbor: `ldap_search_password`.", examples=["PASSWORD"]
    )
    group_base: FilledText | None = Field(
        default=None,
        description="The base DN of groups. Harbor: `ldap_group_base_dn`.",
        examples=["ou=groups,dc=example,dc=com"],
    )
    group_filter: Text = Field(
        default="",
        description="A filter of groups. Default: all. Harbor: `ldap_group_filter`.",
        examples=["objectclass=groupOfNames"],
    )
    group_attribute: FilledText = Field(
        default="cn", description="The attribute with the group name. Harbor: `ldap_group_gid`.", examples=["cn"]
    )
    membership_attribute: FilledText = Field(
        default="memberof",
        description="The attribute with a user's groups. Harbor: `ldap_group_membership`.",
        examples=["memberof"],
    )
    administrators: Text = Field(
        default="",
        description="The DN of the group of system administrators. Harbor keeps it when the key is removed; reset"
        " it in the UI. Harbor: `ldap_group_admin_dn`.",
        examples=[""],
    )
    insecure_skip_verify: bool = Field(
        default=False,
        description="Skip TLS verification of the LDAP server. Harbor: `ldap_verify_cert: false`.",
        examples=["false"],
    )

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: str) -> str:
        if not url.startswith(("ldaps://", "ldap://")):
            raise ValueError("not such an address")
        return url

    @field_validator("search_password")
    @classmethod
    def _check_search_password(cls, password: str | None, info: ValidationInfo) -> str | None:
        if (password is None) == (info.data.get("search_name") is None):
            return password
        if password is None:
            raise ValueError("missing: whoever looks there has a password")
        raise Superfluous("without searchName nobody needs it")
