"""The pack as Pulumi starts it: `pulumi preview --policy-pack policies`, which `make preview` does."""

import sys
from pathlib import Path

# Pulumi runs this folder, and the pack is a package in the folder above.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pulumi_policy import EnforcementLevel, PolicyPack

from policies.rules import RULES
from policies.validation import policy_of

PolicyPack("hero", [policy_of(rule) for rule in RULES], EnforcementLevel.MANDATORY)
