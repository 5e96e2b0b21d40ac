"""Templates: saved changes with their schedule, their runs and a preview of the next."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    BooleanRadioFilter,
    ChoicesDropdownFilter,
)
from unfold.decorators import display

from batches.admin.filters import OperationFilter
from batches.admin.template_edit import CHANGE, TemplateEdit
from batches.admin.template_facts import dry_run, facts_of, runs_shown, slots_shown, state_of
from batches.errors import ApplicationError
from batches.models import Template, TemplateRun, sees_all
from batches.operations import OPERATIONS, describe
from batches.services.permissions import may_control, may_run_for_others
from batches.services.templates.runs import run_now
from batches.services.templates.store import delete_template, pause_template, resume_template
from content.admin.base import StrictAdmin
from content.http import user_of
from content.words import moment_words

RUNS_A_PAGE = 50


@admin.register(Template)
class TemplateAdmin(TemplateEdit, StrictAdmin):
    """Never saves a model: the form and the buttons go through the services."""

    list_display = ["show_name", "show_creator", "repeat", "show_next", "show_state"]
    list_display_links = ["show_name"]
    list_filter = [
        OperationFilter,
        ("repeat", ChoicesDropdownFilter),
        ("is_paused", BooleanRadioFilter),
        ("creator", AutocompleteSelectFilter),
    ]
    list_filter_submit = True
    list_per_page = 50
    list_max_show_all = 50
    search_fields = ["name"]
    show_full_result_count = False

    # ------------------------------------------------------------ permissions

    def has_view_permission(self, request: HttpRequest, obj: Template | None = None) -> bool:
        """Require permission to view batches, as at the other doors."""
        return sees_all(user_of(request))

    def has_add_permission(self, request: HttpRequest) -> bool:
        user = user_of(request)
        may = any(may_run_for_others(user, operation) for operation in OPERATIONS.values())
        return may and self.has_view_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Template | None = None) -> bool:
        if obj is None:
            return self.has_add_permission(request)
        return self.has_view_permission(request) and may_control(user_of(request), obj)

    def has_delete_permission(self, request: HttpRequest, obj: Template | None = None) -> bool:
        return self.has_change_permission(request, obj)

    def get_queryset(self, request: HttpRequest) -> Any:
        # One more query for each relation, instead of a join, which is slow in MongoDB.
        return super().get_queryset(request).prefetch_related("creator", "by")

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        deleted, counts, missing, protected = super().get_deleted_objects(objs, request)
        # Runs are deleted with their template only.
        missing -= {TemplateRun._meta.verbose_name}
        return deleted, counts, missing, protected

    def delete_model(self, request: HttpRequest, obj: Template) -> None:
        delete_template(obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for template in list(queryset):
            delete_template(template)

    # ------------------------------------------------------------ columns

    @display(description="Template", ordering="name", header=True)
    def show_name(self, template: Template) -> list[str]:
        return [template.name, describe(template)]

    @display(description="Creator")
    def show_creator(self, template: Template) -> str:
        return str(template.creator)

    @display(description="Next run", ordering="next_run_at", empty_value="–")
    def show_next(self, template: Template) -> str | None:
        is_coming = template.next_run_at is not None and not template.is_paused
        return moment_words(template.next_run_at) if is_coming else None  # type: ignore[arg-type]

    @display(
        description="State",
        label={"Active": "success", "Paused": "warning", "Ended": "", "Manual": "info"},
    )
    def show_state(self, template: Template) -> str:
        return state_of(template)

    # ------------------------------------------------------------ one template

    def get_urls(self) -> list[URLPattern]:
        wrap, name = self.admin_site.admin_view, "batches_template"
        views = {"pause": self.pause_view, "resume": self.resume_view, "run": self.run_view}
        return [
            *(
                path(f"<uuid:key>/{page}/", wrap(require_POST(view)), name=f"{name}_{page}")
                for page, view in views.items()
            ),
            *self.urls_of_edit(),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show a template; editing has a page of its own."""
        template = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, template):
            raise PermissionDenied
        if template is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        runs = TemplateRun.objects.filter(template=template).order_by("-due_at", "-id")
        page = Paginator(runs, RUNS_A_PAGE).get_page(request.GET.get("p"))
        context = {
            **self.admin_site.each_context(request),
            "title": template.name,
            "subtitle": describe(template),
            "opts": self.opts,
            "original": template,
            "template": template,
            "state": state_of(template),
            "facts": facts_of(template),
            "slots": slots_shown(template),
            "dry": dry_run(template),
            "runs": runs_shown(page.object_list),
            "page": page,
            "may_change": self.has_change_permission(request, template),
        }
        return TemplateResponse(request, "batches/admin/template.html", context)

    def pause_view(self, request: HttpRequest, key: UUID) -> HttpResponse:
        return self._apply(
            request, key, pause_template, "Paused. It does not run until it is resumed."
        )

    def resume_view(self, request: HttpRequest, key: UUID) -> HttpResponse:
        words = "Resumed. Runs missed during the pause are not repeated."
        return self._apply(request, key, resume_template, words)

    def run_view(self, request: HttpRequest, key: UUID) -> HttpResponse:
        """Start an extra run now and redirect to its progress."""
        template = self.own_template(request, key)
        try:
            run = run_now(template, by=user_of(request))
        except ApplicationError as error:
            messages.error(request, f"Not started: {error.summary}")
            return redirect(CHANGE, key)
        self.log_change(request, template, "Run manually.")
        return redirect("admin:batches_submission_progress", run.submission_id)

    def _apply(
        self, request: HttpRequest, key: UUID, change: Callable[[Template], None], words: str
    ) -> HttpResponse:
        template = self.own_template(request, key)
        try:
            change(template)
        except ApplicationError as error:  # changed or deleted in the meantime
            messages.error(request, error.message)
            return redirect("admin:batches_template_changelist")
        self.log_change(request, template, words)
        messages.success(request, words)
        return redirect(CHANGE, key)

    def own_template(self, request: HttpRequest, key: UUID) -> Template:
        visible = Template.objects.visible_to(user_of(request))
        template = visible.select_related("creator", "by").filter(pk=key).first()
        if template is None:
            raise Http404
        if not self.has_change_permission(request, template):
            raise PermissionDenied
        return template
