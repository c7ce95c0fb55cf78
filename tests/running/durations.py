"""Remember how long each test took, and give the workers of a run the same memory, so that all sort alike."""

from typing import Any, cast

import pytest

Durations = dict[str, float]
DURATIONS = pytest.StashKey[Durations]()
CACHE_KEY = "hero/seconds"
WORKER_KEY = "hero_seconds"


def pytest_configure(config: pytest.Config) -> None:
    """Read what the last run remembered."""
    worker: dict[str, Any] | None = getattr(config, "workerinput", None)
    if worker is not None:
        config.stash[DURATIONS] = worker.get(WORKER_KEY, {})
        return
    config.stash[DURATIONS] = remembered(config)
    config.pluginmanager.register(Recorder(config), "hero-durations")


def remembered(config: pytest.Config) -> Durations:
    """Return the durations of the last runs; none where pytest keeps no cache, or on the first run."""
    cache = cache_of(config)
    return cast("Durations", cache.get(CACHE_KEY, {})) if cache else {}


def cache_of(config: pytest.Config) -> Any:  # noqa: ANN401 - pytest's cache has no public type
    """Return pytest's cache; None under `-p no:cacheprovider`."""
    return getattr(config, "cache", None)


class Recorder:
    """Collects the durations of this run, in the process that sees all reports."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._seen: Durations = {}

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:  # noqa: ANN401 - xdist has no types
        """Hand the memory to a worker."""
        node.workerinput[WORKER_KEY] = self._config.stash[DURATIONS]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add up the phases of a test."""
        self._seen[report.nodeid] = self._seen.get(report.nodeid, 0.0) + report.duration

    def pytest_sessionfinish(self) -> None:
        """Remember, without the tests of other runs that are gone."""
        cache = cache_of(self._config)
        if cache and self._seen:
            rounded = {nodeid: round(seconds, 2) for nodeid, seconds in self._seen.items()}
            cache.set(CACHE_KEY, {**self._config.stash[DURATIONS], **rounded})
