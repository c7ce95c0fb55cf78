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

    user: FilledText | None = Field(default=None, description="a user's name; or group", examples=["vfarcic"])
    group: FilledText | None = Field(default=None, description="a group's name", examples=["platform"])
    kind: GroupKind = Field(default=GroupKind.OIDC, description="for a group: oidc | ldap", examples=["oidc"])
    distinguished_name: FilledText | None = Field(
        default=None, description="only with ldap: where it is there", examples=["cn=platform,dc=example,dc=com"]
    )
    role: Role = Field(
        description="limitedguest | guest | developer | maintainer | projectadmin", examples=["developer"]
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

    name: FilledText = Field(description="who logs in; each once", examples=["vfarcic"])
    full_name: FilledText = Field(description="the person's name", examples=["Viktor Farcic"])
    email: FilledText = Field(description="the person's address", examples=["viktor@example.com"])
    password: SecretText = Field(
        description="8 to 128 characters with a small and a large letter and a digit, given as a secret",
        examples=["Password-1"],
    )
    administrator: bool = Field(
        default=False, description="true, so that this person may do everything, or false", examples=["false"]
    )

    @field_validator("password")
    @classmethod
    def _check_password(cls, password: str) -> str:
        # Harbor's own, src/common/utils/passports.go and src/server/v2.0/handler/user.go.
        if not PASSWORD.fullmatch(password):
            raise ValueError("none that Harbor takes")
        return password


class Group(Block):
    """An item of `hero:harbor.groups`: a group that somebody else knows."""

    name: FilledText = Field(description="the group's name; each once", examples=["platform"])
    kind: GroupKind = Field(default=GroupKind.OIDC, description="oidc | ldap", examples=["oidc"])
    distinguished_name: FilledText | None = Field(
        default=None, description="only with ldap: where it is there", examples=["cn=platform,dc=example,dc=com"]
    )

    @field_validator("distinguished_name")
    @classmethod
    def _check_distinguished_name(cls, name: str | None, info: ValidationInfo) -> str | None:
        return _check_place_in_ldap(name, info)


class Oidc(Block):
    """The block `hero:harbor.oidc`: people log in at a provider of identities."""

    name: FilledText = Field(description="how the login page calls it", examples=["Keycloak"])
    endpoint: WebAddress = Field(
        description="its address, as it calls itself, beginning with https://",
        examples=["https://login.example.com/realms/hero"],
    )
    client_id: FilledText = Field(description="what it knows Harbor by", examples=["harbor"])
    client_secret: SecretText = Field(description="given as a secret", examples=["CLIENT_SECRET"])
    scope: FilledText = Field(
        default="openid,profile,email,offline_access",
        description="what is asked for, with commas between",
        examples=["openid,profile,email,offline_access"],
    )
    user_claim: FilledText = Field(
        default="preferred_username", description="what says how a person is called here", examples=["name"]
    )
    groups_claim: FilledText = Field(
        default="groups", description="what says which groups a person is in", examples=["groups"]
    )
    group_filter: Text = Field(
        default="", description="a regular expression of the groups that count; all where it is empty", examples=[""]
    )
    administrators: Text = Field(
        default="",
        description="the group whose people may do everything; once given, only Harbor's own page takes it away",
        examples=[""],
    )
    onboard: bool = Field(
        default=True,
        description="true, so that whoever logs in first need not choose a name, or false",
        examples=["true"],
    )
    insecure_skip_verify: bool = Field(
        default=False, description="true, so that anybody can pass for the provider, or false", examples=["false"]
    )


class Scope(StrEnum):
    """How deep one looks below a place in LDAP."""

    BASE = "base"
    ONE_LEVEL = "onelevel"
    SUBTREE = "subtree"


class Ldap(Block):
    """The block `hero:harbor.ldap`: people log in with what LDAP knows of them."""

    url: FilledText = Field(description="ldaps://host[:port], or ldap://host[:port]", examples=["ldaps://example.com"])
    base: FilledText = Field(description="the place below which people are", examples=["ou=people,dc=example,dc=com"])
    user_attribute: FilledText = Field(default="uid", description="what people log in with", examples=["uid"])
    scope: Scope = Field(default=Scope.SUBTREE, description="base | onelevel | subtree", examples=["subtree"])
    filter: Text = Field(default="", description="a filter of people; all where it is empty", examples=[""])
    search_name: FilledText | None = Field(
        default=None,
        description="who looks there; anybody where none is given",
        examples=["cn=harbor,dc=example,dc=com"],
    )
    search_password: SecretText | None = Field(
        default=None, description="with searchName, given as a secret", examples=["PASSWORD"]
    )
    group_base: FilledText | None = Field(
        default=None, description="the place below which groups are", examples=["ou=groups,dc=example,dc=com"]
    )
    group_filter: Text = Field(
        default="", description="a filter of groups; all where it is empty", examples=["objectclass=groupOfNames"]
    )
    group_attribute: FilledText = Field(default="cn", description="what a group is called by", examples=["cn"])
    membership_attribute: FilledText = Field(
        default="memberof", description="what says which groups a person is in", examples=["memberof"]
    )
    administrators: Text = Field(
        default="",
        description="the group whose people may do everything; once given, only Harbor's own page takes it away",
        examples=[""],
    )
    insecure_skip_verify: bool = Field(
        default=False, description="true, so that anybody can pass for that server, or false", examples=["false"]
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
