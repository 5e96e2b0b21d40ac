"""What a path names, as far as the caller may see it, and whether the caller may change it."""

from collections.abc import Callable
from typing import cast
from uuid import UUID

from rest_framework.request import Request

from batches.errors import NotAllowed, NotThere
from batches.models import BatchOperation, Template
from batches.operations import OPERATIONS
from batches.services.permissions import may_run
from batches.services.results.run import Run
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


def find_run(request: Request, text: str, find: Callable[..., Run]) -> Run:
    """A batch or what was started together, as far as the caller may see it. Raises NotThere."""
    return find(_key(text), by=user_of(request))


def find_own_run(request: Request, text: str, find: Callable[..., Run]) -> Run:
    """One of which the caller may change every batch. Raises NotThere and NotAllowed."""
    run = find_run(request, text, find)
    if not run.may_be_directed_by(user_of(request)):
        raise NotAllowed(NOT_YOURS)
    return run


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


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotThere from None
