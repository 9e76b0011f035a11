"""Who does what, across hosts. Safety needs none of it: a lease only keeps two from doing the same work."""

import socket
import uuid
from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import bindparam, or_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from core.clock import now
from core.config import VAR
from core.models import Lease

TTL = timedelta(seconds=6)

_MAKE = {
    "postgresql": postgresql.insert(Lease).on_conflict_do_nothing(),
    "sqlite": sqlite.insert(Lease).on_conflict_do_nothing(),
}
_TAKE = (
    update(Lease)
    .where(
        Lease.name.in_(bindparam("names", expanding=True)),
        or_(
            Lease.owner == bindparam("claimant"),
            Lease.until <= bindparam("moment"),
            Lease.until > bindparam("latest"),
        ),
    )
    .values(owner=bindparam("claimant"), until=bindparam("ends"))
    .returning(Lease.name)
)


def host_id() -> str:
    """This host's own name for itself, kept in a file: a restarted supervisor owns its leases at once."""
    file = VAR / "host-id"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{socket.gethostname()}-{uuid.uuid4().hex[:8]}")
    return file.read_text().strip()


def claim(session: Session, names: Iterable[str], owner: str) -> set[str]:
    """Takes or renews every lease of `names` that is free, expired or already the owner's; returns those held now.

    One that ends later than any can was written before a clock was put back, and nobody may live to renew it.
    """
    wanted = set(names)
    if not wanted:
        return set()
    connection, moment = session.connection(), now()
    rows = [{"name": name, "owner": owner, "until": moment} for name in sorted(wanted)]
    connection.execute(_MAKE[connection.dialect.name], rows)
    claim = {"names": wanted, "claimant": owner, "moment": moment, "latest": moment + 2 * TTL, "ends": moment + TTL}
    return set(connection.scalars(_TAKE, claim))


def release(session: Session, names: Iterable[str], owner: str) -> None:
    session.execute(update(Lease).where(Lease.name.in_(set(names)), Lease.owner == owner).values(until=now()))
