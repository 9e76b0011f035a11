"""Celery's settings. The database is the queue, a message only a doorbell: whatever is lost here is rung again."""

from core.bus import QUEUES
from core.config import settings

broker_url = settings().redis_url
broker_transport = "tasks.broker:Transport"
result_backend = None
task_ignore_result = True
accept_content = ["json"]
task_serializer = "json"
timezone = "UTC"

imports = (
    "tasks.announcing",
    "tasks.forecasts",
    "tasks.notifying",
    "tasks.orders",
    "tasks.strategies",
    "tasks.upkeep",
    "tasks.watchdog",
)
task_routes = {
    "tasks.orders.*": {"queue": "orders"},
    "tasks.strategies.*": {"queue": "control"},
    "tasks.upkeep.*": {"queue": "upkeep"},
}
task_default_queue = "upkeep"
task_create_missing_queues = True

task_acks_late = True
task_reject_on_worker_lost = True
worker_concurrency = settings().worker_concurrency
worker_prefetch_multiplier = 4
worker_hijack_root_logger = False
worker_send_task_events = bool(settings().flower_basic_auth)  # three messages a task, which Flower alone reads
worker_soft_shutdown_timeout = 5
# Remote control stays on: its connection is what notices a broker that was restarted under a busy worker.
worker_enable_remote_control = True

broker_connection_retry_on_startup = True
broker_connection_max_retries = None
broker_connection_timeout = 1.0
broker_transport_options = {
    "max_retries": 0,
    "visibility_timeout": 60,
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 1,
    "socket_keepalive": True,
    "health_check_interval": 10,
}
task_publish_retry = False

beat_scheduler = "celery.beat:Scheduler"  # in memory: a tick forgotten is rung a second later
beat_max_loop_interval = 1
beat_schedule = {
    # It does not expire: a worker whose host's clock is wrong would take each for an old one.
    "sweep": {"task": "tasks.upkeep.sweep", "schedule": 1.0},
    "notify": {"task": "tasks.upkeep.notify", "schedule": 5.0, "options": {"expires": 5}},
    "snapshot": {"task": "tasks.upkeep.snapshot", "schedule": 60.0, "options": {"expires": 50}},
    "margins": {"task": "tasks.upkeep.judge_margins", "schedule": 10.0, "options": {"expires": 10}},
    "halts": {"task": "tasks.upkeep.watch_halts", "schedule": 60.0, "options": {"expires": 50}},
    "liquidity": {"task": "tasks.upkeep.watch_liquidity", "schedule": 600.0, "options": {"expires": 300}},
    "thin snapshots": {"task": "tasks.upkeep.thin_snapshots", "schedule": 3600.0, "options": {"expires": 600}},
    **{
        f"heartbeat {queue}": {
            "task": "tasks.watchdog.heartbeat",
            "args": (queue,),
            "schedule": 2.0,
            "options": {"queue": queue, "expires": 5},
        }
        for queue in QUEUES
    },
    "look at grids": {"task": "tasks.upkeep.look_at_grids", "schedule": 900.0, "options": {"expires": 600}},
    "load candles": {"task": "tasks.upkeep.load_all_candles", "schedule": 15.0, "options": {"expires": 15}},
    "judge forecasts": {"task": "tasks.upkeep.judge_forecasts", "schedule": 600.0, "options": {"expires": 300}},
    "refresh rules": {"task": "tasks.upkeep.refresh_rules", "schedule": 3600.0, "options": {"expires": 600}},
}
