"""What the program asks of a cluster for the Nydus snapshotter, and what it tells the nodes."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from components.kubernetes.nydus.configuration import Proxy, hosts, nydusd, snapshotter
from tests.unit.configuration import built_from, entries_of, follow, mistakes_in, write_sources
from tests.unit.graph import Engine

NAME = "hero-dev-nydus"
THERE = {"snapshotter": True}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program's folder."""
    write_sources(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def built(nydus: dict[str, Any], **config: object) -> Engine:
    """The program itself."""
    return built_from({"hero:nydus": nydus, **{f"hero:{key}": value for key, value in config.items()}})


def pod(engine: Engine) -> dict[str, Any]:
    """What the DaemonSet runs on each node."""
    return engine.named("nydus-snapshotter").inputs["spec"]["template"]["spec"]


def test_without_a_word_no_node_is_touched() -> None:
    assert not [name for name in built({}).types() if name.startswith("nydus")]


def test_everything_is_named_after_the_runtime_class() -> None:
    engine = built(THERE)
    names = {
        made.inputs["metadata"]["name"]
        for made in engine.made
        if made.parent == "nydus" and "metadata" in made.inputs and "name" in made.inputs["metadata"]
    }
    assert names == {NAME}
    assert engine.named("nydus-runtime-class").inputs["handler"] == NAME
    assert engine.finished["nydus"] == {"runtimeClass": NAME}
    other = built({**THERE, "runtimeClass": "lazy"})
    assert other.named("nydus-runtime-class").inputs["handler"] == "lazy"
    assert other.named("nydus-departure").inputs["runtimeClass"] == "lazy"


def test_pods_are_named_before_anything_goes_and_what_they_read_goes_last() -> None:
    engine = built(THERE)
    # Where the wait fails, nodes have been told: what takes that away has to be there before it.
    everything = engine.below("nydus") - {"nydus", "nydus-departure", "nydus-cluster", "nydus-readiness"}
    assert before(engine, "nydus-departure") == everything | before(engine, "nydus-snapshotter")
    assert "nydus-departure" in before(engine, "nydus-readiness")
    assert before(engine, "nydus-namespace") >= {"embedded-process", "hero-image"}


def before(engine: Engine, name: str) -> set[str]:
    """All that a resource depends on, and all that those depend on."""
    found: set[str] = set()
    for each in engine.named(name).dependencies:
        found |= {each} | before(engine, each)
    return found


def test_the_pod_may_ask_for_its_own_daemon_set_and_for_nothing_else() -> None:
    engine = built(THERE)
    rule = {"apiGroups": ["apps"], "resources": ["daemonsets"], "resourceNames": [NAME], "verbs": ["get"]}
    assert engine.named("nydus-role").inputs["rules"] == [rule]
    assert not [kind for kind in engine.types().values() if "ClusterRole" in kind]
    assert "nydus-role-binding" in before(engine, "nydus-snapshotter")


def test_every_pull_secret_is_read_only_where_config_says_so() -> None:
    assert not [kind for kind in built(THERE).types().values() if "ClusterRole" in kind]
    engine = built({**THERE, "everyPullSecret": True})
    rule = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list", "watch"]}
    assert engine.named("nydus-cluster-role").inputs["rules"] == [rule]
    assert {"nydus-cluster-role", "nydus-account"} <= before(engine, "nydus-cluster-role-binding")
    assert "nydus-cluster-role-binding" in before(engine, "nydus-snapshotter")
    assert tomllib.loads(told(engine)["config.toml"])["remote"]["auth"]["enable_kubeconfig_keychain"]


def told(engine: Engine) -> dict[str, str]:
    """Every file that a node is told."""
    return engine.named("nydus-told").inputs["data"]


def test_the_login_is_the_pullers_and_in_a_secret_alone() -> None:
    engine = built(THERE)
    login = engine.named("nydus-login")
    assert login.secrets == {"stringData"}
    assert (
        json.loads(login.inputs["stringData"][".dockerconfigjson"])["auths"]["127.0.0.1:5001"]["username"] == "puller"
    )
    for made in engine.made:
        if made.parent == "nydus" and made.name != "nydus-login":
            assert "the puller's password" not in json.dumps(made.inputs)
    assert pod(engine)["volumes"][1]["secret"]["items"] == [{"key": ".dockerconfigjson", "path": "config.json"}]


def test_nodes_are_those_that_config_names() -> None:
    engine = built({**THERE, "nodeSelector": {"pool": "lazy"}})
    assert pod(engine)["nodeSelector"] == {"kubernetes.io/os": "linux", "pool": "lazy"}
    assert engine.named("nydus-runtime-class").inputs["scheduling"] == {"nodeSelector": {"pool": "lazy"}}
    assert "scheduling" not in built(THERE).named("nydus-runtime-class").inputs


def test_the_image_comes_from_the_mirror() -> None:
    engine = built(THERE, cluster={"images": "mirror.example.com/all"})
    (container,) = pod(engine)["containers"]
    assert container["image"].startswith("mirror.example.com/all/containerd/nydus-snapshotter:v")


def test_what_a_node_is_told_rolls_its_pod() -> None:
    def annotation(engine: Engine) -> str:
        return engine.named("nydus-snapshotter").inputs["spec"]["template"]["metadata"]["annotations"]["hero/told"]

    assert annotation(built(THERE)) == annotation(built(THERE))
    assert annotation(built(THERE)) != annotation(built({**THERE, "everyPullSecret": True}))


def test_mounts_reach_other_pods_and_programs_outlive_this_one() -> None:
    spec = pod(built(THERE))
    (container,) = spec["containers"]
    state = next(mount for mount in container["volumeMounts"] if mount["name"] == "state")
    assert state == {"name": "state", "mountPath": f"/var/lib/{NAME}", "mountPropagation": "Bidirectional"}
    assert {volume["name"]: volume.get("hostPath", {}).get("path") for volume in spec["volumes"]} == {
        "told": None,
        "login": None,
        "state": f"/var/lib/{NAME}",
        "sockets": f"/run/{NAME}",
    }
    assert spec["hostPID"] is True
    namespace = built(THERE).named("nydus-namespace").inputs["metadata"]
    assert namespace["labels"] == {"pod-security.kubernetes.io/enforce": "privileged"}


def test_a_nydusd_that_ends_is_replaced_by_one_that_goes_on() -> None:
    said = tomllib.loads(snapshotter(NAME, every_pull_secret=False))
    assert said["daemon_mode"] == "dedicated"
    assert said["daemon"]["recover_policy"] == "failover"
    assert said["daemon"]["nydusd_path"] == f"/var/lib/{NAME}/bin/nydusd.sh"
    assert said["cleanup_on_close"] is False
    assert said["remote"]["auth"] == {"enable_kubeconfig_keychain": False, "credential_renewal_interval": "5m"}


@pytest.mark.parametrize(("config", "expected"), [({}, False), ({"fetchAll": True}, True)])
def test_what_nobody_has_read_is_fetched_where_config_says_so(config: dict[str, Any], *, expected: bool) -> None:
    said = json.loads(built({**THERE, **config}).named("nydus-told").inputs["data"]["nydusd.json"])
    assert said["fs_prefetch"] == {"enable": True, "threads_count": 4, "prefetch_all": expected}
    assert "proxy" not in said["device"]["backend"]["config"]


def test_a_proxy_is_asked_before_the_registry() -> None:
    said = json.loads(nydusd(Proxy("http://127.0.0.1:4001", "http://127.0.0.1:4003/healthy"), fetches_all=False))
    assert said["device"]["backend"]["config"]["proxy"] == {
        "url": "http://127.0.0.1:4001",
        "ping_url": "http://127.0.0.1:4003/healthy",
        "fallback": True,
        "check_interval": 5,
        "use_http": True,
    }


@pytest.mark.parametrize(
    ("address", "plain_http", "has_authority", "expected"),
    [
        ("hero.example.com", False, False, {"https://hero.example.com": {}}),
        ("10.0.0.1:30500", True, False, {"http://10.0.0.1:30500": {}}),
        ("127.0.0.1:5001", False, False, {"http://127.0.0.1:5001": {}}),
        ("a.nip.io:30500", False, True, {"https://a.nip.io:30500": {"ca": f"/var/lib/{NAME}/ca.crt"}}),
    ],
)
def test_the_registry_is_reached_as_it_is_served(
    address: str, expected: dict[str, Any], *, plain_http: bool, has_authority: bool
) -> None:
    said = hosts(NAME, address, plain_http=plain_http, has_authority=has_authority)
    assert tomllib.loads(said)["host"] == expected


WRONG: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "a class in capitals": ({"runtimeClass": "Nydus"}, {"runtimeClass": "not a name in Kubernetes"}),
    "a class that leaves no room for a socket": (
        {"runtimeClass": "n" * 51},
        {"runtimeClass": "longer than 50 characters"},
    ),
    "a label that is a number": ({"nodeSelector": {"pool": 7}}, {"nodeSelector.pool": "not text"}),
    "a word for yes": ({"snapshotter": "maybe"}, {"snapshotter": "true or false"}),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told(name: str) -> None:
    block, expected = WRONG[name]
    config: dict[str, Any] = {"hero:nydus": block}
    found = {mistake.path.removeprefix("hero:nydus."): mistake for mistake in mistakes_in(entries_of(config))}
    assert found.keys() == expected.keys()
    for path, words in expected.items():
        assert words in f"{found[path].problem} {found[path].allowed}"
        follow(found[path].mend, config)
    assert mistakes_in(entries_of(config)) == []
