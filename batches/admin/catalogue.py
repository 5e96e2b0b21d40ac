"""The catalogue's admin with an action for each operation."""

import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import SuspiciousOperation
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from batches.admin.prices import PriceFileAdmin
from batches.admin.widgets import apply_unfold_widgets, require_right
from batches.errors import Invalid, NotAllowed
from batches.forms.operation import FORMS, OperationForm
from batches.forms.schedule import ScheduleForm
from batches.models import BatchOperation, Source
from batches.operations import OPERATIONS, Operation, describe, operation_for
from batches.services.orders.schedule import FIELDS as SCHEDULE_FIELDS
from batches.services.pages.history import with_batches
from batches.services.permissions import may_run_for_others
from batches.services.runs.draft import MAX_ITEMS, draft, keep_draft
from content.admin.base import replace
from content.http import user_of
from content.models import Content, ContentChange


class BatchContentAdmin(PriceFileAdmin):
    """Offers every operation in OPERATIONS as an action."""

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        for kind in FORMS:
            if kind in OPERATIONS and may_run_for_others(user_of(request), OPERATIONS[kind]):
                offer = functools.partial(_show_form, kind=kind)
                actions[kind] = (offer, kind, OPERATIONS[kind].label)
        return actions

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        # Django hides actions without permission but does not refuse them.
        for kind in request.POST.getlist("action"):
            if kind in OPERATIONS:
                require_right(request, OPERATIONS[kind])
        return super().changelist_view(request, extra_context)

    def get_urls(self) -> list[URLPattern]:
        run = path(
            "run/<slug:kind>/",
            self.admin_site.admin_view(self.run_view),
            name="content_content_run",
        )
        return [run, *super().get_urls()]

    def run_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Read the form and prepare the submission for review."""
        if kind not in OPERATIONS or kind not in FORMS:
            raise Http404
        operation = OPERATIONS[kind]
        require_right(request, operation)
        selection = request.POST.get("selection", "").split()
        if not selection:
            messages.warning(request, "Choose at least one item first.")
            return redirect("admin:content_content_changelist")
        form = FORMS[kind](request.POST)
        schedule = ScheduleForm(request.POST, user=user_of(request), operation=operation)
        if form.is_valid() & schedule.is_valid():
            try:
                submission = keep_draft(
                    draft(
                        by=user_of(request),
                        source=Source.ADMIN,
                        operation=operation,
                        payload=form.payload(),
                        content_ids=selection,
                        error_policy=form.cleaned_data["error_policy"],
                        schedule=schedule.value(),
                    )
                )
            except Invalid as error:
                for path_, words in list(error.errors.items())[:10]:
                    if path_.split(".")[0] in SCHEDULE_FIELDS:
                        schedule.add_refusal(Invalid(errors={path_: words}))
                    else:
                        form.add_error(form.paths.get(path_), words)
            except NotAllowed as error:
                form.add_error(None, error.message)
            else:
                review = reverse("admin:batches_submission_review", args=[submission.pk])
                query = request.POST.get("list", "")
                return redirect(f"{review}?{urlencode({'list': query})}" if query else review)
        return self.form_page(request, operation, form, schedule, selection)

    def form_page(
        self,
        request: HttpRequest,
        operation: Operation,
        form: OperationForm,
        schedule: ScheduleForm,
        selection: Sequence[str],
    ) -> TemplateResponse:
        apply_unfold_widgets(form, schedule)
        # The filter of the previous list, to return to it.
        query = request.POST.get("list", request.GET.urlencode())
        titles = Content.objects.filter(pk__in=selection[:5]).values_list("title", flat=True)
        context = {
            **self.admin_site.each_context(request),
            "title": operation.label,
            "opts": self.opts,
            "form": form,
            "schedule": schedule,
            "operation": operation,
            "selection": "\n".join(selection),
            "list": query,
            "list_address": list_url(query),
            "count": len(selection),
            "titles": list(titles),
            "rest": max(0, len(selection) - 5),
        }
        return TemplateResponse(request, "batches/admin/operation_form.html", context)

    change_form_outer_before_template = "batches/admin/_removed.html"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        content = self.get_object(request, object_id)
        context = {"content": content, "restoring": []}
        if content is not None and content.is_removed:
            context["removal"] = ContentChange.objects.removal_of(content)
            context["restoring"] = [
                operation
                for operation in OPERATIONS.values()
                if operation.is_for_removed and may_run_for_others(user_of(request), operation)
            ]
        return super().change_view(
            request, object_id, form_url, {**context, **(extra_context or {})}
        )

    def with_causes(
        self, request: HttpRequest, changes: Iterable[ContentChange]
    ) -> Iterator[tuple[ContentChange, dict[str, str]]]:
        found = with_batches(changes, user_of(request))
        for (change, cause), (_, batch, is_deleted) in zip(
            super().with_causes(request, changes), found, strict=True
        ):
            if batch is not None:
                url = reverse("admin:batches_batchoperation_change", args=[batch.pk])
                words = f"{describe(batch)} ({batch.get_source_display()})"
                cause = {"words": words, "url": url, "undo_url": _undo_url(request, batch)}
            elif change.batch_id:
                cause["words"] = "In a batch that was deleted" if is_deleted else "In a batch"
            yield change, cause


def _show_form(
    model_admin: BatchContentAdmin, request: HttpRequest, queryset: QuerySet[Content], *, kind: str
) -> HttpResponse | None:
    selection = list(queryset.values_list("pk", flat=True)[: MAX_ITEMS + 1])
    if len(selection) > MAX_ITEMS:
        messages.error(request, f"Too many items: choose at most {MAX_ITEMS:,} items at a time.")
        return None
    if not selection:
        messages.warning(request, "None of these items exists any more.")
        return None
    operation = OPERATIONS[kind]
    schedule = ScheduleForm(user=user_of(request), operation=operation)
    return model_admin.form_page(request, operation, FORMS[kind](), schedule, selection)


def list_url(query: str) -> str:
    """Return the URL of the list of contents with this filter."""
    address = reverse("admin:content_content_changelist")
    try:
        found = QueryDict(query).urlencode()
    except (ValueError, SuspiciousOperation):
        found = ""
    return f"{address}?{found}" if found else address


def _undo_url(request: HttpRequest, batch: BatchOperation) -> str:
    """Return the URL to undo a batch's change of an item; empty without permission."""
    is_known = batch.kind in OPERATIONS and batch.is_finished
    if not is_known or not may_run_for_others(user_of(request), operation_for(batch)):
        return ""
    return reverse("admin:batches_batchoperation_undo", args=[batch.pk])


replace(Content, BatchContentAdmin)
