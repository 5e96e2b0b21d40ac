from typing import NoReturn

from django.contrib import admin
from django.http import Http404, HttpRequest
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from content.admin.search import search
from content.api.errors import UnknownPath


def unknown_page(request: HttpRequest, **_: str) -> NoReturn:
    raise Http404


urlpatterns = [
    path("", include("content.urls")),
    path("", include("batches.urls")),
    path("api/", include("content.api.urls")),
    path("api/", include("batches.api.urls")),
    re_path(r"^api(/|$)", UnknownPath.as_view()),
    # The only way to change one's password, which ends tokens and sessions.
    path("admin/password_change/", RedirectView.as_view(pattern_name="password-change")),
    # The admin's log-in page links to this name.
    path(
        "admin/password_reset/",
        RedirectView.as_view(pattern_name="password-link"),
        name="admin_password_reset",
    ),
    # Django's "view on site", which is unused.
    path("admin/r/<path:anything>", unknown_page),
    path("admin/search/", admin.site.admin_view(search)),  # before the admin's own
    path("admin/", admin.site.urls),
]

handler400 = "config.errors.bad_request"
handler500 = "config.errors.server_error"
