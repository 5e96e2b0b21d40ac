"""What keeps a batch from beginning: its time, other batches, somebody who holds it."""

from datetime import datetime

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from batches import rules
from batches.api.bodies import DependenciesBody, ScheduleBody
from batches.api.examples import LATER, LINKED
from batches.api.found import find_own_batch, user_of
from batches.api.serializers import BatchWithResults, one_batch
from batches.errors import Invalid
from batches.services.orders.dependencies import depend_on
from batches.services.runs.schedule import move_times, pause, resume
from content.api.described import errors, example
from content.api.parsers import fields_of

TIMES = {"scheduledFor": "scheduled_for", "until": "until"}
BEGUN = {"status_409": "It has begun, or ended."}


class ScheduleView(APIView):
    @extend_schema(
        operation_id="scheduleBatch",
        tags=["batches"],
        request=ScheduleBody,
        responses={200: BatchWithResults, **errors(400, 401, 403, 404, 409, 413, 415, **BEGUN)},
        examples=[example("On the first of December", LATER, request_only=True)],
    )
    def post(self, request: Request, batch_id: str) -> Response:
        """Give a batch that has not begun another time, or another end.

        `scheduledFor: null` lets it begin at once, `until: null` leaves its prices as they will be.
        """
        batch = find_own_batch(request, batch_id)
        return Response(one_batch(move_times(batch, times_of(request))))


class DependenciesView(APIView):
    @extend_schema(
        operation_id="linkBatch",
        tags=["batches"],
        request=DependenciesBody,
        responses={200: BatchWithResults, **errors(400, 401, 403, 404, 409, 413, 415, **BEGUN)},
        examples=[example("Only when another has succeeded", LINKED, request_only=True)],
    )
    def post(self, request: Request, batch_id: str) -> Response:
        """Say anew which batches one waits for that has not begun.

        An empty list lets it begin. A circle is refused by 400, which names the way round.
        """
        batch = find_own_batch(request, batch_id)
        body = fields_of(request, "dependsOn")
        if "dependsOn" not in body:
            raise Invalid(errors={"dependsOn": ["Send a list of ids of batches."]})
        try:
            links = rules.clean_depends_on(body["dependsOn"])
        except rules.FieldErrors as error:
            raise Invalid(errors=error.errors) from error
        return Response(one_batch(depend_on(batch, links, by=user_of(request))))


class PauseView(APIView):
    @extend_schema(
        operation_id="pauseBatch",
        tags=["batches"],
        request=None,
        responses={200: BatchWithResults, **errors(400, 401, 403, 404, 409, **BEGUN)},
    )
    def post(self, request: Request, batch_id: str) -> Response:
        """Hold a batch that has not begun, until it is resumed."""
        batch = find_own_batch(request, batch_id)
        fields_of(request)
        return Response(one_batch(pause(batch)))


class ResumeView(APIView):
    @extend_schema(
        operation_id="resumeBatch",
        tags=["batches"],
        request=None,
        responses={200: BatchWithResults, **errors(400, 401, 403, 404, 409, **BEGUN)},
    )
    def post(self, request: Request, batch_id: str) -> Response:
        """Let a batch that was held begin, as soon as its time and others allow it."""
        batch = find_own_batch(request, batch_id)
        fields_of(request)
        return Response(one_batch(resume(batch)))


def times_of(request: Request) -> dict[str, datetime | None]:
    """`scheduledFor` and `until` of the body, as far as they are there. Raises Invalid."""
    body = fields_of(request, *TIMES)
    if not body:
        words = "Send a time, or null to begin at once."
        raise Invalid(errors={"scheduledFor": [words]})
    times: dict[str, datetime | None] = {}
    wrong: dict[str, list[str]] = {}
    for name, value in body.items():
        try:
            times[TIMES[name]] = rules.clean_moment(value, name)
        except rules.FieldErrors as error:
            wrong |= error.errors
    if wrong:
        raise Invalid(errors=wrong)
    return times
