"""Worker steps: complete, partial, or until a crash."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from batches.models import NEVER_QUEUED, BatchOperation, Notification
from batches.services.engine import run_batch
from batches.services.engine.settle import settle_dependents
from batches.services.mail.outbox import deliver_due_notifications
from batches.services.worker.contract_sync import send_contract_calls
from batches.services.worker.sweep import sweep
from config.database import atomic
from content.contract import CallDelayed, CallRefused, get_contract
from content.models import ContentChange, ContractCall
from content.services.chain.calls import prepare_call
from tests.properties import facts
from tests.properties.ground import Ground
from tests.properties.later_doors import LaterDoors
from tests.properties.rows import A_DAY, CHUNK_ITEMS, Batch
from tests.properties.world import World

LOCMEM = "django.core.mail.backends.locmem.EmailBackend"
SMTP = "django.core.mail.backends.smtp.EmailBackend"


@dataclass(eq=False)
class Worker:
    """One that took a batch, and may have been stopped for any time since."""

    batch: Batch
    lease: run_batch.Lease


class Died(Exception):
    """A worker's end in the middle of a transaction: all of it is rolled back."""


class Workers:
    def __init__(self, world: World, ground: Ground) -> None:
        self.world, self.ground = world, ground
        self.doors = LaterDoors(world)

    # ------------------------------------------------------------ batches

    def run_whole(self, batch: Batch) -> None:
        was_run = run_batch.run_batch(batch.key)
        assert was_run == self.world.claim(batch, self), "claimed or not"
        while was_run and not batch.is_finished:
            self.world.write_chunk(batch)

    def begin(self, batch: Batch, chunks: int) -> list[Worker]:
        """Claim, write so many chunks, and be heard of no more."""
        lease = run_batch.claim(batch.key)
        if lease is None:
            assert not self.world.claim(batch, None), "a free batch was not claimed"
            return []
        worker = Worker(batch, lease)
        assert self.world.claim(batch, worker), "a batch was claimed that was not free"
        for _ in range(chunks):
            self.write(worker)
        return [worker]

    def begin_twice(self, batch: Batch, chunks: int) -> list[Worker]:
        """Another worker takes over where the first left off; both are heard of no more."""
        first = self.begin(batch, chunks)
        self.end_leases()
        return [*first, *self.begin(batch, 0)]

    def write(self, worker: Worker) -> None:
        """Write the next chunk; refused once the batch is in other hands, or at its end."""
        holds = worker.batch.holder is worker
        try:
            run_batch.write_chunk(worker.lease)
        except run_batch.LeaseLost:
            assert not holds, "who holds the batch was refused"
            return
        assert holds, "a worker wrote to a batch that it had lost"
        self.world.write_chunk(worker.batch)

    def write_and_roll_back(self, worker: Worker) -> None:
        @atomic
        def write_and_die() -> None:
            run_batch._commit_chunk(worker.lease, CHUNK_ITEMS)
            raise Died

        try:
            write_and_die()
        except Died:
            assert worker.batch.holder is worker, "a worker wrote to a batch that it had lost"
        except run_batch.LeaseLost:
            assert worker.batch.holder is not worker, "who holds the batch was refused"

    def release(self, worker: Worker) -> None:
        """What a worker does whose attempt raised; after the third the batch is broken off."""
        run_batch.release(worker.lease)
        self.world.release(worker.batch, worker)

    def end_leases(self) -> None:
        past = timezone.now() - timedelta(seconds=1)
        BatchOperation.objects.filter(status="processing").update(lease_until=past)
        for batch in self.world.batches:
            batch.is_lease_over = batch.status == "processing"

    def sweep(self) -> None:
        sweep()
        self.world.settle(self.world.to_settle())
        self.world.run_due_templates()
        self.doors.adopt()

    def settle(self, parent: Batch) -> None:
        """Those that wait for it are told that it has ended."""
        settle_dependents(parent.key)
        links = self.world.to_settle()
        self.world.settle([found for found in links if found[1].parent is parent])

    def pass_time(self, steps: int) -> None:
        self.world.now += steps
        self.ground.move_to(self.world.now)
        for batch in self.world.batches:
            batch.is_lease_over = batch.status == "processing"

    # ------------------------------------------------------------ the chain and the mail

    def send_calls(self, failure: str = "") -> None:
        self.ground.switch("SANDBOX_FAILURE", failure)
        send_contract_calls()

    def send_call_and_die(self) -> None:
        """The call is stored and sent, but what came of it is never written down."""
        contract = get_contract()
        call = prepare_call(contract.name, lambda causes: None)
        unsent = ContractCall.objects.open().exclude(state=ContractCall.State.BROADCAST)
        if call is not None and not unsent.filter(pk__lt=call.pk).exists():
            with suppress(CallDelayed, CallRefused):
                self.world.unheard[call.pk] = contract.send(
                    call_id=str(call.pk), function=call.function, arguments=call.arguments
                )

    def deliver(self, *, is_up: bool = True) -> None:
        self.ground.switch("EMAIL_BACKEND", LOCMEM if is_up else SMTP)
        deliver_due_notifications()

    def end_pauses(self) -> None:
        now = timezone.now()
        ContractCall.objects.filter(state__in=["queued", "retrying", "broadcast"]).update(
            due_at=now
        )
        Notification.objects.filter(state="waiting").update(due_at=now)

    # ------------------------------------------------------------ the end

    def finish_everything(self) -> None:
        """All that may be done a moment later, then all that is left: run, sent and delivered."""
        self.pass_time(1)
        self.work()
        facts.compare(self.world)
        facts.compare_rest(self.world)
        for template in self.world.templates:
            self.doors.hold_template(template, is_paused=True)
        BatchOperation.objects.filter(is_paused=True).update(is_paused=False)
        for batch in self.world.batches:
            batch.is_paused = False
        self.pass_time(2 * A_DAY)
        self.work()
        while self._chain_waits():
            self.end_pauses()
            self.send_calls()
        self.end_pauses()
        self.deliver()

    def work(self) -> None:
        """Sweep and run until nothing more comes of it."""
        before = None
        while (now := self._progress()) != before:
            before = now
            self.end_leases()
            self.sweep()
            rows = dict(BatchOperation.objects.claimable().values_list("pk", "queued_at"))
            assert NEVER_QUEUED not in rows.values(), "what is due is never told"
            due = [batch for batch in self.world.batches if self.world.is_free(batch)]
            assert set(rows) == {batch.key for batch in due}, "who may begin"
            for batch in due:
                self.run_whole(batch)
            self.doors.adopt()

    def _progress(self) -> tuple[int, ...]:
        batches = self.world.batches
        links = sum(len(batch.open_links) for batch in batches)
        return len(batches), sum(batch.is_finished for batch in batches), links

    def _chain_waits(self) -> bool:
        queued = ContentChange.objects.filter(chain_state="queued", contract_call=None)
        return queued.exists() or ContractCall.objects.open().exists()
