"""Directs what a path names, a batch or what was started together: one view for each verb."""

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
    GroupCreated,
    batch_created,
    group_created,
)
from batches.api.examples import CREATED, GROUP, LATER, LINKED, SOME, SOME_FAILURES
from batches.api.lookup import find_own_run
from batches.api.previews import PreviewPage, page_shown
from batches.api.serializers import BatchWithResults, one_batch
from batches.api.submissions import SubmissionAnswer, submission_shown
from batches.errors import Invalid
from batches.models import Follows, Source
from batches.operations.base import REFUSALS
from batches.operations.undo import Undo
from batches.services.orders.schedule import clean_times
from batches.services.results.run import Run, find_batch_run, find_submission_run
from batches.services.runs import control
from batches.services.runs.follow_up import clean_some, follow_up, preview_follow_up
from content.api.described import errors, example
from content.api.idempotency import PARAMETER as IDEMPOTENCY_KEY
from content.api.idempotency import once
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
    "contentId", str, many=True, description="Only these items; more than once for several."
)
CODE = OpenApiParameter(
    "code", str, enum=list(REFUSALS), description="Only what failed with this code."
)


@dataclass(frozen=True)
class Named:
    """What a path names: how it is found, and how it stands in answers."""

    noun: str
    tag: str
    parameter: str
    words: str
    find: Callable[..., Run]
    answer: type[BaseSerializer[Any]]
    shown: Callable[[Run], Any]


BATCH = Named(
    "Batch",
    "batches",
    "batch_id",
    "a batch",
    find_batch_run,
    BatchWithResults,
    lambda run: one_batch(run.batches[0]),
)
SUBMISSION = Named(
    "Submission",
    "submissions",
    "submission_id",
    "all batches of a submission",
    find_submission_run,
    SubmissionAnswer,
    submission_shown,
)
DIRECTIONS: Mapping[str, tuple[Callable[..., Run], str]] = {
    "cancel": (control.cancel, "Stop {}: what is done stays done, the rest is left as it is."),
    "pause": (control.pause, "Keep {} from starting until somebody resumes; what runs, runs on."),
    "resume": (control.resume, "Let {} start that was paused, once its time and others allow it."),
}


def direct_view(verb: str, named: Named) -> View:
    """The view of a verb that needs no body."""
    act, description = DIRECTIONS[verb]

    class DirectView(APIView):
        @extend_schema(
            operation_id=f"{verb}{named.noun}",
            description=description.format(named.words),
            tags=[named.tag],
            request=None,
            responses={200: named.answer, **errors(400, 401, 403, 404, 409)},
        )
        def post(self, request: AuthenticatedRequest, **path: str) -> Response:
            run = find_own_run(request, path[named.parameter], named.find)
            fields_of(request)
            return Response(named.shown(act(run, by=request.user)))

    return DirectView.as_view()


def schedule_view(named: Named) -> View:
    class ScheduleView(APIView):
        @extend_schema(
            operation_id=f"schedule{named.noun}",
            description=f"Reschedule {named.words}: another time, or another end, for what has not "
            "started.\n\n`scheduledFor: null` lets it start at once, `until: null` leaves its "
            "prices as they will be.",
            tags=[named.tag],
            request=ScheduleBody,
            responses={200: named.answer, **errors(400, 401, 403, 404, 409, 413, 415, **STARTED)},
            examples=[example("On the first of December", LATER, request_only=True)],
        )
        def post(self, request: AuthenticatedRequest, **path: str) -> Response:
            run = find_own_run(request, path[named.parameter], named.find)
            times = clean_times(fields_of(request, "scheduledFor", "until"))
            run = control.reschedule(run, by=request.user, **times)  # type: ignore[arg-type]
            return Response(named.shown(run))

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
        """Replace the batches that one waits for which has not started.

        An empty list lets it start. A cycle is refused with 400, which names the batches in it.
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
    """The retry or the undo of a submission."""
    retries = follows == Follows.RETRY

    class FollowUpView(APIView):
        @extend_schema(
            operation_id="retryFailedOfSubmission" if retries else "undoSubmission",
            description=(
                "Retry all that failed of a submission, linked batch by batch.\n\n409 where "
                "nothing failed, or while some of it runs."
                if retries
                else "Undo all that a submission changed, linked batch by batch.\n\nItems that "
                "somebody changed since fail with `conflict` and stay. 409 where nothing was "
                "changed, or while some of it runs."
            ),
            tags=[SUBMISSION.tag],
            request=None,
            parameters=[IDEMPOTENCY_KEY, *HEADERS],
            responses={201: GroupCreated, **STARTS},
            examples=[_started(GROUP, follows)],
        )
        def post(self, request: AuthenticatedRequest, submission_id: str) -> Response:
            run = find_own_run(request, submission_id, SUBMISSION.find)
            return _followed(request, run, follows, fields_of(request))

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
        """What a retry of the failed items would do now: nothing is written."""
        return _previewed(request, batch_id, Follows.RETRY)

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
        """Create a batch of the items that failed.

        Of an aborted batch also those that were not processed. 409 where nothing failed, or while
        it runs. The body may be left out.
        """
        run = find_own_run(request, batch_id, find_batch_run)
        return _followed(request, run, Follows.RETRY, fields_of(request, "contentIds", "code"))


class UndoView(APIView):
    @extend_schema(
        operation_id="previewUndo",
        tags=["batches"],
        parameters=[ITEMS, *PAGE_PARAMETERS],
        responses={200: PreviewPage, **errors(400, 401, 403, 404, 409)},
    )
    def get(self, request: AuthenticatedRequest, batch_id: str) -> Response:
        """What the undo of a batch would restore now: nothing is written."""
        return _previewed(request, batch_id, Follows.UNDO)

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
        """Create a batch that undoes what one changed.

        Items that somebody changed since fail with `conflict` and stay. An undo can be undone. 409
        where nothing was changed, or while it runs. The body may be left out.
        """
        run = find_own_run(request, batch_id, find_batch_run)
        return _followed(request, run, Follows.UNDO, fields_of(request, "contentIds"))


def _followed(
    request: AuthenticatedRequest, run: Run, follows: Follows, body: Mapping[str, Any]
) -> Response:
    wanted, user = _wanted(run, body), request.user

    def create() -> Response:
        started = follow_up(run, follows, by=user, source=Source.API, **wanted)
        if started.submission:
            return group_created(started, MESSAGES[follows])
        return batch_created(started.batches[0], MESSAGES[follows])

    return once(request, create)


def _previewed(request: AuthenticatedRequest, batch_id: str, follows: Follows) -> Response:
    run = find_own_run(request, batch_id, find_batch_run)
    query = request.query_params
    asked = {"contentIds": query.getlist("contentId") or None, "code": query.get("code")}
    wanted = _wanted(run, {name: value for name, value in asked.items() if value is not None})
    preview = preview_follow_up(run, follows, by=request.user, **wanted)
    return Response(page_shown(request, preview))


def _wanted(run: Run, body: Mapping[str, Any]) -> dict[str, Any]:
    """Which items are followed up. Raises Invalid."""
    found = rules.ErrorCollector()
    wanted: dict[str, Any] = {"content_ids": found.attempt(clean_some, body.get("contentIds"), run)}
    if "code" in body:
        wanted["code"] = found.attempt(clean_choice, body["code"], tuple(REFUSALS), field="code")
    found.raise_errors()
    return wanted
