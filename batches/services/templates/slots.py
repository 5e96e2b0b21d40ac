"""The slots of templates: the next ones, and the due ones, each taken by one sweeper."""

from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from django.utils import timezone

from batches import recurrence
from batches.models import Template, TemplateRun
from batches.recurrence import LOCAL_FORMAT, Slot
from config.database import atomic

# At most this many missed slots are recorded.
MAX_MISSED = 50
State = TemplateRun.State
MISSED = "Nothing ran at that time; the latest missed run ran instead."


def upcoming(template: Template, maximum: int = 3) -> list[Slot]:
    """Return the next slots, even while it is paused."""
    return list(islice(coming_slots(template, after=timezone.now()), maximum))


def coming_slots(template: Template, *, after: datetime) -> Iterator[Slot]:
    """Return all slots later than that instant, in order."""
    if template.first is None:
        return iter(())
    return recurrence.slots_after(
        after,
        first=template.first,
        repeat=template.repeat,
        zone=template.zone,
        last_day=template.last_day,
    )


def plan_next(template: Template, *, after: datetime) -> None:
    """Set, and do not save, the first slot later than that instant."""
    following = next(coming_slots(template, after=after), None)
    template.next_slot = following.local.strftime(LOCAL_FORMAT) if following else ""
    template.next_run_at = following.instant if following else None


@atomic
def take_slot(template_id: UUID) -> bool:
    """Record the newest due slot to run, older ones as missed, and plan the next.

    False if another sweeper was first.
    """
    now = timezone.now()
    template = Template.objects.due().filter(pk=template_id).first()
    if template is None or template.next_run_at is None:
        return False
    ours = Template.objects.filter(pk=template.pk, next_run_at=template.next_run_at)
    passed, following = _passed(template, template.next_run_at, now)
    taken = ours.filter(is_paused=False, updated_at=template.updated_at).update(
        next_slot=following.local.strftime(LOCAL_FORMAT) if following else "",
        next_run_at=following.instant if following else None,
    )
    if not taken or not passed:
        return False
    newest = passed[-1]
    rows = [
        TemplateRun(
            template=template,
            slot=slot.instant.isoformat(timespec="minutes"),
            due_at=slot.instant,
            state=State.DUE if slot is newest else State.MISSED,
            words="" if slot is newest else MISSED,
        )
        for slot in passed
    ]
    # An edit of the template while a slot was taken may have planned that slot again.
    known = template.runs.filter(slot__in=[row.slot for row in rows])
    taken_before = set(known.values_list("slot", flat=True))
    TemplateRun.objects.bulk_create(row for row in rows if row.slot not in taken_before)
    return True


def _passed(template: Template, since: datetime, now: datetime) -> tuple[list[Slot], Slot | None]:
    """Return the newest slots from `since` to now, oldest first, and the one after now."""
    passed: deque[Slot] = deque(maxlen=MAX_MISSED + 1)
    for slot in coming_slots(template, after=since - timedelta(seconds=1)):
        if slot.instant > now:
            return list(passed), slot
        passed.append(slot)
    return list(passed), None
