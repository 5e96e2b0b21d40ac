"""Templates: saved changes that run on demand or on a schedule."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django_filters.rest_framework import FilterSet
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from batches.api.created import HEADERS, RunCreated, run_created
from batches.api.examples import FROM_BATCH, RUN_CREATED, TEMPLATE
from batches.api.lookup import find_own_template, find_template
from batches.api.previews import page_shown
from batches.api.template_answers import (
    RunAnswer,
    RunPage,
    TemplateAnswer,
    TemplateBody,
    TemplateChanges,
    TemplatePage,
    TemplatePreview,
    next_runs,
)
from batches.errors import ApplicationError, Invalid, NotFound
from batches.models import BatchOperation, Submission, Template, sees_all
from batches.services.results.run import run_of
from batches.services.templates.runs import run_now
from batches.services.templates.slots import upcoming
from batches.services.templates.spec import (
    clean_template,
    clean_template_changes,
    merged,
    template_body,
)
from batches.services.templates.store import (
    create_template,
    delete_template,
    edit_template,
    pause_template,
    preview_template,
    resume_template,
)
from content.api.idempotency import PARAMETER as IDEMPOTENCY_KEY
from content.api.idempotency import idempotent
from content.api.openapi import errors, example
from content.api.parsers import body_of, fields_of
from content.api.queries import (
    PAGE_PARAMETERS,
    Checked,
    filter_parameters,
    filtered,
    page,
    page_of,
    rows_under,
)
from content.http import AuthenticatedRequest
from content.models import Wallet
from content.principals import clean_address

RUN = "Template run initiated"


class TemplateFilter(FilterSet):  # type: ignore[misc]
    creator = Checked(
        clean_address, lambda rows, address: rows.filter(creator_id=address), {"type": "string"}
    )


class TemplateListView(APIView):
    @extend_schema(
        operation_id="listTemplates",
        tags=["templates"],
        parameters=[*filter_parameters(TemplateFilter), *PAGE_PARAMETERS],
        responses={200: TemplatePage, **errors(400, 401, 404)},
    )
    def get(self, request: AuthenticatedRequest) -> Response:
        """List own templates by name; staff who may view batches see all."""
        user, address = request.user, request.query_params.get("creator")
        templates = Template.objects.visible_to(user)
        found = filtered(TemplateFilter, request, templates)
        # Templates of other users do not exist, for lists as for single ones.
        own = Wallet.objects.owned_by(user)
        if address is not None and not sees_all(user) and not own.filter(pk=address).exists():
            raise NotFound
        frame = page(request, found, creator=address)
        rows = TemplateAnswer(frame.pop("rows"), many=True).data
        return Response(rows_under(frame, "templates", rows))

    @extend_schema(
        operation_id="createTemplate",
        tags=["templates"],
        request=TemplateBody,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: TemplateAnswer, **errors(400, 401, 403, 409, 413, 415, 422)},
        examples=[
            example("Every Friday evening", TEMPLATE, request_only=True),
            example("From a batch", FROM_BATCH, request_only=True),
        ],
    )
    def post(self, request: AuthenticatedRequest) -> Response:
        """Save a change as a template; nothing runs before its first run."""

        def create() -> Response:
            order = clean_template(_with_source(request, body_of(request)))
            template = create_template(order, by=request.user)
            headers = {"Location": f"/api/templates/{template.pk}"}
            return Response(TemplateAnswer(template).data, status=201, headers=headers)

        return idempotent(request, create)


class TemplateView(APIView):
    @extend_schema(
        operation_id="getTemplate",
        tags=["templates"],
        responses={200: TemplateAnswer, **errors(401, 404)},
    )
    def get(self, request: AuthenticatedRequest, template_id: str) -> Response:
        """Get one template with its next run."""
        return Response(TemplateAnswer(find_template(request, template_id)).data)

    @extend_schema(
        operation_id="editTemplate",
        tags=["templates"],
        request=TemplateChanges,
        responses={200: TemplateAnswer, **errors(400, 401, 403, 404, 409, 413, 415)},
        examples=[example("Another end", {"lastDay": "2027-06-30"}, request_only=True)],
    )
    def patch(self, request: AuthenticatedRequest, template_id: str) -> Response:
        """Edit a template: change the sent fields, keep the others.

        From now on it runs with the permissions of the editor.
        """
        template = find_own_template(request, template_id)
        order = clean_template_changes(template, body_of(request))
        edited = edit_template(template, order, by=request.user)
        return Response(TemplateAnswer(edited).data)

    @extend_schema(
        operation_id="deleteTemplate",
        tags=["templates"],
        responses={204: OpenApiResponse(description="Deleted."), **errors(401, 403, 404)},
    )
    def delete(self, request: AuthenticatedRequest, template_id: str) -> Response:
        """Delete a template; batches that it started continue."""
        delete_template(find_own_template(request, template_id))
        return Response(status=204)


class TemplateRunView(APIView):
    @extend_schema(
        operation_id="runTemplate",
        tags=["templates"],
        request=None,
        parameters=[IDEMPOTENCY_KEY, *HEADERS],
        responses={201: RunCreated, **errors(400, 401, 403, 404, 409, 413, 415, 422, 429)},
        examples=[example("Started", RUN_CREATED, response_only=True, status_codes=["201"])],
    )
    def post(self, request: AuthenticatedRequest, template_id: str) -> Response:
        """Run a template now, in addition to its schedule.

        This starts one batch per hundred items.
        """
        template = find_own_template(request, template_id)
        fields_of(request)

        def run() -> Response:
            user = request.user
            submission = run_now(template, by=user).submission
            assert submission is not None
            return run_created(run_of(submission, user), RUN)

        return idempotent(request, run)


class TemplatePreviewView(APIView):
    @extend_schema(
        operation_id="previewTemplate",
        tags=["templates"],
        parameters=PAGE_PARAMETERS,
        responses={200: TemplatePreview, **errors(400, 401, 403, 404)},
    )
    def get(self, request: AuthenticatedRequest, template_id: str) -> Response:
        """Get the next three runs of a template, and a preview of the next.

        Nothing is written. `limit` and `skip` page through the items.
        """
        template = find_template(request, template_id)
        page_of(request)  # refused before anything is computed
        problem, preview = None, None
        try:
            preview = page_shown(request, preview_template(template))
        except ApplicationError as error:
            problem = error.summary
        return Response(
            {
                "timeZone": template.time_zone,
                "nextRuns": next_runs(upcoming(template)),
                "preview": preview,
                "problem": problem,
            }
        )


class TemplatePauseView(APIView):
    @extend_schema(
        operation_id="pauseTemplate",
        tags=["templates"],
        request=None,
        responses={200: TemplateAnswer, **errors(400, 401, 403, 404)},
    )
    def post(self, request: AuthenticatedRequest, template_id: str) -> Response:
        """Pause a template: nothing runs until it is resumed."""
        template = find_own_template(request, template_id)
        fields_of(request)
        pause_template(template)
        return Response(TemplateAnswer(template).data)


class TemplateResumeView(APIView):
    @extend_schema(
        operation_id="resumeTemplate",
        tags=["templates"],
        request=None,
        responses={200: TemplateAnswer, **errors(400, 401, 403, 404, 409)},
    )
    def post(self, request: AuthenticatedRequest, template_id: str) -> Response:
        """Resume a template with its next run; missed runs are not repeated."""
        template = find_own_template(request, template_id)
        fields_of(request)
        resume_template(template)
        return Response(TemplateAnswer(template).data)


class TemplateRunListView(APIView):
    @extend_schema(
        operation_id="listTemplateRuns",
        tags=["templates"],
        parameters=PAGE_PARAMETERS,
        responses={200: RunPage, **errors(400, 401, 404)},
    )
    def get(self, request: AuthenticatedRequest, template_id: str) -> Response:
        """List the runs of a template, scheduled and manual, newest first."""
        template = find_template(request, template_id)
        frame = page(request, template.runs.all(), creator=template.creator_id)
        rows = RunAnswer(frame.pop("rows"), many=True).data
        return Response(rows_under(frame, "runs", rows))


def _with_source(request: AuthenticatedRequest, body: Mapping[str, Any]) -> dict[str, Any]:
    """Complete the body with the batch or run in `from`. Raises Invalid and NothingToDo."""
    if "from" not in body:
        return dict(body)
    given = body["from"]
    if not isinstance(given, dict) or set(given) not in ({"batchId"}, {"submissionId"}):
        raise Invalid(errors={"from": ["Send batchId or submissionId."]})
    ((name, text),) = given.items()
    source = _source(request, name, text)
    if source is None:
        raise Invalid(errors={f"from.{name}": ["You have no batch or run with this id."]})
    wanted = {field: value for field, value in body.items() if field != "from"}
    return merged(template_body(source), wanted)


def _source(
    request: AuthenticatedRequest, name: str, text: object
) -> BatchOperation | Submission | None:
    try:
        key = UUID(text if isinstance(text, str) else "")
    except ValueError:
        return None
    if name == "batchId":
        return BatchOperation.objects.one_visible_to(request.user, key)
    return Submission.objects.visible_to(request.user).filter(pk=key).first()
