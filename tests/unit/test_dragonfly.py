"""Dragonfly before each of the others: what it is told, what nodes are told, and what stays the origin's."""

import copy
import hashlib
import itertools
import json
import re
from pathlib import Path
from typing import Any, cast

import pytest

from components.addresses import leads_to_itself
from components.catalogue import CHOICES
from tests.contracts import unknown_keys
from tests.unit.configuration import built_from, entries_of, follow, mistakes_in, sealed, write_sources
from tests.unit.graph import Engine, Made
from tools.places import ROOT

CONTRACTS = ROOT / "tests" / "contracts"
ORIGINS: dict[str, dict[str, Any]] = {
    "embedded": {},
    "dockerhub": {"namespace": "vfarcic", "token": sealed("hidden")},
    "harbor": {"domain": "harbor.10.0.0.1.nip.io"},
    "zot": {"domain": "hero.10.0.0.1.nip.io"},
}
DATABASE = {"host": "mysql.example.com", "username": "dragonfly", "password": sealed("hidden-database")}
REDIS = {
    "addresses": ["one.example.com:26379", "two.example.com:26379"],
    "sentinelMaster": "mymaster",
    "username": "dragonfly",
    "password": sealed("hidden-redis"),
    "insecurePlaintext": True,
}
# What one key does to the values, in as few stacks as there can be.
STACKS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "as large as can be": {"size": "cluster", "storage": "1Ti", "storageClass": "fast", "serviceMonitor": True},
    "with what is there already": {"database": DATABASE, "redis": REDIS},
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program's folder."""
    write_sources(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def configured(origin: str, block: dict[str, Any], **config: object) -> dict[str, object]:
    """A stack with Dragonfly before this choice."""
    others = {f"hero:{key}": each for key, each in config.items()}
    mine = {"hero:registry": "dragonfly", "hero:dragonfly": {"origin": origin, **block}}
    return {f"hero:{origin}": ORIGINS[origin], **mine, **others}


def built(origin: str = "zot", block: dict[str, Any] | None = None, **config: object) -> Engine:
    """The program itself."""
    stack = configured(origin, block or {}, **config)
    assert mistakes_in(entries_of(stack)) == []
    return built_from(stack)


def values_of(engine: Engine) -> dict[str, Any]:
    """What the chart is told."""
    return engine.named("dragonfly-release").inputs["values"]


def given(engine: Engine) -> dict[str, str]:
    """All that is in the Secret."""
    return engine.named("dragonfly-given").inputs["stringData"]


def hosts(engine: Engine, name: str) -> str:
    """What the nodes' containerd reads."""
    return engine.named(f"{name}-nodes-told").inputs["data"]["hosts.toml"]


def unlike(first: Made, second: Made) -> bool:
    """Whether the engine would see a change."""
    return (first.inputs, first.parent, first.dependencies) != (second.inputs, second.parent, second.dependencies)


@pytest.mark.parametrize("origin", ORIGINS)
def test_the_origin_is_untouched_when_dragonfly_comes_or_goes(origin: str) -> None:
    alone = built_from({"hero:registry": origin, f"hero:{origin}": ORIGINS[origin]})
    behind = built(origin)
    theirs = alone.below(origin)
    assert theirs == behind.below(origin)
    assert not [name for name in theirs if unlike(alone.named(name), behind.named(name))]
    image, same = alone.named("hero-image").inputs, behind.named("hero-image").inputs
    assert image == same


@pytest.mark.parametrize("origin", ORIGINS)
def test_all_that_is_promised_is_the_origins(origin: str) -> None:
    alone = built_from({"hero:registry": origin, f"hero:{origin}": ORIGINS[origin]}).exported
    behind = built(origin).exported
    assert behind.pop("registry") == "dragonfly"
    assert alone.pop("registry") == origin
    # The digest is known once it was preheated, and is the same.
    assert behind == alone


def test_every_choice_that_keeps_images_can_be_behind_it() -> None:
    assert ORIGINS.keys() == {name for name, choice in CHOICES.items() if choice.origin is None}


@pytest.mark.parametrize(
    ("origin", "stack"),
    # No node but one would reach the last.
    [each for each in itertools.product(ORIGINS, STACKS) if each != ("embedded", "as large as can be")],
)
def test_every_value_is_known_to_the_chart(stack: str, origin: str) -> None:
    known = json.loads((CONTRACTS / "dragonfly.json").read_text())
    for part in ("client", "seedClient"):
        # Its templates hand these on as they are, and its defaults have them as comments.
        known[part]["config"]["proxy"]["server"]["ip"] = None
        known[part]["config"]["proxy"]["registryMirror"]["cert"] = None
    assert unknown_keys(values_of(built(origin, STACKS[stack])), known) == []


def test_what_the_tutorial_sets_is_no_value_of_this_chart() -> None:
    known = json.loads((CONTRACTS / "dragonfly.json").read_text())
    assert unknown_keys({"containerRuntime": {"docker": {"enable": True}}}, known) == ["containerRuntime"]


@pytest.mark.parametrize("stack", STACKS)
def test_no_default_of_the_charts_and_nothing_secret_is_in_its_values(stack: str) -> None:
    engine = built(block=STACKS[stack])
    release = engine.named("dragonfly-release")
    told = json.dumps(release.inputs)
    assert not release.secrets
    for public in ("ZHJhZ29uZmx5", "dragonfly-root", "hidden", "a password"):
        assert public not in told
    values = values_of(engine)
    assert values["manager"]["config"]["auth"]["jwt"]["key"] == "it-is-in-a-secret"
    database, redis = values["mysql"], values["redis"]
    if database["enable"]:
        assert database["auth"]["existingSecret"] == redis["auth"]["existingSecret"] == "dragonfly-given"
        assert {database["auth"]["password"], redis["auth"]["password"]} == {"it-is-in-a-secret"}
    else:
        assert values["externalMysql"]["password"] == values["externalRedis"]["password"] == "it-is-in-a-secret"


@pytest.mark.parametrize("part", ["manager", "scheduler"])
def test_each_part_reads_its_file_in_the_secret_and_another_one_means_another_pod(part: str) -> None:
    def told(block: dict[str, Any]) -> dict[str, Any]:
        return values_of(built(block=block))[part]

    values = told({})
    (variable,) = [each for each in values["extraEnvVars"] if each["name"] == f"{part.upper()}_CONFIG"]
    (mount,) = [each for each in values["extraVolumeMounts"] if each["name"] == "given"]
    (volume,) = [each for each in values["extraVolumes"] if each["name"] == "given"]
    assert variable["value"] == f"{mount['mountPath']}/{part}.yaml"
    assert volume["secret"] == {
        "secretName": "dragonfly-given",
        "items": [{"key": f"{part}.yaml", "path": f"{part}.yaml"}],
    }
    assert values["podAnnotations"]["hero/given"] != told({"redis": REDIS})["podAnnotations"]["hero/given"]


def test_passwords_are_generated_and_the_managers_are_as_long_as_it_takes_them() -> None:
    engine = built()
    made = {each.name: each.inputs for each in engine.made if each.type.endswith("RandomPassword")}
    assert {name for name in made if name.startswith("dragonfly-")} == {
        f"dragonfly-{what}"
        for what in ("account-password", "signing-key", "database-password", "database-root-password", "redis-password")
    }
    assert made["dragonfly-account-password"]["length"] == 20
    manager, scheduler = (json.loads(given(engine)[f"{part}.yaml"]) for part in ("manager", "scheduler"))
    assert manager["auth"]["jwt"]["key"] == "a password"
    assert manager["database"]["mysql"]["host"] == "dragonfly-mysql.hero-dev-dragonfly.svc"
    assert manager["database"]["redis"] == scheduler["database"]["redis"]
    assert scheduler["manager"]["addr"] == "dragonfly-manager.hero-dev-dragonfly.svc:65003"
    assert engine.named("dragonfly-given").secrets


def test_what_is_there_already_is_spoken_to_as_config_says() -> None:
    engine = built(block=STACKS["with what is there already"])
    manager = json.loads(given(engine)["manager.yaml"])
    assert manager["database"] == {
        "mysql": {
            "user": "dragonfly",
            "password": "hidden-database",
            "host": "mysql.example.com",
            "port": 3306,
            "dbname": "manager",
            "tlsConfig": "true",
        },
        "redis": {
            "addrs": REDIS["addresses"],
            "masterName": "mymaster",
            "username": "dragonfly",
            "password": "hidden-redis",
        },
    }
    assert not {"mysql-password", "redis-password"} & given(engine).keys()


def test_nobody_outside_the_cluster_reaches_the_manager() -> None:
    for block in STACKS.values():
        manager = values_of(built(block=block))["manager"]
        assert manager["service"] == {"type": "ClusterIP"}
        assert manager["ingress"] == {"enable": False}


@pytest.mark.parametrize("origin", ORIGINS)
def test_the_proxy_answers_its_own_machine_alone(origin: str) -> None:
    values = values_of(built(origin))
    for part in ("client", "seedClient"):
        assert values[part]["config"]["proxy"]["server"] == {"ip": "127.0.0.1", "port": 4001}
    assert values["client"]["dfinit"] == {"enable": False}
    assert not values["client"]["hostPID"]


@pytest.mark.parametrize(
    ("origin", "asked", "passed"),
    [
        (
            "zot",
            "https://hero.10.0.0.1.nip.io:30500/v2/hero/blobs/sha256:aa",
            "https://other.example.com/v2/hero/blobs/",
        ),
        (
            "zot",
            "http://hero.10.0.0.1.nip.io:30500/v2/a/b/blobs/sha256:aa",
            "https://heroX10.0.0.1.nip.io:30500/v2/x/b",
        ),
        ("embedded", "http://127.0.0.1:5001/v2/hero/blobs/sha256:aa", "http://127.0.0.1:5001/v2/hero/manifests/v1"),
        ("dockerhub", "https://index.docker.io/v2/v/hero/blobs/sha256:aa", "https://ghcr.io/v2/v/hero/blobs/sha256:aa"),
        ("dockerhub", "https://registry-1.docker.io/v2/v/hero/blobs/sha256:aa", "https://auth.docker.io/token"),
    ],
)
def test_peers_are_asked_for_blobs_of_the_origin_alone(origin: str, asked: str, passed: str) -> None:
    rules = values_of(built(origin))["client"]["config"]["proxy"]["rules"]
    assert [rule for rule in rules if re.search(rule["regex"], asked)]
    assert not [rule for rule in rules if re.search(rule["regex"], passed)]
    assert {rule["useTLS"] for rule in rules} == {origin != "embedded"}


def test_nodes_ask_dragonfly_first_and_then_the_origin_itself() -> None:
    engine = built()
    assert hosts(engine, "dragonfly").splitlines() == [
        'server = "https://hero.10.0.0.1.nip.io:30500"',
        '[host."http://127.0.0.1:4001"]',
        '  capabilities = ["pull"]',
        # For the token that a Harbor behind it sends one for; without it, no pull would go this way.
        '  ca = "mirror.ca.crt"',
        '[host."http://127.0.0.1:4001".header]',
        '  X-Dragonfly-Registry = "https://hero.10.0.0.1.nip.io:30500"',
        '[host."https://hero.10.0.0.1.nip.io:30500"]',
        '  capabilities = ["pull", "resolve"]',
        '  ca = "mirror.ca.crt"',
    ]
    assert 'ca = "registry.ca.crt"' in hosts(engine, "zot")
    assert "4001" not in hosts(engine, "zot")
    assert engine.named("dragonfly-nodes-told").inputs["data"]["ca.crt"] == "a certificate"


def test_the_hub_has_other_names_than_people_say() -> None:
    engine = built("dockerhub")
    text = hosts(engine, "dragonfly")
    assert 'server = "https://registry-1.docker.io"' in text
    assert 'X-Dragonfly-Registry = "https://index.docker.io"' in text
    assert "ca =" not in text
    pod = engine.named("dragonfly-nodes-writer").inputs["spec"]["template"]["spec"]["containers"][0]
    assert {"name": "REGISTRY", "value": "docker.io"} in pod["env"]


def test_what_was_fetched_early_is_known_by_the_name_that_pulls_have_for_it() -> None:
    values = values_of(built())
    for part in ("client", "seedClient"):
        assert values[part]["config"]["proxy"]["registryMirror"]["enableTaskIDBasedBlobDigest"] is False


def test_no_part_writes_logins_into_its_log() -> None:
    engine = built()
    for part in ("client", "seedClient"):
        assert values_of(engine)[part]["config"]["log"] == {"level": "warn"}
    for file in ("manager.yaml", "scheduler.yaml"):
        assert json.loads(given(engine)[file])["server"]["logLevel"] == "warn"


def test_all_nodes_soon_know_the_same_schedulers() -> None:
    engine = built()
    for part in ("client", "seedClient"):
        assert values_of(engine)[part]["config"]["dynconfig"] == {"refreshInterval": "10s"}
    assert json.loads(given(engine)["manager.yaml"])["cache"] == {"redis": {"ttl": "10s"}, "local": {"ttl": "10s"}}


def test_whoever_asks_for_a_part_does_not_have_all_fetched() -> None:
    for part in ("client", "seedClient"):
        assert values_of(built())[part]["config"]["proxy"]["prefetch"] is False


def test_copies_go_before_a_kubelet_takes_images_or_pods_away() -> None:
    for part in ("client", "seedClient"):
        collected = values_of(built())[part]["config"]["gc"]
        assert collected["policy"]["distLowThresholdPercent"] < collected["policy"]["distHighThresholdPercent"] < 85
        assert collected["interval"] == "60s"


def test_a_scheduler_that_was_started_anew_soon_knows_all_nodes() -> None:
    engine = built()
    for part in ("client", "seedClient"):
        assert values_of(engine)[part]["config"]["scheduler"] == {"announceInterval": "20s"}


def test_a_scheduler_soon_forgets_who_has_ended_without_a_word() -> None:
    # It forgets who was silent for twice as long as he announces himself, and only when it looks.
    assert json.loads(given(built())["scheduler.yaml"])["scheduler"] == {"gc": {"hostGCInterval": "20s"}}


def test_a_private_authority_reaches_whoever_asks_the_origin() -> None:
    values = values_of(built())
    for part in ("client", "seedClient"):
        assert values[part]["config"]["proxy"]["registryMirror"]["cert"] == "/etc/hero-authorities/ca.crt"
        assert values[part]["podAnnotations"]["hero/authority"]
    variables = {each["name"]: each["value"] for each in values["manager"]["extraEnvVars"]}
    assert variables["SSL_CERT_DIR"] == "/etc/ssl/certs:/etc/hero-authorities"
    without = values_of(built("dockerhub"))
    assert "cert" not in without["client"]["config"]["proxy"]["registryMirror"]
    assert "SSL_CERT_DIR" not in json.dumps(without)


@pytest.mark.parametrize(
    ("origin", "block", "scope"),
    [
        ("zot", {}, "all_seed_peers"),
        ("zot", {"preheat": "nodes"}, "all_peers"),
        ("zot", {"preheat": "off"}, None),
        ("embedded", {}, None),
        ("dockerhub", {}, "all_seed_peers"),
    ],
)
def test_a_new_image_is_fetched_for_whom_config_says(origin: str, block: dict[str, Any], scope: str | None) -> None:
    engine = built(origin, block)
    assert values_of(engine)["seedClient"]["enable"] == (origin != "embedded")
    # Else the manager's first account would have the password of the manual.
    assert "dragonfly-readiness" in engine.named("dragonfly-account").dependencies
    if scope is None:
        assert "hero-preheat" not in engine.types()
        return
    preheat = engine.named("hero-preheat")
    assert "dragonfly-readiness" in preheat.dependencies
    assert preheat.inputs["scope"] == scope
    assert preheat.inputs["username"] != engine.exported["pusherUsername"] or origin == "dockerhub"
    assert {"token", "password"} <= preheat.secrets
    assert preheat.inputs["token"] == "a token of the manager's"
    assert preheat.inputs["digest"] == engine.exported["digest"]
    host = "index.docker.io" if origin == "dockerhub" else "hero.10.0.0.1.nip.io:30500"
    assert preheat.inputs["repository"].startswith(f"https://{host}/v2/")


def test_an_images_nydus_form_is_fetched_too() -> None:
    engine = built("zot", image={"nydus": True})
    preheat, image = engine.named("hero-nydus-preheat"), engine.named("hero-preheat")
    assert engine.exported["nydusImage"] == f"{engine.exported['repository']}@{preheat.inputs['digest']}"
    assert {**preheat.inputs, "digest": image.inputs["digest"]} == image.inputs
    assert "hero-nydus" in preheat.dependencies
    assert "hero-preheat" in engine.named("hero-nydus").dependencies
    assert "hero-nydus-preheat" not in built("zot", {"preheat": "off"}, image={"nydus": True}).types()


def test_preheating_comes_after_what_the_origin_looks_at() -> None:
    harbor = {**ORIGINS["harbor"], "scan": {"block": "high"}}
    engine = built("harbor", harbor=harbor)
    assert "hero-scan" in engine.named("hero-preheat").dependencies


def test_what_is_in_the_managers_database_goes_with_it_and_one_from_outside_is_left_as_it_was() -> None:
    assert built().named("dragonfly-account").deleted_with == "dragonfly-namespace"
    assert built(block={"database": DATABASE}).named("dragonfly-account").deleted_with == ""


def test_another_database_is_another_beginning() -> None:
    def trigger(**changes: object) -> str:
        database = {**DATABASE, **changes}
        return built(block={"database": database}).named("dragonfly-namespace").replacement_trigger

    without = built().named("dragonfly-namespace").replacement_trigger
    others = [trigger(), trigger(host="other.example.com"), trigger(port=3307), trigger(name="other")]
    assert len({without, *others}) == 5
    assert trigger(username="other", password=sealed("another")) == trigger()


def test_nobody_guesses_a_password_by_what_the_schedulers_pods_say() -> None:
    engine = built(block={"redis": REDIS})
    told = values_of(engine)["scheduler"]["podAnnotations"]["hero/given"]
    assert told != hashlib.sha256(json.dumps(given(engine)["scheduler.yaml"]).encode()).hexdigest()


def test_what_waits_for_dragonfly_waits_for_its_origin() -> None:
    engine = built()
    waited = engine.named("dragonfly-readiness").dependencies
    assert {"zot-readiness", "dragonfly-release", "dragonfly-nodes-writer"} <= waited
    assert "zot-readiness" in engine.named("dragonfly-namespace").dependencies
    assert "dragonfly-readiness" in engine.named("hero-image").dependencies


def test_nydusd_asks_dragonfly_too() -> None:
    engine = built(nydus={"snapshotter": True})
    told = json.loads(engine.named("nydus-told").inputs["data"]["nydusd.json"])
    backend = cast("dict[str, Any]", told["device"]["backend"]["config"])
    assert backend["proxy"]["url"] == "http://127.0.0.1:4001"
    assert backend["proxy"]["ping_url"] == "http://127.0.0.1:4003/healthy"
    assert backend["proxy"]["fallback"]


LOOPBACK = {"zot": {"domain": "hero.127.0.0.1.nip.io"}}
WRONG: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, str]]] = {
    "no origin": ({"origin": None}, {}, {"dragonfly.origin": "valid string"}),
    "an origin of another kind": ({"origin": "quay"}, {}, {"dragonfly.origin": "not a choice that keeps images"}),
    "itself": ({"origin": "dragonfly"}, {}, {"dragonfly.origin": "not a choice that keeps images"}),
    "a footprint in between": ({"size": "medium"}, {}, {"dragonfly.size": "'laptop' or 'cluster'"}),
    "storage without a unit": ({"storage": "8"}, {}, {"dragonfly.storage": "not a number with Mi, Gi or Ti"}),
    "an early bird of another kind": ({"preheat": "all"}, {}, {"dragonfly.preheat": "'off', 'seeds' or 'nodes'"}),
    "a namespace in capitals": ({"namespace": "D"}, {}, {"dragonfly.namespace": "not a name in Kubernetes"}),
    "the origin's namespace": ({"namespace": "hero-dev-zot"}, {}, {"dragonfly.namespace": "zot lives there"}),
    "many nodes before one's own address": (
        {"size": "cluster"},
        LOOPBACK,
        {"dragonfly.size": "leads each node to itself"},
    ),
    "pods before one's own address": ({"preheat": "seeds"}, LOOPBACK, {"dragonfly.preheat": "leads a pod to itself"}),
    "an embedded registry for many nodes": (
        {"origin": "embedded", "size": "cluster", "preheat": "nodes"},
        {},
        {"dragonfly.preheat": "leads a pod to itself", "dragonfly.size": "leads each node to itself"},
    ),
    "a mistake in the origin's block": ({}, {"zot": {"domain": "https://hero"}}, {"zot.domain": "not a host"}),
    "a Redis without a port": (
        {"redis": {**REDIS, "addresses": ["a"]}},
        {},
        {"dragonfly.redis.addresses": "host:port"},
    ),
    "a username alone": (
        {"redis": {"addresses": ["a:1"], "username": "dragonfly", "insecurePlaintext": True}},
        {},
        {"dragonfly.redis.password": "a username has a password"},
    ),
    "one sentinel": (
        {"redis": {**REDIS, "addresses": ["a:1"]}},
        {},
        {"dragonfly.redis.sentinelMaster": "name two sentinels or more"},
    ),
    "several addresses of nobody": (
        {"redis": {"addresses": ["a:1", "b:1"], "insecurePlaintext": True}},
        {},
        {"dragonfly.redis.sentinelMaster": "several addresses are sentinels'"},
    ),
    "a password that would not arrive": (
        {"redis": {**REDIS, "username": None, "password": sealed("not/so")}},
        {},
        {"dragonfly.redis.password": "only hand on letters"},
    ),
    "a Redis in clear without a word": (
        {"redis": {"addresses": ["a:1"]}},
        {},
        {"dragonfly.redis.insecurePlaintext": "can only speak to it in clear"},
    ),
    "a Redis by TLS": (
        {"redis": {**REDIS, "insecurePlaintext": False}},
        {},
        {"dragonfly.redis.insecurePlaintext": "can only speak to it in clear"},
    ),
}


def wrong(name: str) -> dict[str, Any]:
    """The config of that name."""
    block, others, _ = copy.deepcopy(WRONG[name])
    origin = {"hero:zot": ORIGINS["zot"]}
    mine = {"hero:registry": "dragonfly", "hero:dragonfly": {"origin": "zot", **block}}
    return origin | mine | {f"hero:{key}": each for key, each in others.items()}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_work_is_told_where_it_stands(name: str) -> None:
    told = mistakes_in(entries_of(wrong(name)))
    expected = WRONG[name][2]
    assert [mistake.path for mistake in told] == [f"hero:{path}" for path in expected]
    for mistake, problem in zip(told, expected.values(), strict=True):
        # Where something in the block is a secret, no value of it is repeated.
        assert problem in mistake.problem or "[secret]" in mistake.problem


@pytest.mark.parametrize("name", WRONG)
def test_whoever_follows_the_advice_ends_with_a_config_that_is_right(name: str) -> None:
    config = wrong(name)
    for _ in range(3):
        for mistake in mistakes_in(entries_of(config)):
            follow(mistake.mend, config)
    assert mistakes_in(entries_of(config)) == []


@pytest.mark.parametrize("origin", ORIGINS)
def test_what_the_origin_needs_is_asked_for(origin: str) -> None:
    told = mistakes_in(entries_of({"hero:registry": "dragonfly", "hero:dragonfly": {"origin": origin}}))
    needed = {field.alias or key for key, field in CHOICES[origin].settings.model_fields.items() if field.is_required()}
    assert {mistake.path for mistake in told} == {f"hero:{origin}.{key}" for key in needed}


def test_how_many_words_a_name_may_have_is_for_the_origin_to_say() -> None:
    (mistake,) = mistakes_in(entries_of(configured("dockerhub", {}, image={"name": "team/hero"})))
    assert mistake.path == "hero:image.name"
    assert mistake.problem.startswith("dockerhub has no place")


@pytest.mark.parametrize(
    ("host", "itself"),
    [
        ("localhost", True),
        ("hero.localhost", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("hero.127.0.0.1.nip.io", True),
        ("127-0-0-1.sslip.io", True),
        ("7f000001.nip.io", True),
        ("hero.10.0.0.1.nip.io", False),
        ("10.0.0.1", False),
        ("hero.example.com", False),
        ("127.0.0.1.example.com", False),
        ("1127.0.0.1.nip.io", False),
    ],
)
def test_an_address_that_is_each_machines_own_is_known(host: str, itself: bool) -> None:  # noqa: FBT001
    assert leads_to_itself(host) == itself


def test_a_harbor_is_told_of_it_and_no_other_origin_can_be() -> None:
    for origin in ORIGINS:
        made = [each for each in built(origin).made if each.type == "hero-home:provider:HarborPreheat"]
        assert [each.name for each in made] == (["dragonfly-policy"] if origin == "harbor" else [])
    policy = built("harbor").named("dragonfly-policy")
    assert policy.inputs["manager"] == "http://dragonfly-manager.hero-dev-dragonfly.svc:8080"
    assert (policy.inputs["name"], policy.inputs["scope"]) == ("hero.hero-dev-dragonfly", "all_seed_peers")
    assert {"token", "password"} <= policy.secrets


def test_a_harbor_is_told_of_none_that_is_to_fetch_nothing() -> None:
    made = {each.name for each in built("harbor", {"preheat": "off"}).made}
    assert "dragonfly-policy" not in made


def test_harbor_takes_the_name_whatever_the_namespace_is_called() -> None:
    policy = built("harbor", {"namespace": "a--b"}).named("dragonfly-policy")
    assert policy.inputs["name"] == "hero.a-b"
