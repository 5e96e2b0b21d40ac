"""The calendar by day: scheduled batches, ends of sales and template runs.

Days are in the viewer's time zone. Every part is bounded and says so if it is cut off.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import islice
from uuid import UUID

from django.utils import timezone

from batches.models import BatchOperation, Template
from batches.models.batch import BatchQuerySet
from batches.models.template import TemplateQuerySet
from batches.services.pages.actions import Actions, unfinished_actions
from batches.services.permissions import may_control
from batches.services.results.blockers import conditions
from batches.services.results.results import sisters_of
from batches.services.results.run import Run
from batches.services.templates.slots import coming_slots
from content.models import User

HORIZON = timedelta(days=60)
MAX_BATCHES = 300
MAX_TEMPLATES = 200
# Up to this many slots of one template get entries of their own.
MAX_SLOTS = 5


@dataclass(frozen=True)
class AgendaEntry:
    """One entry: batches that start together, their end, or a template's slot.

    `at` is None if it only waits for a person or another batch.
    """

    at: datetime | None
    batches: Sequence[BatchOperation] = ()
    # Set if the entry covers a whole run, so that actions apply to it.
    submission_id: UUID | None = None
    template: Template | None = None
    # The end of a change that has not finished yet.
    is_end: bool = False
    # How many further slots of the template within the horizon are not listed.
    more: int = 0

    @property
    def batch(self) -> BatchOperation | None:
        return self.batches[0] if self.batches else None

    @property
    def items(self) -> int:
        return sum(batch.total_items for batch in self.batches)

    @property
    def conditions(self) -> list[str]:
        """What keeps its batches from starting besides the time, in words."""
        return conditions(self.batches[0]) if self.batches and not self.is_end else []

    def actions(self, user: User) -> Actions:
        """What the person may do with its batches now; no query.

        Nothing where it covers only a part of a run, since actions apply to all of it.
        """
        is_whole = len(self.batches) == 1 or self.submission_id is not None
        if not is_whole or not all(may_control(user, batch) for batch in self.batches):
            return Actions()
        actions = unfinished_actions(Run(self.batches))
        return Actions(reschedule=actions.reschedule) if self.is_end else actions


@dataclass(frozen=True)
class Agenda:
    """Entries by day, and those without a time; `is_cut` if there are more."""

    days: Sequence[tuple[date, Sequence[AgendaEntry]]]
    undated: Sequence[AgendaEntry]
    is_cut: bool = False
    until: date = field(default_factory=lambda: timezone.localdate(timezone.now() + HORIZON))

    def __bool__(self) -> bool:
        return bool(self.days or self.undated)


def agenda_of(user: User) -> Agenda:
    """The calendar of everything the user may see; at most six queries."""
    # Separate queries: databases order rows without a time differently.
    upcoming = _upcoming(BatchOperation.objects.visible_to(user))
    now = timezone.now()
    timed = list(upcoming.filter(scheduled_for__gt=now)[: MAX_BATCHES + 1])
    undated = list(upcoming.exclude(scheduled_for__gt=now)[: MAX_BATCHES + 1])
    batches = timed[:MAX_BATCHES] + undated[:MAX_BATCHES]
    templates = list(_running(Template.objects.visible_to(user))[: MAX_TEMPLATES + 1])
    sisters = sisters_of(batches, user)
    entries = [
        *_of_batches(batches, sisters),
        *(slot for template in templates[:MAX_TEMPLATES] for slot in _slots(template)),
    ]
    days: dict[date, list[AgendaEntry]] = {}
    for entry in sorted((e for e in entries if e.at), key=lambda e: e.at or timezone.now()):
        days.setdefault(timezone.localdate(entry.at), []).append(entry)
    is_cut = max(len(timed), len(undated)) > MAX_BATCHES or len(templates) > MAX_TEMPLATES
    return Agenda(list(days.items()), [entry for entry in entries if not entry.at], is_cut)


def next_of(batches: BatchQuerySet, templates: TemplateQuerySet, most: int) -> list[AgendaEntry]:
    """The next few entries with a time, soonest first; two queries."""
    now = timezone.now()
    timed = _upcoming(batches).filter(scheduled_for__gt=now)
    entries = [
        *_of_batches(list(timed[:MAX_BATCHES]), {}),
        # A template whose slot is due right now starts with the slot after it.
        *(
            AgendaEntry(slot.instant, template=template)
            for template in _running(templates)[: most * 2]
            for slot in islice(coming_slots(template, after=now), most)
            if slot.instant <= now + HORIZON
        ),
    ]
    entries = [entry for entry in entries if entry.at]
    return sorted(entries, key=lambda entry: entry.at or now)[:most]


def _upcoming(batches: BatchQuerySet) -> BatchQuerySet:
    return batches.upcoming().select_related("creator").without_items()


def _running(templates: TemplateQuerySet) -> TemplateQuerySet:
    running = templates.filter(is_paused=False, next_run_at__lte=timezone.now() + HORIZON)
    return running.select_related("creator").order_by("next_run_at")


def _of_batches(
    batches: Sequence[BatchOperation], sisters: dict[UUID | None, int]
) -> Iterable[AgendaEntry]:
    now = timezone.now()
    groups: dict[object, list[BatchOperation]] = {}
    for batch in batches:
        # Batches of a run with the same blockers.
        together = batch.submission_id or batch.pk
        plan = (batch.scheduled_for, batch.until, batch.is_paused, bool(batch.waits_for))
        groups.setdefault((together, plan), []).append(batch)
    for group in groups.values():
        first = group[0]
        is_timed = first.scheduled_for is not None and first.scheduled_for > now
        # Only for a whole run, since actions apply to all its batches.
        is_run = sisters.get(first.submission_id) == len(group)
        key = first.submission_id if is_run else None
        yield AgendaEntry(first.scheduled_for if is_timed else None, group, key)
        if first.until is not None and first.until > now:
            yield AgendaEntry(first.until, group, key, is_end=True)


def _slots(template: Template) -> Iterable[AgendaEntry]:
    now = timezone.now()
    slots = coming_slots(template, after=now)
    soon = [slot for slot in islice(slots, HORIZON.days + 1) if slot.instant <= now + HORIZON]
    for number, slot in enumerate(soon[:MAX_SLOTS], start=1):
        more = len(soon) - MAX_SLOTS if number == MAX_SLOTS else 0
        yield AgendaEntry(slot.instant, template=template, more=max(0, more))
