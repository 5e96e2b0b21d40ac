"""Runs templates: each slot exactly once, despite crashes and concurrent sweepers.

One transaction takes a slot and plans the next; another starts it. After a crash in between, the
row remains and the next sweep starts it.
"""

from uuid import UUID

import structlog
from django.utils import timezone
from uuid_utils.compat import uuid7

from batches.errors import ApplicationError, NotAllowed, NotFound
from batches.models import Submission, Template, TemplateRun
from batches.services.permissions import may_control
from batches.services.runs.confirm import start_draft
from batches.services.templates.slots import take_slot
from batches.services.templates.store import draft_of
from config.database import atomic, is_unreachable
from config.failpoints import reach
from content.models import User

log = structlog.get_logger(__name__)

MAX_AT_ONCE = 200
State = TemplateRun.State
BROKE = "It could not be started because of an error on our side."


def run_due_templates() -> int:
    """Start all due slots; returns how many were started or refused here.

    A failing one is logged and does not block others. Raises only database errors while the
    database is unavailable.
    """
    due = Template.objects.due().order_by("next_run_at").values_list("pk", flat=True)
    for key in list(due[:MAX_AT_ONCE]):
        try:
            take_slot(key)
        except Exception as error:
            if is_unreachable(error):
                raise
            log.exception("template_raised", template_id=str(key))
    waiting = TemplateRun.objects.filter(state=State.DUE).order_by("due_at")
    return sum(start_run(key) for key in list(waiting.values_list("pk", flat=True)[:MAX_AT_ONCE]))


def run_now(template: Template, *, by: User) -> TemplateRun:
    """Start an extra run with the permissions of `by`.

    Raises Invalid, NotAllowed and QuotaExceeded, which are recorded in the run, and NotFound if
    the template was deleted.
    """
    if not may_control(by, template):
        raise NotAllowed
    # Never in state DUE: a sweeper would start it with the permissions of another user.
    run = TemplateRun(template=template, slot=f"by-hand {uuid7()}", due_at=timezone.now())
    try:
        _start_by_hand(run, by)
    except NotFound:
        raise  # deleted, including its run history
    except ApplicationError as error:
        run.state, run.words, run.submission = State.REFUSED, error.summary[:300], None
        run.save(force_insert=True)
        raise
    return run


@atomic
def _start_by_hand(run: TemplateRun, by: User) -> None:
    template = Template.objects.select_related("creator").filter(pk=run.template_id).first()
    if template is None:
        raise NotFound
    run.submission = _confirmed(template, by)
    run.state = State.STARTED
    run.save(force_insert=True)


def start_run(run_id: UUID) -> bool:
    """Start a taken slot, or record why not; False if another sweeper was first."""
    reach("slot-taken")
    try:
        return _start(run_id)
    except ApplicationError as error:
        return _refuse(run_id, error.summary[:300])
    except Exception as error:
        if is_unreachable(error):
            raise
        log.exception("template_raised", run_id=str(run_id))
        return _refuse(run_id, BROKE)


@atomic
def _start(run_id: UUID) -> bool:
    row = TemplateRun.objects.filter(pk=run_id, state=State.DUE)
    run = row.select_related("template__by", "template__creator").first()
    if run is None or not row.update(state=State.STARTED, at=timezone.now()):
        return False
    submission = _confirmed(run.template, run.template.by)
    TemplateRun.objects.filter(pk=run_id).update(submission=submission)
    return True


def _confirmed(template: Template, by: User) -> Submission:
    """Start the template's change with the permissions of that user."""
    template.by = by
    return start_draft(draft_of(template))


def _refuse(run_id: UUID, words: str) -> bool:
    row = TemplateRun.objects.filter(pk=run_id, state=State.DUE)
    is_ours = row.update(state=State.REFUSED, words=words, at=timezone.now())
    log.info("template_refused", run_id=str(run_id), reason=words)
    return bool(is_ours)
