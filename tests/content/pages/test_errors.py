"""Error pages with messages, in the design of the site."""

import pytest
from django.test import Client

from tests.factories import PASSWORD


@pytest.fixture
def broken(settings, db):
    settings.ROOT_URLCONF = "tests.content.pages.broken_urls"
    return Client(raise_request_exception=False)


def test_unknown_page_shows_404(signed_in, alice):
    answer = signed_in(alice).get("/nothing/here")
    assert answer.status_code == 404
    assert "Page not found" in answer.content.decode()


def test_server_error_reveals_nothing(broken):
    answer = broken.get("/breaks")
    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.content.decode()
    assert "secret" not in answer.content.decode()


def test_a_database_that_is_away_is_no_fault(broken):
    answer = broken.get("/away")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "The database does not answer" in answer.content.decode()


def test_programs_get_the_same_in_their_shape(broken):
    answer = broken.get("/api/away")
    assert answer.status_code == 503
    assert answer.json()["code"] == "unavailable"


def test_a_missing_token_is_explained(alice):
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/login", {"username": "alice", "password": PASSWORD})
    assert answer.status_code == 403
    assert "Please submit it again" in answer.content.decode()
    assert "_auth_user_id" not in client.session


def test_a_request_that_is_no_request(signed_in, settings, alice):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 3
    answer = signed_in(alice).post("/profile", {str(number): "" for number in range(9)})
    assert answer.status_code == 400
    assert "can’t be processed" in answer.content.decode()


def test_pages_are_found_with_and_without_a_slash(signed_in, alice):
    client = signed_in(alice)
    for path in ("/batches", "/batches/", "/profile", "/profile/"):
        assert client.get(path).status_code == 200, path
    assert client.get("/admin").status_code == 301  # the admin's own way
