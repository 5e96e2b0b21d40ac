"""Passwords and API tokens in a real browser."""

import re

import pytest
from django.core import mail
from django.urls import reverse
from playwright.sync_api import Page, expect

from content.models import ApiToken, User
from content.services.people.password_mail import send_password_mails
from tests.browser.visits import DESKTOP, PHONE
from tests.factories import PASSWORD

NEW = "a brand new secret 7"


def tab_to(page: Page, locator) -> None:
    for _ in range(60):
        if locator.evaluate("element => element === document.activeElement"):
            outline = "element => { const style = getComputedStyle(element);"
            outline += " return style.outlineStyle + style.boxShadow; }"
            assert locator.evaluate(outline) != "nonenone", "the focus can't be seen"
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{locator} can't be reached by Tab")


def type_into(page: Page, label: str, text: str) -> None:
    tab_to(page, page.get_by_label(label, exact=True))
    page.keyboard.type(text)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("has_script", [True, False], ids=["script", "no-script"])
def test_password_changed_by_keyboard(visit, alice, size, has_script):
    page = visit(alice, size=size, java_script_enabled=has_script).open(reverse("profile"))
    tab_to(page, page.get_by_role("link", name="Change password"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Change password")).to_be_visible()
    type_into(page, "Old password", PASSWORD)
    type_into(page, "New password", NEW)
    type_into(page, "New password again", NEW)
    page.keyboard.press("Enter")

    expect(page.get_by_role("status")).to_contain_text("Your password is changed")
    assert User.objects.get(pk=alice.pk).check_password(NEW)


def test_token_created_and_revoked_by_keyboard(visit, alice):
    here = visit(alice)
    page = here.open(reverse("profile"))
    tab_to(page, page.get_by_role("link", name="API tokens"))
    page.keyboard.press("Enter")
    type_into(page, "Name", "laptop")
    tab_to(page, page.get_by_label("Expires after"))
    page.keyboard.press("ArrowDown")
    tab_to(page, page.get_by_role("button", name="Create token"))
    page.keyboard.press("Enter")

    # The focus stands on the text, ready to be copied.
    text = page.get_by_label("Copy it now")
    expect(text).to_be_focused()
    expect(text).to_have_value(re.compile(r"^\w{64}$"))
    here.assert_accessible()
    assert ApiToken.objects.get(user=alice).name == "laptop"

    tab_to(page, page.get_by_role("button", name="Revoke laptop"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Revoked “laptop”")
    assert not ApiToken.objects.exists()


def test_all_tokens_are_revoked_after_a_second_thought(visit, alice):
    for _ in range(2):
        ApiToken.objects.create(user=alice)
    here = visit(alice)
    page = here.open(reverse("token-list"))
    tab_to(page, page.get_by_text("Revoke all…"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("your 2 tokens stops working")).to_be_visible()
    here.assert_accessible()
    tab_to(page, page.get_by_role("button", name="Revoke all tokens"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Revoked 2 tokens")
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_forgotten_password_by_keyboard(visit, alice, live_server, size):
    here = visit(size=size)
    page = here.open(reverse("login"))
    tab_to(page, page.get_by_role("link", name="Forgot your password?"))
    page.keyboard.press("Enter")
    type_into(page, "E-mail address", alice.email)
    here.assert_accessible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Check your email")).to_be_visible()
    here.assert_fits()
    here.assert_accessible()

    send_password_mails()
    page = here.open(re.search(r"/password/new/\S+", mail.outbox[-1].body).group())
    here.assert_fits()
    here.assert_accessible()
    type_into(page, "New password", NEW)
    type_into(page, "New password again", NEW)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Your new password is set")
    assert User.objects.get(pk=alice.pk).check_password(NEW)
    here.open(reverse("password-reset-confirm", args=["x", "y"]))
    here.assert_fits()
    here.assert_accessible()
