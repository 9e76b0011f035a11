"""`python -m tasks.restored`: to be run once after the database was restored from a backup, before anything starts.

Nothing is opened for an account before it has been compared with the exchange, and no client order id that the lost
time may have used is made again. A worker that starts after more than a minute of silence does the first by itself,
and the comparison does the second where it finds such an order; this command leaves nothing to be found out.
"""

from core.db import Session
from core.reconciliation.account import halt_until_read, request_all
from core.reconciliation.restored import begin_era


def main() -> None:
    with Session.begin() as session:
        halt_until_read(session)
        request_all(session)
        begin_era(session, None, 0)
    print("restored: every account is compared with the exchange before it trades")  # noqa: T201 - a command's answer


if __name__ == "__main__":
    main()
