"""User actions on started work: depend, pause, retry, undo; and templates."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from batches.models import BatchOperation, Follows, Source, TemplateRun
from batches.models import Submission as SubmissionRow
from batches.models import Template as TemplateRow
from batches.services.orders import dependencies
from batches.services.results.run import Run as StartedRun
from batches.services.results.run import run_of
from batches.services.runs import control
from batches.services.runs.follow_up import follow_up, prepare_follow_up
from batches.services.templates import runs, store
from batches.services.templates.spec import clean_template
from tests.properties.doors import Change, agree, attempt, keys_of, user_of
from tests.properties.rows import Batch, Order, Person, Run, Submission, Template, moment
from tests.properties.world import World

WRONG_STATE = "InvalidTransition"


def row_of(batch: Batch) -> BatchOperation:
    return BatchOperation.objects.select_related("creator__owner").get(pk=batch.key)


class LaterDoors:
    def __init__(self, world: World) -> None:
        self.world = world

    def adopt(self) -> None:
        """Give the world the keys of what came to be without anybody's asking."""
        for template in self.world.templates:
            for run in template.runs:
                if run.submission is not None and run.submission.key is None:
                    assert run.slot is not None
                    slot = template.moment(run.slot).isoformat(timespec="minutes")
                    row = TemplateRun.objects.get(template_id=template.key, slot=slot)
                    self._adopt_run(run, row)
        known = {batch.key for batch in self.world.batches}
        for batch in self.world.batches:
            if batch.key is None and batch.order.origin is not None:
                undos = BatchOperation.objects.filter(undo_of_id=batch.order.origin.key)
                rows = [row for row in undos.order_by("id") if row.pk not in known]
                assert len(rows) == 1, f"{len(rows)} undos instead of one"
                batch.key = rows[0].pk

    def _adopt_run(self, run: Run, row: TemplateRun) -> None:
        assert run.submission is not None
        run.submission.key = row.submission_id
        keys = keys_of(row.submission_id)
        for batch, key in zip(run.submission.batches, keys, strict=True):
            batch.key = key

    # ------------------------------------------------------------ waiting

    def hold(self, batch: Batch, by_name: str, *, is_paused: bool) -> None:
        self._pause(StartedRun([row_of(batch)]), [batch], by_name, is_paused)

    def hold_all(self, submission: Submission, by_name: str, *, is_paused: bool) -> None:
        run = run_of(SubmissionRow.objects.get(pk=submission.key))
        self._pause(run, submission.batches, by_name, is_paused)

    def _pause(
        self, run: StartedRun, batches: Sequence[Batch], by_name: str, is_paused: bool
    ) -> None:
        by = self.world.people[by_name]
        verb = control.pause if is_paused else control.resume
        _, refusal = attempt(lambda: verb(run, by=user_of(by)))
        pending = [batch for batch in batches if batch.status == "pending"]
        agree(refusal, self._why_undirected(by, batches) or ("" if pending else WRONG_STATE))
        if not refusal:
            for batch in pending:
                batch.is_paused = is_paused

    def _why_undirected(self, by: Person, batches: Sequence[Batch]) -> str:
        may_run = self.world.may_run
        is_allowed = all(may_run(by, batch.creator, batch.order.kind) for batch in batches)
        return "" if is_allowed else "NotAllowed"

    def cancel_all(self, submission: Submission, by_name: str) -> None:
        by = self.world.people[by_name]
        run = run_of(SubmissionRow.objects.get(pk=submission.key))
        _, refusal = attempt(lambda: control.cancel(run, by=user_of(by)))
        running = [batch for batch in submission.batches if not batch.is_finished]
        wanted = self._why_undirected(by, submission.batches)
        agree(refusal, wanted or ("" if running else WRONG_STATE))
        if not refusal:
            for batch in running:
                self.world.end(batch, "cancelled")

    def replan(
        self, batch: Batch, by_name: str, what: str, starts: int | None, until: int | None
    ) -> None:
        """Another start, another end, or both at once."""
        by, times = self.world.people[by_name], {}
        if what == "starts":
            until = batch.until
        else:
            times["until"] = moment(until)
        if what == "until":
            starts = batch.starts
        else:
            times["scheduled_for"] = moment(starts)
        run = StartedRun([row_of(batch)])
        _, refusal = attempt(lambda: control.reschedule(run, by=user_of(by), **times))
        is_new_start, is_new_end = starts != batch.starts, until != batch.until
        is_wrong = starts is not None and is_new_start and starts <= self.world.now
        if until is not None:
            ends_first = starts is not None and until <= starts
            is_wrong |= ends_first and (is_new_start or is_new_end)
            is_wrong |= is_new_end and (until <= self.world.now or not may_end(batch.order))
        # The right comes first, then the state: of what has started no time is checked.
        wanted = "" if batch.status == "pending" else WRONG_STATE
        wanted = self._why_undirected(by, [batch]) or wanted or ("Invalid" if is_wrong else "")
        agree(refusal, wanted)
        if not refusal:
            batch.starts, batch.until = starts, until

    def depend(self, batch: Batch, links: Sequence[tuple[Batch, str]], by_name: str) -> None:
        by = self.world.people[by_name]
        pairs = [(parent.key, when) for parent, when in links]
        row = row_of(batch)
        _, refusal = attempt(lambda: dependencies.depend_on(row, pairs, by=user_of(by)))
        # A link that exists may stay, also to a batch that this person can't see.
        known = [link.parent for link in batch.links]
        if not all(parent in known or self.world.sees(by, parent) for parent, _ in links):
            wanted = "Invalid"
        elif batch.status != "pending":
            wanted = "InvalidTransition"
        else:
            is_cycle = self.world.has_cycle(batch, [parent for parent, _ in links])
            wanted = "Invalid" if is_cycle else ""
        agree(refusal, wanted)
        if not refusal:
            self.world.link(batch, links)

    # ------------------------------------------------------------ undo and retry

    def follow(
        self,
        batch: Batch,
        follows: str,
        by_name: str,
        ids: Collection[str] | None = None,
        code: str = "",
    ) -> None:
        by, world = self.world.people[by_name], self.world
        some = None if ids is None else [key for key in batch.order.ids if key in ids] or None

        def ask() -> StartedRun:
            return follow_up(
                StartedRun([row_of(batch)]),
                Follows(follows),
                by=user_of(by),
                source=Source.API,
                content_ids=some,
                code=code,
            )

        row, refusal = attempt(ask)
        if undirected := self._why_undirected(by, [batch]):
            agree(refusal, undirected)
            return
        order = world.order_after(batch, follows, by, some, code)
        if follows == "undo" and some is None and world.undos_waiting([batch]):
            order = "NothingToDo"
        if isinstance(order, Order):
            if not world.may_run(by, batch.creator, order.kind):
                order = "NotAllowed"
            elif by is batch.creator and not world.take_quota(by, 1):
                order = "QuotaExceeded"
        agree(refusal, order if isinstance(order, str) else "")
        if isinstance(order, Order):
            world.add(order, batch.creator, row.key)

    def prepare_to_follow(
        self, batches: Sequence[Batch], follows: str, by_name: str, ids: Collection[str] | None
    ) -> list[Submission]:
        by = self.world.people[by_name]
        rows = [row_of(batch) for batch in batches]
        row, refusal = attempt(
            lambda: prepare_follow_up(
                StartedRun(rows),
                Follows(follows),
                by=user_of(by),
                source=Source.PAGE,
                content_ids=ids,
            )
        )
        if undirected := self._why_undirected(by, batches):
            agree(refusal, undirected)
            return []
        order = self.world.follow_all(batches, follows, by, ids, "")
        agree(refusal, order if isinstance(order, str) else "")
        return [self.world.add_submission(order, row.pk)] if isinstance(order, Order) else []

    def follow_submission(self, submission: Submission, follows: str, by_name: str) -> None:
        by, world = self.world.people[by_name], self.world
        row, refusal = attempt(
            lambda: follow_up(
                run_of(SubmissionRow.objects.get(pk=submission.key)),
                Follows(follows),
                by=user_of(by),
                source=Source.API,
            )
        )
        if undirected := self._why_undirected(by, submission.batches):
            agree(refusal, undirected)
            return
        order = world.follow_all(submission.batches, follows, by, None, "")
        if isinstance(order, str):
            agree(refusal, order)
            return
        parts = world.confirm(Submission(order, None, world.made + 1, world.now), by)
        agree(refusal, parts if isinstance(parts, str) else "")
        if not isinstance(parts, str):
            following = world.add_submission(order, row.key)
            following.is_draft = False
            world.start(following, parts, keys_of(row.key))

    # ------------------------------------------------------------ templates

    def keep_template(
        self,
        by_name: str,
        creator_name: str | None,
        change: Change,
        selection: Mapping[str, Any],
        first: int | None,
        repeats: bool,
        rejects_all: bool,
    ) -> list[Template]:
        by, (kind, payload), world = self.world.people[by_name], change, self.world
        if not by.is_active:
            return []
        named = world.people[creator_name] if creator_name else None
        ids, wanted_filter = selection.get("contentIds", []), selection.get("filter")
        policy = "reject-all" if rejects_all else "skip-failed"
        body = {"name": "T", "operationType": kind, "updatePayload": payload, **selection}
        body |= {"errorPolicy": policy, "repeat": "daily" if repeats else "never"}
        order = Order(by, kind, payload, ids, {}, rejects_all)
        creator = world.creator_for(by, named, kind)
        kept = Template(order, by, None, len(world.templates), wanted_filter, first, repeats)  # type: ignore[arg-type]
        if first is not None:
            body["firstRun"] = f"{kept.moment(first):%Y-%m-%dT%H:%M}"
        if named is not None:
            body["creator"] = named.address
        row, refusal = attempt(lambda: store.create_template(clean_template(body), by=user_of(by)))
        kept.plan_next(world.now)
        if (repeats and first is None) or (first is not None and kept.next is None):
            wanted = "Invalid"
        elif isinstance(creator, str):
            wanted = creator
        else:
            own = any(key in world.items and world.is_of(key, creator) for key in ids)
            wanted = "" if own or not ids else "NotAllowed"
        agree(refusal, wanted)
        if refusal or isinstance(creator, str):
            return []
        kept.creator, kept.key = creator, row.pk
        world.templates.append(kept)
        return [kept]

    def hold_template(self, template: Template, *, is_paused: bool) -> None:
        row = TemplateRow.objects.get(pk=template.key)
        if is_paused:
            store.pause_template(row)
        else:
            store.resume_template(row)
            if template.is_paused:
                template.plan_next(self.world.now)
        template.is_paused = is_paused

    def run_now(self, template: Template, by_name: str) -> None:
        by = self.world.people[by_name]
        row = TemplateRow.objects.select_related("creator").get(pk=template.key)
        found, refusal = attempt(lambda: runs.run_now(row, by=user_of(by)))
        if not self.world.may_run(by, template.creator, template.order.kind):
            agree(refusal, "NotAllowed")
            return
        run = Run(None, "")
        agree(refusal, self.world.run_template(template, run, by))
        template.runs.append(run)
        if not refusal:
            self._adopt_run(run, found)

    def take_slot_and_die(self, template: Template) -> None:
        """What was taken is started by whoever sweeps next."""
        is_taken = runs.take_slot(template.key)
        before = len(template.runs)
        self.world.take_slot(template)
        assert is_taken == (len(template.runs) > before), "a slot, taken or not"


def may_end(order: Order) -> bool:
    return order.kind == "update-price" and not order.depth
