"""Unfold's widgets for plain forms, and permission checks of the admin."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from unfold import widgets

from batches.operations import Operation
from batches.services.permissions import may_run_for_others
from content.http import user_of

FILE_CLASSES = (
    "bg-white border border-base-200 px-3 py-2 rounded-default w-full max-w-2xl "
    "dark:bg-base-900 dark:border-base-700"
)


class LocalTimeInput(widgets.UnfoldAdminTextInputWidget):
    input_type = "datetime-local"


class DayInput(widgets.UnfoldAdminTextInputWidget):
    input_type = "date"


class FileInput(forms.FileInput):
    """Unfold's own widget hides the browser's button behind one without keyboard access."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({**(attrs or {}), "class": FILE_CLASSES})


# By the name of the form's widget.
WIDGETS: dict[str, type[forms.Widget]] = {
    "TextInput": widgets.UnfoldAdminTextInputWidget,
    "Textarea": widgets.UnfoldAdminTextareaWidget,
    "NumberInput": widgets.UnfoldAdminIntegerFieldWidget,
    "RadioSelect": widgets.UnfoldAdminRadioSelectWidget,
    "Select": widgets.UnfoldAdminSelectWidget,
    "CheckboxInput": widgets.UnfoldBooleanSwitchWidget,
    "FileInput": FileInput,
    "LocalTimeInput": LocalTimeInput,
    "DateInput": DayInput,
}


def apply_unfold_widgets(*plain: forms.BaseForm) -> None:
    """Give the fields of plain forms Unfold's widgets."""
    for form in plain:
        for field in form.fields.values():
            _apply_widget(field)


def _apply_widget(field: Any) -> None:
    widget_type = WIDGETS.get(type(field.widget).__name__)
    if widget_type is None or isinstance(field.widget, widget_type):
        return
    widget = widget_type(attrs=field.widget.attrs)
    widget.is_required = field.widget.is_required
    if hasattr(field.widget, "choices"):
        widget.choices = field.widget.choices  # type: ignore[attr-defined]
    field.widget = widget


def require_right(request: HttpRequest, operation: Operation) -> None:
    if not may_run_for_others(user_of(request), operation):
        raise PermissionDenied
