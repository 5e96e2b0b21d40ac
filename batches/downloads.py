"""File downloads for the doors: results of batches, and prices."""

from collections.abc import Sequence
from itertools import chain

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.http import content_disposition_header

from batches.models import BatchOperation, Submission
from batches.services.results.csv import file_name, results_file
from batches.services.runs import price_file
from content.models import ContentQuerySet

# Without it spreadsheets misread UTF-8.
BYTE_ORDER_MARK = "\ufeff"
CSV = "text/csv; charset=utf-8"


def batch_file(
    batch: BatchOperation, *, outcome: str = "", code: str = "", prefix: str = BYTE_ORDER_MARK
) -> HttpResponse:
    """Answer with all results of a batch, or those with an outcome and a code."""
    lines = chain([prefix], results_file([batch], outcome=outcome, code=code))
    name = file_name("batch", batch.pk, outcome=outcome, code=code)
    return HttpResponse(lines, content_type=CSV, headers=_attached(name))


def submission_file(
    submission: Submission,
    batches: Sequence[BatchOperation],
    *,
    outcome: str = "",
    code: str = "",
) -> HttpResponseBase:
    """Answer with the results of these batches of a run; streamed, since they may be many."""
    rows = results_file(batches, outcome=outcome, code=code, names_batches=True)
    lines = chain([BYTE_ORDER_MARK], rows)
    name = file_name("run", submission.pk, outcome=outcome, code=code)
    return StreamingHttpResponse(lines, content_type=CSV, headers=_attached(name))


def prices_answer(
    contents: ContentQuerySet, form: str, *, prefix: str = BYTE_ORDER_MARK
) -> HttpResponse:
    """Answer with the current prices as `form`, one of `price_file.FORMS`. Raises Invalid."""
    data = price_file.write(contents, form)
    name = f"prices-{timezone.localdate():%Y-%m-%d}.{form}"
    if form == price_file.XLSX:
        kind = price_file.SPREADSHEET
    else:
        kind, data = CSV, prefix.encode() + data
    return HttpResponse(data, content_type=kind, headers=_attached(name))


def _attached(name: str) -> dict[str, str]:
    return {"Content-Disposition": str(content_disposition_header(True, name))}
