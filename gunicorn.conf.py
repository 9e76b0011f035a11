"""How the web process serves: gunicorn reads this file from the working directory."""

from typing import Any

from setproctitle import setproctitle

from core.config import settings
from stack.spawn import die_with_parent

bind = [f"0.0.0.0:{settings().port}"]
worker_class = "gthread"
workers = 1
threads = 64 + 100  # as many event streams as web.events allows hold one each; made as they are needed
graceful_timeout = 5  # event streams never end by themselves
control_socket_disable = True  # its default path is one per user: two copies would share it


def post_fork(_server: Any, _worker: Any) -> None:
    setproctitle("gridkeeper: web")
    die_with_parent()
