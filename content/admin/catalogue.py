"""The catalogue: one item at a time, always through services.changes."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.text import Truncator
from import_export.admin import ExportMixin
from import_export.formats.base_formats import CSV
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    BooleanRadioFilter,
    ChoicesDropdownFilter,
)
from unfold.contrib.import_export.forms import ExportForm
from unfold.decorators import display

from content.admin.base import INVALID_FILTER, StrictAdmin
from content.admin.export import ContentResource
from content.admin.filters import PriceFilter
from content.admin.forms import ContentForm
from content.admin.words import CHAIN_LABELS
from content.errors import AlreadyExists, StaleVersion
from content.http import user_of
from content.models import Content, ContentChange
from content.rules import format_stx
from content.services.catalogue.changes import add_contents, change_content
from content.words import cause_words, differences

STALE = (
    "Someone changed this item since you opened it: {changes}. Nothing was saved; your input "
    "is still here. Load the page again to see the item as it is now."
)


@admin.register(Content)
class ContentAdmin(ExportMixin, StrictAdmin):
    """Never saves a model: `save_model` calls the services, which may refuse."""

    form = ContentForm
    list_display = ["show_title", "show_status", "show_price", "show_creator", "show_onchain"]
    list_display += ["show_type", "version", "updated_at"]
    list_display_links = ["show_title"]
    list_filter = [
        ("content_type", ChoicesDropdownFilter),
        ("is_removed", BooleanRadioFilter),
        ("creator", AutocompleteSelectFilter),
        PriceFilter,
    ]
    list_filter_submit = True
    list_per_page = 100
    list_max_show_all = 100
    search_fields = ["title", "content_id"]
    search_help_text = "Title or id"
    show_full_result_count = False
    autocomplete_fields = ["creator"]
    warn_unsaved_form = True
    fieldsets = [
        (None, {"fields": ["content_id", "title", "description", "content_type"]}),
        ("Sale", {"fields": ["price_stx", "creator", "url", "token_gating"]}),
        ("Refunds", {"fields": ["refundable", "refund_window_days"]}),
        ("Chain", {"fields": ["onchain_id"]}),
    ]
    bookkeeping = ["show_status", "removed_at", "removal_reason"]
    bookkeeping += ["version", "show_updated_by", "created_at", "updated_at"]
    # Export only: the import is a command.
    resource_classes = [ContentResource]
    export_form_class = ExportForm
    formats = [CSV]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def export_action(self, request: HttpRequest) -> HttpResponse:
        try:
            return super().export_action(request)
        except IncorrectLookupParameters:
            messages.warning(request, INVALID_FILTER)
            return redirect("admin:content_content_changelist")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Content]:
        # One more query for the creators, instead of a join, which is slow in MongoDB.
        return super().get_queryset(request).prefetch_related("creator")

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        return (queryset.search(search_term.strip()) if search_term.strip() else queryset), False

    # ------------------------------------------------------------ columns

    @display(description="Title", ordering="title", header=True)
    def show_title(self, content: Content) -> list[str]:
        return [Truncator(content.title).chars(60), content.pk]

    @display(
        description="Status",
        ordering="is_removed",
        label={"On sale": "success", "Removed": "danger"},
    )
    def show_status(self, content: Content) -> str:
        return "Removed" if content.is_removed else "On sale"

    @display(description="Price", ordering="price")
    def show_price(self, content: Content) -> str:
        return format_stx(content.price).replace(" ", "\u00a0")

    @display(description="Creator", ordering="creator_id")
    def show_creator(self, content: Content) -> str:
        return str(content.creator)

    @display(description="Type", ordering="content_type")
    def show_type(self, content: Content) -> str:
        return content.get_content_type_display()

    @display(description="On chain", ordering="onchain_id", label="info")
    def show_onchain(self, content: Content) -> str:
        return "" if content.onchain_id is None else f"No. {content.onchain_id}"

    # ------------------------------------------------------------ one item

    def get_fieldsets(self, request: HttpRequest, obj: Content | None = None) -> Any:
        if obj is None:
            return self.fieldsets
        hidden = ["opened_version"] if self.has_change_permission(request, obj) else []
        first, *rest = self.fieldsets
        fields = [*first[1]["fields"], *hidden]
        history = (
            "History",
            {
                "fields": [
                    tuple(self.bookkeeping[:3]),
                    tuple(self.bookkeeping[3:5]),
                    tuple(self.bookkeeping[5:]),
                ]
            },
        )
        return [(first[0], {"fields": fields}), *rest, history]

    def get_readonly_fields(self, request: HttpRequest, obj: Content | None = None) -> list[str]:
        if obj is None:
            return []
        price = [] if self.has_change_permission(request, obj) else ["price_stx"]
        return ["content_id", *price, *self.bookkeeping]

    @display(description="Price")
    def price_stx(self, content: Content) -> str:
        """Shown to users without the change permission; others get the form's field."""
        return format_stx(content.price)

    @display(description="Updated by")
    def show_updated_by(self, content: Content) -> str:
        """User and cause, without a batch id, which may be deleted: the history has the link."""
        newest = ContentChange.objects.filter(content=content).order_by("-version")
        change = newest.prefetch_related("by").first()
        if change is None:
            return content.updated_by
        how = cause_words(change.cause)
        return f"{change.by}, {how}" if change.by else f"{how[:1].upper()}{how[1:]}"

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except (AlreadyExists, StaleVersion) as error:
            # Nothing was written. Show the form again, with the reason and the input.
            request.refusal = getattr(error, "words", error.message)  # type: ignore[attr-defined]
            return super().changeform_view(request, *args, **kwargs)

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, **kwargs)
        return type(form.__name__, (form,), {"refusal": getattr(request, "refusal", "")})

    def save_model(self, request: HttpRequest, obj: Content, form: Any, change: bool) -> None:
        """Raises AlreadyExists and StaleVersion, which changeform_view turns into messages."""
        if not change:
            content = Content(content_id=form.cleaned_data["content_id"], **form.values())
            add_contents([content], by=user_of(request), cause="admin")
            return
        opened = form.cleaned_data["opened_version"]
        try:
            change_content(
                obj.pk,
                form.values(),
                version=opened,
                by=user_of(request),
                cause="admin",
            )
        except StaleVersion as error:
            error.words = _stale_words(obj.pk, opened)  # type: ignore[attr-defined]
            raise
        obj.refresh_from_db()

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Show every change of the item, from every door, newest first."""
        content = self.get_object(request, object_id)
        if content is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_or_change_permission(request, content):
            raise PermissionDenied
        changes = ContentChange.objects.filter(content=content).order_by("-version")
        page = Paginator(changes.prefetch_related("by", "contract_call"), 50).get_page(
            request.GET.get("p")
        )
        context = {
            **self.admin_site.each_context(request),
            "title": "History",
            "opts": self.opts,
            "object": content,
            "page": page,
            "entries": [
                {
                    "change": change,
                    "differences": differences(change.before, change.after),
                    "cause": cause,
                    "chain_label": CHAIN_LABELS[ContentChange.ChainState(change.chain_state)],
                }
                for change, cause in self.with_causes(request, page.object_list)
            ],
        }
        return TemplateResponse(request, "admin/content/content/timeline.html", context)

    def with_causes(
        self, request: HttpRequest, changes: Iterable[ContentChange]
    ) -> Iterator[tuple[ContentChange, dict[str, str]]]:
        """Yield the cause of each change, with a link if it has a page."""
        for change in changes:
            yield change, {"words": cause_words(change.cause), "url": ""}


def _stale_words(content_id: str, opened: int) -> str:
    since = ContentChange.objects.filter(content_id=content_id, version__gt=opened)
    words = [
        str(difference)
        for change in since.order_by("version")
        for difference in differences(change.before, change.after)
    ]
    return STALE.format(changes="; ".join(words[:5]) or "see its history")
