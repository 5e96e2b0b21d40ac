"""The permission table: one row per endpoint and method, one column per user.

`route` is written as in the URL configuration; an endpoint without a row fails the suite. The
columns, in the order of PEOPLE, are what is answered; `in` stands for the way to the log-in.
"""

from tests.permissions.api_rows import API
from tests.permissions.row import ANYBODY, DRAFT, ID, ITEM, STARTED, Row

#          anonymous carol alice bob clerk viewer staff root inactive
OWN = "    in        200   200   200 200   200    200   200  in"
SEEN = "   in        404   200   404 404   200    200   200  in"
GONE = "   in        404   302   404 404   403    302   302  in"
MAKES = "  in        403   302   403 403   403    302   302  in"
FORM = {"ids": "{item}", "step": "review"}
PLANS = "  in        404   200   404 404   403    200   200  in"
KEEPS = "  in        403   302   302 403   403    302   302  in"
LATER = {"batch_id": "{coming}"}
LATER_RUN = {"submission_id": "{coming_group}"}
ENDED = {"batch_id": "{done}"}
ENDED_RUN = {"submission_id": "{done_group}"}
OWN_TEMPLATE = {"template_id": "{template}"}
TYPED_TEMPLATE = {
    "step": "save",
    "kind": "update-price",
    "name": "Sale",
    "creator": "{address}",
    "new_price": "5",
    "selection": "filter",
    "repeat": "never",
    "time_zone": "UTC",
}

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
    Row("prices", "get", OWN),
    Row("prices", "post", MAKES, "content_id,new_price\n{item},5\n"),
    Row("prices/current", "get", OWN),
    Row("batches/<uuid:batch_id>", "get", SEEN, path=ID),
    Row("batches/<uuid:batch_id>/results", "get", SEEN, path=ID),
    Row("batches/<uuid:batch_id>/cancel", "post", GONE, path=ID),
    *(
        Row(f"{place}/{action}", "post", GONE, path=path)
        for place, paths in (
            ("batches/<uuid:batch_id>", (LATER, ENDED)),
            ("submissions/<uuid:submission_id>", (LATER_RUN, ENDED_RUN)),
        )
        for path, actions in zip(
            paths, (("start", "hold", "go-on", "when"), ("retry", "undo")), strict=True
        )
        for action in actions
    ),
    Row("batches/<uuid:batch_id>/when", "get", PLANS, path=LATER),
    Row("submissions/<uuid:submission_id>/when", "get", PLANS, path=LATER_RUN),
    Row(
        "content/<str:content_id>/put-back",
        "post",
        "in 404 403 404 404 403 403 403 in",
        {"version": "1"},
        path=ITEM,
        about="its addition",
    ),
    Row("coming", "get", OWN),
    Row("templates", "get", OWN),
    Row("templates/new", "get", "in 403 200 200 403 403 200 200 in"),
    Row("templates/new", "post", KEEPS, TYPED_TEMPLATE),
    Row("templates/<uuid:template_id>", "get", SEEN, path=OWN_TEMPLATE),
    Row("templates/<uuid:template_id>/edit", "get", PLANS, path=OWN_TEMPLATE),
    Row("templates/<uuid:template_id>/edit", "post", GONE, TYPED_TEMPLATE, path=OWN_TEMPLATE),
    *(
        Row(f"templates/<uuid:template_id>/{action}", "post", GONE, path=OWN_TEMPLATE)
        for action in ("pause", "resume", "run", "delete")
    ),
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
    "opened_version": "{version}",
}
#          anonymous carol alice bob clerk viewer staff root inactive
ACTS = "   in        in    in    in  404   403    302   302  in"
ASKS = "   in        in    in    in  404   403    200   200  in"
TEMPLATE = {"key": "{template}"}
NEW_TEMPLATE = {
    "name": "Sale",
    "creator": "{address}",
    "new_price": "5",
    "selection": "filter",
    "repeat": "never",
    "time_zone": "UTC",
}
ADMIN_TEMPLATES = [
    Row(
        "admin/batches/template/add/",
        "post",
        # Without `?kind=` it asks which operation is meant.
        "in in in in 403 403 200 200 in",
        NEW_TEMPLATE,
    ),
    Row(
        "admin/batches/template/<path:object_id>/change/",
        "get",
        "in in in in 403 200 200 200 in",
        path={"object_id": "{template}"},
    ),
    Row(
        "admin/batches/template/<path:object_id>/delete/",
        "post",
        "in in in in 403 403 302 302 in",
        {"post": "yes"},
        path={"object_id": "{template}"},
    ),
    *(
        Row(f"admin/batches/template/<uuid:key>/{page}/", "post", ACTS, path=TEMPLATE)
        for page in ("pause", "resume", "run")
    ),
    Row("admin/batches/template/<uuid:key>/edit/", "get", ASKS, path=TEMPLATE),
    Row("admin/batches/template/<uuid:key>/edit/", "post", ACTS, NEW_TEMPLATE, path=TEMPLATE),
]
ADMIN_ACTS = [
    *(
        Row(f"admin/batches/{kind}/<uuid:key>/{page}/", "post", ACTS, path={"key": f"{{{thing}}}"})
        for kind, thing in (("batchoperation", "batch"), ("submission", "started"))
        for page in ("begin", "hold", "resume", "retry", "undo")
    ),
    *(
        Row(
            f"admin/batches/{kind}/<uuid:key>/{page}/",
            method,
            ASKS if method == "get" else ACTS,
            {},
            path={"key": f"{{{thing}}}"},
        )
        for kind, thing, page in (
            ("batchoperation", "batch", "when"),
            ("submission", "started", "when"),
        )
        for method in ("get", "post")
    ),
]
ADMIN = [
    *ADMIN_TEMPLATES,
    *ADMIN_ACTS,
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
    Row("admin/content/content/prices/", "get", "in in in in 403 403 200 200 in"),
    Row("admin/content/content/prices/", "post", RUNS, "content_id,new_price\n{item},5\n"),
    *(
        Row(
            "admin/content/content/",
            "post",
            "in in in in 403 200 200 200 in",
            {"action": kind, "_selected_action": "{item}", "index": "0"},
            about=f"action {kind}",
        )
        for kind in ("download_prices", "download_prices_as_csv")
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
