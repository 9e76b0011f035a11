"""Whether a secret lies anywhere in the open: logs, rows, Redis keys and messages, process titles."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Engine, inspect, text


class SecretSearch:
    """`canaries` must occur nowhere. Logs are read on from where the last search ended."""

    def __init__(self, engine: Engine, logs: Path | None, redis_url: str, runner_pid: int | None) -> None:
        self._engine = engine
        self._logs = logs
        self._redis_url = redis_url
        self._runner_pid = runner_pid
        self._read: dict[Path, int] = {}

    def faults(self, canaries: Sequence[str]) -> Iterator[str]:
        secrets = [canary.encode() for canary in canaries if canary]
        for place, content in self._places():
            if any(secret in content for secret in secrets):
                yield f"a secret lies in {place}"

    def _places(self) -> Iterator[tuple[str, bytes]]:
        yield from self._new_log_lines()
        yield from self._rows()
        yield from self._redis_values()
        yield from self._titles()

    def _new_log_lines(self) -> Iterator[tuple[str, bytes]]:
        for file in sorted(self._logs.rglob("*.log")) if self._logs else ():
            with file.open("rb") as log:
                log.seek(self._read.get(file, 0))
                yield f"the log {file.name}", log.read()
                self._read[file] = log.tell()

    def _rows(self) -> Iterator[tuple[str, bytes]]:
        with self._engine.connect() as connection:
            for table in inspect(connection).get_table_names():
                rows = connection.execute(text(f'SELECT * FROM "{table}"'))
                yield f"the table {table}", "\n".join(map(str, rows)).encode()

    def _redis_values(self) -> Iterator[tuple[str, bytes]]:
        if not self._redis_url:
            return
        try:
            with Redis.from_url(self._redis_url, socket_timeout=5) as client:
                for key in client.scan_iter(count=1000):
                    yield f"the Redis key {key.decode(errors='replace')}", key + b" " + (client.dump(key) or b"")
        except RedisError:
            return  # it is away: another search finds it

    def _titles(self) -> Iterator[tuple[str, bytes]]:
        if self._runner_pid is None:
            return
        try:
            running = psutil.Process(self._runner_pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return
        for process in running:
            try:
                yield f"the title of process {process.pid}", " ".join(process.cmdline()).encode()
            except psutil.Error:
                continue
