"""What our own plugin is called for besides what the engine calls it for."""

import subprocess

import pulumi

PLUGIN = "bin/pulumi-resource-hero-home"


def call_plugin(*words: str, told: str = "") -> None:
    """Let it do what the words say; what has to stay secret is told by its standard input.

    Raises RunError with what it says of why it could not.
    """
    ended = subprocess.run([PLUGIN, *words], input=told, check=False, capture_output=True, text=True)
    if ended.returncode != 0:
        raise pulumi.RunError(ended.stderr.strip().removeprefix("error: "))
