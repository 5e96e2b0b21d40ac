"""The permission table of the API. See rows.py."""

from tests.permissions.row import ANYBODY, DRAFT, ID, ITEM, Row

COMING = {"batch_id": "{coming}"}
COMING_GROUP = {"submission_id": "{coming_group}"}
DONE_GROUP = {"submission_id": "{done_group}"}
TEMPLATE = {"template_id": "{template}"}
KEPT = {"name": "A", "operationType": "remove-content", "contentIds": ["{item}"]}
ORDER = {"creator": "{address}", "contentIds": ["{item}"]}
BARE = {"contentIds": ["{item}"]}
PRICE = {"newPrice": 5}
TITLE = {"updates": {"title": "New"}}

#           anonymous carol alice bob clerk viewer staff root inactive
CREATES = " 401       403   201   403 403   403    201   201  401"
UNNAMED = " 401       403   201   403 403   403    400   400  401"
PREVIEW = " 401       403   200   403 403   403    200   200  401"
READS = "   401       404   200   404 404   200    200   200  401"
STOPS = "   401       404   200   404 404   403    200   200  401"
STARTS = "  401       404   201   404 404   403    201   201  401"
NEVER = "   401       405   405   405 405   405    405   405  401"
KNOWN = "   401       200   200   200 200   200    200   200  401"

API = [
    Row("api/me", "get", KNOWN),
    Row("api/contents", "get", KNOWN),
    Row("api/contents", "post", "401 403 201 201 403 403 403 403 401", {"title": "A", "price": 1}),
    Row(
        "api/contents",
        "post",
        "401 403 201 403 403 403 403 403 401",
        {"title": "A", "price": 1, "creator": "{address}"},
        about="for alice",
    ),
    Row("api/contents/<str:content_id>", "get", KNOWN, path=ITEM),
    Row(
        "api/contents/<str:content_id>",
        "patch",
        "401 403 200 403 403 403 200 200 401",
        {"title": "New"},
        path=ITEM,
    ),
    Row("api/contents/<str:content_id>", "delete", NEVER, path=ITEM),
    Row("api/contents/<str:content_id>/history", "get", READS, path=ITEM),
    *(
        Row(f"api/batches/{path}", "post", answers, {**who, **payload}, about=about)
        for path, payload in (
            ("batch-update-price", PRICE),
            ("batch-update-metadata", TITLE),
            ("batch-remove", {}),
            ("batch-restore", {}),
        )
        for who, answers, about in (
            (ORDER, CREATES, "creator named"),
            (BARE, UNNAMED, "creator not named"),
            (
                {"creator": "{address}", "filter": {}},
                CREATES,
                "by filter",
            ),
        )
        if not (path == "batch-restore" and about == "by filter")
    ),
    Row(
        "api/batches/preview", "post", PREVIEW, {**ORDER, **PRICE, "operationType": "update-price"}
    ),
    Row("api/prices", "post", CREATES, "content_id,new_price\n{item},5\n"),
    Row(
        "api/prices",
        "post",
        PREVIEW,
        "content_id,new_price\n{item},5\n",
        query="preview=true",
        about="preview",
    ),
    Row("api/prices", "get", READS, {"creator": "{address}"}, about="of alice"),
    Row("api/prices", "get", KNOWN, about="own"),
    Row("api/batches", "get", READS, about="of alice", data={"creator": "{address}"}),
    Row("api/batches", "get", KNOWN, about="own"),
    Row("api/batches/creator/<str:address>", "get", READS, path={"address": "{address}"}),
    Row("api/batches/<str:batch_id>", "get", READS, path=ID),
    Row("api/batches/<str:batch_id>", "delete", NEVER, path=ID),
    Row("api/batches/<str:batch_id>", "patch", NEVER, {"status": "completed"}, path=ID),
    Row("api/batches/<str:batch_id>", "put", NEVER, {"status": "completed"}, path=ID),
    Row("api/batches/<str:batch_id>/results", "get", READS, path=ID),
    Row("api/batches/<str:batch_id>/cancel", "post", STOPS, path=ID),
    *(
        Row(f"api/batches/<str:batch_id>/{path}", "get", STOPS, path={"batch_id": "{done}"})
        for path in ("retry-failed", "undo")
    ),
    *(
        Row(f"api/batches/<str:batch_id>/{path}", "post", STARTS, path={"batch_id": "{done}"})
        for path in ("retry-failed", "undo")
    ),
    *(
        Row(f"api/batches/<str:batch_id>/{path}", "post", STOPS, data, path=COMING)
        for path, data in (
            ("schedule", {"scheduledFor": None}),
            ("dependencies", {"dependsOn": ["{batch}"]}),
            ("pause", None),
            ("resume", None),
        )
    ),
    Row("api/submissions/<str:submission_id>", "get", READS, path=COMING_GROUP),
    Row(
        "api/submissions/<str:submission_id>",
        "get",
        "401 404 404 404 404 404 404 404 401",
        path=DRAFT,
        about="not started",
    ),
    Row(
        "api/submissions/<str:submission_id>/results",
        "get",
        READS,
        {"format": "csv"},
        path=DONE_GROUP,
    ),
    Row("api/submissions/<str:submission_id>/cancel", "post", STOPS, path=COMING_GROUP),
    Row(
        "api/submissions/<str:submission_id>/schedule",
        "post",
        STOPS,
        {"scheduledFor": None},
        path=COMING_GROUP,
    ),
    Row("api/submissions/<str:submission_id>/pause", "post", STOPS, path=COMING_GROUP),
    Row("api/submissions/<str:submission_id>/resume", "post", STOPS, path=COMING_GROUP),
    *(
        Row(f"api/submissions/<str:submission_id>/{path}", "post", STARTS, path=DONE_GROUP)
        for path in ("retry-failed", "undo")
    ),
    Row("api/templates", "get", KNOWN, about="own"),
    Row("api/templates", "get", READS, {"creator": "{address}"}, about="of alice"),
    Row("api/templates", "post", CREATES, {**KEPT, "creator": "{address}"}, about="creator named"),
    Row("api/templates", "post", UNNAMED, KEPT, about="creator not named"),
    Row("api/templates/<str:template_id>", "get", READS, path=TEMPLATE),
    Row("api/templates/<str:template_id>", "patch", STOPS, {"name": "New"}, path=TEMPLATE),
    Row(
        "api/templates/<str:template_id>",
        "delete",
        "401 404 204 404 404 403 204 204 401",
        path=TEMPLATE,
    ),
    Row("api/templates/<str:template_id>/run", "post", STARTS, path=TEMPLATE),
    Row("api/templates/<str:template_id>/preview", "get", READS, path=TEMPLATE),
    Row("api/templates/<str:template_id>/pause", "post", STOPS, path=TEMPLATE),
    Row("api/templates/<str:template_id>/resume", "post", STOPS, path=TEMPLATE),
    Row("api/templates/<str:template_id>/runs", "get", READS, path=TEMPLATE),
    Row("api/auth/logout", "post", "401 204 204 204 204 204 204 204 401"),
    Row("api/auth/logoutall", "post", "401 204 204 204 204 204 204 204 401"),
    Row(
        "api/auth/login",
        "post",
        ANYBODY,
        {"username": "carol", "password": "correct horse battery"},
    ),
    Row("api/schema", "get", ANYBODY),
    Row("api/docs", "get", ANYBODY),
    Row("^api(/|$)", "get", "404 404 404 404 404 404 404 404 404", about="no such path"),
]
