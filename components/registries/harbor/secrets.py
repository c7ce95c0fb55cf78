"""What the parts of a Harbor know each other by, and what opens its data."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_random as random
import pulumi_tls as tls

from components.files import content
from components.kubernetes.cluster import Cluster, fingerprint, name_of
from components.registries.harbor.settings import HarborSettings
from providers.kept_secrets import KeptSecrets

ADMINISTRATOR = "admin"
# Harbor's own key is of this length and no other, https://goharbor.io/docs/2.14.0/install-config/harbor-ha-helm/.
ADMINISTRATORS_PASSWORD, ENCRYPTION_KEY, DATABASE_PASSWORD = "HARBOR_ADMIN_PASSWORD", "secretKey", "database"
LENGTHS = {ADMINISTRATORS_PASSWORD: 32, ENCRYPTION_KEY: 16, DATABASE_PASSWORD: 32}
KEPT, MADE, STORAGE = "harbor-kept", "harbor-secrets", "harbor-storage"
REGISTRY_USER = "harbor_registry_user"
# By the key under which the chart looks for each.
GENERATED = {"secret": 16, "CSRF_KEY": 32, "JOBSERVICE_SECRET": 16, "REGISTRY_HTTP_SECRET": 16, "REGISTRY_PASSWD": 32}
HOURS_OF_TOKEN_KEY = 10 * 365 * 24


@dataclass(frozen=True)
class Secrets:
    """Secrets of the namespace: what must outlive the stack with its data, and what need not."""

    kept: pulumi.Output[str]
    """Name of the Secret with what opens the data: the first administrator's password among it."""
    made: pulumi.Output[str]
    """Name of the one with all that the stack has made, and was given."""
    storage: pulumi.Output[str] | None
    """Name of the one that opens a bucket: the chart hands the whole of it to the registry's pods."""
    administrators_password: pulumi.Output[str]
    database_password: pulumi.Output[str]
    """Of the database that comes along."""
    fingerprint: pulumi.Output[str]
    """Another one where something in the last two is another."""


def make_secrets(name: str, settings: HarborSettings, cluster: Cluster, parent: pulumi.Resource) -> Secrets:
    """Everything that the chart would otherwise make up anew at each upgrade, or leave at a default that all know.

    Types: a `hero-home:provider:KeptSecrets`, a `random:index/randomPassword:RandomPassword` for each of five, for what
    signs tokens a `tls:index/privateKey:PrivateKey` and a `tls:index/selfSignedCert:SelfSignedCert`, and one or two
    `kubernetes:core/v1:Secret`.
    """
    kept = KeptSecrets(
        f"{name}-kept",
        kubeconfig=cluster.settings.file or "",
        context=cluster.settings.context or "",
        namespace=cluster.namespace,
        secret=KEPT,
        lengths=LENGTHS,
        opts=pulumi.ResourceOptions(
            parent=parent,
            retain_on_delete=settings.keep_data,
            deleted_with=None if settings.keep_data else cluster.home,
        ),
    )
    told = _generated(name, parent) | _token_key(name, parent) | _given(settings)
    opening = _opening_storage(settings)
    placed = pulumi.ResourceOptions(parent=parent, provider=cluster.provider)
    return Secrets(
        kept=kept.id.apply(lambda identifier: identifier.rpartition("/")[2]),
        made=_secret(f"{name}-secrets", MADE, told, cluster, placed),
        storage=_secret(f"{name}-storage", STORAGE, opening, cluster, placed) if opening else None,
        administrators_password=pulumi.Output.secret(kept.values[ADMINISTRATORS_PASSWORD]),
        database_password=pulumi.Output.secret(kept.values[DATABASE_PASSWORD]),
        fingerprint=pulumi.Output.unsecret(fingerprint(told | opening)),
    )


def _generated(name: str, parent: pulumi.Resource) -> dict[str, pulumi.Input[str]]:
    made = {
        key: random.RandomPassword(
            f"{name}-{key.lower().replace('_', '-')}",
            length=length,
            special=False,
            opts=pulumi.ResourceOptions(parent=parent),
        )
        for key, length in GENERATED.items()
    }
    logins = pulumi.Output.concat(REGISTRY_USER, ":", made["REGISTRY_PASSWD"].bcrypt_hash)
    return {**{key: each.result for key, each in made.items()}, "REGISTRY_HTPASSWD": logins}


def _token_key(name: str, parent: pulumi.Resource) -> dict[str, pulumi.Input[str]]:
    # PKCS #1, which is what this gives for RSA. With any other key Harbor is healthy and refuses every push.
    key = tls.PrivateKey(
        f"{name}-token-key", algorithm="RSA", rsa_bits=2048, opts=pulumi.ResourceOptions(parent=parent)
    )
    certificate = tls.SelfSignedCert(
        f"{name}-token-certificate",
        private_key_pem=key.private_key_pem,
        subject={"common_name": "harbor-token"},
        allowed_uses=["digital_signature"],
        validity_period_hours=HOURS_OF_TOKEN_KEY,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return {"tls.key": key.private_key_pem, "tls.crt": certificate.cert_pem}


def _secret(
    name: str,
    called: str,
    content: Mapping[str, pulumi.Input[str]],
    cluster: Cluster,
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    made = kubernetes.core.v1.Secret(
        name,
        metadata={"name": called, "namespace": cluster.namespace},
        string_data=pulumi.Output.secret(content),
        opts=opts,
    )
    return made.metadata.apply(name_of)


def _given(settings: HarborSettings) -> dict[str, pulumi.Input[str]]:
    """What the stack has brought along, under the chart's keys."""
    given: dict[str, pulumi.Input[str]] = {}
    if settings.database:
        given["password"] = settings.database.password
    if settings.authorities:
        given["ca.crt"] = content(settings.authorities)
    return given


def _opening_storage(settings: HarborSettings) -> dict[str, pulumi.Input[str]]:
    if settings.s3 and settings.s3.access_key and settings.s3.secret_key:
        return {
            "REGISTRY_STORAGE_S3_ACCESSKEY": settings.s3.access_key,
            "REGISTRY_STORAGE_S3_SECRETKEY": settings.s3.secret_key,
        }
    if settings.azure:
        return {"AZURE_STORAGE_ACCESS_KEY": settings.azure.key}
    if settings.gcs and settings.gcs.key:
        return {"GCS_KEY_DATA": settings.gcs.key}
    return {}
