"""The pack as Pulumi starts it: `pulumi preview --policy-pack policies`, which `make preview` does."""

import os
import sys
from pathlib import Path

# Pulumi runs this folder, and the pack is a package in the folder above.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pulumi_policy import EnforcementLevel, PolicyPack

from policies.rules import RULES
from policies.validation import policy_of
from tools.proxies import exempt_loopback

# Before gRPC connects to the engine, whose address no proxy can reach.
os.environ.update(exempt_loopback(os.environ))
PolicyPack("hero", [policy_of(rule) for rule in RULES], EnforcementLevel.MANDATORY)
