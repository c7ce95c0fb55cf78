"""What our own plugin is called for besides what the engine calls it for."""

import subprocess
from pathlib import Path

import pulumi

PLUGIN = Path("bin/pulumi-resource-hero-home")
CHECKOUT = Path(__file__).absolute().parent.parent


def call_plugin(*words: str, told: str = "") -> None:
    """Let it do what the words say; what has to stay secret is told by its standard input.

    Raises RunError with what it says of why it could not.
    """
    # A program in another language that takes the package is in another folder.
    plugin = PLUGIN if PLUGIN.exists() else CHECKOUT / PLUGIN
    ended = subprocess.run([plugin, *words], input=told, check=False, capture_output=True, text=True)
    if ended.returncode != 0:
        raise pulumi.RunError(ended.stderr.strip().removeprefix("error: "))
