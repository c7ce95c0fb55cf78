"""Every rule, one file for what each is about."""

from policies.rules.charts import PINNED_CHARTS
from policies.rules.images import IMAGES_BY_DIGEST, IMAGES_OF_A_VERSION
from policies.rules.passwords import NO_DEFAULT_PASSWORDS
from policies.rules.production import PRODUCTION_DATA_PROTECTED
from policies.rules.robots import ROTATED_ROBOTS
from policies.rules.tls import TLS_VERIFIED
from policies.rules.visibility import NOTHING_PUBLIC

RULES = [
    NO_DEFAULT_PASSWORDS,
    TLS_VERIFIED,
    NOTHING_PUBLIC,
    ROTATED_ROBOTS,
    IMAGES_OF_A_VERSION,
    IMAGES_BY_DIGEST,
    PINNED_CHARTS,
    PRODUCTION_DATA_PROTECTED,
]
