"""Where a registry in a cluster can be reached from outside, and under whose certificate."""

import ipaddress
import json
import re
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from components.files import check_certificate, content
from components.kubernetes.cluster import PRIVILEGED
from components.kubernetes.names import LABEL, Label, name_for
from components.settings import Block, FilledText, Port, Superfluous, Text

DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
# https://kubernetes.io/docs/concepts/services-networking/service/#type-nodeport
NODE_PORTS = range(30000, 32768)
HTTP, HTTPS = 80, 443


def _in_quotes(value: object) -> object:
    """`pulumi config set` makes numbers and truth values of what looks like one; an annotation is always a text."""
    return json.dumps(value) if isinstance(value, bool | int | float) else value


class Expose(StrEnum):
    """What stands between the registry and its clients."""

    NODE_PORT = "nodePort"
    LOAD_BALANCER = "loadBalancer"
    INGRESS = "ingress"


class ExposedSettings(Block):
    """What the block of every choice that lives in a cluster has."""

    choice: ClassVar[str]
    """Its name in config."""

    domain: FilledText = Field(
        description="The host as clients write it, in lower case: a name that resolves to the cluster, such as "
        "<node address>.nip.io, or an address. Harbor: `externalURL`.",
        examples=["hero.127.0.0.1.nip.io"],
    )
    expose: Expose = Field(
        default=Expose.NODE_PORT,
        description="How clients reach the registry: nodePort, loadBalancer or ingress.",
        examples=["ingress"],
    )
    port: Port | None = Field(
        default=None,
        description="The port as clients write it. Default: 443 (80 with insecureHttp), or a fixed port of the "
        "registry type with nodePort; 30000 to 32767 with nodePort.",
        examples=["30500"],
    )
    ingress_class: FilledText | None = Field(
        default=None,
        description="The IngressClass. Only with ingress. Default: the cluster's default.",
        examples=["nginx"],
    )
    annotations: dict[str, Annotated[Text, BeforeValidator(_in_quotes)]] = Field(
        default={},
        description="Annotations of the Ingress, or of the Service if there is no Ingress: a map of strings.",
        examples=[{"external-dns.alpha.kubernetes.io/hostname": "hero.example.com"}],
    )
    certificate_issuer: FilledText | None = Field(
        default=None,
        description="A ClusterIssuer of cert-manager that issues the certificate. Default: the stack's own CA, "
        "unless `certificateSecret` is set.",
        examples=["letsencrypt"],
    )
    certificate_secret: FilledText | None = Field(
        default=None,
        description="namespace/name of a Secret of type kubernetes.io/tls with the certificate.",
        examples=["certificates/hero"],
    )
    ca_certificate: FilledText | None = Field(
        default=None,
        description="The file of the certificate's private CA in PEM. Only with certificateIssuer or "
        "certificateSecret.",
        examples=["./ca.pem"],
    )
    insecure_http: bool = Field(
        default=False,
        description="Serve plain HTTP: passwords and images are sent in plaintext.",
        examples=["false"],
    )
    nodes: bool | None = Field(
        default=None,
        description="Write `hosts.toml` and the CA certificate on each node. Default: true with a private CA or "
        "insecureHttp, otherwise false.",
        examples=["true"],
    )
    namespace: Label | None = Field(
        default=None,
        description="This registry's own namespace: up to 63 characters of a-z 0-9 -. Default: "
        "hero-<stack>-<registry>.",
        examples=["hero"],
    )
    keep_data: bool = Field(
        default=True,
        description="Keep the images when the stack is destroyed.",
        examples=["true"],
    )

    @field_validator("domain")
    @classmethod
    def _check_domain(cls, domain: str) -> str:
        if not DOMAIN.fullmatch(domain):
            raise ValueError("not a host, without https:// and without a port")
        return domain

    @field_validator("expose")
    @classmethod
    def _check_expose(cls, expose: Expose, info: ValidationInfo) -> Expose:
        if expose == Expose.INGRESS and _is_address(info.data.get("domain", "")):
            raise Superfluous("an ingress goes by a name, and the domain is an address")
        return expose

    @field_validator("port")
    @classmethod
    def _check_port(cls, port: int | None, info: ValidationInfo) -> int | None:
        if port is not None and info.data.get("expose") == Expose.NODE_PORT and port not in NODE_PORTS:
            raise ValueError("no port that Kubernetes opens on its nodes")
        return port

    @field_validator("ingress_class")
    @classmethod
    def _check_ingress_class(cls, name: str | None, info: ValidationInfo) -> str | None:
        if name is not None and info.data.get("expose", Expose.INGRESS) != Expose.INGRESS:
            raise Superfluous("without an ingress nobody reads it")
        return name

    @field_validator("certificate_secret")
    @classmethod
    def _check_certificate_secret(cls, secret: str | None, info: ValidationInfo) -> str | None:
        if secret is None:
            return None
        if info.data.get("certificate_issuer"):
            raise Superfluous("cert-manager makes a Secret of its own")
        if not all(LABEL.fullmatch(word) for word in secret.split("/")) or secret.count("/") != 1:
            raise ValueError("not namespace/name")
        return secret

    @field_validator("ca_certificate")
    @classmethod
    def _check_ca_certificate(cls, file: str | None, info: ValidationInfo) -> str | None:
        if file is None:
            return None
        given = {"certificate_issuer", "certificate_secret"}
        if given <= info.data.keys() and not any(info.data[name] for name in given):
            raise Superfluous("the stack's own authority signs the certificate")
        return check_certificate(file)

    @field_validator("insecure_http")
    @classmethod
    def _check_insecure_http(cls, insecure: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - the value itself
        if insecure and (info.data.get("certificate_issuer") or info.data.get("certificate_secret")):
            raise Superfluous("there is a certificate")
        return insecure

    @property
    def has_own_authority(self) -> bool:
        """Whether the stack signs the certificate itself."""
        return not (self.insecure_http or self.certificate_issuer or self.certificate_secret)

    @property
    def tells_nodes(self) -> bool:
        """Whether nodes are told how the registry is reached."""
        unknown = self.has_own_authority or self.insecure_http or self.ca_certificate is not None
        return unknown if self.nodes is None else self.nodes

    @property
    def namespace_labels(self) -> dict[str, str] | None:
        """Of the namespace from which nodes are told: a folder of theirs is written there."""
        return PRIVILEGED if self.tells_nodes else None

    @property
    def is_address(self) -> bool:
        """Whether the domain is an IP address and no name."""
        return _is_address(self.domain)

    def port_or(self, node_port: int) -> int:
        """The port as clients write it; the choice's own where nodes open one and config names none."""
        if self.port is not None:
            return self.port
        if self.expose == Expose.NODE_PORT:
            return node_port
        return HTTP if self.insecure_http else HTTPS

    def address(self, node_port: int) -> str:
        """`host[:port]` exactly as clients write it."""
        port = self.port_or(node_port)
        left_out = HTTP if self.insecure_http else HTTPS
        return self.domain if port == left_out else f"{self.domain}:{port}"

    @property
    def scheme(self) -> str:
        """As an URL begins."""
        return "http" if self.insecure_http else "https"

    @property
    def own_namespace(self) -> str:
        """The namespace that is this registry's alone, so that another one can move in beside it."""
        return self.namespace or name_for(self.choice)

    def given_authority(self) -> str | None:
        """PEM of the private authority that config names."""
        return content(self.ca_certificate) if self.ca_certificate else None


def _is_address(domain: str) -> bool:
    try:
        ipaddress.ip_address(domain)
    except ValueError:
        return False
    return True
