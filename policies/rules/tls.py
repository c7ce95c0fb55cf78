"""Whether whoever is spoken to has to prove who they are."""

from collections.abc import Iterator

from policies.rule import Resource, Rule, Said, last_name

# True where anybody can pass for the other side, as the parts that we set up call it.
UNPROVEN = {
    "insecure",
    "insecureskiptlsverify",
    "insecureskipverify",
    "insecuretls",
    "plainhttp",
    "skipcertverify",
    "skipverify",
}
# False where anybody can.
PROVEN = {"ldapverifycert", "oidcverifycert", "tlsverify", "verifycert", "verifyremotecert"}
# Of a map `tls`, whether there is any.
TLS = "tls.enabled"
OF_A_DATABASE = {"disable", "allow", "prefer", "require"}


def check(resource: Resource, _: Said) -> Iterator[str]:
    """Every switch that turns it off."""
    for path, value in resource.leaves():
        name = last_name(path).replace("_", "").lower()
        text = str(value).lower()
        if name in UNPROVEN and text == "true":
            yield f"{path} is true, so that anybody can pass for the other side"
        elif (name in PROVEN or path.endswith(TLS)) and text == "false":
            yield f"{path} is false, so that anybody can pass for the other side"
        elif name == "sslmode" and text in OF_A_DATABASE:
            yield f"{path} is not verify-full or verify-ca, so that anybody can pass for the database"


TLS_VERIFIED = Rule("tls-verified", "Every connection uses TLS and verifies the certificate.", check)
