"""Stores templates and their schedule, and previews their next run."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from batches import rules
from batches.errors import Invalid, NotAllowed, NotFound, NothingOwn, TemplateChanged
from batches.models import Source, Submission, Template
from batches.operations import OPERATIONS
from batches.recurrence import LOCAL_FORMAT
from batches.services.orders.preview import Preview
from batches.services.permissions import may_run, wallet_to_act_for
from batches.services.quota import Need, lock_wallet, need_of
from batches.services.runs.confirm import preview_submission
from batches.services.runs.draft import MAX_ITEMS, draft
from batches.services.templates.slots import plan_next, take_slot
from batches.services.templates.spec import TemplateOrder, times_of
from config.database import atomic
from content.models import Content, User, Wallet

RIGHT_LOST = "The owner of this template may no longer change this creator's content."
MAX_KEPT = 200  # templates of one creator
NOTHING_MATCHES = "None of the creator's items matches."


@atomic
def create_template(order: TemplateOrder, *, by: User) -> Template:
    """Save a new template. Raises Invalid and NotAllowed as for a batch."""
    wallet = wallet_to_act_for(by, order.creator, order.operation)
    lock_wallet(wallet)  # else two concurrent requests could both pass the limit
    if Template.objects.by_creator(wallet.pk).count() >= MAX_KEPT:
        words = f"There are {MAX_KEPT} templates already. Delete one that you no longer need."
        raise Invalid(words, errors={"name": [words]})
    _refuse_foreign(order, wallet)
    template = Template(creator=wallet, by=by)
    _fill(template, order)
    plan_next(template, after=timezone.now())
    template.save(force_insert=True)
    return template


def edit_template(template: Template, order: TemplateOrder, *, by: User) -> Template:
    """Update a template; from now on it runs with the permissions of `by`.

    Raises Invalid, NotAllowed, TemplateChanged if someone else was first, and NotFound.
    """
    read_at = template.updated_at
    address = order.creator or template.creator_id
    is_planned = order.times == times_of(template)
    wallet = wallet_to_act_for(by, address, order.operation)
    if order.content_ids != template.content_ids or wallet != template.creator:
        _refuse_foreign(order, wallet)
    template.creator = wallet
    template.by = by
    _fill(template, order)
    if is_planned:
        # A slot that is due right now belongs to the sweeper, which also plans the next.
        planned = {"next_slot", "next_run_at"}
        _write(template, read_at, *(name for name in _EDITED_FIELDS if name not in planned))
        template.refresh_from_db(fields=sorted(planned))
    else:
        take_slot(template.pk)  # a slot due by the previous schedule is not lost
        plan_next(template, after=timezone.now())
        _write(template, read_at, *_EDITED_FIELDS)
    return template


def delete_template(template: Template) -> None:
    """Delete a template and its run history; batches that it started continue and stay."""
    template.delete()


def pause_template(template: Template) -> None:
    """Pause a template until it is resumed. Raises NotFound."""
    now = _now()
    if not Template.objects.filter(pk=template.pk).update(is_paused=True, updated_at=now):
        raise NotFound
    template.is_paused, template.updated_at = True, now


def resume_template(template: Template) -> None:
    """Resume a template with its next slot; missed slots don't run.

    Does nothing if it is not paused. Raises NotFound, and TemplateChanged if someone else is
    changing it.
    """
    _reload(template)  # its schedule may have changed
    if not template.is_paused:
        return  # a slot that is due right now belongs to the sweeper
    read_at = template.updated_at
    template.is_paused = False
    template.updated_at = _now()
    plan_next(template, after=template.updated_at)
    _write(template, read_at, "is_paused", "next_slot", "next_run_at", "updated_at")


def draft_of(template: Template) -> Submission:
    """Return what a run would start now, not saved. Raises Invalid and NotAllowed."""
    if not may_run(template.by, template.creator, OPERATIONS[template.kind]):
        raise NotAllowed(RIGHT_LOST)
    return draft(
        by=template.by,
        source=Source.TEMPLATE,
        operation=OPERATIONS[template.kind],
        payload=template.payload,
        content_ids=selection_of(template),
        error_policy=template.error_policy,
    )


def preview_template(template: Template) -> Preview:
    """Preview a run; nothing is stored. Raises Invalid and NotAllowed."""
    return preview_submission(draft_of(template))


def need_of_run(template: Template, preview: Preview) -> Need:
    """Return how many batches the previewed run would create, and the remaining quota."""
    batches = -(-len(preview.items) // settings.BATCH_MAX_ITEMS)
    return need_of(template.creator, batches, by=template.by)


def selection_of(template: Template) -> Sequence[str]:
    """Return the creator's items it selects now. Raises Invalid if there are none, or too many.

    Ids that now belong to another creator are left out.
    """
    own = Content.objects.by_creator(template.creator_id)
    if template.filter is None:
        keys = set(own.filter(pk__in=template.content_ids).values_list("pk", flat=True))
        found = [key for key in template.content_ids if key in keys]
        if not found:
            raise Invalid(errors={"contentIds": [NOTHING_MATCHES]})
        return found
    matching = own.matching(**rules.clean_filter(template.filter))
    found = list(matching.values_list("pk", flat=True)[: MAX_ITEMS + 1])
    if not found:
        raise Invalid(errors={"filter": [NOTHING_MATCHES]})
    if len(found) > MAX_ITEMS:
        words = f"{matching.count():,} items match; the limit is {MAX_ITEMS:,}."
        raise Invalid(words, errors={"filter": [words]})
    return found


# The fields an edit sets; not is_paused, which may be changing concurrently.
_EDITED_FIELDS = (
    "name",
    "creator",
    "by",
    "kind",
    "payload",
    "content_ids",
    "filter",
    "error_policy",
    "repeat",
    "first_slot",
    "time_zone",
    "last_day",
    "next_slot",
    "next_run_at",
    "updated_at",
)


def _write(template: Template, read_at: datetime, *fields: str) -> None:
    """Update the row if it is unchanged since it was read.

    All fields must come from one editor. Raises TemplateChanged, and NotFound if it was deleted
    in the meantime, which must not restore it.
    """
    row = Template.objects.filter(pk=template.pk)
    as_read = row.filter(updated_at=read_at)
    if not as_read.update(**{name: getattr(template, name) for name in fields}):
        raise TemplateChanged if row.exists() else NotFound


def _now() -> datetime:
    """Now, rounded to the precision of every database, so that it compares equal when read."""
    now = timezone.now()
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _reload(template: Template) -> None:
    """Raises NotFound if it was deleted in the meantime."""
    try:
        template.refresh_from_db()
    except Template.DoesNotExist:
        raise NotFound from None


def _refuse_foreign(order: TemplateOrder, wallet: Wallet) -> None:
    """Raises NotAllowed if items are named and none is the creator's, as for a batch."""
    own = Content.objects.by_creator(wallet.pk)
    if order.content_ids and not own.filter(pk__in=order.content_ids).exists():
        raise NothingOwn


def _fill(template: Template, order: TemplateOrder) -> None:
    template.name = order.name
    template.kind = order.operation.kind
    template.payload = order.payload
    template.content_ids = order.content_ids
    template.filter = order.filter
    template.error_policy = order.error_policy
    template.repeat = order.repeat
    template.first_slot = order.first.strftime(LOCAL_FORMAT) if order.first else ""
    template.time_zone = order.zone
    template.last_day = order.last_day
    template.updated_at = _now()
