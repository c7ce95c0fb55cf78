"""The tls plugin; keys and certificates are real ones, so that whatever reads them can be tested with them."""

import datetime as dt
import ipaddress
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import NameOID

from tests.engine.plays.play import Kept, Play, Properties
from tests.engine.world import World

NAMES = {
    "commonName": NameOID.COMMON_NAME,
    "organization": NameOID.ORGANIZATION_NAME,
    "organizationalUnit": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "country": NameOID.COUNTRY_NAME,
    "locality": NameOID.LOCALITY_NAME,
    "province": NameOID.STATE_OR_PROVINCE_NAME,
}
CURVES: dict[str, ec.EllipticCurve] = {"P256": ec.SECP256R1(), "P384": ec.SECP384R1(), "P521": ec.SECP521R1()}


class PrivateKey(Kept):
    """A key, in PKCS#1 or SEC 1 as `privateKeyPem`, and in PKCS#8."""

    computed = ("privateKeyPem", "privateKeyPemPkcs8", "publicKeyPem")

    def make(self, world: World, inputs: Properties, old: Properties | None) -> Properties:
        if inputs["algorithm"] == "RSA":
            key = rsa.generate_private_key(65537, int(inputs.get("rsaBits") or 2048))
        else:
            key = ec.generate_private_key(CURVES[inputs.get("ecdsaCurve") or "P256"])
        formats = serialization.PrivateFormat
        return {
            "privateKeyPem": _private(key, formats.TraditionalOpenSSL),
            "privateKeyPemPkcs8": _private(key, formats.PKCS8),
            "publicKeyPem": _pem(key.public_key()),
        }


class SelfSignedCert(Kept):
    """A certificate that its own key signed."""

    computed = ("certPem", "keyAlgorithm", "validityEndTime", "validityStartTime", "readyForRenewal")

    def make(self, world: World, inputs: Properties, old: Properties | None) -> Properties:
        if old:
            return super().make(world, inputs, old)
        key = _key(inputs["privateKeyPem"])
        subject = _subject(inputs)
        return _certificate(inputs, subject, subject, key.public_key(), key, _alternatives(inputs))


class CertRequest(Kept):
    """A request for a certificate."""

    computed = ("certRequestPem", "keyAlgorithm")

    def make(self, world: World, inputs: Properties, old: Properties | None) -> Properties:
        key = _key(inputs["privateKeyPem"])
        builder = x509.CertificateSigningRequestBuilder(_subject(inputs))
        names = _alternatives(inputs)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        request = builder.sign(key, hashes.SHA256())
        text = request.public_bytes(serialization.Encoding.PEM).decode()
        return {"certRequestPem": text, "keyAlgorithm": _algorithm(key)}


class LocallySignedCert(Kept):
    """A certificate for a request, signed by an authority's key."""

    computed = ("certPem", "caKeyAlgorithm", "validityEndTime", "validityStartTime", "readyForRenewal")

    def make(self, world: World, inputs: Properties, old: Properties | None) -> Properties:
        if old:
            return super().make(world, inputs, old)
        request = x509.load_pem_x509_csr(inputs["certRequestPem"].encode())
        authority = x509.load_pem_x509_certificate(inputs["caCertPem"].encode())
        key = _key(inputs["caPrivateKeyPem"])
        names = [
            name
            for extension in request.extensions
            if isinstance(extension.value, x509.SubjectAlternativeName)
            for name in extension.value
        ]
        made = _certificate(inputs, request.subject, authority.subject, request.public_key(), key, names)
        return {**made, "caKeyAlgorithm": made.pop("keyAlgorithm")}


def _certificate(
    inputs: Properties,
    subject: x509.Name,
    issuer: x509.Name,
    public_key: Any,  # noqa: ANN401 - any key that a certificate can be for
    signer: CertificateIssuerPrivateKeyTypes,
    names: list[x509.GeneralName],
) -> Properties:
    begin = dt.datetime.now(dt.UTC)
    end = begin + dt.timedelta(hours=inputs["validityPeriodHours"])
    builder = (
        x509.CertificateBuilder(issuer, subject, public_key, x509.random_serial_number(), begin, end)
        .add_extension(x509.BasicConstraints(bool(inputs.get("isCaCertificate")), None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    certificate = builder.sign(signer, hashes.SHA256())
    return {
        "certPem": certificate.public_bytes(serialization.Encoding.PEM).decode(),
        "keyAlgorithm": _algorithm(signer),
        "readyForRenewal": False,
        "validityStartTime": begin.isoformat(),
        "validityEndTime": end.isoformat(),
    }


def _key(pem: str) -> Any:  # noqa: ANN401 - an RSA or an ECDSA key
    return serialization.load_pem_private_key(pem.encode(), None)


def _algorithm(key: object) -> str:
    return "RSA" if isinstance(key, rsa.RSAPrivateKey) else "ECDSA"


def _private(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, form: serialization.PrivateFormat) -> str:
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def _pem(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> str:
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def _subject(inputs: Properties) -> x509.Name:
    given: dict[str, str] = inputs.get("subject") or {}
    return x509.Name([x509.NameAttribute(NAMES[key], value) for key, value in given.items() if key in NAMES])


def _alternatives(inputs: Properties) -> list[x509.GeneralName]:
    names: list[str] = inputs.get("dnsNames") or []
    addresses: list[str] = inputs.get("ipAddresses") or []
    return [
        *(x509.DNSName(name) for name in names),
        *(x509.IPAddress(ipaddress.ip_address(address)) for address in addresses),
    ]


PLAYS: dict[str, Play] = {
    "tls:index/privateKey:PrivateKey": PrivateKey(),
    "tls:index/selfSignedCert:SelfSignedCert": SelfSignedCert(),
    "tls:index/certRequest:CertRequest": CertRequest(),
    "tls:index/locallySignedCert:LocallySignedCert": LocallySignedCert(),
}
