"""Everything that may go wrong here, by name. Each fault strikes when it is entered and is over when it is left.

processes  killed, paused, ended in turn, doubled on another host
killpoints a worker dies just before or after a commit, a publish, a send
clocks     a host's clock an hour wrong
broker     Redis killed, emptied, frozen, its connections damaged
database   PostgreSQL stopped hard, its connections cut or damaged, its rows held
venue      every fault of the simulated exchange's own surface
changes    grids that are updated, that trail and that adapt
people     users who change their minds, and who trade by hand
"""

from tests.chaos.faults import broker, changes, clocks, database, killpoints, people, processes, venue  # noqa: F401 - they register
from tests.chaos.faults.registry import FAULTS, Fault, Scene, drawn_from

__all__ = ["FAULTS", "Fault", "Scene", "drawn_from"]
