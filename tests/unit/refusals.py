"""What the program says when it refuses, read out of its sources: each text with … where something is filled in."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import chain

from tools.places import ROOT

HOLE = "…"
# What becomes a message as it stands, without a traceback.
RAISED = {"Problem", "ConfigurationError"}
GO_TEXT = r'"(?:[^"\\]|\\.)*"'
GO_SUM = rf"{GO_TEXT}(?:\s*\+\s*(?:{GO_TEXT}|[\w.()]+))*"
GO_LITERALS = re.compile(rf"({GO_SUM})")
GO_REFUSALS = re.compile(rf"(?:fmt\.Errorf|errors\.New)\(\s*({GO_SUM})")
# The words of an error that has a type of its own, such as an answer of Harbor's.
GO_ERRORS = re.compile(r"\) Error\(\) string \{\n(.*?)\n\}", re.DOTALL)
GO_WORDS = re.compile(r"%(?:\[\d\])?[-+#]?[a-z]")
SHELL_REFUSALS = re.compile(r'complain "((?:[^"\\]|\\.)+)"')
SHELL_WORDS = re.compile(r"\$\{?\w+\}?|\$\?")


@cache
def refusals() -> frozenset[str]:
    """The texts of everything that refuses something to whoever runs the program."""
    found = [*chain.from_iterable(map(_raised, _python("tools", "components"))), *_shell()]
    for source in _go():
        bodies = "\n".join(GO_ERRORS.findall(source))
        found += [*map(_of_go, GO_REFUSALS.findall(source)), *map(_of_go, GO_LITERALS.findall(bodies))]
    return frozenset(text for text in found if len(re.findall(r"[a-z]{2,}", text)) > 1)


@cache
def texts() -> frozenset[str]:
    """Every text that is written anywhere in what runs."""
    python = (ast.walk(tree) for tree in _python("tools", "components", "package", "providers", "policies"))
    literals = [_filled(node) for node in chain.from_iterable(python) if isinstance(node, ast.JoinedStr | ast.Constant)]
    go = [_of_go(found) for source in _go() for found in GO_LITERALS.findall(source)]
    return refusals().union(literals, go)


def _python(*folders: str) -> Iterator[ast.Module]:
    for folder in folders:
        for file in sorted((ROOT / folder).rglob("*.py")):
            yield ast.parse(file.read_text())


def _go() -> Iterator[str]:
    for file in sorted((ROOT / "providers").glob("*.go")):
        if not file.name.endswith("_test.go"):
            # A pattern may have quotes in it, and is nothing that is said.
            yield re.sub(r"MustCompile\(`[^`]*`\)", "", file.read_text())


def _shell() -> Iterator[str]:
    for file in sorted((ROOT / "components").rglob("*.sh")):
        yield from (_closed(SHELL_WORDS.sub(HOLE, found)) for found in SHELL_REFUSALS.findall(file.read_text()))


def _raised(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
            continue
        if node.func.id in RAISED:
            yield _filled(node.args[0])
        # The command, and what is said where it fails.
        if node.func.id == "run" and len(node.args) > 1 and not isinstance(node.args[1], ast.Name):
            yield _filled(node.args[1])


def _filled(node: ast.expr) -> str:
    """With a hole for whatever is no text by itself."""
    return _closed(_of_expression(node))


def _of_expression(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_of_expression, node.values))
    if isinstance(node, ast.BinOp):
        return _of_expression(node.left) + _of_expression(node.right)
    return HOLE


def _of_go(source: str) -> str:
    """Of texts and names that are added up."""
    parts = [part.strip() for part in re.findall(rf"{GO_TEXT}|[^+]+", source)]
    written = [ast.literal_eval(part) if part.startswith('"') else HOLE for part in parts if part]
    return _closed(GO_WORDS.sub(HOLE, "".join(written)))


def _closed(text: str) -> str:
    return re.sub(rf"{HOLE}+", HOLE, " ".join(text.split())).replace("%%", "%")
