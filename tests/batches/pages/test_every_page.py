"""Rules for every page: no writes by GET, constant queries, no external resources."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import make_contents

WRITES = re.compile(r"^\s*(INSERT|UPDATE|DELETE)|\.(insert|update|delete)", re.IGNORECASE)


@pytest.fixture
def site(signed_in, alice, wallet_of, prepared, work):
    """Return alice's pages after one batch with that many items, with one draft."""

    def site(count: int) -> dict[str, str]:
        contents = make_contents(wallet_of(alice), count, onchain_id=lambda number: number)
        keys = [" ".join(content.pk for content in contents)]
        client = signed_in(alice)
        done, draft = prepared(client, keys), prepared(client, keys)
        client.post(f"/submissions/{done.pk}/confirm")
        work()
        ahead = prepared(client, keys, scheduled_for="2030-01-01T09:00", until="2030-02-01T09:00")
        client.post(f"/submissions/{ahead.pk}/confirm")
        typed = {"selection": "filter", "repeat": "daily", "first_run": "2029-01-01T09:00"}
        typed |= {"step": "save", "kind": "update-price", "name": "A", "percent_change": "5"}
        template = client.post("/templates/new", {**typed, "time_zone": "UTC"})["Location"]
        return {
            "coming": "/coming",
            "when": f"/batches/{ahead.batches.get().pk}/when",
            "when of a run": f"/submissions/{ahead.pk}/when",
            "scheduled": f"/batches/{ahead.batches.get().pk}",
            "scheduled run": f"/submissions/{ahead.pk}",
            "templates": "/templates",
            "template": template,
            "edit": f"{template}/edit",
            "new template": "/templates/new",
            "form": "/templates/new?kind=update-metadata",
            "from batch": f"/templates/new?batch={done.batches.get().pk}",
            "home": "/",
            "list": "/content?state=all",
            "prices": "/prices",
            "item": f"/content/{contents[0].pk}",
            "profile": "/profile",
            "password": "/password",
            "tokens": "/tokens",
            "link": "/password/forgotten",
            "sent": "/password/forgotten/sent",
            "bad link": "/password/new/x/y",
            "batches": "/batches",
            "batch": f"/batches/{done.batches.get().pk}",
            "progress": f"/submissions/{done.pk}",
            "review": f"/submissions/{draft.pk}",
        }

    return site


def queries_of(client, path: str) -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(path).status_code == 200
    return [query["sql"] for query in captured.captured_queries]


def test_looking_at_a_page_writes_nothing(client, site):
    for name, path in site(3).items():
        writes = [query for query in queries_of(client, path) if WRITES.search(query)]
        assert not writes, name


def test_pages_query_count_constant(client, site):
    site(1)  # a possible dependency, which needs one more query
    few = {name: len(queries_of(client, path)) for name, path in site(2).items()}
    many = {name: len(queries_of(client, path)) for name, path in site(40).items()}
    assert few == many
    assert max(few.values()) <= 16


def test_no_external_or_inline_resources(client, site):
    for name, path in site(2).items():
        answer = client.get(path)
        page = answer.content.decode()
        assert not re.search(r'(src|href|action)="(https?:)?//', page), name
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*src=)", page), name
        assert "unsafe" not in answer["Content-Security-Policy"], name


def test_every_page_has_heading_title_skip_link(client, site):
    for name, path in site(2).items():
        page = client.get(path).content.decode()
        assert page.count("<h1") == 1, name
        assert re.search(r"<title>[^<]+ · Content Batches</title>", page), name
        assert 'href="#main"' in page, name
