"""The pages of the catalogue."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from content import rules
from content.errors import NotAllowed, Removed, StaleVersion
from content.forms import ContentFilterForm
from content.http import AuthenticatedHttpRequest
from content.models import Content, ContentChange, User, Wallet
from content.services.catalogue.undo_change import may_undo_change, undo_change
from content.views.paging import page_of


@login_required
@require_safe
def content_list(request: AuthenticatedHttpRequest) -> HttpResponse:
    """List the user's content, to filter and select for a batch."""
    user = request.user
    creates = Wallet.objects.owned_by(user).creators().exists()
    form = ContentFilterForm(request.GET)
    own = Content.objects.owned_by(user) if creates else Content.objects.none()
    page = page_of(form.matching(own), request)
    context = {
        "form": form,
        "page": page,
        "most_items": settings.BATCH_MAX_ITEMS,
        "is_creator": creates,
        "has_any": bool(page.paginator.count) or own.exists(),
        "page_ids": " ".join(content.pk for content in page),
        "query": request.GET.urlencode(),
    }
    return render(request, "content/content_list.html", context)


@login_required
@require_safe
def content_detail(request: AuthenticatedHttpRequest, content_id: str) -> HttpResponse:
    """One item with its history, for its owner and staff who may view it."""
    user = request.user
    content = _visible(user, content_id)
    changes = ContentChange.objects.filter(content=content)
    page = page_of(changes.select_related("by", "contract_call").order_by("-version"), request)
    context = {
        "content": content,
        "is_owner": content.creator.owner_id == user.pk,
        "page": page,
        "removal": ContentChange.objects.removal_of(content),
    }
    return render(request, "content/content_detail.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: AuthenticatedHttpRequest, content_id: str) -> HttpResponse:
    """Undo the manual change that created the posted version."""
    user = request.user
    content = _visible(user, content_id)
    version = request.POST.get("version", "")
    if request.method == "POST" and version.isascii() and version.isdigit() and len(version) < 10:
        changes = ContentChange.objects.filter(content=content, version=int(version))
        change = changes.select_related("content").first()
        if change is None or not may_undo_change(user, content, change):
            raise PermissionDenied("You may not undo this change.")
        try:
            undo_change(change, by=user)
        except (StaleVersion, Removed) as error:
            messages.error(request, error.message)
        except NotAllowed as error:
            raise PermissionDenied(error.message) from error
        else:
            messages.success(request, "Undone: the previous values are restored.")
    return redirect("content-detail", content.pk)


def _visible(user: User, content_id: str) -> Content:
    try:
        known = Content.objects.filter(pk=rules.clean_content_id(content_id))
    except ValueError:
        raise Http404 from None
    content = known.select_related("creator").first()
    if content is None or not _may_see(user, content):
        raise Http404
    return content


def _may_see(user: User, content: Content) -> bool:
    if content.creator.owner_id == user.pk:
        return True
    return user.is_staff and user.has_perm("content.view_content")
