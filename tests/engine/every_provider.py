"""A program that uses every provider which the stand-in plays, as the choices do."""

import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_random as random
import pulumi_tls as tls
import pulumiverse_harbor as harbor

from components.registry import Login

password = random.RandomPassword("hero-password", length=24, special=False, min_lower=1, min_upper=1, min_numeric=1)

authority_key = tls.PrivateKey("hero-authority-key", algorithm="RSA", rsa_bits=2048)
authority = tls.SelfSignedCert(
    "hero-authority",
    private_key_pem=authority_key.private_key_pem,
    subject={"common_name": "Hero's own authority"},
    allowed_uses=["cert_signing"],
    is_ca_certificate=True,
    validity_period_hours=24,
)
key = tls.PrivateKey("hero-key", algorithm="ECDSA", ecdsa_curve="P256")
request = tls.CertRequest(
    "hero-request", private_key_pem=key.private_key_pem, subject={"common_name": "hero"}, dns_names=["hero.localhost"]
)
certificate = tls.LocallySignedCert(
    "hero-certificate",
    cert_request_pem=request.cert_request_pem,
    ca_private_key_pem=authority_key.private_key_pem,
    ca_cert_pem=authority.cert_pem,
    allowed_uses=["server_auth"],
    validity_period_hours=12,
)

namespace = kubernetes.core.v1.Namespace("hero-namespace", metadata={"name": "hero"})
secret = kubernetes.core.v1.Secret(
    "hero-secret",
    metadata={"namespace": namespace.metadata["name"]},
    string_data={"password": password.result, "key": key.private_key_pem},
)
plain = kubernetes.core.v1.ConfigMap(
    "hero-plain", metadata={"name": "hero-plain", "namespace": namespace.metadata["name"]}, data={"plain": "value"}
)
release = kubernetes.helm.v3.Release(
    "hero-chart",
    chart="hero",
    version="1.0.0",
    namespace=namespace.metadata["name"],
    values={"replicas": 1},
    opts=pulumi.ResourceOptions(depends_on=[secret]),
)

project = harbor.Project("hero-project", name="hero", public=False)
pusher = harbor.RobotAccount(
    "hero-pusher",
    name="pusher",
    level="project",
    secret=password.result,
    permissions=[
        {
            "kind": "project",
            "namespace": project.name,
            "accesses": [{"action": "push", "resource": "repository"}, {"action": "pull", "resource": "repository"}],
        }
    ],
)
# the end

# As the choices give them away; with the components comes what keeps secrets out of the SDK's own debug lines.
login = Login(pusher.full_name, pusher.secret)

pulumi.export("password", login.password)
pulumi.export("bcrypt", password.bcrypt_hash)
pulumi.export("certificate", certificate.cert_pem)
pulumi.export("authority", authority.cert_pem)
pulumi.export("key", authority_key.private_key_pem)
pulumi.export("robot", login.username)
pulumi.export("release", release.status["status"])
