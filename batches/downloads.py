"""Answers with the results of batches as a file, for the doors."""

from collections.abc import Sequence
from itertools import chain

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from batches.models import BatchOperation, Submission
from batches.services.results_file import file_name, results_file

# Without it spreadsheets take UTF-8 for something else.
BYTE_ORDER_MARK = "\ufeff"
CSV = "text/csv; charset=utf-8"


def batch_file(
    batch: BatchOperation, *, outcome: str = "", code: str = "", begins_with: str = BYTE_ORDER_MARK
) -> HttpResponse:
    """All results of a batch, or those of an outcome and a code."""
    lines = chain([begins_with], results_file([batch], outcome=outcome, code=code))
    name = file_name("batch", batch.pk, outcome=outcome, code=code)
    return HttpResponse(lines, content_type=CSV, headers=_attached(name))


def submission_file(
    submission: Submission,
    batches: Sequence[BatchOperation],
    *,
    outcome: str = "",
    code: str = "",
) -> HttpResponseBase:
    """The same of these batches of a submission; sent while it is read, since it may be long."""
    rows = results_file(batches, outcome=outcome, code=code, names_batches=True)
    lines = chain([BYTE_ORDER_MARK], rows)
    name = file_name("run", submission.pk, outcome=outcome, code=code)
    return StreamingHttpResponse(lines, content_type=CSV, headers=_attached(name))


def _attached(name: str) -> dict[str, str]:
    return {"Content-Disposition": str(content_disposition_header(True, name))}
