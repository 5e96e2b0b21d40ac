"""No registered admin page crashes, for any user who may sign in."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import override_settings
from django.urls import reverse
from knox.models import get_token_model

from batches.models import Source
from batches.services.templates.runs import run_now
from content.models import ApiToken, Content, Wallet
from tests.batches.orders import after, make_template, price_batch, price_run
from tests.conftest import PEOPLE, grant, person, work_all
from tests.factories import make_contents
from tests.rollback import rolled_back, world_scope

pytestmark = pytest.mark.django_db
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label_lower)
NAMES = [model._meta.label_lower for model in MODELS]
HOSTILE = "<script>alert(1)</script>{{7*7}}"
VALUES = ["1", "x{{7*7}}", "99999999999999999999", "-99999999999999999999", ""]


@pytest.fixture(scope=world_scope)
def people(django_db_setup, django_db_blocker):
    """Who looks, at rows in every table: a run that is done, failures, chain calls and mails."""
    with django_db_blocker.unblock(), rolled_back():
        people = {name: make() for name, make in PEOPLE.items()}
        alice, bob = (Wallet.objects.get(owner=people[name]) for name in ("alice", "bob"))
        items = make_contents(alice, 3, title=HOSTILE, onchain_id=lambda number: number)
        items += make_contents(bob, 2, is_removed=True)
        keys = [*(item.pk for item in items), "unknown"]
        price_run(people["staff"], keys, source=Source.ADMIN, payload={"newPrice": 2_000_000})
        with override_settings(SANDBOX_FAILURE=str(items[1].onchain_id)):
            work_all()
        run_now(make_template(people["alice"], name=HOSTILE), by=people["alice"])
        after(people["alice"], [items[0].pk], price_batch(people["alice"], [items[0].pk]))
        get_token_model().objects.create(user=people["alice"])
        Group.objects.create(name="editors")
        views = [f"view_{model._meta.model_name}" for model in MODELS]
        rights = ("change_user", "change_wallet", "add_user", "change_group")
        people["all-view"] = grant(person("all-view", is_staff=True), *views, *rights)
        yield people


def pages_of(model, *keys):
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    row = model.objects.order_by("pk").first()
    assert row is not None, "this test is to see a row of every table"
    # The key of a token is its digest, which nobody can know.
    own = row.token_key if model is ApiToken else row.pk
    yield reverse(f"{name}_changelist")
    yield reverse(f"{name}_add")
    for key in (own, *keys):
        for page in ("change", "history", "delete"):
            yield reverse(f"{name}_{page}", args=[key])


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_no_page_crashes_for_root(people, signed_in, model):
    client = signed_in(people["root"])
    for page in pages_of(model, "nonsense", "_00", "1" * 40):
        get(client, page, 200, 302, 403)
    for query in (f"q=HOSTILE{HOSTILE}", "q=%ED%A0%80&p=99&o=99.-1.x&all="):
        get(client, f"{next(pages_of(model))}?{query}", 200, 302)


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_no_page_crashes_for_viewers(people, signed_in, model):
    for page in pages_of(model, "nonsense"):
        get(signed_in(people["all-view"]), page, 200, 302, 403)


@pytest.mark.parametrize("who", ["staff", "viewer"])
def test_content_pages_work_with_fewer_rights(people, signed_in, who):
    for page in pages_of(Content):
        get(signed_in(people[who]), page, 200, 302, 403)


def test_no_column_crashes(people, signed_in):
    client = signed_in(people["root"])
    for model in MODELS:
        page = next(pages_of(model))
        count = len(client.get(page).context["cl"].list_display)
        get(client, page, 200, {"o": ".".join(map(str, range(1, count)))})
        get(client, page, 200, {"o": ".".join(f"-{column}" for column in range(1, count))})


def test_no_filter_crashes(people, signed_in):
    """Each kind of filter and field once; the admin asks no more of a field than its type."""
    client, kinds = signed_in(people["root"]), set()
    for model in MODELS:
        page = next(pages_of(model))
        for spec in client.get(page).context["cl"].filter_specs:
            kind = (type(spec), type(getattr(spec, "field", None)))
            if kind not in kinds:
                kinds.add(kind)
                for name in spec.expected_parameters():
                    for value in VALUES:
                        get(client, page, 200, 302, {name: value})


def get(client, page, *expected):
    *statuses, data = (*expected, None) if isinstance(expected[-1], int) else expected
    answer = client.get(page, data)
    assert answer.status_code in statuses, (page, data, answer.status_code)
    if answer.status_code == 200:
        text = answer.content.decode()
        assert "<script>alert(1)" not in text
        for token in ApiToken.objects.all():
            assert token.digest not in text
    return answer


def test_front_page_lists_only_visible_models(signed_in, people):
    assert (
        "Contract calls" in signed_in(people["root"]).get(reverse("admin:index")).content.decode()
    )
    assert (
        "Contract calls"
        not in signed_in(people["clerk"]).get(reverse("admin:index")).content.decode()
    )


def test_admin_requires_staff(client, people, signed_in):
    page = reverse("admin:content_content_changelist")
    assert client.get(page).status_code == 302
    assert signed_in(people["alice"]).get(page).status_code == 302


def test_only_admin_policy_allows_eval(client):
    policy = client.get(reverse("admin:login"))["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-eval'" in policy
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert "unsafe" not in client.get("/nowhere")["Content-Security-Policy"]


def test_nul_in_address_is_refused(signed_in, people):
    client = signed_in(people["root"])
    page = reverse("admin:content_content_changelist")
    assert client.get(page, {"q": "\x00"}).status_code == 400
    assert client.get(page + "%00/change/").status_code == 400
