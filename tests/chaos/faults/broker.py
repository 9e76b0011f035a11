"""Redis: a doorbell that may be lost, doubled in time, or frozen. Nothing depends on it."""

from collections.abc import Iterator
from contextlib import suppress

from redis import Redis
from redis.exceptions import RedisError

from tests.chaos.faults.registry import Scene, fault


@fault("Redis is killed", 2.0)
def redis_is_killed(scene: Scene) -> Iterator[None]:
    scene.arena.redis.kill()
    yield
    scene.arena.start_redis()


@fault("Redis is killed and comes back empty", 2.0)
def redis_comes_back_empty(scene: Scene) -> Iterator[None]:
    scene.arena.redis.kill()
    yield
    scene.arena.start_redis()
    _command(scene, "FLUSHALL")


@fault("Redis is emptied", 2.0)
def redis_is_emptied(scene: Scene) -> Iterator[None]:
    _command(scene, "FLUSHALL")
    yield
    _command(scene, "FLUSHALL")


@fault("Redis fails over to a stale replica", 4.0, alone=True)
def redis_fails_over_to_a_stale_replica(scene: Scene) -> Iterator[None]:
    """Old messages are delivered again, newer ones are gone, counters and marks are those of some seconds ago."""
    replica = scene.arena.redis.copy()
    yield
    scene.arena.redis.fail_over_to(replica)


@fault("Redis is frozen", 8.0)
def redis_is_frozen(scene: Scene) -> Iterator[None]:
    _command(scene, "CLIENT", "PAUSE", 8000, "ALL")
    yield


@fault("Redis drops its clients", 1.0)
def redis_drops_its_clients(scene: Scene) -> Iterator[None]:
    for kind in ("normal", "pubsub"):
        _command(scene, "CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")
    yield


@fault("doorbells are dropped", 4.0)
def doorbells_are_dropped(scene: Scene) -> Iterator[None]:
    """Whatever waits in the queues is gone, again and again."""
    for queue in ("orders", "control", "upkeep"):
        _command(scene, "DEL", queue)
    yield
    for queue in ("orders", "control", "upkeep", "unacked", "unacked_index"):
        _command(scene, "DEL", queue)


@fault("Redis answers slowly", 4.0)
def redis_answers_slowly(scene: Scene) -> Iterator[None]:
    scene.arena.redis_proxy.delay(scene.random.uniform(0.02, 0.3))
    yield
    scene.arena.redis_proxy.behave()


@fault("connections to Redis are reset", 1.0)
def connections_to_redis_are_reset(scene: Scene) -> Iterator[None]:
    scene.arena.redis_proxy.reset_in(scene.random.randint(1, 20_000))
    yield
    scene.arena.redis_proxy.cut()
    scene.arena.redis_proxy.behave()


@fault("connections to Redis stall", 7.0)
def connections_to_redis_stall(scene: Scene) -> Iterator[None]:
    scene.arena.redis_proxy.stall()
    yield
    scene.arena.redis_proxy.cut()
    scene.arena.redis_proxy.behave()


@fault("connections to Redis are half closed", 2.0)
def connections_to_redis_are_half_closed(scene: Scene) -> Iterator[None]:
    scene.arena.redis_proxy.half_close()
    yield


@fault("Redis can't be reached", 4.0)
def redis_cant_be_reached(scene: Scene) -> Iterator[None]:
    scene.arena.redis_proxy.refuse()
    yield
    scene.arena.redis_proxy.behave()


def _command(scene: Scene, *command: str | int) -> None:
    """Straight to the server; it may be away just now."""
    with suppress(RedisError), Redis.from_url(scene.arena.redis.url, socket_timeout=2) as client:
        client.execute_command(*command)
