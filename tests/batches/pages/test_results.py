"""Results on a batch's page: filters, file and unprocessed items."""

import re

import pytest

from batches.models import BatchOperation
from batches.services.engine.lifecycle import cancel
from batches.services.engine.run_batch import run_batch
from tests.answers import rows_of, text
from tests.batches.orders import price_batch, price_run
from tests.factories import WalletFactory, make_contents

FORMULA = "=1+1<script>alert(1)</script>"
PEOPLE = [
    ("alice", 200), ("viewer", 200), ("staff", 200), ("root", 200),
    ("bob", 404), ("carol", 404), ("clerk", 404),
]  # fmt: skip


@pytest.fixture
def batch(alice, wallet_of, work) -> BatchOperation:
    """Two saved, one removed, two unknown."""
    saved = make_contents(wallet_of(alice), 2, title=FORMULA)
    (removed,) = make_contents(wallet_of(alice), title="Gone", is_removed=True)
    batch = price_batch(alice, ["x", saved[0].pk, removed.pk, saved[1].pk, "y"])
    work()
    batch.refresh_from_db()
    return batch


def shown(answer):
    return [result.content_id for result, _ in answer.context["rows"]]


def test_tabs_count_outcomes_and_reasons(signed_in, alice, batch):
    words = text(signed_in(alice).get(f"/batches/{batch.pk}"))
    assert "All 5 Failed 3 Saved 2 " in words
    assert "Not found 2 Removed 1 " in words
    assert "Unchanged 0" not in words


@pytest.mark.parametrize(
    ("query", "positions", "current"),
    [
        ("", [0, 2, 4, 1, 3], ["All 5"]),
        ("outcome=failed", [0, 2, 4], ["Failed 3"]),
        ("outcome=succeeded", [1, 3], ["Saved 2"]),
        ("outcome=failed&code=removed", [2], ["Failed 3", "Removed 1"]),
        ("outcome=unchanged", [], ["Unchanged 0"]),
        ("outcome=burnt", [0, 2, 4, 1, 3], ["All 5"]),
        ("outcome=failed&code=%24ne", [0, 2, 4], ["Failed 3"]),
        ("outcome=not-attempted", [], ["Not attempted 0"]),
    ],
)
def test_tab_failures_first(signed_in, alice, batch, query, positions, current):
    answer = signed_in(alice).get(f"/batches/{batch.pk}?{query}")
    assert shown(answer) == [batch.content_ids[position] for position in positions]
    page = answer.content.decode()
    marked = re.findall(r'aria-current="true">([^<]+)<span[^>]*>(\d+)', page)
    assert [f"{label.strip()} {count}" for label, count in marked] == current
    assert ("No result matches." in page) is (positions == [])
    assert "<script>alert" not in page


def test_a_poll_keeps_the_choice(signed_in, alice, wallet_of):
    batch = price_batch(alice, [make_contents(wallet_of(alice))[0].pk])
    client, query = signed_in(alice), "outcome=failed&code=removed"
    page = client.get(f"/batches/{batch.pk}?{query}").content.decode()
    (poll,) = re.findall(r'hx-get="\?([^"]+)"', page)
    assert poll.startswith(query.replace("&", "&amp;") + "&amp;seen=")
    run_batch(batch.pk)
    answer = client.get(
        f"/batches/{batch.pk}?{poll.replace('&amp;', '&')}", headers={"HX-Request": "true"}
    )
    assert "<html" not in answer.content.decode()
    assert re.search(r'id="tab-failed"[^>]*aria-current="true"', answer.content.decode())


def test_unprocessed_items_listed(signed_in, alice, wallet_of):
    items = make_contents(wallet_of(alice), 2)
    batch = price_batch(alice, [items[0].pk, items[1].pk, "unknown"])
    client = signed_in(alice)
    assert "3 items are still to be processed." in text(client.get(f"/batches/{batch.pk}"))
    cancel(batch)
    answer = client.get(f"/batches/{batch.pk}")
    assert [key for key, _ in answer.context["left"]] == batch.content_ids
    assert "Not attempted 3" in text(answer)
    assert items[0].title in text(answer)


def test_page_offers_shown_results_as_file(signed_in, alice, batch):
    client = signed_in(alice)
    page = client.get(f"/batches/{batch.pk}").content.decode()
    assert f'href="/batches/{batch.pk}/results">Download results (CSV)' in page
    rows = rows_of(client.get(f"/batches/{batch.pk}/results"))
    assert [row["content_id"] for row in rows] == batch.content_ids
    assert rows[1]["title"] == f"'{FORMULA}"
    page = client.get(f"/batches/{batch.pk}?outcome=failed&code=removed").content.decode()
    assert f'/batches/{batch.pk}/results?outcome=failed&amp;code=removed">' in page
    answer = client.get(f"/batches/{batch.pk}/results?outcome=failed&code=removed")
    assert [row["code"] for row in rows_of(answer)] == ["removed"]
    assert answer["Content-Disposition"].startswith("attachment; filename=")


@pytest.mark.parametrize(("name", "status"), PEOPLE)
def test_batch_download_permission(signed_in, request, batch, name, status):
    answer = signed_in(request.getfixturevalue(name)).get(f"/batches/{batch.pk}/results")
    assert answer.status_code == status


def test_files_require_log_in_and_get(client, signed_in, alice, submission):
    for path in (f"/batches/{submission.batches.first().pk}/results",
                 f"/submissions/{submission.pk}/results"):  # fmt: skip
        client.logout()
        assert client.get(path)["Location"] == f"/login?next={path}"
        assert signed_in(alice).post(path).status_code == 405


@pytest.fixture
def submission(alice, wallet_of, settings, work):
    """Three batches of two and one items."""
    settings.BATCH_MAX_ITEMS = 2
    keys = [item.pk for item in make_contents(wallet_of(alice), 4)]
    submission = price_run(alice, [*keys, "unknown"], payload={"newPrice": 2_000_000})
    work()
    return submission


def test_a_submission_is_one_file(signed_in, alice, submission, wallet_of):
    client = signed_in(alice)
    page = client.get(f"/submissions/{submission.pk}").content.decode()
    assert f'href="/submissions/{submission.pk}/results"' in page
    answer = client.get(f"/submissions/{submission.pk}/results")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    rows = rows_of(answer)
    assert [row["content_id"] for row in rows] == submission.content_ids
    assert list(rows[0])[:4] == ["batch_id", "creator", "position", "content_id"]
    assert {row["creator"] for row in rows} == {wallet_of(alice).pk}
    assert len({row["batch_id"] for row in rows}) == 3
    assert [row["outcome"] for row in rows] == [
        "succeeded", "unchanged", "succeeded", "succeeded", "failed",
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "status"), PEOPLE)
def test_submission_download_permission(signed_in, request, submission, name, status):
    answer = signed_in(request.getfixturevalue(name)).get(f"/submissions/{submission.pk}/results")
    assert answer.status_code == status


def test_submission_shows_visible_batches_only(signed_in, alice, bob, submission):
    foreign = submission.batches.first()
    foreign.creator = WalletFactory(owner=bob)
    foreign.save()
    rows = rows_of(signed_in(alice).get(f"/submissions/{submission.pk}/results"))
    assert str(foreign.pk) not in {row["batch_id"] for row in rows}


def test_draft_has_no_file(signed_in, alice, wallet_of, prepared):
    client = signed_in(alice)
    draft = prepared(client, [make_contents(wallet_of(alice))[0].pk])
    assert client.get(f"/submissions/{draft.pk}/results").status_code == 404


def test_no_link_to_invisible_submission(signed_in, alice, staff, wallet_of, work):
    submission = price_run(staff, [make_contents(wallet_of(alice))[0].pk])
    path = f"/batches/{submission.batches.get().pk}"
    assert "All batches of this run" in text(signed_in(staff).get(path))
    assert "All batches of this run" not in text(signed_in(alice).get(path))
