"""An operation is one class and one line in the registry: all doors follow, and checks say what
it lacks."""

import importlib

import pytest
from django.urls import clear_url_caches, reverse

from batches.checks import check_operations
from batches.operations import OPERATIONS, Operation
from batches.operations.base import Alter, Unchanged
from batches.operations.fields import Field, FieldType
from batches.services.permissions import create_run_permissions
from tests.batches.operations import test_every_operation as every
from tests.batches.operations.cases import CASES, case_of
from tests.conftest import grant
from tests.factories import make_contents


class OfferRefund(Operation):
    kind = "offer-refund"
    fields = (
        Field("refundWindowDays", FieldType.INTEGER, is_required=True, minimum=1, maximum=365),
        Field("isForever", FieldType.BOOLEAN, help="Without an end."),
        Field("audience", choices=("all", "holders"), label="For whom"),
        Field("noteToBuyers", maximum=20),
    )
    examples = {"A month": {"refundWindowDays": 30, "audience": "all", "isForever": True}}

    def evaluate(self, content, payload, at):
        after = {"refund_window_days": payload["refundWindowDays"]}
        if content.refund_window_days == after["refund_window_days"]:
            return Unchanged()
        return Alter(after)

    def changed_fields(self, payload):
        return ("refund_window_days",)

    def success_words(self, after):
        return f"Refunds within {after['refund_window_days']} days"

    def unchanged_words(self):
        return "The window was this already"


KIND, PATH = "offer-refund", "/api/batches/batch-offer-refund"


def reload_urls():
    """Registered in a test it comes later than the line in `batches.operations` does."""
    for name in ("batches.api.urls", "config.urls"):
        importlib.reload(importlib.import_module(name))
    clear_url_caches()


@pytest.fixture
def doors(monkeypatch, alice, staff, wallet_of, call, signed_in):
    monkeypatch.setitem(OPERATIONS, KIND, OfferRefund())
    monkeypatch.setitem(CASES, KIND, case_of(OPERATIONS[KIND]))
    create_run_permissions()  # as the next `migrate` does
    reload_urls()
    yield every.Doors(alice, grant(staff, "run_offer_refund"), wallet_of(alice), call, signed_in)
    monkeypatch.undo()
    reload_urls()


@pytest.mark.parametrize("door", every.DOORS)
def test_every_door_runs_it(doors, door, bob, wallet_of, work):
    every.test_only_requested_fields_change(doors, door, KIND, bob, wallet_of, work)


def test_preview_matches_run(doors, call, alice, work):
    every.test_preview_matches_run(doors, call, alice, KIND, work)


def test_new_form_redisplays_typed_values(doors, signed_in):
    every.test_form_redisplays_typed_values(signed_in, doors, KIND)


def test_the_form_shows_its_fields_and_refusals(doors, signed_in, alice):
    (item,) = make_contents(doors.wallet)
    form = f"/batches/new/{KIND}"
    page = signed_in(alice).post(form, {"ids": item.pk}).content.decode()
    for label in ("Refund window days", "Is forever", "For whom", "Note to buyers"):
        assert f">{label}</label>" in page
    typed = {"step": "review", "ids": item.pk, "note_to_buyers": "x" * 21}
    refused = signed_in(alice).post(form, typed).context["form"].errors
    assert set(refused) == {"note_to_buyers"}
    refused = signed_in(alice).post(form, {"step": "review", "ids": item.pk}).context["form"].errors
    assert refused == {"refund_window_days": ["This field is required."]}


def test_the_admin_offers_it(doors, signed_in):
    (item,) = make_contents(doors.wallet)
    page = signed_in(doors.staff).post(
        reverse("admin:content_content_changelist"), {"action": KIND, "_selected_action": item.pk}
    )
    assert next(iter(page.context["form"].fields)) == "refund_window_days"


def test_the_description_has_its_body(doors, client):
    schema = client.get("/api/schema", headers={"Accept": "application/json"}).json()
    reference = schema["paths"][PATH]["post"]["requestBody"]["content"]["application/json"]
    assert reference["schema"]["$ref"].endswith("/OfferRefundBodyRequest")
    body = schema["components"]["schemas"]["OfferRefundBodyRequest"]
    assert body["required"] == ["refundWindowDays"]
    days = body["properties"]["refundWindowDays"]
    assert (days["type"], days["minimum"], days["maximum"]) == ("integer", 1, 365)
    assert body["properties"]["noteToBuyers"]["maxLength"] == 20
    preview = schema["components"]["schemas"]["PreviewBodyRequest"]
    assert {"refundWindowDays", "isForever", "newPrice", "updates"} <= set(preview["properties"])
    assert "refundWindowDays" not in preview["required"]


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({}, "refundWindowDays"),
        ({"refundWindowDays": None}, "refundWindowDays"),
        ({"refundWindowDays": 366}, "refundWindowDays"),
        ({"refundWindowDays": 1, "isForever": "yes"}, "isForever"),
        ({"refundWindowDays": 1, "audience": "nobody"}, "audience"),
        ({"refundWindowDays": 1, "noteToBuyers": None}, "noteToBuyers"),
    ],
)
def test_api_applies_field_limits(doors, payload, field):
    body = {"contentIds": ["7"], **payload}
    answer = doors.call(doors.alice).post(PATH, body)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])


def test_nothing_is_lacking(doors):
    assert check_operations() == []


@pytest.mark.parametrize(
    ("lacking", "number"),
    [
        ({"kind": "other"}, "E001"),
        ({"api_path": "batch-remove"}, "E002"),
        ({"examples": {}}, "E003"),
        ({"examples": {"Wrong": {"refundWindowDays": 0}}}, "E003"),
        ({"changed_fields": lambda self, payload: ("colour",)}, "E004"),
        ({"options": ()}, "E005"),
        ({"form": "batches.forms.operation.RefundForm"}, "E006"),
        ({"form": "batches.forms.operation.PriceForm"}, "E006"),
        ({"body": "batches.api.bodies.PriceFields"}, "E007"),
    ],
)
def test_check_names_missing_parts(monkeypatch, lacking, number):
    broken = type("OfferRefund", (OfferRefund,), lacking)
    monkeypatch.setitem(OPERATIONS, KIND, broken())
    found = [error for error in check_operations() if error.msg.startswith("OfferRefund")]
    assert [error.id for error in found] == [f"batches.{number}"], found
