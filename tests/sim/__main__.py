"""`python -m tests.sim`: SEEDS=n runs that many seeds (300), SEED=n one, with its trace; STEPS=n kills the worker at
each nth step of every saga (1: at each)."""

import os
import sys

if os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets is part of what a seed repeats
    os.execve(sys.executable, [sys.executable, "-m", "tests.sim"], {**os.environ, "PYTHONHASHSEED": "0"})

from tests.support.environment import hermetic

os.environ.update(hermetic())

import tests.sim.turned_clock  # noqa: F401  first, because it turns the clock that all others bind
from tests.sim.command import main

sys.exit(main())
