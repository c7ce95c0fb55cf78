"""`up` is held to the policies, for real: what a mandatory one forbids is not created."""

from tests.checkout import Checkout

POLICY = "production-data-protected"


def test_make_up_stopped_by_mandatory_policy(checkout: Checkout) -> None:
    file = checkout.path / "Pulumi.dev.yaml"
    file.write_text(file.read_text().replace("config:\n", "config:\n  policy:production: true\n"))
    for refused in (checkout.make("up"), checkout.pulumiw("up", "--stack", "dev", "--yes")):
        assert refused.code != 0
        assert POLICY in refused.text
        assert "Traceback" not in refused.text
        assert checkout.registry_process() is None
        assert not (checkout.path / ".hero").exists()
    checkout.use_registry("keepData: true")
    assert f"[mandatory]  {POLICY}" not in checkout.up().text
    assert checkout.registry_process() is not None
