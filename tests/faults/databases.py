"""A private server that a test may stop and start."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.services import free_port, missing

IS_ROOT = os.geteuid() == 0


class OwnPostgreSQL:
    """A cluster in a folder of its own; by the user postgres where the tests run as root."""

    def __init__(self) -> None:
        found = shutil.which("pg_ctl") or next(
            iter(sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")))), None
        )
        if found is None:
            missing("pg_ctl is not installed")
        self.programs = Path(found).parent
        self.port = free_port()
        # Not below the test's own folder, into which only root may look.
        self.folder = Path(tempfile.mkdtemp(prefix="own-postgresql-"))
        self.user = {"user": "postgres"} if IS_ROOT else {}
        if IS_ROOT:
            shutil.chown(self.folder, "postgres")
        self._run("initdb", "--no-sync", "--auth", "trust", "--username", "postgres")
        self.start()

    @property
    def url(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        told = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self._run("pg_ctl", "-w", "-o", told, "-l", str(self.folder / "log"), "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-w", "-m", "immediate", "stop")

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def _run(self, program: str, *arguments: str) -> None:
        # In folders that postgres may enter, without pipes that the server would keep open.
        subprocess.run(
            [str(self.programs / program), "-D", str(self.folder / "data"), *arguments],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            check=True,
            **self.user,
        )
