"""Who does what, across hosts. Safety needs none of it: a lease only keeps two from doing the same work."""

import socket
import uuid
from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from core.clock import now
from core.config import VAR
from core.models import Lease

TTL = timedelta(seconds=6)


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
    moment = now()
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    rows = [{"name": name, "owner": owner, "until": moment} for name in sorted(wanted)]
    session.execute(insert(Lease).values(rows).on_conflict_do_nothing())
    session.execute(
        update(Lease)
        .where(
            Lease.name.in_(wanted), (Lease.owner == owner) | (Lease.until <= moment) | (Lease.until > moment + 2 * TTL)
        )
        .values(owner=owner, until=moment + TTL)
    )
    held = select(Lease.name).where(Lease.name.in_(wanted), Lease.owner == owner, Lease.until > moment)
    return set(session.scalars(held))


def release(session: Session, names: Iterable[str], owner: str) -> None:
    session.execute(update(Lease).where(Lease.name.in_(set(names)), Lease.owner == owner).values(until=now()))
