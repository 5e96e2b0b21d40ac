"""Several people do whatever they may, and workers die, in any order: nothing is lost or doubled.

A world in Python (world.py) says what must come of each step; after each the whole database is
held against it (facts.py). PROPERTY_EXAMPLES and PROPERTY_STEPS say how much is tried.
"""

import os
from functools import partial

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as how
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from batches.services.verify import verify
from tests.properties import choices, facts
from tests.properties.doors import Doors
from tests.properties.ground import Ground
from tests.properties.workers import Workers

EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "20"))
STEPS = int(os.environ.get("PROPERTY_STEPS", "20"))


class Engine(RuleBasedStateMachine):
    batches = Bundle("batches")
    prepared = Bundle("prepared")
    workers = Bundle("workers")

    def __init__(self, ground):
        super().__init__()
        self.world = ground.fresh_world()
        self.doors = Doors(self.world)
        self.hands = Workers(self.world, ground.settings)

    # ------------------------------------------------------------ people ask

    @initialize(target=batches, change=choices.changes, ids=choices.own_ids["alice"])
    def begin(self, change, ids):
        return multiple(*self.doors.create("alice", None, change, {"contentIds": ids}))

    @initialize(target=batches, change=choices.changes, ids=choices.own_ids["bob"])
    def begin_for_bob(self, change, ids):
        return multiple(*self.doors.create("staff", "bob", change, {"contentIds": ids}))

    @initialize(target=prepared, by=choices.actors, change=choices.changes, ids=choices.many_ids)
    def begin_to_prepare(self, by, change, ids):
        return multiple(*self.doors.prepare(by, change, ids, rejects_all=False))

    @rule(
        target=batches,
        selection=choices.selections,
        change=choices.changes,
        offsets=choices.offsets,
        rejects_all=choices.sometimes,
    )
    def create(self, selection, change, offsets, rejects_all):
        by, creator, ids = selection
        body = {"contentIds": ids}
        return multiple(*self.doors.create(by, creator, change, body, offsets, rejects_all))

    @rule(
        target=batches,
        selection=choices.selections,
        change=choices.changes,
        wanted=choices.filters,
        offsets=choices.offsets,
        rejects_all=choices.sometimes,
    )
    def create_by_filter(self, selection, change, wanted, offsets, rejects_all):
        by, creator, _ = selection
        body = {"filter": wanted}
        return multiple(*self.doors.create(by, creator, change, body, offsets, rejects_all))

    @rule(
        target=prepared,
        by=choices.actors,
        change=choices.changes,
        ids=choices.many_ids,
        rejects_all=choices.sometimes,
    )
    def prepare(self, by, change, ids, rejects_all):
        return multiple(*self.doors.prepare(by, change, ids, rejects_all))

    @rule(target=batches, submission=prepared, other=choices.actors, is_other=choices.sometimes)
    def confirm(self, submission, other, is_other):
        by = other if is_other else submission.order.by.name
        return multiple(*self.doors.confirm(submission, by))

    @rule(submission=prepared)
    def cancel_prepared(self, submission):
        self.doors.cancel_submission(submission)

    @rule(batch=batches)
    def cancel(self, batch):
        self.doors.cancel(batch)

    @rule(by=choices.actors, key=choices.items, edit=choices.edits, is_stale=choices.sometimes)
    def edit(self, by, key, edit, is_stale):
        self.doors.edit(by, key, edit, is_stale=is_stale)

    @rule(key=choices.items, deed=choices.deeds)
    def change_by_hand(self, key, deed):
        self.doors.change_by_hand(key, deed)

    @rule(right=choices.rights)
    def give_or_take(self, right):
        (name, what), has_it = right
        self.doors.set_right(name, what, has_it=has_it)

    @rule(what=choices.ends)
    def let_end(self, what):
        {
            "leases": self.hands.end_leases,
            "pauses": self.hands.end_pauses,
            "alice's hour": lambda: self.doors.end_hour("alice"),
            "bob's hour": lambda: self.doors.end_hour("bob"),
        }[what]()

    # ------------------------------------------------------------ workers work, and die

    @rule(batch=batches)
    def run_whole(self, batch):
        self.hands.run_whole(batch)

    @rule(target=workers, batch=batches, chunks=st.integers(0, 2))
    def begin_and_die(self, batch, chunks):
        return multiple(*self.hands.begin(batch, chunks))

    @rule(target=workers, batch=batches, chunks=st.integers(0, 1))
    def die_and_be_followed(self, batch, chunks):
        return multiple(*self.hands.begin_twice(batch, chunks))

    @rule(worker=workers)
    def rise_and_write(self, worker):
        self.hands.write(worker)

    @rule(worker=workers)
    def die_while_writing(self, worker):
        self.hands.write_and_roll_back(worker)

    @rule(worker=workers)
    def give_back(self, worker):
        self.hands.give_back(worker)

    @rule()
    def sweep(self):
        self.hands.sweep()

    # ------------------------------------------------------------ what leaves the house

    @rule(failure=choices.failures)
    def send_contract_calls(self, failure):
        self.hands.send_calls(failure)

    @rule()
    def send_a_call_and_die(self):
        self.hands.send_call_and_die()

    @rule(is_up=st.booleans())
    def deliver_mails(self, is_up):
        self.hands.deliver(is_up=is_up)

    # ------------------------------------------------------------ what must hold

    @invariant()
    def everything_agrees(self):
        facts.compare(self.world)

    def teardown(self):
        """Everything comes to its end, and nothing was lost on the way."""
        self.hands.finish_everything()
        facts.compare(self.world)
        facts.compare_end(self.world)
        assert [f"{fault.about}: {fault.words}" for fault in verify()] == []


@pytest.fixture
def ground(transactional_db, settings, alice, bob, carol, staff):
    return Ground(settings)


def test_nothing_is_lost_and_nothing_doubled_in_any_order(ground):
    run_state_machine_as_test(
        partial(Engine, ground),
        settings=how(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
