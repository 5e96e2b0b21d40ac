"""The admin's first page: running batches, failures of today, state of the worker."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timesince import timesince

from batches.models import UNTOUCHED, WITH_FAILURES, BatchOperation, Status, Template, sees_all
from batches.operations import describe
from batches.services.pages.agenda import AgendaEntry
from batches.services.pages.overview import (
    ENDS,
    Day,
    Failures,
    Health,
    StaffOverview,
    Unfinished,
    staff_overview,
)
from content.http import AuthenticatedHttpRequest
from content.models import ContractCall, User
from content.words import moment_and_utc_words, moment_words

BATCHES = "batches_batchoperation"
COLOURS = {
    BatchOperation.Outcome.SUCCEEDED.value: "--color-green-600",
    BatchOperation.Outcome.PARTIAL.value: "--color-orange-500",
    BatchOperation.Outcome.FAILED.value: "--color-red-600",
    UNTOUCHED: "--color-base-400",
}
CHART_OPTIONS = {
    "responsive": True,
    "maintainAspectRatio": False,
    "animation": False,
    "scales": {
        "x": {"stacked": True, "ticks": {"color": "#9ca3af"}, "grid": {"display": False}},
        "y": {"stacked": True, "ticks": {"color": "#9ca3af", "precision": 0}, "grid": {}},
    },
    "plugins": {"legend": {"position": "bottom", "labels": {"boxWidth": 12, "color": "#9ca3af"}}},
}


@dataclass(frozen=True)
class Figure:
    """A number with a link to the rows it counts."""

    label: str
    words: str
    url: str = ""
    hint: str = ""
    is_alarming: bool = False


@dataclass(frozen=True)
class Group:
    title: str
    figures: Sequence[Figure]


def dashboard(request: AuthenticatedHttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the figures of the first page, with permission to view batches only."""
    user = request.user
    if not sees_all(user):
        return context
    overview = staff_overview(user)
    return context | {
        "title": "Overview",
        "worker_is_silent": overview.health.worker_is_silent,
        "groups": [
            Group("Now", _now(overview.unfinished)),
            Group("Failed today", _failed(overview.failures, user)),
            Group("Worker and queues", _health(overview.health, user)),
        ],
        "upcoming": [_entry(each) for each in overview.upcoming],
        # The calendar: the admin's list of batches lacks template runs and ends of sales.
        "calendar_url": reverse("coming"),
        "templates_url": reverse("admin:batches_template_changelist"),
        **_chart(overview),
    }


def _now(unfinished: Unfinished) -> list[Figure]:
    waiting = {"status__exact": Status.PENDING.value}
    running = {"status__exact": Status.PROCESSING.value}
    since = unfinished.waiting_since
    figures = [
        Figure("Running", f"{unfinished.running:,}", _list_url(BATCHES, running)),
        Figure("Waiting", f"{unfinished.waiting:,}", _list_url(BATCHES, waiting)),
        Figure(
            "Scheduled or paused",
            f"{unfinished.upcoming:,}",
            _list_url(BATCHES, {"coming": "any"}),
            "Scheduled, paused or waiting for another batch.",
        ),
    ]
    if since is None:
        return [*figures, Figure("Longest wait", "None", hint="No batch is overdue.")]
    longest = timesince(since, depth=1)
    hint = f"Since {moment_words(since)}"
    return [*figures, Figure("Longest wait", longest, _list_url(BATCHES, waiting), hint)]


def _failed(failures: Failures, user: User) -> list[Figure]:
    today = _within("completed_at", failures.day)
    may_see_items = user.has_perm("batches.view_batchitem")
    items = _list_url("batches_batchitem", {"failed_on": "today"}) if may_see_items else ""
    return [
        Figure(
            "Batches with failed items",
            f"{failures.batches:,}",
            _list_url(BATCHES, today | {"outcome": WITH_FAILURES}),
            is_alarming=bool(failures.batches),
        ),
        Figure("Failed items", f"{failures.items:,}", items, is_alarming=bool(failures.items)),
        Figure(
            "Aborted batches",
            f"{failures.aborted:,}",
            _list_url(BATCHES, today | {"status__exact": Status.FAILED.value}),
            is_alarming=bool(failures.aborted),
        ),
    ]


def _entry(entry: AgendaEntry) -> dict[str, str]:
    """Return one upcoming entry: time, change, creator."""
    what = entry.template or entry.batches[0]
    name = "batchoperation" if entry.batches else "template"
    words = describe(what)
    if isinstance(what, Template):
        words = f"{what.name}: {words}"
    assert entry.at is not None
    return {
        "when": moment_and_utc_words(entry.at),
        "url": reverse(f"admin:batches_{name}_change", args=[what.pk]),
        "words": f"Undo: {words}" if entry.is_end else words,
        "creator": ", ".join(dict.fromkeys(str(batch.creator) for batch in entry.batches))
        or str(what.creator),
    }


def _health(health: Health, user: User) -> list[Figure]:
    """Return the figures of worker and queues, as far as the user may view them."""
    seen = health.worker_seen_at
    figures = [
        Figure(
            "Worker",
            "Silent" if health.worker_is_silent else "Running",
            hint=f"Last seen {moment_words(seen)}" if seen else "Never seen",
            is_alarming=health.worker_is_silent,
        )
    ]
    if user.has_perm("batches.view_notification"):
        name = "batches_notification"
        figures += [
            Figure(
                "Mails waiting",
                f"{health.mails_waiting:,}",
                _list_url(name, {"state__exact": "waiting"}),
            ),
            Figure(
                "Mails overdue",
                f"{health.mails_overdue:,}",
                _list_url(name, {"overdue": "yes"}),
                is_alarming=bool(health.mails_overdue),
            ),
        ]
    if user.has_perm("content.view_contractcall"):
        name, failed = "content_contractcall", {"state__exact": ContractCall.State.FAILED.value}
        figures += [
            Figure(
                "Contract calls open", f"{health.calls_open:,}", _list_url(name, {"open": "yes"})
            ),
            Figure(
                "Contract calls failed today",
                f"{health.calls_failed:,}",
                _list_url(name, failed | _within("updated_at", timezone.localdate())),
                is_alarming=bool(health.calls_failed),
            ),
        ]
    return figures


def _chart(overview: StaffOverview) -> dict[str, Any]:
    days = overview.days
    return {
        "chart_options": json.dumps(CHART_OPTIONS),
        "chart_data": json.dumps(
            {
                "labels": [date_format(day.day, "j M") for day in days],
                "datasets": [
                    {
                        "label": words,
                        "data": [day.counts[name] for day in days],
                        "backgroundColor": f"var({COLOURS[name]})",
                        "maxBarThickness": 28,
                    }
                    for name, words in ENDS.items()
                ],
            }
        ),
        "chart_total": sum(day.total for day in days),
        "chart_headers": list(ENDS.values()),
        "chart_rows": [(date_format(day.day, "j M"), _cells(day)) for day in reversed(days)],
        "day_count": len(days),
    }


def _cells(day: Day) -> list[Figure]:
    ended = _within("completed_at", day.day)
    return [
        Figure(
            words,
            f"{day.counts[name]:,}",
            _list_url(BATCHES, ended | {"outcome": name}) if day.counts[name] else "",
        )
        for name, words in ENDS.items()
    ]


def _list_url(name: str, query: dict[str, str]) -> str:
    return f"{reverse(f'admin:{name}_changelist')}?{urlencode(query)}"


def _within(field: str, day: date) -> dict[str, str]:
    """Return the query of the admin's filter by days."""
    return {f"{field}_from": day.isoformat(), f"{field}_to": day.isoformat()}
