from django.contrib.auth.views import LogoutView
from django.urls import path

from content.views import accounts, catalogue, tokens

urlpatterns = [
    path("content", catalogue.content_list, name="content-list"),
    path("content/<str:content_id>", catalogue.content_detail, name="content-detail"),
    path(
        "content/<str:content_id>/put-back", catalogue.content_undo_change, name="content-put-back"
    ),
    path("profile", accounts.profile, name="profile"),
    path("login", accounts.SignInView.as_view(), name="login"),
    path("logout", LogoutView.as_view(), name="logout"),
    path("password", accounts.PasswordChangeView.as_view(), name="password-change"),
    path("password/forgotten", accounts.PasswordLinkView.as_view(), name="password-link"),
    path(
        "password/forgotten/sent",
        accounts.PasswordLinkSentView.as_view(),
        name="password-link-sent",
    ),
    path(
        "password/new/<str:uidb64>/<str:token>",
        accounts.PasswordResetView.as_view(),
        name="password-reset-confirm",
    ),
    path("tokens", tokens.token_list, name="token-list"),
    path("tokens/revoke", tokens.token_revoke, name="token-revoke"),
    path("tokens/revoke-all", tokens.token_revoke_all, name="token-revoke-all"),
]
