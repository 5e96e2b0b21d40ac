"""The page of the user's API tokens."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from content.errors import Invalid, NotFound, TooManyTokens
from content.forms import TokenForm
from content.http import AuthenticatedHttpRequest
from content.models import ApiToken
from content.services.people.tokens import create_token, revoke_all_tokens, revoke_token
from content.views.paging import page_of


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("text")
def token_list(request: AuthenticatedHttpRequest) -> HttpResponse:
    """List the user's tokens; only the answer to a POST shows a token's text."""
    user = request.user
    token, text = None, ""
    form = TokenForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            token, text = create_token(user, **form.cleaned_data)
        except Invalid as error:
            form.add_error(None, error.errors)
        except TooManyTokens as error:
            form.add_error(None, error.message)
        else:
            form = TokenForm()
    tokens = ApiToken.objects.filter(user=user).order_by("-created", "pk")
    context = {
        "form": form,
        "token": token,
        "text": text,
        "page": page_of(tokens, request),
        "now": timezone.now(),
    }
    return render(request, "content/token_list.html", context, status=400 if form.errors else 200)


@login_required
@require_POST
def token_revoke(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Revoke the token whose first letters were posted, so that no URL contains them."""
    try:
        token = revoke_token(request.user, request.POST.get("token_key", ""))
    except NotFound:
        raise Http404 from None
    messages.success(request, f"Revoked “{token.name or 'Log-in over the API'}”.")
    return redirect("token-list")


@login_required
@require_POST
def token_revoke_all(request: AuthenticatedHttpRequest) -> HttpResponse:
    count = revoke_all_tokens(request.user)
    messages.success(request, f"Revoked {count:,} token{'' if count == 1 else 's'}.")
    return redirect("token-list")
