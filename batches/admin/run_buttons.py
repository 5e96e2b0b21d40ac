"""The buttons of a run: its allowed actions with the URLs of the admin."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.urls import reverse

from batches.operations import OPERATIONS
from batches.operations.base import CONFLICT
from batches.services.pages.actions import Actions
from batches.services.permissions import may_run_for_others
from batches.services.results.run import Run
from content.models import User


@dataclass(frozen=True)
class Button:
    """A button that posts, or a link to a page with a form."""

    label: str
    url: str
    is_link: bool = False
    is_primary: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)


def url_of(run: Run, page: str) -> str:
    noun = "submission" if run.submission else "batchoperation"
    return reverse(f"admin:batches_{noun}_{page}", args=[run.key])


def buttons_of(run: Run, actions: Actions, user: User) -> list[Button]:
    """Return the buttons in the order of display."""
    buttons = []
    if actions.start:
        buttons.append(Button("Start now", url_of(run, "start")))
    if actions.resume:
        buttons.append(Button("Resume", url_of(run, "resume"), is_primary=True))
    if actions.pause:
        buttons.append(Button("Pause", url_of(run, "pause")))
    if actions.reschedule:
        buttons.append(Button("Reschedule", url_of(run, "reschedule"), is_link=True))
    if actions.cancel:
        buttons.append(Button("Cancel remaining", url_of(run, "cancel")))
    # The admin's review of a retry or an undo requires this permission.
    if run.kind in OPERATIONS and may_run_for_others(user, OPERATIONS[run.kind]):
        buttons += _follow_ups(run, actions)
    return buttons


def _follow_ups(run: Run, actions: Actions) -> list[Button]:
    buttons = []
    if actions.retry:
        items = f"{actions.retry:,} failed item{'' if actions.retry == 1 else 's'}"
        buttons.append(Button(f"Retry {items}", url_of(run, "retry"), is_primary=True))
    if actions.conflicts:
        conflicts = f"{actions.conflicts:,} conflict{'' if actions.conflicts == 1 else 's'}"
        buttons.append(
            Button(
                f"Review {conflicts}",
                url_of(run, "retry"),
                is_primary=not actions.retry,
                fields={"code": CONFLICT},
            )
        )
    if actions.undo:
        buttons.append(Button("Undo", url_of(run, "undo")))
    if actions.keep_as_template and not run.submission:
        query = urlencode({"batch": run.key})
        page = f"{reverse('admin:batches_template_add')}?{query}"
        buttons.append(Button("Save as template", page, is_link=True))
    return buttons
