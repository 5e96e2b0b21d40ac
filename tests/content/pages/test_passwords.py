"""Changing a password, and resetting it by a mailed link."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from django.utils import timezone
from time_machine import travel

from content.models import ApiToken, FailedLogin, PasswordMail, User
from content.services.people.accounts import change_password
from content.services.people.password_mail import MAILS_AN_HOUR, send_password_mails
from tests.conftest import person
from tests.factories import PASSWORD

NEW = "a brand new secret 7"
NEW_TWICE = {"new_password1": NEW, "new_password2": NEW}
CHANGE = {"old_password": PASSWORD, **NEW_TWICE}


class DownBackend(EmailBackend):
    def send_messages(self, messages):
        raise ConnectionRefusedError("Nobody listens.")


def password_of(user):
    return next(
        (text for text in (PASSWORD, NEW) if User.objects.get(pk=user.pk).check_password(text)),
        None,
    )


def ask(address, client=None):
    return (client or Client()).post("/password/forgotten", {"address": address})


def link_in(message):
    return re.search(r"http://localhost:8000(/password/new/\S+)", message.body).group(1)


def link_of(user):
    ask(user.email)
    send_password_mails()
    return link_in(mail.outbox[-1])


@pytest.fixture
def link(alice):
    return link_of(alice)


def test_a_changed_password_ends_tokens_and_other_sessions(signed_in, alice, bob, call):
    here, elsewhere, other = signed_in(alice), Client(), call(bob)
    elsewhere.force_login(alice)
    caller = call(alice)

    page = here.post("/password", CHANGE, follow=True).content.decode()

    assert "API tokens and your sessions elsewhere have ended" in page
    assert password_of(alice) == NEW
    assert here.get("/profile").status_code == 200
    assert elsewhere.get("/profile").status_code == 302
    assert caller.get("/api/me").status_code == 401
    assert other.get("/api/me").status_code == 200
    assert password_of(bob) == PASSWORD


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"old_password": "wrong"}, "This is not your password"),
        ({"old_password": ""}, "This field is required"),
        ({"new_password2": "other"}, "didn’t match"),
        ({"new_password1": "alice123", "new_password2": "alice123"}, "similar to the username"),
        ({"new_password1": "12345678", "new_password2": "12345678"}, "entirely numeric"),
    ],
)
def test_password_change_shows_field_errors(signed_in, alice, call, change, words):
    caller = call(alice)
    page = signed_in(alice).post("/password", {**CHANGE, **change}).content.decode()
    assert words in page
    assert 'aria-invalid="true"' in page
    assert password_of(alice) == PASSWORD
    assert caller.get("/api/me").status_code == 200


def test_the_old_password_can_not_be_guessed_at(signed_in, alice, settings):
    settings.LOGIN_FAILURES = 3
    client = signed_in(alice)
    for _ in range(3):
        client.post("/password", {**CHANGE, "old_password": "wrong"})
    page = client.post("/password", CHANGE).content.decode()
    assert "Try again in 15 minutes" in page
    assert password_of(alice) == PASSWORD


def test_admin_links_the_same_password_page(signed_in, staff):
    client = signed_in(staff)
    for method in (client.get, client.post):
        answer = method("/admin/password_change/")
        assert (answer.status_code, answer["Location"]) == (302, "/password")


def test_a_link_sets_a_new_password_once(alice, bob, call):
    elsewhere, caller, visitor = Client(), call(alice), Client()
    elsewhere.force_login(alice)
    link = link_of(alice)
    form = visitor.get(link, follow=True)
    assert form.redirect_chain[-1][0].endswith("/set-password"), "the token leaves the address"
    assert "alice" in form.content.decode()

    page = visitor.post(form.redirect_chain[-1][0], NEW_TWICE, follow=True).content.decode()

    assert "All your API tokens and sessions have ended" in page
    assert (password_of(alice), password_of(bob)) == (NEW, PASSWORD)
    assert elsewhere.get("/profile").status_code == 302
    assert caller.get("/api/me").status_code == 401
    again = Client().get(link, follow=True).content.decode()
    assert "This link is no longer valid" in again


@pytest.mark.parametrize(("minutes", "works"), [(58, True), (61, False)])
def test_a_link_is_good_for_an_hour(alice, link, minutes, works):
    with travel(timezone.now() + timedelta(minutes=minutes), tick=True):
        page = Client().get(link, follow=True).content.decode()
    assert ("Choose a new password" in page) == works


def test_link_invalid_for_deactivated_account(alice, link):
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert "no longer valid" in Client().get(link, follow=True).content.decode()


def test_link_survives_sign_in(alice, link):
    Client().post("/login", {"username": "alice", "password": PASSWORD})
    assert "no longer valid" not in Client().get(link, follow=True).content.decode()


def test_a_new_password_frees_the_mailbox(alice, signed_in, db):
    for _ in range(MAILS_AN_HOUR):
        ask(alice.email)
    assert PasswordMail.objects.get().asked == MAILS_AN_HOUR
    alice.set_password(PASSWORD)
    change_password(alice, "another good one 7")
    assert not PasswordMail.objects.exists()


@pytest.mark.parametrize("path", ["x/y", "MQ/set-password", "___/a-b", "%F0%9F%92%A9/1-2"])
def test_invalid_link(db, path):
    answer = Client().get(f"/password/new/{path}")
    assert "no longer valid" in answer.content.decode()


def test_link_enforces_password_rules(alice, link):
    visitor = Client()
    path = visitor.get(link)["Location"]
    page = visitor.post(path, {"new_password1": "alice", "new_password2": "alice"})
    assert "too short" in page.content.decode()
    assert password_of(alice) == PASSWORD


def test_known_and_unknown_addresses_get_the_same_answer(alice, carol):
    User.objects.filter(pk=carol.pk).update(is_active=False)
    answers = []
    for address in (alice.email, "nobody@example.org", carol.email):
        answer = ask(address)
        assert (answer.status_code, answer["Location"]) == (302, "/password/forgotten/sent")
        answers.append(Client().get(answer["Location"]).content)
    assert len(set(answers)) == 1
    assert mail.outbox == [], "the mail is none of the request's"
    send_password_mails()
    assert [message.to for message in mail.outbox] == [[alice.email]]


def test_the_mail_names_the_site_and_the_account(alice):
    ask(alice.email.upper())
    send_password_mails()
    (message,) = mail.outbox
    assert message.subject == "Your new password for Content Batches"
    html = message.alternatives[0].content
    for text in (message.body, html):
        assert "alice" in text
        assert "within an hour" in text
        assert link_in(message) in text
    assert message.extra_headers["Message-ID"].endswith("@localhost>")


def test_one_mail_lists_all_accounts(alice, bob):
    User.objects.filter(pk=bob.pk).update(email="Alice@Example.org")
    ask(alice.email)
    send_password_mails()
    (message,) = mail.outbox
    assert message.body.count("/password/new/") == 2
    assert "bob" in message.body


def test_link_ignores_request_host(alice):
    Client(headers={"Host": "127.0.0.1"}).post("/password/forgotten", {"address": alice.email})
    send_password_mails()
    assert "127.0.0.1" not in mail.outbox[0].body


def test_three_mails_per_hour_and_address(alice):
    for number in range(6):
        assert ask(alice.email, Client(REMOTE_ADDR=f"192.0.2.{number}")).status_code == 302
        send_password_mails()
    assert len(mail.outbox) == 3
    with travel(timezone.now() + timedelta(minutes=61), tick=True):
        ask(alice.email)
        send_password_mails()
    assert len(mail.outbox) == 4


def test_one_network_can_not_ask_for_ever(alice, settings):
    settings.LOGIN_FAILURES = 3
    for number in range(3):
        assert ask(f"person{number}@example.org").status_code == 302
    refused = ask(alice.email)
    assert refused.status_code == 429
    assert "Try again in 15 minutes" in refused.content.decode()
    assert ask(alice.email, Client(REMOTE_ADDR="192.0.2.9")).status_code == 302
    # Nor does it keep anybody from signing in.
    data = {"username": "alice", "password": PASSWORD}
    assert Client().post("/login", data).status_code == 302
    assert FailedLogin.objects.count() == 2


def test_password_mail_is_retried_silently(alice, settings):
    settings.EMAIL_BACKEND = "tests.content.pages.test_passwords.DownBackend"
    assert ask(alice.email).status_code == 302
    assert send_password_mails() == 1
    assert PasswordMail.objects.get().attempts == 1
    assert send_password_mails() == 0, "not before its pause is over"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    with travel(timezone.now() + timedelta(minutes=1), tick=True):
        assert send_password_mails() == 1
        assert send_password_mails() == 0
    assert len(mail.outbox) == 1


def test_unsendable_mail_expires_after_hour(alice, settings):
    settings.EMAIL_BACKEND = "tests.content.pages.test_passwords.DownBackend"
    ask(alice.email)
    for minutes in (0, 59, 62):
        with travel(timezone.now() + timedelta(minutes=minutes), tick=True):
            send_password_mails()
    assert not PasswordMail.objects.due().exists()


def test_link_requests_deleted_after_an_hour(db):
    ask("nobody@example.org")
    send_password_mails()
    with travel(timezone.now() + timedelta(minutes=61), tick=True):
        send_password_mails()
    assert not PasswordMail.objects.exists()


@pytest.mark.parametrize("address", ["", "nobody", "a@b", "a\nb@example.org", "x" * 250 + "@b.org"])
def test_invalid_address_refused(db, address):
    answer = ask(address)
    assert answer.status_code == 200
    assert 'aria-invalid="true"' in answer.content.decode()
    assert not PasswordMail.objects.exists()


def test_no_link_without_password(db):
    user = person("dora")
    user.set_unusable_password()
    user.save()
    ask(user.email)
    send_password_mails()
    assert mail.outbox == []


def test_the_ways_there(signed_in, alice):
    assert 'href="/password/forgotten"' in Client().get("/login").content.decode()
    assert "/admin/password_reset/" in Client().get("/admin/login/").content.decode()
    assert Client().get("/admin/password_reset/")["Location"] == "/password/forgotten"
    profile = signed_in(alice).get("/profile").content.decode()
    assert 'href="/password"' in profile
    assert 'href="/tokens"' in profile
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize("path", ["/password", "/tokens", "/profile"])
@pytest.mark.parametrize("who", ["anonymous", "inactive"])
def test_account_pages_require_sign_in(signed_in, alice, path, who):
    client = Client() if who == "anonymous" else signed_in(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    for answer in (client.get(path), client.post(path, CHANGE | {"name": "x"})):
        assert (answer.status_code, answer["Location"]) == (302, f"/login?next={path}")
    assert password_of(alice) == PASSWORD
    assert not ApiToken.objects.exists()
