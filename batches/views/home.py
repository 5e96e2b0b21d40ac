"""A creator's home page: running batches, failures, remaining quota, the last days."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import date_format
from django.views.decorators.http import require_safe

from batches.models import UNTOUCHED, BatchOperation, Status, sees_all
from batches.operations import describe
from batches.services.heartbeat import worker_is_silent
from batches.services.pages.overview import ENDS, Day, creator_overview, prepared_by
from content.http import AuthenticatedHttpRequest

TONES = {
    BatchOperation.Outcome.SUCCEEDED.value: "good",
    BatchOperation.Outcome.PARTIAL.value: "mixed",
    BatchOperation.Outcome.FAILED.value: "bad",
    UNTOUCHED: "quiet",
}
BAR_HEIGHT = 100


@dataclass(frozen=True)
class Part:
    """Batches of one outcome on one day: the part of the bar, and the link to the list."""

    words: str
    tone: str
    count: int
    url: str
    top: float
    height: float


@dataclass(frozen=True)
class Bar:
    """The batches of one day; heights are in percent of the busiest day."""

    label: str
    short_label: str
    total: int
    url: str
    parts: list[Part]


@login_required
@require_safe
def home(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Show an overview of the user's batches, wallets and items, also for staff."""
    user = request.user
    overview = creator_overview(user)
    # Users who see all batches need a filter for their own batches.
    own = {"own": "on"} if sees_all(user) else {}
    maximum = max((day.total for day in overview.days), default=0)
    context = {
        "overview": overview,
        "moving": [(batch, describe(batch)) for batch in overview.moving],
        "prepared": [(draft, describe(draft)) for draft in prepared_by(user)],
        "failed": [(batch, describe(batch)) for batch in overview.failed],
        "running_url": _list(own | {"status": Status.PROCESSING.value}),
        "waiting_url": _list(own | {"status": Status.PENDING.value}),
        "bars": [_bar(day, maximum, own) for day in overview.days],
        "legend": [(words, TONES[name]) for name, words in ENDS.items()],
        "most": maximum,
        "total": sum(day.total for day in overview.days),
        # A missing worker does not matter without content.
        "worker_is_silent": bool(overview.wallets) and worker_is_silent(),
    }
    return render(request, "batches/home.html", context)


def _bar(day: Day, maximum: int, own: dict[str, str]) -> Bar:
    ended = own | {"ended": day.day.isoformat()}
    parts = []
    top = float(BAR_HEIGHT)
    for name, words in ENDS.items():
        count = day.counts[name]
        height = BAR_HEIGHT * count / maximum if maximum else 0.0
        top -= height
        url = _list(ended | {"outcome": name})
        parts.append(Part(words, TONES[name], count, url, round(top, 2), round(height, 2)))
    return Bar(
        label=date_format(day.day, "j M"),
        short_label=str(day.day.day),
        total=day.total,
        url=_list(ended),
        parts=parts,
    )


def _list(query: dict[str, str]) -> str:
    return f"{reverse('batch-list')}?{urlencode(query)}"
