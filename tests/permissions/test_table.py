"""Every cell of the table, at the API, the pages and the admin."""

import re

import pytest
from django.contrib import admin
from django.urls import get_resolver

from tests.permissions.row import PEOPLE
from tests.permissions.rows import DOORS


def is_refused(expected):
    return expected == "in" or int(expected) >= 400


def cells(row, *, refused):
    """Who is answered what, of those who are refused or of those who aren't."""
    all_cells = zip(PEOPLE, row.answers.split(), strict=True)
    return [(who, expected) for who, expected in all_cells if is_refused(expected) == refused]


ROWS = [pytest.param(door, row, id=f"{door} {row}") for door, rows in DOORS.items() for row in rows]
REFUSES = [case for case in ROWS if cells(case.values[1], refused=True)]
LOOKS = [
    case for case in ROWS if case.values[1].method == "get" and cells(case.values[1], refused=False)
]
CHANGES = [
    pytest.param(door, row, who, expected, id=f"{door} {row} {who}")
    for door, rows in DOORS.items()
    for row in rows
    if row.method != "get"
    for who, expected in cells(row, refused=False)
]
# Django's own pages of each model, which `test_admin_pages` visits as everybody.
STANDARD = re.compile(
    r"admin/(\w+/\w+/(|add/|<path:object_id>/((history|delete|change)/)?)$"
    r"|login/|logout/|search/|autocomplete/|jsi18n/|password_change/|password_reset/|r/<|content/user/<id>/password/"
    r"|\(|\^)"
)


def filled(value, things):
    if isinstance(value, dict):
        return {name.format_map(things): filled(part, things) for name, part in value.items()}
    if isinstance(value, list):
        return [filled(part, things) for part in value]
    return value.format_map(things) if isinstance(value, str) else value


def path_of(row, things):
    if row.route.startswith("^"):
        return "/api/nowhere"
    names = filled(row.path, things)
    path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: names[found.group(1)], row.route)
    return f"/{path}?{row.query}" if row.query else f"/{path}"


@pytest.mark.parametrize(("door", "row"), REFUSES)
def test_who_is_refused_changes_nothing(ask, things, snapshot, everybody, door, row):
    things.make_all()
    path, data = path_of(row, things), filled(row.data, things)
    before = snapshot()
    for who, expected in cells(row, refused=True):
        answer = ask(door, row.method, path, data, who)
        if expected == "in":
            assert answer.status_code == 302, who
            assert "/login" in answer["Location"], who
        else:
            assert answer.status_code == int(expected), (who, answer.content[:500])
    assert snapshot() == before


@pytest.mark.parametrize(("door", "row"), LOOKS)
def test_who_may_look_is_let_through_and_changes_nothing(
    ask, things, snapshot, everybody, door, row
):
    things.make_all()
    path, data = path_of(row, things), filled(row.data, things)
    before = snapshot()
    for who, expected in cells(row, refused=False):
        is_let_through(ask(door, row.method, path, data, who), expected, who)
    assert snapshot() == before


@pytest.mark.parametrize(("door", "row", "who", "expected"), CHANGES)
def test_who_may_change_is_let_through(ask, things, request, door, row, who, expected):
    if row.route == "api/auth/login":
        request.getfixturevalue("carol")
    path, data = path_of(row, things), filled(row.data, things)
    is_let_through(ask(door, row.method, path, data, who), expected, who)


def is_let_through(answer, expected, who):
    assert answer.status_code == int(expected), (who, answer.content[:500])
    assert "/login?" not in answer.headers.get("Location", ""), who


def test_only_who_prepared_it_starts_it(ask, things, snapshot, staff, root):
    page, before = f"/submissions/{things['draft']}/confirm", snapshot()
    for who in ("staff", "root"):
        ask("page", "post", page, None, who)
    assert snapshot() == before


def test_every_endpoint_has_a_row():
    named = {row.route for rows in DOORS.values() for row in rows}
    missing = [route for route in routes(get_resolver()) if route not in named]
    assert [route for route in missing if not STANDARD.match(route)] == []


def test_every_method_of_the_api_has_a_row(client):
    """What the OpenAPI description knows, the table does too."""
    from drf_spectacular.generators import SchemaGenerator

    named = {(re.sub(r"<(?:\w+:)?\w+>", "{}", row.route), row.method) for row in DOORS["api"]}
    schema = SchemaGenerator().get_schema(request=None, public=True)
    for path, methods in schema["paths"].items():
        for method in methods:
            assert (re.sub(r"{\w+}", "{}", path.strip("/")), method) in named


@pytest.mark.parametrize("who", ["anonymous", "carol", "alice", "inactive", "clerk"])
def test_the_pages_of_models_are_for_staff_who_may_look(ask, everybody, who):
    for model in admin.site._registry:
        place = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        for page in ("", "add/", "1/change/", "1/delete/", "1/history/"):
            for method in ("get", "post"):
                answer = ask("admin", method, place + page, {"post": "yes"}, who)
                if who == "clerk":  # told apart from an item that isn't there
                    is_out = answer.status_code == 403 or answer["Location"] == "/admin/"
                else:
                    is_out = "/admin/login/" in answer["Location"]
                assert is_out, place + page


def routes(resolver, prefix=""):
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from routes(pattern, route)
        else:
            yield route
