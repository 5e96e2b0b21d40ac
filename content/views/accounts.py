"""Signing in, the profile, and passwords."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views
from django.contrib.auth.decorators import login_required
from django.contrib.messages.views import SuccessMessageMixin
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse, reverse_lazy
from django.views.decorators.http import require_http_methods
from django.views.generic import FormView, TemplateView

from content.errors import TooManyLinks
from content.forms import (
    PasswordChangeForm,
    PasswordLinkForm,
    ProfileForm,
    SetPasswordForm,
    SignInForm,
)
from content.http import AuthenticatedHttpRequest
from content.models import User, Wallet
from content.services.people.accounts import update_profile
from content.services.people.password_mail import MAILS_AN_HOUR, links, request_link

TOO_MANY = 429


class SignInView(views.LoginView):
    authentication_form = SignInForm
    template_name = "content/login.html"
    redirect_authenticated_user = True

    def get_success_url(self) -> str:
        url = super().get_success_url()
        # Avoids a redirect loop for signed-in users.
        is_login = urlsplit(url).path.rstrip("/") == reverse("login")
        return resolve_url(settings.LOGIN_REDIRECT_URL) if is_login else url

    def form_invalid(self, form: Form) -> HttpResponse:
        answer = super().form_invalid(form)  # type: ignore[arg-type]
        if form.has_error("__all__", "too-many-failures"):
            answer.status_code = TOO_MANY
        return answer


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Time zone and mails."""
    user = request.user
    wallets = list(Wallet.objects.owned_by(user))
    form = ProfileForm(user, wallets, data=request.POST if request.method == "POST" else None)
    if form.is_valid():
        update_profile(user, time_zone=form.cleaned_data["time_zone"], notify=form.notify)
        messages.success(request, "Your profile is saved.")
        return redirect("profile")
    return render(request, "content/profile.html", {"form": form})


class PasswordChangeView(SuccessMessageMixin, views.PasswordChangeView):  # type: ignore[type-arg]
    form_class = PasswordChangeForm
    template_name = "content/password_change.html"
    success_url = reverse_lazy("profile")
    success_message = (
        "Your password is changed. All your API tokens and your sessions elsewhere have ended."
    )

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "request": self.request}


class PasswordLinkView(FormView):  # type: ignore[type-arg]
    """Request a mail with a link; the answer does not depend on the address."""

    form_class = PasswordLinkForm
    template_name = "content/password_link.html"
    success_url = reverse_lazy("password-link-sent")

    def form_valid(self, form: PasswordLinkForm) -> HttpResponse:
        try:
            request_link(self.request, form.cleaned_data["address"])
        except TooManyLinks as error:
            form.add_error(None, error.message)
            answer = self.form_invalid(form)
            answer.status_code = TOO_MANY
            return answer
        return super().form_valid(form)


class PasswordLinkSentView(TemplateView):
    template_name = "content/password_link_sent.html"
    extra_context = {"mails_an_hour": MAILS_AN_HOUR}


class PasswordResetView(SuccessMessageMixin, views.PasswordResetConfirmView):  # type: ignore[type-arg]
    """The page behind the link of the mail."""

    form_class = SetPasswordForm
    template_name = "content/password_reset.html"
    token_generator = links
    success_url = reverse_lazy("login")
    success_message = (
        "Your new password is set. All your API tokens and sessions have ended: "
        "sign in with the new password."
    )

    def get_user(self, uidb64: str) -> User | None:
        user = super().get_user(uidb64)
        return user if user is not None and user.is_active else None
