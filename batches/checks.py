"""Django system checks: what an operation lacks."""

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import FieldDoesNotExist

from batches.api.bodies import payload_body
from batches.forms.operation import form_of
from batches.operations import OPERATIONS, Operation
from batches.rules import FieldErrors
from content.models import Content


@register("operations")
def check_operations(**_: Any) -> list[CheckMessage]:
    return [
        Error(f"{type(operation).__name__} {lack}", hint=hint, obj=None, id=f"batches.{number}")
        for kind, operation in OPERATIONS.items()
        for number, lack, hint in _lacks(kind, operation)
    ]


def _lacks(kind: str, operation: Operation) -> Iterator[tuple[str, str, str]]:
    if not operation.kind:
        yield "E001", "has no kind.", "Set `kind`, such as `update-price`."
        return
    if kind != operation.kind:
        yield "E001", f"is registered as {kind!r}.", f"Register it as {operation.kind!r}."
    paths = [other.api_path for other in OPERATIONS.values()]
    if paths.count(operation.api_path) > 1:
        yield "E002", f"shares its path {operation.api_path!r}.", "Give it another api_path."
    yield from _example(operation)
    wanted = set(operation.payload_fields)
    covered = {option.path.split(".")[0] for option in operation.options}
    if lost := sorted(wanted - covered):
        yield "E005", f"has no option for {', '.join(lost)}.", "Describe it in fields or options."
    try:
        requested = {path.split(".")[0] for path in form_of(operation).paths}
        if lost := sorted(wanted - requested):
            yield "E006", f"has a form without {', '.join(lost)}.", "Name it in the form's paths."
    except ImportError as error:
        yield "E006", f"has no form: {error}.", "Describe its fields, or correct `form`."
    try:
        if lost := sorted(wanted ^ set(payload_body(operation)().get_fields())):
            yield "E007", f"has a body that differs in {', '.join(lost)}.", "Correct `body`."
    except ImportError as error:
        yield "E007", f"has no body: {error}.", "Describe its fields, or correct `body`."


def _example(operation: Operation) -> Iterator[tuple[str, str, str]]:
    """Check the first example, which the demo, the OpenAPI description and the tests use."""
    example = next(iter(operation.examples.values()), None)
    if example is None:
        yield "E003", "has no example.", "Put a payload into `examples`."
        return
    try:
        if lost := sorted(set(example) - set(operation.payload_fields)):
            words = f"has an example with {', '.join(lost)}, which is not one of its fields."
            yield "E003", words, "Describe it in fields, or correct the example."
        payload = operation.clean_payload(example)
        for name in operation.changed_fields(payload):
            Content._meta.get_field(name)
    except FieldErrors as error:
        yield "E003", f"refuses its first example: {error}.", "Correct the example."
    except FieldDoesNotExist as error:
        yield "E004", f"changes what no item has: {error}.", "Correct `changed_fields`."
