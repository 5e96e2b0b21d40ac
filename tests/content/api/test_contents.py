"""The catalogue over HTTP."""

import pytest

from content.models import Content, ContentChange
from content.services.catalogue.changes import change_content
from tests.factories import make_contents


@pytest.fixture
def item(alice, wallet_of):
    return make_contents(wallet_of(alice))[0]


def test_the_list_and_its_filters(call, carol, alice, bob, wallet_of):
    hers = make_contents(wallet_of(alice), 3, content_type="course")
    (his,) = make_contents(wallet_of(bob), title="Needle (in a haystack)")
    change_content(hers[0].pk, {"is_removed": True}, version=1, by=alice, cause="admin")
    caller = call(carol)

    def ids(**query):
        answer = caller.get("/api/contents", **query)
        assert answer.status_code == 200, answer.content
        assert answer.json()["total"] == len(answer.json()["contents"])
        return {row["contentId"] for row in answer.json()["contents"]}

    assert ids() == {hers[1].pk, hers[2].pk, his.pk}
    assert ids(isRemoved="true") == {hers[0].pk}
    assert ids(creator=wallet_of(bob).pk) == {his.pk}
    assert ids(contentType="course", priceMin=2_000_001) == {hers[2].pk}
    assert ids(search="needle (") == {his.pk}
    assert ids(search=".*") == set()


def test_content_url_hidden_without_access(call, alice, carol, viewer, item):
    urls = {
        who.username: call(who).get(f"/api/contents/{item.pk}").json()["url"]
        for who in (alice, carol, viewer)
    }
    assert urls == {"alice": item.url, "carol": None, "viewer": item.url}


def test_a_new_item(call, alice, wallet_of):
    answer = call(alice).post("/api/contents", {"title": "<b>7</b>", "price": 5, "onchainId": 9})
    assert answer.status_code == 201
    made = Content.objects.get()
    assert answer["Location"] == f"/api/contents/{made.pk}"
    assert (made.title, made.creator, made.version) == ("<b>7</b>", wallet_of(alice), 1)
    assert ContentChange.objects.get().cause == "api"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"price": 5}, "title"),
        ({"title": "A"}, "price"),
        ({"title": "A\r\nB", "price": 5}, "title"),
        ({"title": "A\0", "price": 5}, "title"),
        ({"title": "\u202eA", "price": 5}, "title"),
        ({"title": "x" * 256, "price": 5}, "title"),
        ({"title": 5, "price": 5}, "title"),
        ({"title": "A", "price": 5, "description": "x" * 10_001}, "description"),
        ({"title": "A", "price": "5"}, "price"),
        ({"title": "A", "price": 5, "contentType": "scroll"}, "contentType"),
        ({"title": "A", "price": 5, "url": "javascript:alert(1)"}, "url"),
        ({"title": "A", "price": 5, "refundable": 1}, "refundable"),
        ({"title": "A", "price": 5, "refundWindowDays": 366}, "refundWindowDays"),
        ({"title": "A", "price": 5, "tokenGating": {"enabled": 1}}, "tokenGating"),
        ({"title": "A", "price": 5, "onchainId": 2**63}, "onchainId"),
        ({"title": "A", "price": 5, "contentId": "a b"}, "contentId"),
        ({"title": "A", "price": 5, "isRemoved": True}, "isRemoved"),
        ({"title": "A", "price": 5, "version": 7}, "version"),
    ],
)
def test_a_new_item_that_is_refused(call, alice, body, path):
    answer = call(alice).post("/api/contents", body)
    assert answer.status_code == 400, answer.content
    assert path in answer.json()["errors"]
    assert not Content.objects.exists()


def test_taken_id_or_chain_id_refused(call, alice, item):
    caller = call(alice)
    first = caller.post("/api/contents", {"title": "A", "price": 1, "contentId": item.pk})
    assert first.status_code == 409
    assert (
        caller.post("/api/contents", {"title": "A", "price": 1, "onchainId": 5}).status_code == 201
    )
    assert (
        caller.post("/api/contents", {"title": "B", "price": 1, "onchainId": 5}).status_code == 409
    )
    assert Content.objects.count() == 2


def test_an_edit_with_if_match(call, alice, item):
    caller, path = call(alice), f"/api/contents/{item.pk}"
    assert caller.get(path)["ETag"] == '"1"'
    fresh = caller.patch(path, {"title": "New"}, **{"If-Match": '"1"'})
    assert (fresh.status_code, fresh["ETag"]) == (200, '"2"')
    stale = caller.patch(path, {"title": "Newer"}, **{"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "conflict")
    assert Content.objects.get(pk=item.pk).title == "New"


@pytest.mark.parametrize(
    ("who", "status"),
    [("bob", 403), ("carol", 403), ("clerk", 403), ("viewer", 403), ("staff", 200), ("root", 200)],
)
def test_permissions_to_edit(call, request, item, who, status):
    caller = call(request.getfixturevalue(who))
    assert caller.patch(f"/api/contents/{item.pk}", {"price": 5}).status_code == status
    assert Content.objects.get(pk=item.pk).version == (2 if status == 200 else 1)


def test_fields_that_can_t_be_set_are_named(call, alice, item):
    answer = call(alice).patch(f"/api/contents/{item.pk}", {"creator": "x", "_id": "y"})
    assert answer.status_code == 400
    assert answer.json()["invalidFields"] == ["creator", "_id"]
    assert "title" in answer.json()["allowedFields"]
    assert Content.objects.get(pk=item.pk).version == 1


def test_the_history_of_an_item(call, alice, item):
    caller = call(alice)
    caller.patch(f"/api/contents/{item.pk}", {"price": 5})
    shown = caller.get(f"/api/contents/{item.pk}/history").json()["history"]
    assert [(row["version"], row["cause"], row["by"]) for row in shown] == [
        (2, "api", "alice"),
        (1, "import", None),
    ]
    assert shown[0]["before"] == {"price": 1_000_000}
    assert shown[0]["after"] == {"price": 5}
    assert shown[1]["after"]["contentType"] == "video"


@pytest.mark.parametrize("path", ["/api/contents/nope", "/api/nope", "/api/", "/api"])
def test_unknown_items(call, alice, path):
    answer = call(alice).get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


@pytest.mark.parametrize("key", ["%00", "a%00b", "a b", "x" * 65])
def test_invalid_id_not_found(call, alice, item, key):
    caller, path = call(alice), f"/api/contents/{key}"
    answers = [
        caller.get(path),
        caller.get(f"{path}/history"),
        caller.patch(path, {"title": "Mine"}),
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert ContentChange.objects.count() == 1


class Busybody:
    """Asked whether somebody has a right, it first has another one write to the item."""

    def has_perm(self, user, permission, obj=None):
        item = Content.objects.get()
        if item.version == 1:
            change = {"token_gating": {"enabled": False, "tokenContract": "SP1.club"}, "price": 7}
            change_content(item.pk, change, version=1, by=user, cause="admin")
        return True


def test_concurrent_write_kept_without_if_match(call, clerk, alice, item, settings):
    caller = call(clerk)
    settings.AUTHENTICATION_BACKENDS = [f"{__name__}.Busybody"]
    answer = caller.patch(f"/api/contents/{item.pk}", {"title": "New", "tokenGating": True})
    assert answer.status_code == 200, answer.content
    item.refresh_from_db()
    assert (item.title, item.price, item.version) == ("New", 7, 3)
    assert item.token_gating == {"enabled": True, "tokenContract": "SP1.club"}


def test_if_match_refuses_concurrent_write(call, clerk, item, settings):
    caller = call(clerk)
    settings.AUTHENTICATION_BACKENDS = [f"{__name__}.Busybody"]
    path = f"/api/contents/{item.pk}"
    answer = caller.patch(path, {"title": "New"}, **{"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["code"]) == (412, "conflict")
    item.refresh_from_db()
    assert (item.price, item.version) == (7, 2)
    assert item.title != "New"


@pytest.mark.parametrize(
    "gate",
    [{}, {"enabled": False, "tokenType": "sip-009"}, {"enabled": True, "minBalance": 5}],
)
def test_token_gating_round_trip(call, alice, wallet_of, gate):
    (item,) = make_contents(wallet_of(alice), token_gating=gate)
    caller, path = call(alice), f"/api/contents/{item.pk}"
    read = caller.get(path).json()["tokenGating"]
    answer = caller.patch(path, {"title": "New", "tokenGating": read})
    assert (answer.status_code, answer.json()["tokenGating"]) == (200, read), answer.content
    item.refresh_from_db()
    assert (item.title, item.token_gating, item.version) == ("New", gate, 2)
    assert set(ContentChange.objects.get(version=2).after) == {"title"}
