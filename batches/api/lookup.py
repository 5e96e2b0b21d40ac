"""Find what a path names, and check that the caller may see or change it."""

from collections.abc import Callable
from uuid import UUID

from batches.errors import NotAllowed, NotFound
from batches.models import BatchOperation, Template
from batches.operations import OPERATIONS
from batches.services.permissions import may_control
from batches.services.results.run import Run
from content.http import AuthenticatedRequest

NOT_YOURS = "You may not change batches or templates of this creator."


def find_batch(request: AuthenticatedRequest, batch_id: str) -> BatchOperation:
    """Find a batch that the caller may see. Raises NotFound."""
    batch = BatchOperation.objects.one_visible_to(request.user, _key(batch_id))
    if batch is None:
        raise NotFound
    return batch


def find_run(request: AuthenticatedRequest, text: str, find: Callable[..., Run]) -> Run:
    """Find a run that the caller may see. Raises NotFound."""
    return find(_key(text), by=request.user)


def find_own_run(request: AuthenticatedRequest, text: str, find: Callable[..., Run]) -> Run:
    """Find a run of which the caller may change every batch. Raises NotFound and NotAllowed."""
    run = find_run(request, text, find)
    if not run.may_be_controlled_by(request.user):
        raise NotAllowed(NOT_YOURS)
    return run


def find_template(request: AuthenticatedRequest, template_id: str) -> Template:
    """Find a template that the caller may see. Raises NotFound."""
    visible = Template.objects.visible_to(request.user).filter(pk=_key(template_id))
    template = visible.select_related("creator", "by").first()
    if template is None or template.kind not in OPERATIONS:
        raise NotFound
    return template


def find_own_template(request: AuthenticatedRequest, template_id: str) -> Template:
    """Find a template that the caller may change. Raises NotFound and NotAllowed."""
    template = find_template(request, template_id)
    if not may_control(request.user, template):
        raise NotAllowed(NOT_YOURS)
    return template


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None
