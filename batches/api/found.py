"""What a path names, as far as the caller may see it, and whether the caller may change it."""

from typing import cast
from uuid import UUID

from rest_framework.request import Request

from batches.errors import NotAllowed, NotThere
from batches.models import BatchOperation, Submission, Template
from batches.operations import OPERATIONS
from batches.services.permissions import may_direct, may_direct_all, may_run
from batches.services.results.progress import Progress, progress_of
from content.models import User

NOT_YOURS = "You may not change what this creator does."


def user_of(request: Request) -> User:
    return cast("User", request.user)


def find_batch(request: Request, batch_id: str) -> BatchOperation:
    """Raises NotThere."""
    batch = BatchOperation.objects.one_visible_to(user_of(request), _key(batch_id))
    if batch is None:
        raise NotThere
    return batch


def find_own_batch(request: Request, batch_id: str) -> BatchOperation:
    """One that the caller may also change. Raises NotThere and NotAllowed."""
    batch = find_batch(request, batch_id)
    if not may_direct(user_of(request), batch):
        raise NotAllowed(NOT_YOURS)
    return batch


def find_template(request: Request, template_id: str) -> Template:
    """Raises NotThere."""
    visible = Template.objects.visible_to(user_of(request)).filter(pk=_key(template_id))
    template = visible.select_related("creator", "by").first()
    if template is None or template.kind not in OPERATIONS:
        raise NotThere
    return template


def find_own_template(request: Request, template_id: str) -> Template:
    """One that the caller may also change. Raises NotThere and NotAllowed."""
    template = find_template(request, template_id)
    if not may_run(user_of(request), template.creator, OPERATIONS[template.kind]):
        raise NotAllowed(NOT_YOURS)
    return template


def find_submission(request: Request, submission_id: str) -> tuple[Submission, Progress]:
    """What was started together, and how far it has come. Raises NotThere.

    What is only prepared is its author's at a form, and not here.
    """
    user = user_of(request)
    visible = Submission.objects.visible_to(user).filter(pk=_key(submission_id))
    submission = visible.filter(state=Submission.State.CONFIRMED).first()
    progress = None if submission is None else progress_of(submission, user)
    if submission is None or progress is None or not progress.batches:
        raise NotThere
    return submission, progress


def find_own_submission(request: Request, submission_id: str) -> Submission:
    """One of which the caller may change every batch. Raises NotThere and NotAllowed."""
    submission, _ = find_submission(request, submission_id)
    if not may_direct_all(user_of(request), submission):
        raise NotAllowed(NOT_YOURS)
    return submission


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotThere from None
