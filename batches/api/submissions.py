"""What was started together: how far it is; stop it, hold it, try it again, put it back."""

from datetime import datetime
from typing import Any

from django.db.models import prefetch_related_objects
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from batches.api.bodies import ScheduleBody
from batches.api.created import HEADERS, GroupCreated, group_created
from batches.api.examples import GROUP, LATER
from batches.api.follow_ups import RETRIED, UNDONE
from batches.api.found import find_own_submission, find_submission, user_of
from batches.api.serializers import LINKS, BatchAnswer
from batches.api.waiting import BEGUN, times_of
from batches.downloads import submission_file
from batches.errors import Invalid
from batches.models import BatchItem, BatchOperation, Follows, Source, Status, Submission
from batches.services.results.progress import Progress
from batches.services.runs.confirm import cancel_submission
from batches.services.runs.follow_up import follow_up_submission
from batches.services.runs.schedule import (
    move_times_of_submission,
    pause_submission,
    resume_submission,
)
from content.api.described import errors, example
from content.api.fields import Instant
from content.api.files import CSV
from content.api.idempotency import PARAMETER as IDEMPOTENCY_KEY
from content.api.idempotency import once
from content.api.negotiation import AlwaysJSON
from content.api.parsers import fields_of

ANSWERS = errors(400, 401, 403, 404, 409)
FILE_OPTIONS = ("outcome", "format")
STARTS = errors(400, 401, 403, 404, 409, 413, 415, 422, 429)


class SubmissionAnswer(serializers.Serializer[Submission]):
    """What was started together. Give its Progress as `progress` in the context."""

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
    follows = serializers.SerializerMethodField(help_text="What it is to earlier batches.")
    scheduledFor = serializers.SerializerMethodField(
        help_text="When the first begins of those that have not; null for as soon as may be."
    )
    until = serializers.SerializerMethodField(help_text="Null also where its batches differ.")
    isPaused = serializers.SerializerMethodField(help_text="Some of it that has not begun is held.")
    createdAt = Instant(source="created_at")
    startedAt = Instant(source="confirmed_at")
    batches = serializers.SerializerMethodField()

    @property
    def _progress(self) -> Progress:
        found: Progress = self.context["progress"]
        return found

    @extend_schema_field(serializers.ChoiceField(Status.choices))
    def get_status(self, submission: Submission) -> str:
        return self._progress.status.value

    @extend_schema_field(serializers.ChoiceField(BatchOperation.Outcome.choices, allow_null=True))
    def get_outcome(self, submission: Submission) -> str | None:
        outcome = self._progress.outcome
        return None if outcome is None else outcome.value

    def get_totalItems(self, submission: Submission) -> int:
        return self._progress.total

    def get_successCount(self, submission: Submission) -> int:
        return self._progress.succeeded

    def get_unchangedCount(self, submission: Submission) -> int:
        return self._progress.unchanged

    def get_failureCount(self, submission: Submission) -> int:
        return self._progress.failed

    def get_progress(self, submission: Submission) -> int:
        return self._progress.percent

    @extend_schema_field(serializers.ChoiceField(Follows.choices, allow_null=True))
    def get_follows(self, submission: Submission) -> str | None:
        return submission.follows or None

    @extend_schema_field(Instant(allow_null=True))
    def get_scheduledFor(self, submission: Submission) -> str | None:
        return _instant(self._progress.scheduled_for)

    @extend_schema_field(Instant(allow_null=True))
    def get_until(self, submission: Submission) -> str | None:
        return _instant(self._progress.until)

    def get_isPaused(self, submission: Submission) -> bool:
        return self._progress.is_paused

    @extend_schema_field(BatchAnswer(many=True))
    def get_batches(self, submission: Submission) -> Any:
        batches: Any = list(self._progress.batches)
        prefetch_related_objects(batches, LINKS)
        return BatchAnswer(batches, many=True).data


class SubmissionView(APIView):
    @extend_schema(
        operation_id="getSubmission",
        tags=["submissions"],
        responses={200: SubmissionAnswer, **errors(401, 404)},
    )
    def get(self, request: Request, submission_id: str) -> Response:
        """What was started together: totals, progress, and its batches without results.

        Selections over 100 items or of several creators become several batches, at pages, in the
        admin and by templates.
        """
        return Response(_shown(request, submission_id))


class SubmissionCancelView(APIView):
    @extend_schema(
        operation_id="cancelSubmission",
        tags=["submissions"],
        request=None,
        responses={200: SubmissionAnswer, **ANSWERS},
    )
    def post(self, request: Request, submission_id: str) -> Response:
        """Stop all of a submission that has not ended: what is done stays done."""
        submission = find_own_submission(request, submission_id)
        fields_of(request)
        cancel_submission(submission)
        return Response(_shown(request, submission_id))


class SubmissionScheduleView(APIView):
    @extend_schema(
        operation_id="scheduleSubmission",
        tags=["submissions"],
        request=ScheduleBody,
        responses={200: SubmissionAnswer, **errors(400, 401, 403, 404, 409, 413, 415, **BEGUN)},
        examples=[example("On the first of December", LATER, request_only=True)],
    )
    def post(self, request: Request, submission_id: str) -> Response:
        """Give all batches of a submission that have not begun another time, or another end."""
        submission = find_own_submission(request, submission_id)
        move_times_of_submission(submission, times_of(request))
        return Response(_shown(request, submission_id))


class SubmissionResultsView(APIView):
    # The file is asked for by name, and whoever accepts nothing else reads errors as JSON too.
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
    def get(self, request: Request, submission_id: str) -> HttpResponseBase:
        """The results of all its batches as one CSV file; as JSON each batch has its own."""
        submission, progress = find_submission(request, submission_id)
        query = request.query_params
        wrong = {name[:64]: ["Unknown field."] for name in query if name not in FILE_OPTIONS}
        if query.get("format") != "csv":
            wrong["format"] = ["Say csv. As JSON, ask each batch for its results."]
        outcome = query.get("outcome", "")
        if outcome and outcome not in BatchItem.Outcome.values:
            wrong["outcome"] = [f"Choose among {', '.join(BatchItem.Outcome.values)}."]
        if wrong:
            raise Invalid(errors=wrong)
        return submission_file(submission, progress.batches, outcome=outcome)


class SubmissionPauseView(APIView):
    @extend_schema(
        operation_id="pauseSubmission",
        tags=["submissions"],
        request=None,
        responses={200: SubmissionAnswer, **ANSWERS},
    )
    def post(self, request: Request, submission_id: str) -> Response:
        """Hold all batches of a submission that have not begun; what runs goes on to its end."""
        submission = find_own_submission(request, submission_id)
        fields_of(request)
        pause_submission(submission)
        return Response(_shown(request, submission_id))


class SubmissionResumeView(APIView):
    @extend_schema(
        operation_id="resumeSubmission",
        tags=["submissions"],
        request=None,
        responses={200: SubmissionAnswer, **ANSWERS},
    )
    def post(self, request: Request, submission_id: str) -> Response:
        """Let a submission that was held go on."""
        submission = find_own_submission(request, submission_id)
        fields_of(request)
        resume_submission(submission)
        return Response(_shown(request, submission_id))


class SubmissionRetryView(APIView):
    @extend_schema(
        operation_id="retryFailedOfSubmission",
        tags=["submissions"],
        request=None,
        parameters=[IDEMPOTENCY_KEY, *HEADERS],
        responses={201: GroupCreated, **STARTS},
        examples=[
            example(
                "Started",
                {**GROUP, "message": RETRIED},
                response_only=True,
                status_codes=["201"],
            )
        ],
    )
    def post(self, request: Request, submission_id: str) -> Response:
        """Start again all that failed of a submission, linked batch by batch.

        409 where nothing failed, or while some of it runs.
        """
        return _followed(request, submission_id, Follows.RETRY, RETRIED)


class SubmissionUndoView(APIView):
    @extend_schema(
        operation_id="undoSubmission",
        tags=["submissions"],
        request=None,
        parameters=[IDEMPOTENCY_KEY, *HEADERS],
        responses={201: GroupCreated, **STARTS},
        examples=[
            example(
                "Started",
                {**GROUP, "message": UNDONE},
                response_only=True,
                status_codes=["201"],
            )
        ],
    )
    def post(self, request: Request, submission_id: str) -> Response:
        """Put back all that a submission changed, linked batch by batch.

        Items that somebody changed since fail with `conflict` and stay. 409 where nothing was
        changed, or while some of it runs.
        """
        return _followed(request, submission_id, Follows.UNDO, UNDONE)


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else Instant().to_representation(moment)


def _shown(request: Request, submission_id: str) -> Any:
    submission, progress = find_submission(request, submission_id)
    return SubmissionAnswer(submission, context={"progress": progress}).data


def _followed(request: Request, submission_id: str, follows: Follows, message: str) -> Response:
    submission = find_own_submission(request, submission_id)
    fields_of(request)

    def create() -> Response:
        user = user_of(request)
        group = follow_up_submission(submission, follows, by=user, source=Source.API)
        return group_created(group, message, user=user)

    return once(request, create)
