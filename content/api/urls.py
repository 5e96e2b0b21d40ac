from django.urls import path

from content.api.accounts import LoginView, LogoutAllView, LogoutView
from content.api.contents import ContentListView, ContentView, HistoryView
from content.api.docs import DocsView, SchemaView

urlpatterns = [
    path("auth/login", LoginView.as_view()),
    path("auth/logout", LogoutView.as_view()),
    path("auth/logoutall", LogoutAllView.as_view()),
    path("contents", ContentListView.as_view()),
    path("contents/<str:content_id>", ContentView.as_view()),
    path("contents/<str:content_id>/history", HistoryView.as_view()),
    path("schema", SchemaView.as_view(), name="schema"),
    path("docs", DocsView.as_view(), name="api-docs"),
]
