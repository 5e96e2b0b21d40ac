"""Every change of every item, read-only."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import Truncator
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from content.admin.base import ReadOnlyAdmin, link
from content.admin.filters import DayFilter
from content.admin.words import CHAIN_LABELS
from content.models import Content, ContentChange
from content.words import cause_words, differences

MAX_MATCHES = 500


@admin.register(ContentChange)
class ContentChangeAdmin(ReadOnlyAdmin):
    list_display = ["show_item", "version", "show_changes", "show_by", "show_cause"]
    list_display += ["show_chain", "at"]
    list_display_links = ["show_item"]
    list_filter = [("chain_state", ChoicesDropdownFilter), ("at", DayFilter)]
    search_fields = ["content_id__exact"]
    search_help_text = "Title or id of an item"
    ordering = ["-id"]
    prefetch = ("by", "content")
    fields = ["show_link", "version", "show_changes", "by", "show_cause", "at"]
    fields += ["show_chain", "chain_error", "contract_call"]
    readonly_fields = ["show_link", "show_changes", "show_cause", "show_chain"]

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        words = search_term.strip()
        if not words:
            return queryset, False
        # A list, since MongoDB can't join.
        items = Content.objects.search(words).values_list("pk", flat=True)[:MAX_MATCHES]
        return queryset.filter(content_id__in=list(items)), False

    @display(description="Item", ordering="content_id", header=True)
    def show_item(self, change: ContentChange) -> list[str]:
        return [Truncator(change.content.title).chars(60), change.content_id]

    @display(description="Item")
    def show_link(self, change: ContentChange) -> str:
        page = reverse("admin:content_content_change", args=[change.content_id])
        return link(page, f"{change.content.title} ({change.content_id})")

    @display(description="Changed")
    def show_changes(self, change: ContentChange) -> str:
        if change.version == 1:
            return "Added"
        return Truncator("; ".join(map(str, differences(change.before, change.after)))).chars(300)

    @display(description="Cause")
    def show_cause(self, change: ContentChange) -> str:
        return cause_words(change.cause)

    @display(description="By")
    def show_by(self, change: ContentChange) -> str:
        return str(change.by or "–")

    @display(
        description="On chain", label={words.label: CHAIN_LABELS[words] for words in CHAIN_LABELS}
    )
    def show_chain(self, change: ContentChange) -> str:
        if change.chain_state == ContentChange.ChainState.NONE:
            return ""
        return change.get_chain_state_display()
