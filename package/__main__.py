"""What the engine starts, with its own address, when a program takes this package: `pulumi package add` says which."""

import os
import sys
from pathlib import Path

# The engine names the folder, and what is in it is one room of the repository.
sys.path.insert(0, str(Path(__file__).absolute().parent.parent))

from pulumi.provider.experimental.server import main

from package.provider import HeroPackage
from package.schema import VERSION
from tools.proxies import exempt_loopback

# Before gRPC connects to the engine, whose address no proxy can reach.
os.environ.update(exempt_loopback(os.environ))
main(sys.argv[1:], VERSION, HeroPackage())
