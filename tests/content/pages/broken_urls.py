"""The site with failing views."""

from django.db import OperationalError
from django.urls import path

from config.urls import handler500
from config.urls import urlpatterns as site

__all__ = ["handler500", "urlpatterns"]


def breaks(request):
    raise RuntimeError("secret of the house")


def finds_no_database(request):
    raise OperationalError("database is locked")


urlpatterns = [
    path("breaks", breaks),
    path("away", finds_no_database),
    path("api/away", finds_no_database),
    *site,
]
