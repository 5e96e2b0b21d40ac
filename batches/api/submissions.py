"""A run of several batches: its progress, its batches, and their results as one file."""

from datetime import datetime
from typing import Any

from django.db.models import prefetch_related_objects
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from batches.api.lookup import find_run
from batches.api.serializers import LINKS, BatchAnswer
from batches.downloads import submission_file
from batches.errors import Invalid
from batches.models import BatchItem, BatchOperation, Follows, Source, Status, Submission
from batches.services.results.run import Run, find_submission_run
from content.api.fields import Instant
from content.api.files import CSV
from content.api.negotiation import AlwaysJSON
from content.api.openapi import errors
from content.http import AuthenticatedRequest

FILE_OPTIONS = ("outcome", "format")


class SubmissionAnswer(serializers.Serializer[Submission]):
    """A run of several batches."""

    _id = serializers.UUIDField(source="pk")
    operationType = serializers.CharField(source="kind")
    status = serializers.SerializerMethodField()
    outcome = serializers.SerializerMethodField()
    source = serializers.ChoiceField(Source.choices)  # type: ignore[assignment]
    totalItems = serializers.SerializerMethodField()
    successCount = serializers.SerializerMethodField()
    unchangedCount = serializers.SerializerMethodField()
    failureCount = serializers.SerializerMethodField()
    progress = serializers.SerializerMethodField(help_text="Percent of the items with a result.")
    updatePayload = serializers.DictField(source="payload")
    follows = serializers.SerializerMethodField(
        help_text="`retry` or `undo` of earlier batches; null otherwise."
    )
    scheduledFor = serializers.SerializerMethodField(
        help_text="The earliest start of its pending batches; null to start at once."
    )
    until = serializers.SerializerMethodField(
        help_text="The common end of its batches; null if they differ."
    )
    isPaused = serializers.SerializerMethodField(help_text="True if a pending batch is paused.")
    createdAt = Instant(source="created_at")
    startedAt = Instant(source="confirmed_at")
    batches = serializers.SerializerMethodField()

    @property
    def _run(self) -> Run:
        found: Run = self.context["run"]
        return found

    @extend_schema_field(serializers.ChoiceField(Status.choices))
    def get_status(self, submission: Submission) -> str:
        return self._run.status.value

    @extend_schema_field(serializers.ChoiceField(BatchOperation.Outcome.choices, allow_null=True))
    def get_outcome(self, submission: Submission) -> str | None:
        outcome = self._run.outcome
        return None if outcome is None else outcome.value

    def get_totalItems(self, submission: Submission) -> int:
        return self._run.total

    def get_successCount(self, submission: Submission) -> int:
        return self._run.succeeded

    def get_unchangedCount(self, submission: Submission) -> int:
        return self._run.unchanged

    def get_failureCount(self, submission: Submission) -> int:
        return self._run.failed

    def get_progress(self, submission: Submission) -> int:
        return self._run.percent

    @extend_schema_field(serializers.ChoiceField(Follows.choices, allow_null=True))
    def get_follows(self, submission: Submission) -> str | None:
        return submission.follows or None

    @extend_schema_field(Instant(allow_null=True))
    def get_scheduledFor(self, submission: Submission) -> str | None:
        return _instant(self._run.scheduled_for)

    @extend_schema_field(Instant(allow_null=True))
    def get_until(self, submission: Submission) -> str | None:
        return _instant(self._run.until)

    def get_isPaused(self, submission: Submission) -> bool:
        return self._run.is_paused

    @extend_schema_field(BatchAnswer(many=True))
    def get_batches(self, submission: Submission) -> Any:
        batches: Any = list(self._run.batches)
        prefetch_related_objects(batches, LINKS)
        return BatchAnswer(batches, many=True).data


class SubmissionView(APIView):
    @extend_schema(
        operation_id="getSubmission",
        tags=["submissions"],
        responses={200: SubmissionAnswer, **errors(401, 404)},
    )
    def get(self, request: AuthenticatedRequest, submission_id: str) -> Response:
        """Get a run of several batches: totals, progress, and its batches without results.

        Pages, admin and templates split selections of over 100 items or of several creators into
        several batches.
        """
        return Response(submission_shown(find_run(request, submission_id, find_submission_run)))


class SubmissionResultsView(APIView):
    # `format` selects the file; clients that accept nothing else get errors as JSON too.
    content_negotiation_class = AlwaysJSON

    @extend_schema(
        operation_id="getSubmissionResults",
        tags=["submissions"],
        parameters=[
            OpenApiParameter("outcome", str, enum=BatchItem.Outcome.values),
            OpenApiParameter("format", str, enum=["csv"], required=True),
        ],
        responses={(200, CSV): str, **errors(400, 401, 404)},
    )
    def get(self, request: AuthenticatedRequest, submission_id: str) -> HttpResponseBase:
        """Get the results of all its batches as one CSV file; for JSON, ask each batch."""
        run = find_run(request, submission_id, find_submission_run)
        assert run.submission is not None
        query = request.query_params
        wrong = {name[:64]: ["Unknown field."] for name in query if name not in FILE_OPTIONS}
        if query.get("format") != "csv":
            wrong["format"] = ["Send format=csv. For JSON, request the results of each batch."]
        outcome = query.get("outcome", "")
        if outcome and outcome not in BatchItem.Outcome.values:
            wrong["outcome"] = [f"Choose one of {', '.join(BatchItem.Outcome.values)}."]
        if wrong:
            raise Invalid(errors=wrong)
        return submission_file(run.submission, run.batches, outcome=outcome)


def submission_shown(run: Run) -> Any:
    """Return a submission as every endpoint of a single one answers it."""
    return SubmissionAnswer(run.submission, context={"run": run}).data


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else Instant().to_representation(moment)
