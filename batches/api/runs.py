"""The actions on a batch or a submission: one view for each verb."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from batches import rules
from batches.api.bodies import DependenciesBody, ScheduleBody, SomeFailures, SomeItems
from batches.api.created import (
    HEADERS,
    BatchCreated,
    RunCreated,
    batch_created,
    run_created,
)
from batches.api.examples import CREATED, LATER, LINKED, RUN_CREATED, SOME, SOME_FAILURES
from batches.api.lookup import find_own_run
from batches.api.previews import PreviewPage, page_shown
from batches.api.serializers import BatchWithResults, one_batch
from batches.api.submissions import SubmissionAnswer, submission_shown
from batches.errors import Invalid
from batches.models import Follows, Source
from batches.operations.base import REFUSALS
from batches.operations.undo import Undo
from batches.services.orders.schedule import clean_times
from batches.services.results.run import Run, find_batch_run, find_submission_run, run_of
from batches.services.runs import control
from batches.services.runs.follow_up import clean_partial_ids, follow_up, preview_follow_up
from content.api.idempotency import PARAMETER as IDEMPOTENCY_KEY
from content.api.idempotency import idempotent
from content.api.openapi import errors, example
from content.api.parsers import fields_of
from content.api.queries import PAGE_PARAMETERS
from content.http import AuthenticatedRequest
from content.rules import clean_choice

View = Callable[..., HttpResponseBase]

RETRIED, UNDONE = "Retry initiated", Undo.created_message
MESSAGES = {Follows.RETRY: RETRIED, Follows.UNDO: UNDONE}
STARTS = errors(400, 401, 403, 404, 409, 413, 415, 422, 429)
STARTED = {"status_409": "It has started, or ended."}
ITEMS = OpenApiParameter(
    "contentId", str, many=True, description="Only these items; repeat it for several."
)
CODE = OpenApiParameter(
    "code", str, enum=list(REFUSALS), description="Only items that failed with this code."
)


@dataclass(frozen=True)
class Target:
    """A kind of run in paths: how to find it, and its answer."""

    noun: str
    tag: str
    parameter: str
    words: str
    find: Callable[..., Run]
    answer: type[BaseSerializer[Any]]
    shown: Callable[[Run], Any]


BATCH = Target(
    "Batch",
    "batches",
    "batch_id",
    "a batch",
    find_batch_run,
    BatchWithResults,
    lambda run: one_batch(run.batches[0]),
)
SUBMISSION = Target(
    "Submission",
    "submissions",
    "submission_id",
    "all batches of a run",
    find_submission_run,
    SubmissionAnswer,
    submission_shown,
)
CONTROLS: Mapping[str, tuple[Callable[..., Run], str]] = {
    "cancel": (control.cancel, "Cancel {}: saved items stay saved, the others stay unchanged."),
    "pause": (control.pause, "Pause {}. Batches that are already running continue."),
    "resume": (control.resume, "Resume {}. The schedule and the dependencies still apply."),
}


def control_view(verb: str, target: Target) -> View:
    """Return the view of a verb without a body."""
    act, description = CONTROLS[verb]

    class ControlView(APIView):
        @extend_schema(
            operation_id=f"{verb}{target.noun}",
            description=description.format(target.words),
            tags=[target.tag],
            request=None,
            responses={200: target.answer, **errors(400, 401, 403, 404, 409)},
        )
        def post(self, request: AuthenticatedRequest, **path: str) -> Response:
            run = find_own_run(request, path[target.parameter], target.find)
            fields_of(request)
            return Response(target.shown(act(run, by=request.user)))

    return ControlView.as_view()


def schedule_view(target: Target) -> View:
    class ScheduleView(APIView):
        @extend_schema(
            operation_id=f"schedule{target.noun}",
            description=f"Reschedule {target.words}: change start or end of pending batches.\n\n"
            "With `scheduledFor: null` it starts at once, with `until: null` it has no end.",
            tags=[target.tag],
            request=ScheduleBody,
            responses={200: target.answer, **errors(400, 401, 403, 404, 409, 413, 415, **STARTED)},
            examples=[example("On the first of December", LATER, request_only=True)],
        )
        def post(self, request: AuthenticatedRequest, **path: str) -> Response:
            run = find_own_run(request, path[target.parameter], target.find)
            times = clean_times(fields_of(request, "scheduledFor", "until"))
            run = control.reschedule(run, by=request.user, **times)  # type: ignore[arg-type]
            return Response(target.shown(run))

    return ScheduleView.as_view()


class DependenciesView(APIView):
    @extend_schema(
        operation_id="linkBatch",
        tags=["batches"],
        request=DependenciesBody,
        responses={200: BatchWithResults, **errors(400, 401, 403, 404, 409, 413, 415, **STARTED)},
        examples=[example("Only when another has succeeded", LINKED, request_only=True)],
    )
    def post(self, request: AuthenticatedRequest, batch_id: str) -> Response:
        """Replace the dependencies of a batch that has not started.

        With an empty list it waits for no other batch. A cycle is refused with 400, and the error
        names its batches.
        """
        run = find_own_run(request, batch_id, find_batch_run)
        body = fields_of(request, "dependsOn")
        if "dependsOn" not in body:
            raise Invalid(errors={"dependsOn": ["Send a list of batch ids."]})
        found = rules.ErrorCollector()
        links = found.attempt(rules.clean_depends_on, body["dependsOn"])
        found.raise_errors()
        run = control.reschedule(run, by=request.user, depends_on=tuple(links))
        return Response(one_batch(run.batches[0]))


def follow_up_view(follows: Follows) -> View:
    """Return the view that retries or undoes a submission."""
    retries = follows == Follows.RETRY

    class FollowUpView(APIView):
        @extend_schema(
            operation_id="retryFailedOfSubmission" if retries else "undoSubmission",
            description=(
                "Retry all failed items of a run; each batch is linked to its retry.\n\n409 if "
                "nothing failed, or before the run has ended."
                if retries
                else "Undo all changes of a run; each batch is linked to its undo.\n\nItems that "
                "were changed since then fail with `conflict` and stay as they are. 409 if nothing "
                "was changed, or before the run has ended."
            ),
            tags=[SUBMISSION.tag],
            request=None,
            parameters=[IDEMPOTENCY_KEY, *HEADERS],
            responses={201: RunCreated, **STARTS},
            examples=[_started(RUN_CREATED, follows)],
        )
        def post(self, request: AuthenticatedRequest, submission_id: str) -> Response:
            run = find_own_run(request, submission_id, SUBMISSION.find)
            return _start_follow_up(request, run, follows, fields_of(request))

    return FollowUpView.as_view()


def _started(answer: Mapping[str, Any], follows: Follows) -> Any:
    answer = {**answer, "message": MESSAGES[follows]}
    return example("Started", answer, response_only=True, status_codes=["201"])


class RetryView(APIView):
    @extend_schema(
        operation_id="previewRetry",
        tags=["batches"],
        parameters=[ITEMS, CODE, *PAGE_PARAMETERS],
        responses={200: PreviewPage, **errors(400, 401, 403, 404, 409)},
    )
    def get(self, request: AuthenticatedRequest, batch_id: str) -> Response:
        """Preview a retry of the failed items: nothing is written."""
        return _preview_follow_up(request, batch_id, Follows.RETRY)

    @extend_schema(
        operation_id="retryFailed",
        tags=["batches"],
        request=SomeFailures,
        parameters=[IDEMPOTENCY_KEY, *HEADERS],
        responses={201: BatchCreated, **STARTS},
        examples=[
            example("Only conflicts", SOME_FAILURES, request_only=True),
            _started(CREATED, Follows.RETRY),
        ],
    )
    def post(self, request: AuthenticatedRequest, batch_id: str) -> Response:
        """Create a batch that retries the failed items.

        For an aborted batch this includes the items that were not processed. 409 if nothing failed,
        or before the batch has ended. The body is optional.
        """
        run = find_own_run(request, batch_id, find_batch_run)
        return _start_follow_up(
            request, run, Follows.RETRY, fields_of(request, "contentIds", "code")
        )


class UndoView(APIView):
    @extend_schema(
        operation_id="previewUndo",
        tags=["batches"],
        parameters=[ITEMS, *PAGE_PARAMETERS],
        responses={200: PreviewPage, **errors(400, 401, 403, 404, 409)},
    )
    def get(self, request: AuthenticatedRequest, batch_id: str) -> Response:
        """Preview the undo of a batch: nothing is written."""
        return _preview_follow_up(request, batch_id, Follows.UNDO)

    @extend_schema(
        operation_id="undoBatch",
        tags=["batches"],
        request=SomeItems,
        parameters=[IDEMPOTENCY_KEY, *HEADERS],
        responses={201: BatchCreated, **STARTS},
        examples=[
            example("Only one of its items", SOME, request_only=True),
            _started(CREATED, Follows.UNDO),
        ],
    )
    def post(self, request: AuthenticatedRequest, batch_id: str) -> Response:
        """Create a batch that undoes the changes of a batch.

        Items that were changed since then fail with `conflict` and stay as they are. An undo can be
        undone. 409 if nothing was changed, or before the batch has ended. The body is optional.
        """
        run = find_own_run(request, batch_id, find_batch_run)
        return _start_follow_up(request, run, Follows.UNDO, fields_of(request, "contentIds"))


def _start_follow_up(
    request: AuthenticatedRequest, run: Run, follows: Follows, body: Mapping[str, Any]
) -> Response:
    selection, user = _selection(run, body), request.user

    def create() -> Response:
        started = follow_up(run, follows, by=user, source=Source.API, **selection)
        if started.submission:
            return run_created(run_of(started.submission, user), MESSAGES[follows])
        return batch_created(started.batches[0], MESSAGES[follows])

    return idempotent(request, create)


def _preview_follow_up(request: AuthenticatedRequest, batch_id: str, follows: Follows) -> Response:
    run = find_own_run(request, batch_id, find_batch_run)
    query = request.query_params
    fields = {"contentIds": query.getlist("contentId") or None, "code": query.get("code")}
    selection = _selection(
        run, {name: value for name, value in fields.items() if value is not None}
    )
    preview = preview_follow_up(run, follows, by=request.user, **selection)
    return Response(page_shown(request, preview))


def _selection(run: Run, body: Mapping[str, Any]) -> dict[str, Any]:
    """Validate which items to retry or undo. Raises Invalid."""
    found = rules.ErrorCollector()
    selection: dict[str, Any] = {
        "content_ids": found.attempt(clean_partial_ids, body.get("contentIds"), run)
    }
    if "code" in body:
        selection["code"] = found.attempt(clean_choice, body["code"], tuple(REFUSALS), field="code")
    found.raise_errors()
    return selection
