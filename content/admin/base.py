"""Base classes of the admin pages."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import BadRequest, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from config.database import is_unreachable

INVALID_FILTER = "This filter or page does not exist; this is the whole list."
UNKNOWN_ROWS = (
    "The selected rows are not in this list. Nothing was done; choose from the rows below."
)


class StrictChangeList(ChangeList):
    """A change list that treats database errors of its query string as an invalid address."""

    def get_results(self, request: HttpRequest) -> None:
        try:
            super().get_results(request)
        except Exception as error:
            # Lookups raise any exception; without lookups the error is ours.
            if is_unreachable(error) or not request.GET:
                raise
            raise IncorrectLookupParameters from error


class StrictAdmin(ModelAdmin):
    """Refuses malformed requests with a message, where Django's own pages would fail."""

    # Shown in an empty list to people who can't add a row.
    empty_hint = "You need the permission to add the first one. Ask a superuser for it."

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        # A regular expression can keep a database busy for hours.
        return not lookup.endswith("regex") and super().lookup_allowed(lookup, value, request)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return StrictChangeList

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        try:
            return super().get_changelist_instance(request)
        except IncorrectLookupParameters:
            messages.warning(request, INVALID_FILTER)
            raise

    def response_action(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        chosen = request.POST.getlist(helpers.ACTION_CHECKBOX_NAME)
        if not all(map(self.may_be_key, chosen)):
            messages.warning(request, UNKNOWN_ROWS)
            return HttpResponseRedirect(request.get_full_path())
        return super().response_action(request, queryset)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            answer = super().changeform_view(request, *args, **kwargs)
            # Render now, so that errors of invalid values are raised here.
            return answer.render() if hasattr(answer, "render") else answer
        except (ValidationError, OverflowError) as error:
            raise BadRequest("A field has an invalid value.") from error

    def may_be_key(self, text: str) -> bool:
        """Return True if a row of this list could have this key."""
        try:
            self.opts.pk.clean(text, None)
        except (ValidationError, ValueError, OverflowError):
            return False
        return True


class ReadOnlyAdmin(StrictAdmin):
    """Rows that the application writes: read-only for everyone."""

    show_full_result_count = False
    list_filter_submit = True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        # Django's history records manual edits, which do not exist here.
        context = {"show_history": False, **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)

    def get_queryset(self, request: HttpRequest) -> Any:
        # One more query for each relation, instead of a join, which is slow in MongoDB.
        return super().get_queryset(request).prefetch_related(*self.prefetch)

    # The foreign keys to prefetch for the list.
    prefetch: tuple[str, ...] = ()


def link(url: str, words: str) -> SafeString:
    return format_html(
        '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>', url, words
    )


def replace(model: type[Any], model_admin: type[ModelAdmin]) -> None:
    """Replace the admin that another app registered for the model."""
    if admin.site.is_registered(model):
        admin.site.unregister(model)
    admin.site.register(model, model_admin)
