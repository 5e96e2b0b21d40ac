"""The template's page: its change, its schedule and its run history."""

from collections.abc import Iterable
from datetime import UTC
from typing import Any

from django.utils.formats import date_format

from batches.admin.review import rehearsal
from batches.errors import ApplicationError
from batches.models import Template, TemplateRun
from batches.operations import OPERATIONS
from batches.rules import REJECT_ALL
from batches.services.templates.slots import upcoming
from batches.services.templates.store import need_of_run, preview_template
from batches.templatetags.operations import selection_words
from content.words import moment_and_utc_words, moment_words

SLOTS_SHOWN = 3
RUN_LABELS = {
    TemplateRun.State.DUE: "info",
    TemplateRun.State.STARTED: "success",
    TemplateRun.State.MISSED: "warning",
    TemplateRun.State.REFUSED: "danger",
}


def state_of(template: Template) -> str:
    if template.is_paused:
        return "Paused"
    if not template.first_slot:
        return "Manual"
    return "Active" if template.next_run_at is not None else "Ended"


def facts_of(template: Template) -> list[tuple[str, str]]:
    """Return its fields in words, by label."""
    facts = [
        ("For", f"{template.creator} ({template.creator_id})"),
        ("Items", f"{selection_words(template)[:1].upper()}{selection_words(template)[1:]}"),
        ("If an item can’t be changed", policy_words(template.error_policy)),
        ("Runs", f"{template.get_repeat_display()}{_from(template)}"),
    ]
    if template.last_day is not None:
        facts.append(("Last day", date_format(template.last_day, "j M Y")))
    facts.append(("Runs as", str(template.by)))
    facts.append(("Last changed", moment_words(template.updated_at)))
    return facts


def policy_words(policy: str) -> str:
    return "No item is changed" if policy == REJECT_ALL else "The other items are changed"


def slots_shown(template: Template) -> list[dict[str, str]]:
    """Return the next runs in the template's zone, the viewer's zone and UTC."""
    return [
        {
            "template_time": f"{date_format(slot.local, 'D j M Y, H:i')} in {template.time_zone}",
            "local": moment_words(slot.instant),
            "utc": f"{date_format(slot.instant.astimezone(UTC), 'j M Y, H:i')} UTC",
        }
        for slot in upcoming(template, SLOTS_SHOWN)
    ]


def dry_run(template: Template) -> dict[str, Any]:
    """Preview a run now, or return why it would be refused; the largest price changes first."""
    if template.kind not in OPERATIONS:
        return {"refusal": "This operation no longer exists."}
    try:
        preview = preview_template(template)
    except ApplicationError as error:
        return {"refusal": error.summary}
    return {
        **rehearsal(preview),
        "need": need_of_run(template, preview),
        "is_refused": template.error_policy == REJECT_ALL and bool(preview.failure_count),
    }


def runs_shown(runs: Iterable[TemplateRun]) -> list[dict[str, Any]]:
    return [
        {
            "due": moment_and_utc_words(run.due_at),
            "how": "Manual" if run.is_manual else "Scheduled",
            "state": run.get_state_display(),
            "label": RUN_LABELS[TemplateRun.State(run.state)],
            "words": run.words,
            "submission_id": run.submission_id,
        }
        for run in runs
    ]


def _from(template: Template) -> str:
    first = template.first
    if first is None:
        return ", manually only"
    return f", from {date_format(first, 'j M Y, H:i')} in {template.time_zone}"
