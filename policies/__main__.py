"""The pack as Pulumi starts it: `pulumi up --policy-pack policies`, which `make up` and `make preview` do."""

import os
import sys
from pathlib import Path

# Pulumi runs this folder, and the pack is a package in the folder above.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pulumi_policy import EnforcementLevel, PolicyPack

from policies.rules import RULES
from policies.stack_file import STACK, settings_of
from policies.validation import policy_of
from tools.problem import Problem
from tools.proxies import exempt_loopback

# Before gRPC connects to the engine, whose address no proxy can reach.
os.environ.update(exempt_loopback(os.environ))
# The SDK does not tell a pack which stack it checks: the wrapper does, where a run gives no `--policy-pack-config`.
stack = os.environ.get(STACK)
try:
    settings = settings_of(Path(__file__).resolve().parent.parent, stack) if stack else {}
except Problem as problem:
    sys.exit(str(problem))

PolicyPack("hero", [policy_of(rule, settings.get(rule.name)) for rule in RULES], EnforcementLevel.MANDATORY)
