"""Puts the whole system together on this machine: from the Procfiles and the settings to a running runner."""

import os
import sys

from setproctitle import setproctitle

from core.config import ROOT, VAR, settings
from stack import dotenv, procfile
from stack import redis as embedded_redis
from stack.child import Child
from stack.console import Console, Lines, LogFile
from stack.instance import only_one, port_of, wait_for_ports
from stack.runner import Runner

PROCFILES = (ROOT / "Procfile", ROOT / "Procfile.dev")
_GRACE_S = {"worker": 10.0, "redis": 4.0}  # a task takes less than 10 s


def run() -> int:
    """`make run`: everything until a signal ends it. Raises ConfigurationError where it can't start."""
    setproctitle("gridkeeper: run")
    os.umask(0o077)  # logs, database and keys are the owner's alone
    VAR.mkdir(parents=True, exist_ok=True)
    with only_one(VAR):
        dotenv.complete(ROOT / ".env", os.environ)
        wait_for_ports({"PORT": settings().port, "PAPER_URL": port_of(settings().paper_url)})
        return _runner().run()


def _runner() -> Runner:
    commands = procfile.read(*PROCFILES)
    release = commands.pop("release")
    if not settings().flower_basic_auth:
        commands.pop("flower", None)
    console = Console(width=max(map(len, [*commands, "welcome"])))
    env = {**os.environ, "PATH": procfile.search_path(os.environ), "VAR_DIR": str(VAR), "PYTHONUNBUFFERED": "1"}
    redis = None
    if not os.environ.get("REDIS_URL"):
        server = embedded_redis.prepare(VAR)
        env["REDIS_URL"] = server.url
        redis = _child("redis", server.argv, console)
    children = [_child(name, procfile.argv(command), console) for name, command in commands.items()]
    return Runner(redis, _child("release", procfile.argv(release), console), [*children, _welcome(console)], env)


def _child(name: str, argv: tuple[str, ...], console: Console) -> Child:
    lines = Lines(name, console, LogFile(VAR / "log" / f"{name}.log"))
    return Child(name, argv, lines, grace=_GRACE_S.get(name, 6.0))


def _welcome(console: Console) -> Child:
    """Says where to log in, once all is ready. It prints a password: to the terminal only, never to a file."""
    argv = (sys.executable, "-m", "stack", "welcome")
    return Child("welcome", argv, Lines("welcome", console, file=None), grace=1.0, once=True)
