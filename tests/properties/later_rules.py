"""Rules for scheduled, paused and dependent batches, follow-ups and templates.

Whatever may end a batch targets the batches: it may have brought its undo into the world.
"""

from hypothesis import strategies as st
from hypothesis.stateful import initialize, multiple, precondition, rule

from tests.properties import choices
from tests.properties.rows import A_DAY
from tests.properties.rules import Rules

batches, prepared, templates = Rules.batches, Rules.prepared, Rules.templates
links = st.lists(st.tuples(batches, choices.whens), max_size=2)


class LaterRules(Rules):
    # ------------------------------------------------------------ waiting

    @initialize(
        target=batches,
        ids=choices.own_ids["alice"],
        price=choices.price_changes,
        is_run=st.booleans(),
    )
    def begin_sale(self, ids, price, is_run):
        change = ("update-price", price)
        self.doors.create("staff", "alice", change, {"contentIds": ids}, wait=self.wait(until=2))
        if is_run:
            self.hands.run_whole(self.world.batches[-1])
        return self.new()

    @initialize(
        target=batches,
        change=choices.changes,
        ids=choices.own_ids["bob"],
        price=choices.price_changes,
        fault=choices.first_faults,
        when=choices.whens,
    )
    def begin_to_wait(self, change, ids, price, fault, when):
        self.doors.create("staff", "bob", ("update-price", price), {"contentIds": ids})
        parent = self.world.batches[-1]
        if fault is not None:
            self.hands.run_with_fault(parent, fault)
        wait = self.wait(links=[(parent, when)])
        self.doors.create("staff", "bob", change, {"contentIds": ids}, wait=wait)
        return self.new()

    @initialize(target=templates, change=choices.changes, first=choices.slots)
    def begin_template(self, change, first):
        chosen = {"filter": {}}
        return multiple(
            *self.later.keep_template("staff", "bob", change, chosen, first, True, False)
        )

    @rule(
        target=batches,
        selection=choices.selections,
        change=choices.changes,
        starts=choices.begins,
        until=choices.untils,
        links=links,
        rejects_all=choices.sometimes,
    )
    def create_to_wait(self, selection, change, starts, until, links, rejects_all):
        by, creator, ids = selection
        wait = self.wait(starts, until if change[0] == "update-price" else None, links)
        body = {"contentIds": ids}
        self.doors.create(by, creator, change, body, None, rejects_all, wait)
        return self.new()

    @rule(
        target=prepared,
        by=choices.actors,
        change=choices.changes,
        ids=choices.many_ids,
        prices=choices.own_prices | st.just([]),
        starts=choices.begins,
        until=choices.untils,
        links=links,
        is_paused=choices.sometimes,
    )
    def prepare_to_wait(self, by, change, ids, prices, starts, until, links, is_paused):
        may_end = prices or change[0] == "update-price"
        wait = self.wait(starts, until if may_end else None, links, is_paused)
        found = self.doors.prepare(by, change, ids, False, wait, prices)
        return multiple(*found)

    @rule(
        batch=batches,
        by=choices.actors,
        what=choices.replans,
        starts=choices.begins,
        until=choices.untils,
    )
    def replan(self, batch, by, what, starts, until):
        wait = self.wait(starts, until)
        self.later.replan(batch, by, what, wait.starts, wait.until)

    @rule(batch=batches, links=links, by=choices.actors)
    def depend(self, batch, links, by):
        self.later.depend(batch, self.wait(links=links).links, by)

    @rule(batch=batches, by=choices.actors, is_paused=st.booleans())
    def hold(self, batch, by, is_paused):
        self.later.hold(batch, by, is_paused=is_paused)

    @rule(submission=prepared, by=choices.actors, is_paused=st.booleans())
    def hold_all(self, submission, by, is_paused):
        self.later.hold_all(submission, by, is_paused=is_paused)

    @rule(target=batches, submission=prepared, by=choices.actors)
    def cancel_all(self, submission, by):
        self.later.cancel_all(submission, by)
        return self.new()

    # Mails are given up after three days.
    @precondition(lambda self: self.world.now < 2 * A_DAY)
    @rule(steps=choices.steps)
    def pass_time(self, steps):
        self.hands.pass_time(steps)

    @rule(target=batches, batch=batches)
    def settle(self, batch):
        self.hands.settle(batch)
        return self.new()

    # ------------------------------------------------------------ undo and retry

    @rule(
        target=batches,
        batch=batches,
        follows=choices.follows,
        other=choices.actors,
        is_other=choices.sometimes,
        ids=choices.some_ids,
        code=choices.codes,
        is_run=st.booleans(),
    )
    def follow(self, batch, follows, other, is_other, ids, code, is_run):
        if is_run:
            self.hands.run_whole(batch)
            self.later.adopt()
        by = other if is_other else batch.order.by.name
        self.later.follow(batch, follows, by, ids, code if follows == "retry" else "")
        return self.new()

    @rule(
        target=batches,
        batch=batches,
        several=st.lists(choices.follows, min_size=2, max_size=4),
        ids=choices.some_ids,
    )
    def follow_one_another(self, batch, several, ids):
        """What is seldom otherwise: a chain of undos and retries, each run to its end."""
        self.hands.run_whole(batch)
        self.later.adopt()
        for follows in several:
            known = len(self.world.batches)
            self.later.follow(batch, follows, "staff", ids)
            if known == len(self.world.batches):
                break
            batch = self.world.batches[-1]
            self.hands.run_whole(batch)
        return self.new()

    @rule(
        target=prepared,
        batch=batches,
        follows=choices.follows,
        by=choices.actors,
        ids=choices.some_ids,
    )
    def prepare_to_follow(self, batch, follows, by, ids):
        together = batch.submission.batches if batch.submission else [batch]
        return multiple(*self.later.prepare_to_follow(together, follows, by, ids))

    @rule(target=batches, submission=prepared, follows=choices.follows)
    def follow_submission(self, submission, follows):
        for batch in list(submission.batches):
            self.hands.run_whole(batch)
            self.later.adopt()
        self.later.follow_submission(submission, follows, submission.order.by.name)
        return self.new()

    # ------------------------------------------------------------ templates

    @precondition(lambda self: len(self.world.templates) < 8)
    @rule(
        target=templates,
        selection=choices.selections,
        change=choices.changes,
        wanted=choices.filters,
        has_filter=st.booleans(),
        first=choices.slots,
        repeats=st.booleans(),
        rejects_all=choices.sometimes,
    )
    def keep_template(self, selection, change, wanted, has_filter, first, repeats, rejects_all):
        by, creator, ids = selection
        chosen = {"filter": wanted} if has_filter else {"contentIds": ids}
        first = None if first is None else self.world.now + first
        return multiple(
            *self.later.keep_template(by, creator, change, chosen, first, repeats, rejects_all)
        )

    @rule(template=templates, is_paused=st.booleans())
    def hold_template(self, template, is_paused):
        self.later.hold_template(template, is_paused=is_paused)

    @rule(target=batches, template=templates, other=choices.actors, is_other=choices.sometimes)
    def run_now(self, template, other, is_other):
        self.later.run_now(template, other if is_other else template.order.by.name)
        return self.new()

    @rule(template=templates)
    def take_slot_and_die(self, template):
        self.later.take_slot_and_die(template)

    # ------------------------------------------------------------ faults, at every place

    @rule(target=batches, batch=batches, place=choices.faults)
    def run_with_fault(self, batch, place):
        self.hands.run_with_fault(batch, place)
        return self.new()

    @rule(target=batches)
    def sweep_with_fault(self):
        self.hands.sweep_with_fault()
        return self.new()

    @rule()
    def deliver_with_fault(self):
        self.hands.deliver_with_fault()

    @rule(what=choices.deaths, batch=batches, template=templates | st.none())
    def die_during(self, what, batch, template):
        self.hands.die_during(what, batch, template)
