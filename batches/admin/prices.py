"""Import prices from a file in the admin, for items of any creator, and export them."""

from django.contrib import admin, messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from unfold.decorators import action

from batches.admin.widgets import apply_unfold_widgets
from batches.downloads import prices_answer
from batches.errors import Invalid, NotAllowed
from batches.forms.prices import PriceFileForm
from batches.forms.schedule import ScheduleForm
from batches.models import Source
from batches.services.permissions import may_run_for_others
from batches.services.runs import price_file
from batches.services.runs.draft import keep_draft
from batches.services.runs.price_drafts import draft_prices, without_unchanged
from batches.services.runs.price_lines import OPERATION
from content.admin.catalogue import ContentAdmin
from content.http import AuthenticatedHttpRequest
from content.models import ContentQuerySet


class PriceFileAdmin(ContentAdmin):
    """The part of the catalogue's admin about price files."""

    actions_list = ("prices_from_file",)
    actions = ("download_prices", "download_prices_as_csv")

    def has_price_file_permission(self, request: AuthenticatedHttpRequest) -> bool:
        return may_run_for_others(request.user, OPERATION)

    @action(
        description="Prices from a file",
        url_path="prices",
        permissions=["price_file"],
        icon="upload_file",
    )
    def prices_from_file(self, request: AuthenticatedHttpRequest) -> HttpResponse:
        """Upload a file; list invalid lines, or continue to the review."""
        is_sent = request.method == "POST"
        form = PriceFileForm(request.POST, request.FILES) if is_sent else PriceFileForm()
        user = request.user
        schedule = ScheduleForm(request.POST if is_sent else None, user=user, operation=OPERATION)
        if form.is_valid() & schedule.is_valid():
            try:
                prices = without_unchanged(form.prices, schedule.value(), by=user)
                submission = keep_draft(
                    draft_prices(
                        prices,
                        by=user,
                        source=Source.ADMIN,
                        error_policy=form.cleaned_data["error_policy"],
                        schedule=schedule.value(),
                    )
                )
            except (Invalid, NotAllowed) as error:
                form.add_error(None, error.message)
            else:
                if prices.note:
                    messages.info(request, prices.note)
                return redirect("admin:batches_submission_review", submission.pk)
        apply_unfold_widgets(form, schedule)
        context = {
            **self.admin_site.each_context(request),
            "title": "Prices from a file",
            "opts": self.opts,
            "form": form,
            "schedule": schedule,
        }
        return TemplateResponse(request, "batches/admin/prices.html", context)

    @admin.action(description="Download prices (.xlsx)")
    def download_prices(
        self, request: AuthenticatedHttpRequest, queryset: ContentQuerySet
    ) -> HttpResponse | None:
        return self._file(request, queryset, price_file.XLSX)

    @admin.action(description="Download prices (CSV)")
    def download_prices_as_csv(
        self, request: AuthenticatedHttpRequest, queryset: ContentQuerySet
    ) -> HttpResponse | None:
        return self._file(request, queryset, price_file.CSV)

    def _file(
        self, request: AuthenticatedHttpRequest, queryset: ContentQuerySet, form: str
    ) -> HttpResponse | None:
        try:
            return prices_answer(queryset, form)
        except Invalid as error:
            messages.error(request, error.message)
            return None
