"""Programs that are told a line and answer in one."""

import subprocess


def tell(program: "subprocess.Popen[str]", line: str) -> None:
    """Say a line to it."""
    if program.stdin:
        program.stdin.write(f"{line}\n")
        program.stdin.flush()


def hear(program: "subprocess.Popen[str]") -> str:
    """What it says next, and nothing where it has ended."""
    return program.stdout.readline().strip() if program.stdout else ""


def close(program: "subprocess.Popen[str]") -> None:
    """There is nothing more to say to it."""
    if program.stdin:
        program.stdin.close()
