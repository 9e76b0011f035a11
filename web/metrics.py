"""What Prometheus scrapes: requests of this process, and the state of the whole as the database and Redis know it."""

from collections.abc import Iterator

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from core import bus
from core.clock import monotonic, now_ms
from core.db import Session
from core.domain.order import LIVE
from core.errors import DatabaseUnavailable
from core.models import GridOrder, GridStrategy

registry = CollectorRegistry()
_REQUESTS = Counter(
    "gridkeeper_http_requests", "Requests answered", ["method", "endpoint", "status"], registry=registry
)
_SECONDS = Histogram("gridkeeper_http_seconds", "Time to answer, seconds", ["endpoint"], registry=registry)


def init_app(app: Flask) -> None:
    app.after_request(_count)


def _count(answer: Response) -> Response:
    endpoint = request.endpoint or "none"
    _REQUESTS.labels(request.method, endpoint, answer.status_code).inc()
    _SECONDS.labels(endpoint).observe(monotonic() - g.get("begun", monotonic()))
    return answer


class _State(Collector):
    """Read at each scrape; without a database only what Redis knows."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        ages = GaugeMetricFamily("gridkeeper_life_age_seconds", "Since a part last showed life", labels=["part"])
        for part, moment in bus.last_life_ms().items():
            ages.add_metric([part], (now_ms() - moment) / 1000)
        yield ages
        try:
            yield from _counts()
        except DatabaseUnavailable:
            return


def _counts() -> Iterator[GaugeMetricFamily]:
    with Session.reading() as session:
        strategies = session.execute(select(GridStrategy.status, func.count()).group_by(GridStrategy.status)).all()
        orders = session.execute(
            select(GridOrder.status, func.count()).where(GridOrder.status.in_(LIVE)).group_by(GridOrder.status)
        ).all()
    yield _gauge("gridkeeper_strategies", "Strategies by status", [(status, count) for status, count in strategies])
    yield _gauge(
        "gridkeeper_live_orders", "Orders that are not at an end", [(status, count) for status, count in orders]
    )


def _gauge(name: str, text: str, counted: list[tuple[str, int]]) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, text, labels=["status"])
    for status, count in counted:
        gauge.add_metric([status], count)
    return gauge


registry.register(_State())


def exposition() -> bytes:
    return generate_latest(registry)
