"""Injected faults and crashes; see config/failpoints.py."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.core import mail

from batches import tasks
from batches.errors import ApplicationError
from batches.models import Follows, Source
from batches.models import Submission as SubmissionRow
from batches.services.engine import lifecycle, settle
from batches.services.engine.run_batch import run_batch
from batches.services.results.run import Run
from batches.services.runs.confirm import confirm as confirm_submission
from batches.services.runs.follow_up import follow_up
from batches.services.templates import runs
from batches.services.worker.sweep import sweep
from config.database import atomic
from config.failpoints import FailpointReached
from tests.properties.doors import user_of
from tests.properties.later_doors import row_of
from tests.properties.rows import Batch, Template
from tests.properties.workers import Died, Workers


@contextmanager
def fault_at(place: str) -> Iterator[None]:
    os.environ["FAILPOINT"] = f"{place}:raise"
    try:
        yield
    finally:
        del os.environ["FAILPOINT"]


class Faults(Workers):
    def run_with_fault(self, batch: Batch, place: str) -> None:
        """Each item fails, or the attempt does, or its end is never heard of."""
        world = self.world
        if place.startswith("before-"):
            with fault_at(place), suppress(FailpointReached):
                tasks.run_batch(str(batch.key))
            if place == "before-acknowledgement" and world.claim(batch, self):
                while not batch.is_finished:
                    world.write_chunk(batch)
            return
        with fault_at(place):
            was_run = run_batch(batch.key)
        assert was_run == world.claim(batch, self), "claimed or not"
        if not was_run:
            return
        is_broken = place == "effects-written"
        while not batch.is_finished:
            if place != "chunk-written" or batch.attempts > 10:
                world.write_chunk(batch, is_broken=is_broken)
            if not batch.is_finished and not is_broken:
                world.release(batch, self)
                return

    def sweep_with_fault(self) -> None:
        """It dies with slots that were taken and not started."""
        with fault_at("slot-taken"), suppress(FailpointReached):
            sweep()
        self.world.settle(self.world.to_settle())
        for template in self.world.templates:
            self.world.take_slot(template)

    def deliver_with_fault(self) -> None:
        """Mails go out, and nobody knows of it."""
        before = len(mail.outbox)
        with fault_at("mail-sent"):
            self.deliver()
        self.world.mails_again += len(mail.outbox) - before

    def die_during(self, what: str, batch: Batch, template: Template | None) -> None:
        """In the middle of a transaction: nothing of it remains."""
        by = user_of(batch.order.by)

        def follow(follows: Follows) -> Any:
            return follow_up(Run([row_of(batch)]), follows, by=by, source=Source.API)

        def confirm() -> None:
            for row in SubmissionRow.objects.filter(state="draft"):
                with suppress(ApplicationError):
                    confirm_submission(row.pk, by=row.by)

        def take() -> None:
            if template is not None:
                runs.take_slot(template.key)

        deeds: dict[str, Callable[[], Any]] = {
            "cancel": lambda: lifecycle.cancel(row_of(batch)),
            "undo": lambda: follow(Follows.UNDO),
            "retry": lambda: follow(Follows.RETRY),
            "settle": settle.settle_due,
            "confirm": confirm,
            "slots": take,
            "sweep": runs.run_due_templates,
        }

        @atomic
        def do_and_die() -> None:
            with suppress(ApplicationError):
                deeds[what]()
            raise Died

        with suppress(Died):
            do_and_die()
