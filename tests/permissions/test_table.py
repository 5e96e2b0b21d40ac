"""Every cell of the permission table, for API, pages and admin."""

import re

import pytest
from django.contrib import admin
from django.urls import get_resolver

from tests.permissions.conftest import snapshot
from tests.permissions.row import PEOPLE
from tests.permissions.rows import DOORS

pytestmark = pytest.mark.django_db
ROWS = [pytest.param(door, row, id=f"{door} {row}") for door, rows in DOORS.items() for row in rows]
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


@pytest.mark.parametrize(("door", "row"), ROWS)
def test_every_person_gets_their_answer(world, door, row):
    before, changes = snapshot(), []
    for who, expected in zip(PEOPLE, row.answers.split(), strict=True):
        if row.method != "get" and expected != "in" and int(expected) < 400:
            changes.append((who, expected))
        else:
            ask(world, door, row, who, expected)
    assert snapshot() == before
    for who, expected in changes:
        with world.restored():
            ask(world, door, row, who, expected)


def ask(world, door, row, who, expected):
    path, data = path_of(row, world.things), filled(row.data, world.things)
    answer = world.ask(door, row.method, path, data, who)
    location = answer.headers.get("Location", "")
    if expected == "in":
        assert answer.status_code == 302, who
        assert "/login" in location, who
    else:
        assert answer.status_code == int(expected), (who, answer.content[:500])
        assert "/login?" not in location, who


def test_only_the_author_starts_a_draft(world):
    page, before = f"/submissions/{world.things['draft']}/confirm", snapshot()
    for who in ("staff", "root"):
        world.ask("page", "post", page, None, who)
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
def test_model_pages_need_view_permission(world, who):
    for model in admin.site._registry:
        place = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        for page in ("", "add/", "1/change/", "1/delete/", "1/history/"):
            for method in ("get", "post") if who == "clerk" else ("get",):
                answer = world.ask("admin", method, place + page, {"post": "yes"}, who)
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
