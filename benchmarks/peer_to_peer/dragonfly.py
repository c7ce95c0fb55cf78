"""Dragonfly's manager and scheduler with a database and a Redis, told what this project's stacks tell them.

Their names are those that they have in a cluster, and so their files are what the stack would write, letter for letter.
"""

import os
from pathlib import Path

from benchmarks.peer_to_peer.switch import Host, Switch
from components.registries.dragonfly.configuration import (
    DATABASE,
    DATABASE_USER,
    GRPC_PORT,
    MYSQL_PORT,
    REDIS_PORT,
    RELEASE,
    SCHEDULER_PORT,
    Passwords,
    manager,
    scheduler,
)
from tools.node.machines import kill, quietly, write
from tools.problem import Problem

PROGRAMS = ("manager", "scheduler", "dfdaemon")
NAMESPACE = "peers"
STORE, MANAGER, SCHEDULER = 2, 3, 4
MANAGERS_NAME = f"{RELEASE}-manager.{NAMESPACE}.svc"
NAMES = {
    f"{RELEASE}-mysql.{NAMESPACE}.svc": STORE,
    f"{RELEASE}-redis-master.{NAMESPACE}.svc": STORE,
    MANAGERS_NAME: MANAGER,
}
SECONDS_TO_START = 90


def programs_in(folder: Path) -> dict[str, str]:
    """Dragonfly's own programs, which whoever measures brings along."""
    missing = [name for name in PROGRAMS if not os.access(folder / name, os.X_OK)]
    if missing:
        raise Problem(
            f"{folder} has no program {', '.join(missing)}; name a folder that has, DRAGONFLY=FOLDER. They are in the "
            "archives at https://github.com/dragonflyoss/dragonfly/releases and …/client/releases"
        )
    return {name: str((folder / name).resolve()) for name in PROGRAMS}


class Dragonfly:
    """Without those who fetch."""

    def __init__(self, switch: Switch, programs: dict[str, str]) -> None:
        self._programs = programs
        self._passwords = Passwords(*(os.urandom(16).hex() for _ in range(3)))
        self._store = switch.host("store", STORE)
        self._manager = switch.host("manager", MANAGER)
        self._scheduler = switch.host("scheduler", SCHEDULER)

    @property
    def manager(self) -> str:
        """Where each dfdaemon asks for it."""
        return f"{MANAGERS_NAME}:{GRPC_PORT}"

    def start(self) -> None:
        """All of it, one after the other."""
        self._start_database()
        self._start_redis()
        self.start_manager()
        self.start_scheduler()

    def _start_database(self) -> None:
        machine = self._store.machine
        data, socket = str(machine.folder / "data"), str(machine.folder / "database.sock")
        made = ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal"]
        quietly(machine.inside(*made, "--user=root"))
        machine.start(
            "database",
            "mariadbd",
            "--no-defaults",
            "--user=root",
            f"--datadir={data}",
            f"--socket={socket}",
            f"--port={MYSQL_PORT}",
        )
        machine.wait_for("database", lambda: self._store.listens(MYSQL_PORT), SECONDS_TO_START)
        words = (
            f"CREATE DATABASE {DATABASE}; CREATE USER {DATABASE_USER} IDENTIFIED BY '{self._passwords.database}'; "
            f"GRANT ALL ON {DATABASE}.* TO {DATABASE_USER}; DROP USER IF EXISTS ''@localhost;"
        )
        quietly(machine.inside("mariadb", f"--socket={socket}", "--user=root"), words)

    def _start_redis(self) -> None:
        machine = self._store.machine
        file = machine.folder / "redis.conf"
        write(file, f'bind 0.0.0.0\nport {REDIS_PORT}\nrequirepass {self._passwords.redis}\nsave ""\n')
        machine.start("redis", "redis-server", str(file))
        machine.wait_for("redis", lambda: self._store.listens(REDIS_PORT), SECONDS_TO_START)

    def start_manager(self) -> None:
        """By the variable that the chart's pods have."""
        file = self._manager.machine.folder / "manager.yaml"
        write(file, manager(NAMESPACE, self._passwords, None, None))
        self._run(self._manager, "manager", file, GRPC_PORT)

    def start_scheduler(self) -> None:
        """Likewise."""
        file = self._scheduler.machine.folder / "scheduler.yaml"
        write(file, scheduler(NAMESPACE, self._passwords, None))
        self._run(self._scheduler, "scheduler", file, SCHEDULER_PORT)

    def _run(self, host: Host, name: str, file: Path, port: int) -> None:
        program = self._programs[name]
        host.machine.start(name, program, **{f"{name.upper()}_CONFIG": str(file)})
        host.machine.wait_for(name, lambda: host.listens(port, host.address), SECONDS_TO_START)

    def kill_manager(self) -> None:
        """As a crash would."""
        kill(self._manager.machine, Path(self._programs["manager"]).name)

    def kill_scheduler(self) -> None:
        """Likewise."""
        kill(self._scheduler.machine, Path(self._programs["scheduler"]).name)
