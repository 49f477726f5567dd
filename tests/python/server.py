"""A server for tests: its own folder, a free port, one team."""

import json
import os
import pathlib
import signal
import subprocess
import time
from types import TracebackType

START_LIMIT = 20.0
"""Seconds that a start may take on a busy machine. A warm one takes about a tenth of one."""


class Server:
    """`oneloop serve` on a database of its own."""

    def __init__(self, binary: pathlib.Path, folder: pathlib.Path) -> None:
        self._binary = binary
        self._folder = folder
        # A developer's own ONELOOP_… settings must not decide what a test finds.
        inherited = {name: it for name, it in os.environ.items() if not name.startswith("ONELOOP_")}
        self._environment = inherited | {"ONELOOP_DATABASE": f"sqlite:{folder / 'oneloop.db'}"}

    def __enter__(self) -> "Server":
        created = json.loads(self.admin("team", "create", "Acme", "--json"))
        self.team_id: str = created["team"]["id"]
        self.sdk_key: str = created["sdkKey"]["key"]
        ready = self._folder / "ready.json"
        self._log = (self._folder / "server.log").open("wb")
        self._process = subprocess.Popen(
            [self._binary, "serve", "--listen", "127.0.0.1:0", "--ready-file", ready],
            env=self._environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + START_LIMIT
        while not ready.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                raise RuntimeError(f"the server did not start:\n{self.log()}")
            time.sleep(0.02)
        self.url: str = json.loads(ready.read_text())["url"]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(timeout=30)
        self._log.close()
        assert code == 0, f"the server did not stop cleanly ({code}):\n{self.log()}"

    def admin(self, *arguments: str) -> str:
        """Runs `oneloop admin …` on this database; what it wrote to standard output."""
        command = [self._binary, "admin", *arguments]
        done = subprocess.run(
            command, env=self._environment, check=True, capture_output=True, text=True
        )
        return done.stdout

    def open_migration_window(self) -> None:
        """Lets this machine migrate for an hour."""
        window = ("--team", self.team_id, "--from", "127.0.0.1", "--for", "1h")
        self.admin("migration-window", "open", *window)

    def log(self) -> str:
        """All that it has written."""
        return (self._folder / "server.log").read_text(errors="replace")
