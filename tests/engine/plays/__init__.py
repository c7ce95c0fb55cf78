"""How each type of resource behaves beyond its contract; nothing here pretends to be more than a part played."""

from tests.engine.plays.docker import PLAYS as DOCKER
from tests.engine.plays.docker_hub import PLAYS as DOCKER_HUB
from tests.engine.plays.dragonfly import PLAYS as DRAGONFLY
from tests.engine.plays.harbor import PLAYS as HARBOR
from tests.engine.plays.hero import PLAYS as HERO
from tests.engine.plays.kubernetes import PLAYS as KUBERNETES
from tests.engine.plays.our_harbor import PLAYS as OUR_HARBOR
from tests.engine.plays.play import Play
from tests.engine.plays.random import PLAYS as RANDOM
from tests.engine.plays.storage_guard import PLAYS as STORAGE_GUARD
from tests.engine.plays.tls import PLAYS as TLS

PLAYS: dict[str, Play] = {
    **DOCKER,
    **DOCKER_HUB,
    **DRAGONFLY,
    **HARBOR,
    **HERO,
    **KUBERNETES,
    **OUR_HARBOR,
    **RANDOM,
    **STORAGE_GUARD,
    **TLS,
}
