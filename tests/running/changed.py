"""Which tests a change can reach: `make test-changed`.

A test file is reached by the modules that it imports, by the files that its tier runs in processes of their own, and
by each file that its source, or a module of the tests that it imports, names. Where a file is none of these to any
test, or is one that everything depends on, all tests are reached: in doubt a test is run.
"""

import re
import subprocess
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

import grimp

from tests.checkout import ROOT

PACKAGES = ("benchmarks", "components", "package", "policies", "providers", "tests", "tools")
GO_FILE = re.compile(r"(hero|providers)/.*(\.go|go\.mod|go\.sum|\.html|VERSION)")
# What every test depends on, or how it is run.
EVERYTHING = re.compile(
    r"pyproject\.toml|uv\.lock|tests/conftest\.py|tests/checkout\.py|tests/running/.*|tools/(pulumi|host)/.*"
)
# What a tier runs in processes of its own, where no import shows it.
RUN_BY = {
    "tests/engine/": re.compile(
        r"__main__\.py|Pulumi[^/]*\.yaml|(components|policies|package|providers|tools)/.*\.py|hero/.*|policies/.*"
    ),
    "tests/engine/test_package": re.compile(r"(examples|package|providers|tools/languages)/.*"),
    "tests/embedded/": re.compile(
        r"__main__\.py|Pulumi[^/]*\.yaml|Makefile|pulumiw|requirements\.txt"
        r"|(benchmarks|components|hero|package|policies|providers|tests/conformance|tools)/.*"
    ),
}
CHAIN = re.compile(r"ROOT((?: / [\"'][\w./-]+[\"'])+)")
QUOTED = re.compile(r"[\"']([\w./-]+)[\"']")
GLOB = re.compile(r"ROOT\.r?glob\([\"']\*(\.\w+)[\"']")
# The modules whose sources are looked through: a conftest is every test's, so what it names says nothing.
TEXTS = re.compile(r"tests\.(?!.*conftest$)")
# Names that many directories have a file of.
TOO_COMMON = {"__init__.py", "__main__.py", "conftest.py", "go.mod", "go.sum", "main.go", "README.md", "config.json"}
# What these are is known, so that nobody has to run all tests for one that no test names.
HARMLESS = re.compile(
    r"docs/.*|\.github/.*|[^/]*\.md|LICENSE|\.gitignore|\.ci/.*|renovate\.json|\.pre-commit-config\.yaml"
)


@dataclass(frozen=True)
class Reached:
    """The paths for pytest, whether the Go tests are run too, and the files that have changed."""

    pytest: list[str] = field(default_factory=list[str])
    go: bool = False
    files: list[str] = field(default_factory=list[str])


@dataclass(frozen=True)
class Suite:
    """The test files, with what each depends on."""

    root: Path
    _known: dict[str, "Named"] = field(default_factory=dict[str, "Named"], repr=False)

    @cached_property
    def graph(self) -> grimp.ImportGraph:
        """Every import between the packages of the repository."""
        return grimp.build_graph(*PACKAGES, cache_dir=None)

    @cached_property
    def tests(self) -> list[str]:
        """The test files of the tiers."""
        return sorted(
            str(file.relative_to(self.root))
            for tier in ("unit", "engine", "embedded")
            for file in (self.root / "tests" / tier).glob("test_*.py")
        )

    def reached(self, changed: list[str]) -> Reached:
        """Return what these files reach."""
        if any(EVERYTHING.fullmatch(file) for file in changed):
            return Reached(self.tests, go=True, files=changed)
        found: set[str] = set()
        for file in changed:
            reached = {test for test in self.tests if self._reaches(file, test)}
            if not reached and not GO_FILE.fullmatch(file) and not HARMLESS.fullmatch(file):
                return Reached(self.tests, go=True, files=changed)
            found |= reached
        return Reached(sorted(found), any(GO_FILE.fullmatch(file) for file in changed), changed)

    def _reaches(self, file: str, test: str) -> bool:
        if file == test or module_of(file) in self._modules(test):
            return True
        if any(test.startswith(beginning) and files.fullmatch(file) for beginning, files in RUN_BY.items()):
            return True
        return self._named(test).include(file) or self._reads_beside(file, test)

    def _reads_beside(self, file: str, test: str) -> bool:
        """Whether it imports a module in the directory of a file that is no module: such a module may read the file."""
        package = module_of(str(PurePosixPath(file).parent))
        return (
            "." in package
            and not file.endswith(".py")
            and any(module == package or module.rpartition(".")[0] == package for module in self._modules(test))
        )

    def _named(self, test: str) -> "Named":
        if test not in self._known:
            self._known[test] = named_in(self._text(test))
        return self._known[test]

    def _modules(self, test: str) -> set[str]:
        """The modules that a test file imports, directly or not; a conftest is imported by pytest."""
        found = {module_of(test)}
        for module in (module_of(test), f"{module_of(str(PurePosixPath(test).parent))}.conftest"):
            if module in self.graph.modules:
                found |= {module} | self.graph.find_upstream_modules(module)
        return found

    def _text(self, test: str) -> str:
        """The source of the test file, and of the modules of the tests that it imports."""
        modules = [module for module in self._modules(test) if TEXTS.match(module)]
        files = [self.root / f"{module.replace('.', '/')}.py" for module in modules]
        return "\n".join(file.read_text(encoding="utf-8") for file in files if file.exists())


def module_of(file: str) -> str:
    """Return the name of the module that a file is."""
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@dataclass(frozen=True)
class Named:
    """The paths, the names of files and the suffixes that a source names."""

    paths: set[str]
    files: set[str]
    suffixes: set[str]

    def include(self, file: str) -> bool:
        """Whether a file is one of them, or in a directory that is."""
        path = PurePosixPath(file)
        above = {str(each) for each in path.parents} | {file}
        at_the_top = len(path.parts) == 1
        by_name = path.name in self.files and (at_the_top or path.name not in TOO_COMMON)
        return by_name or bool(above & self.paths) or (at_the_top and path.suffix in self.suffixes)


def named_in(text: str) -> Named:
    """Return what a source names: `ROOT / "a" / "b"`, quoted paths, quoted names with a suffix, `ROOT.glob("*.md")`."""
    chains = ["/".join(QUOTED.findall(chain)) for chain in CHAIN.findall(text)]
    quoted: list[str] = QUOTED.findall(text)
    return Named(
        paths={*chains, *(each.strip("/") for each in quoted if "/" in each.strip("/"))},
        files={each for each in quoted if PurePosixPath(each).suffix},
        suffixes=set(GLOB.findall(text)),
    )


def reached(base: str) -> Reached:
    """Return what is reached by all that has changed since the base, committed or not."""
    return Suite(ROOT).reached(changed_files(base or fork_point()))


def summary(found: Reached) -> str:
    """Return what will be run, in one line."""
    go = " and the Go tests" if found.go else ""
    return f"{len(found.files)} changed files reach {len(found.pytest)} test files{go}"


def changed_files(base: str) -> list[str]:
    """Return the files that differ from the base, with those that git does not know yet."""
    differ = _git("diff", "--name-only", base)
    return sorted({*differ, *_git("ls-files", "--others", "--exclude-standard")})


def fork_point() -> str:
    """Return the commit at which this branch left the main one; the last commit where there is no main branch."""
    for main in ("origin/main", "main"):
        if found := _git("merge-base", "HEAD", main, check=False):
            return found[0]
    return "HEAD"


def _git(*arguments: str, check: bool = True) -> list[str]:
    ended = subprocess.run(["git", *arguments], cwd=ROOT, check=check, capture_output=True, text=True)
    return ended.stdout.splitlines() if ended.returncode == 0 else []
