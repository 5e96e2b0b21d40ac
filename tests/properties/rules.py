"""The rules of the property test: user requests and worker steps."""

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, multiple, rule

from tests.properties import choices
from tests.properties.doors import Doors
from tests.properties.faults import Faults
from tests.properties.later_doors import LaterDoors
from tests.properties.rows import Wait


class Rules(RuleBasedStateMachine):
    batches = Bundle("batches")
    prepared = Bundle("prepared")
    workers = Bundle("workers")
    templates = Bundle("templates")

    def __init__(self, ground):
        super().__init__()
        self.world = ground.fresh_world()
        self.doors, self.later = Doors(self.world), LaterDoors(self.world)
        self.hands = Faults(self.world, ground)
        self.shown = 0

    def new(self):
        """Batches that no rule has been given so far."""
        self.later.adopt()
        found, self.shown = self.world.batches[self.shown :], len(self.world.batches)
        return multiple(*found)

    def wait(self, starts=None, until=None, links=(), is_paused=False):
        """What is to be waited for, from now on."""
        links = dict(links)
        now = self.world.now
        return Wait(
            None if starts is None else now + starts,
            None if until is None else now + until,
            list(links.items()),
            is_paused,
        )

    # ------------------------------------------------------------ people ask

    @initialize(
        target=batches,
        change=choices.changes,
        ids=choices.own_ids["alice"],
        fault=choices.first_faults,
    )
    def begin(self, change, ids, fault):
        self.doors.create("alice", None, change, {"contentIds": ids})
        if fault is not None:
            self.hands.run_with_fault(self.world.batches[-1], fault)
        return self.new()

    @initialize(
        target=batches,
        change=choices.changes,
        ids=choices.own_ids["bob"],
        is_paused=st.booleans(),
    )
    def begin_for_bob(self, change, ids, is_paused):
        self.doors.create("staff", "bob", change, {"contentIds": ids})
        if is_paused:
            self.later.hold(self.world.batches[-1], "staff", is_paused=True)
        return self.new()

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
        self.doors.create(by, creator, change, body, offsets, rejects_all)
        return self.new()

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
        self.doors.create(by, creator, change, body, offsets, rejects_all)
        return self.new()

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
        self.doors.confirm(submission, by)
        return self.new()

    @rule(target=batches, batch=batches)
    def cancel(self, batch):
        self.doors.cancel(batch)
        return self.new()

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

    @rule(target=batches, batch=batches)
    def run_whole(self, batch):
        self.hands.run_whole(batch)
        return self.new()

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
    def release(self, worker):
        self.hands.release(worker)

    @rule(target=batches)
    def sweep(self):
        self.hands.sweep()
        return self.new()

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
