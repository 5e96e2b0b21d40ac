"""No registered page of the admin may crash, for anybody who may sign in to it."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import reverse
from knox.models import get_token_model

from batches.models import Source
from batches.operations import OPERATIONS
from batches.services.runs.confirm import confirm
from batches.services.runs.draft import prepare
from batches.services.templates.runs import run_now
from content.models import ApiToken
from tests.batches.orders import make_template, price_batch
from tests.conftest import grant
from tests.factories import make_contents

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label_lower)
NAMES = [model._meta.label_lower for model in MODELS]
HOSTILE = "<script>alert(1)</script>{{7*7}}"
VALUES = ["1", "x{{7*7}}", "99999999999999999999", "-99999999999999999999", ""]


@pytest.fixture
def everything(alice, bob, staff, wallet_of, work, settings):
    """Rows in every table: a run of two batches, done, with failures, chain calls and mails."""
    items = make_contents(wallet_of(alice), 3, title=HOSTILE, onchain_id=lambda number: number)
    settings.SANDBOX_FAILURE = str(items[1].onchain_id)
    items += make_contents(wallet_of(bob), 2, is_removed=True)
    submission = prepare(
        by=staff,
        source=Source.ADMIN,
        operation=OPERATIONS["update-price"],
        payload={"newPrice": 2_000_000},
        content_ids=[item.pk for item in items] + ["unknown"],
    )
    confirm(submission.pk, by=staff)
    work()
    waiting = make_template(alice, name=HOSTILE)
    run_now(waiting, by=alice)
    link_to_newest(alice, items[0].pk)
    get_token_model().objects.create(user=alice)
    Group.objects.create(name="editors")


def link_to_newest(person, key):
    """One batch that waits for another."""
    parent = price_batch(person, [key], newPrice=3)
    price_batch(person, [key], newPrice=4, dependsOn=[str(parent.pk)])


def people(name, request):
    user = request.getfixturevalue("staff" if name == "all-view" else name)
    if name == "all-view":
        names = [f"view_{model._meta.model_name}" for model in MODELS]
        user = grant(user, *names, "change_user", "change_wallet", "add_user", "change_group")
    return user


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_no_page_crashes(request, signed_in, everything, model):
    for who in ("root", "staff", "viewer", "clerk", "all-view"):
        # What reads keys asks nobody's rights: one person tries all that are none.
        wrong_keys = ("nonsense", "_00", "1" * 40) if who == "root" else ("nonsense",)
        look_at(model, signed_in(people(who, request)), wrong_keys)


def look_at(model, client, wrong_keys):
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    page = reverse(f"{name}_changelist")
    get(client, page, 200, 403)
    get(client, f"{page}?q=HOSTILE{HOSTILE}", 200, 302, 403)
    get(client, f"{page}?q=%ED%A0%80&p=99&o=99.-1.x&all=", 200, 302, 403)
    get(client, reverse(f"{name}_add"), 200, 403)
    row = model.objects.order_by("pk").first()
    assert row is not None, "this test is to see a row of every table"
    # The key of a token is its digest, which nobody can know.
    own = row.token_key if model is ApiToken else row.pk
    for key in (own, *wrong_keys):
        get(client, reverse(f"{name}_change", args=[key]), 200, 302, 403)
        get(client, reverse(f"{name}_history", args=[key]), 200, 302, 403)
        get(client, reverse(f"{name}_delete", args=[key]), 200, 302, 403)


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_no_filter_and_no_column_crashes(root, signed_in, everything, model):
    client = signed_in(root)
    page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    changes = client.get(page).context["cl"]
    for spec in changes.filter_specs:
        for name in spec.expected_parameters():
            for value in VALUES:
                get(client, page, 200, 302, {name: value})
    for column in range(1, len(changes.list_display)):
        get(client, page, 200, {"o": str(column)})
        get(client, page, 200, {"o": f"-{column}"})


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


def test_the_front_page_and_the_sidebar_show_what_one_may_see(signed_in, root, clerk):
    assert "Contract calls" in signed_in(root).get(reverse("admin:index")).content.decode()
    assert "Contract calls" not in signed_in(clerk).get(reverse("admin:index")).content.decode()


def test_the_admin_is_for_staff(client, alice, signed_in):
    page = reverse("admin:content_content_changelist")
    assert client.get(page).status_code == 302
    assert signed_in(alice).get(page).status_code == 302


def test_the_policy_is_looser_in_the_admin_and_nothing_comes_from_elsewhere(client, db):
    policy = client.get(reverse("admin:login"))["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-eval'" in policy
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert "unsafe" not in client.get("/nowhere")["Content-Security-Policy"]


def test_a_nul_in_the_address_is_refused(signed_in, root):
    client = signed_in(root)
    page = reverse("admin:content_content_changelist")
    assert client.get(page, {"q": "\x00"}).status_code == 400
    assert client.get(page + "%00/change/").status_code == 400
