"""Random user actions and worker crashes in any order: nothing is lost or doubled.

A world in Python (world.py) says what must come of each step; after each the whole database is
held against it (facts.py). PROPERTY_EXAMPLES and PROPERTY_STEPS say how much is tried.
"""

import os
from functools import partial

import pytest
import time_machine
from hypothesis import HealthCheck
from hypothesis import settings as how
from hypothesis.stateful import invariant, run_state_machine_as_test

from batches.services.integrity.verify import verify
from tests.properties import facts
from tests.properties.ground import Ground
from tests.properties.later_rules import LaterRules
from tests.properties.rows import START

EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "5"))
STEPS = int(os.environ.get("PROPERTY_STEPS", "20"))


class Engine(LaterRules):
    # ------------------------------------------------------------ what must hold

    @invariant()
    def everything_agrees(self):
        self.later.adopt()
        facts.compare(self.world)

    def teardown(self):
        """Everything comes to its end, and nothing was lost on the way."""
        self.hands.finish_everything()
        facts.compare(self.world)
        facts.compare_end(self.world)
        assert [f"{fault.about}: {fault.words}" for fault in verify()] == []


@pytest.fixture
def ground(transactional_db, settings, alice, bob, carol, staff):
    with time_machine.travel(START) as clock:
        yield Ground(settings, clock)


def test_nothing_lost_or_doubled_in_any_order(ground):
    run_state_machine_as_test(
        partial(Engine, ground),
        settings=how(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
