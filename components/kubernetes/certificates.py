"""The certificate under which a registry in a cluster is reached."""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_tls as tls

from components.kubernetes.cluster import Cluster, fingerprint
from components.kubernetes.exposure import ExposedSettings

HOURS_OF_AUTHORITY = 10 * 365 * 24
# https://support.apple.com/en-us/102028 - some clients take none that is valid for longer than 398 days.
HOURS_OF_CERTIFICATE = 397 * 24
# The next `up` in the last 60 days makes a new one.
HOURS_OF_RENEWAL = 60 * 24


@dataclass(frozen=True)
class Certificate:
    """A Secret of type `kubernetes.io/tls`, and the authority behind it where clients have to be told of it."""

    secret: pulumi.Output[str]
    """The Secret's name in the cluster's namespace."""
    authority: pulumi.Output[str] | None
    """PEM of a private authority."""
    fingerprint: pulumi.Output[str] | None
    """Another one where the certificate is another, for what reads it at its start; None where an issuer renews it."""


def certify(
    name: str, settings: ExposedSettings, services: list[str], cluster: Cluster, parent: pulumi.Resource
) -> Certificate | None:
    """The certificate that config asks for, for the domain; nothing where there shall be none.

    `services` are names in the cluster that the stack's own authority signs besides. Types: for an authority of the
    stack's own two `tls:index/privateKey:PrivateKey`, a `tls:index/selfSignedCert:SelfSignedCert`, a
    `tls:index/certRequest:CertRequest`, a `tls:index/locallySignedCert:LocallySignedCert` and a
    `kubernetes:core/v1:Secret`; for an issuer a `kubernetes:cert-manager.io/v1:Certificate`; for a given Secret a copy
    of it, as another namespace's cannot be read.
    """
    if settings.insecure_http:
        return None
    if settings.certificate_issuer:
        return _ask_issuer(name, settings, settings.certificate_issuer, cluster, parent)
    if settings.certificate_secret:
        return _copy(name, settings, settings.certificate_secret, cluster, parent)
    return _sign(name, settings, services, cluster, parent)


def _sign(
    name: str, settings: ExposedSettings, services: list[str], cluster: Cluster, parent: pulumi.Resource
) -> Certificate:
    opts = pulumi.ResourceOptions(parent=parent)
    authority_key = tls.PrivateKey(f"{name}-authority-key", algorithm="ECDSA", ecdsa_curve="P256", opts=opts)
    authority = tls.SelfSignedCert(
        f"{name}-authority",
        private_key_pem=authority_key.private_key_pem,
        subject={"common_name": f"Authority of {pulumi.get_project()}/{pulumi.get_stack()}"},
        is_ca_certificate=True,
        allowed_uses=["cert_signing", "crl_signing"],
        validity_period_hours=HOURS_OF_AUTHORITY,
        early_renewal_hours=HOURS_OF_CERTIFICATE,
        set_subject_key_id=True,
        opts=opts,
    )
    key = tls.PrivateKey(f"{name}-key", algorithm="ECDSA", ecdsa_curve="P256", opts=opts)
    request = tls.CertRequest(
        f"{name}-request",
        private_key_pem=key.private_key_pem,
        subject={"common_name": settings.domain},
        dns_names=[*([] if settings.is_address else [settings.domain]), *services],
        ip_addresses=[settings.domain] if settings.is_address else [],
        opts=opts,
    )
    signed = tls.LocallySignedCert(
        f"{name}-certificate",
        cert_request_pem=request.cert_request_pem,
        ca_private_key_pem=authority_key.private_key_pem,
        ca_cert_pem=authority.cert_pem,
        allowed_uses=["digital_signature", "server_auth"],
        validity_period_hours=HOURS_OF_CERTIFICATE,
        early_renewal_hours=HOURS_OF_RENEWAL,
        set_subject_key_id=True,
        opts=opts,
    )
    secret = _secret(name, {"tls.crt": signed.cert_pem, "tls.key": key.private_key_pem}, cluster, parent)
    return Certificate(secret, authority.cert_pem, fingerprint(signed.cert_pem))


def _ask_issuer(
    name: str, settings: ExposedSettings, issuer: str, cluster: Cluster, parent: pulumi.Resource
) -> Certificate:
    # Not of the name of the stack's own, which goes when an issuer takes its place.
    secret = f"{name}-issued-tls"
    # https://cert-manager.io/docs/reference/api-docs/#cert-manager.io/v1.Certificate
    asked = kubernetes.apiextensions.CustomResource(
        f"{name}-issued-certificate",
        api_version="cert-manager.io/v1",
        kind="Certificate",
        metadata={"name": secret, "namespace": cluster.namespace},
        spec={
            "secretName": secret,
            "dnsNames": [] if settings.is_address else [settings.domain],
            "ipAddresses": [settings.domain] if settings.is_address else [],
            "issuerRef": {"kind": "ClusterIssuer", "name": issuer},
        },
        opts=pulumi.ResourceOptions(parent=parent, provider=cluster.provider),
    )
    return Certificate(asked.id.apply(lambda _: secret), _given(settings), None)


def _copy(name: str, settings: ExposedSettings, given: str, cluster: Cluster, parent: pulumi.Resource) -> Certificate:
    theirs = kubernetes.core.v1.Secret.get(
        f"{name}-given-certificate", given, opts=pulumi.ResourceOptions(parent=parent, provider=cluster.provider)
    )
    data = pulumi.Output.secret(theirs.data)
    pair = {key: data.apply(lambda data, key=key: data[key]) for key in ("tls.crt", "tls.key")}
    secret = _secret(name, {}, cluster, parent, encoded=pair)
    return Certificate(secret, _given(settings), pulumi.Output.unsecret(fingerprint(pair)))


def _given(settings: ExposedSettings) -> pulumi.Output[str] | None:
    authority = settings.given_authority()
    return None if authority is None else pulumi.Output.from_input(authority)


def _secret(
    name: str,
    texts: dict[str, pulumi.Output[str]],
    cluster: Cluster,
    parent: pulumi.Resource,
    encoded: dict[str, pulumi.Output[str]] | None = None,
) -> pulumi.Output[str]:
    made = kubernetes.core.v1.Secret(
        f"{name}-tls",
        metadata={"name": f"{name}-tls", "namespace": cluster.namespace},
        type="kubernetes.io/tls",
        string_data=texts or None,
        data=encoded,
        opts=pulumi.ResourceOptions(parent=parent, provider=cluster.provider, delete_before_replace=True),
    )
    return made.metadata.apply(lambda _: f"{name}-tls")
