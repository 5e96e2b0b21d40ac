"""Who may do what, in one list: a row an endpoint and method, a column a person.

`route` is written as in the URL configuration; an endpoint without a row fails the suite. The
columns, in the order of PEOPLE, are what is answered; `in` stands for the way to the log-in.
"""

from dataclasses import dataclass, field
from typing import Any

PEOPLE = ["anonymous", "carol", "alice", "bob", "clerk", "viewer", "staff", "root", "inactive"]


@dataclass(frozen=True)
class Row:
    """One request; `{batch}` and the like in path and data name what the world holds."""

    route: str
    method: str
    answers: str
    data: Any = None
    # Beside the path: what the parameters of the route are filled with.
    path: dict[str, str] = field(default_factory=dict)
    # What the row is about, where several have the same route and method.
    about: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, [self.method, self.route or "/", self.about]))


ID = {"batch_id": "{batch}"}
ITEM = {"content_id": "{item}"}
DRAFT = {"submission_id": "{draft}"}
STARTED = {"submission_id": "{started}"}
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
NEVER = "   401       405   405   405 405   405    405   405  401"
KNOWN = "   401       200   200   200 200   200    200   200  401"
ANYBODY = " 200       200   200   200 200   200    200   200  200"

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
    Row("api/batches", "get", READS, about="of alice", data={"creator": "{address}"}),
    Row("api/batches", "get", KNOWN, about="own"),
    Row("api/batches/creator/<str:address>", "get", READS, path={"address": "{address}"}),
    Row("api/batches/<str:batch_id>", "get", READS, path=ID),
    Row("api/batches/<str:batch_id>", "delete", NEVER, path=ID),
    Row("api/batches/<str:batch_id>", "patch", NEVER, {"status": "completed"}, path=ID),
    Row("api/batches/<str:batch_id>", "put", NEVER, {"status": "completed"}, path=ID),
    Row("api/batches/<str:batch_id>/results", "get", READS, path=ID),
    Row("api/batches/<str:batch_id>/cancel", "post", STOPS, path=ID),
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

#          anonymous carol alice bob clerk viewer staff root inactive
OWN = "    in        200   200   200 200   200    200   200  in"
SEEN = "   in        404   200   404 404   200    200   200  in"
GONE = "   in        404   302   404 404   403    302   302  in"
MAKES = "  in        403   302   403 403   403    302   302  in"
FORM = {"ids": "{item}", "step": "review"}

PAGES = [
    Row("", "get", OWN),
    Row("content", "get", OWN),
    Row("password", "get", OWN),
    Row("password", "post", OWN, {}, about="with nothing typed"),
    Row("password/forgotten", "get", ANYBODY),
    Row("password/forgotten/sent", "get", ANYBODY),
    Row(
        "password/new/<str:uidb64>/<str:token>",
        "get",
        ANYBODY,
        path={"uidb64": "x", "token": "x-x"},
        about="made-up link",
    ),
    Row("tokens", "get", OWN),
    Row(
        "tokens/revoke",
        "post",
        "in 404 302 404 404 404 404 404 in",
        {"token_key": "{token}"},
        about="alice's",
    ),
    Row("tokens/revoke-all", "post", "in 302 302 302 302 302 302 302 in"),
    Row("content/<str:content_id>", "get", SEEN, path=ITEM),
    Row("profile", "get", OWN),
    # The wallets of the others have fields of their own, which are missing here.
    Row(
        "profile",
        "post",
        "in 200 302 200 302 302 302 302 in",
        {"time_zone": "Asia/Tokyo", "notify-{address}": "never"},
    ),
    Row("login", "get", "200 302 302 302 302 302 302 302 200"),
    Row("logout", "post", "302 302 302 302 302 302 302 302 302"),
    Row("batches", "get", OWN),
    *(
        Row("batches/new/<str:kind>", "post", MAKES, {**FORM, **typed}, path={"kind": kind})
        for kind, typed in (
            ("update-price", {"new_price": "5"}),
            ("update-metadata", {"title": "New"}),
            ("remove-content", {}),
            ("restore-content", {}),
        )
    ),
    Row("batches/<uuid:batch_id>", "get", SEEN, path=ID),
    Row("batches/<uuid:batch_id>/results", "get", SEEN, path=ID),
    Row("batches/<uuid:batch_id>/cancel", "post", GONE, path=ID),
    Row("submissions/<uuid:submission_id>", "get", SEEN, path=DRAFT, about="review"),
    Row("submissions/<uuid:submission_id>", "get", SEEN, path=STARTED, about="progress"),
    # Only who prepared it can start it; for others it stays what it is.
    Row(
        "submissions/<uuid:submission_id>/confirm",
        "post",
        "in 404 302 404 404 302 302 302 in",
        path=DRAFT,
    ),
    Row(
        "submissions/<uuid:submission_id>/discard",
        "post",
        "in 404 302 404 404 302 302 302 in",
        path=DRAFT,
    ),
    Row("submissions/<uuid:submission_id>/cancel", "post", GONE, path=STARTED),
    Row("submissions/<uuid:submission_id>/results", "get", SEEN, path=STARTED),
]

#          anonymous carol alice bob clerk viewer staff root inactive
LOOKS = "  in        in    in    in  403   200    200   200  in"
RUNS = "   in        in    in    in  403   403    302   302  in"
ROOTS = "  in        in    in    in  403   403    403   200  in"
KEY = {"key": "{batch}"}
PREPARED = {"key": "{prepared}"}
RUNNING = {"key": "{started}"}
ADMIN_ITEM = {"object_id": "{item}"}
EDIT = {
    "title": "New",
    "description": "",
    "content_type": "video",
    "price_stx": "5",
    "creator": "{address}",
    "url": "",
    "token_gating": "{{}}",
    "refund_window_days": "0",
    "onchain_id": "",
    "opened_version": "1",
}
ADMIN = [
    Row("admin/", "get", "in in in in 200 200 200 200 in"),
    *(
        Row(
            "admin/content/content/run/<slug:kind>/",
            "post",
            RUNS,
            {"selection": "{item}", **typed},
            path={"kind": kind},
        )
        for kind, typed in (
            ("update-price", {"new_price": "5"}),
            ("update-metadata", {"title": "New"}),
            ("remove-content", {}),
            ("restore-content", {}),
        )
    ),
    *(
        Row(
            "admin/content/content/",
            "post",
            "in in in in 403 403 200 200 in",
            {"action": kind, "_selected_action": "{item}", "index": "0"},
            about=f"action {kind}",
        )
        for kind in ("update-price", "update-metadata", "remove-content", "restore-content")
    ),
    Row("admin/content/content/", "get", LOOKS),
    Row("admin/content/content/export/", "get", LOOKS),
    Row("admin/content/content/<path:object_id>/change/", "get", LOOKS, path=ADMIN_ITEM),
    Row("admin/content/content/<path:object_id>/change/", "post", RUNS, EDIT, path=ADMIN_ITEM),
    Row("admin/content/content/<path:object_id>/history/", "get", LOOKS, path=ADMIN_ITEM),
    Row(
        "admin/content/content/<path:object_id>/delete/",
        "post",
        "in in in in 403 403 403 403 in",
        {"post": "yes"},
        path=ADMIN_ITEM,
    ),
    Row(
        "admin/content/content/add/",
        "post",
        "in in in in 403 403 403 302 in",
        {**EDIT, "content_id": "new"},
    ),
    Row("admin/batches/batchoperation/", "get", LOOKS),
    Row(
        "admin/batches/batchoperation/<uuid:key>/progress/",
        "get",
        "in in in in 302 302 302 302 in",
        path=KEY,
    ),
    Row(
        "admin/batches/batchoperation/<uuid:key>/results/",
        "get",
        "in in in in 404 200 200 200 in",
        path=KEY,
    ),
    Row(
        "admin/batches/submission/<uuid:key>/results/",
        "get",
        "in in in in 404 200 200 200 in",
        path=RUNNING,
    ),
    Row(
        "admin/batches/batchoperation/<uuid:key>/cancel/",
        "post",
        "in in in in 404 403 302 302 in",
        path=KEY,
    ),
    Row(
        "admin/batches/batchoperation/<path:object_id>/delete/",
        "post",
        "in in in in 403 403 403 302 in",
        {"post": "yes"},
        path={"object_id": "{ended}"},
    ),
    Row(
        "admin/batches/submission/<uuid:key>/review/",
        "get",
        "in in in in 404 404 200 404 in",
        path=PREPARED,
    ),
    Row(
        "admin/batches/submission/<uuid:key>/review/",
        "post",
        "in in in in 404 404 302 404 in",
        path=PREPARED,
    ),
    Row(
        "admin/batches/submission/<uuid:key>/discard/",
        "post",
        "in in in in 404 404 302 404 in",
        path=PREPARED,
    ),
    Row(
        "admin/batches/submission/<uuid:key>/progress/",
        "get",
        "in in in in 404 200 200 200 in",
        path=RUNNING,
    ),
    Row(
        "admin/batches/submission/<uuid:key>/cancel/",
        "post",
        "in in in in 404 403 302 302 in",
        path=RUNNING,
    ),
]

DOORS = {"api": API, "page": PAGES, "admin": ADMIN}
