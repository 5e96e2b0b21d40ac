"""The form of a template: new, copied from a batch, or existing."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_http_methods

from batches.admin.widgets import apply_unfold_widgets, require_right
from batches.errors import (
    Invalid,
    NotAllowed,
    NotFound,
    NothingOwn,
    NothingToDo,
    TemplateChanged,
)
from batches.forms.operation import FORMS
from batches.forms.template import TemplateForm
from batches.models import BatchOperation, Template
from batches.operations import OPERATIONS, Operation
from batches.services.permissions import may_run_for_others
from batches.services.templates.spec import TemplateOrder, body_of_template, template_body
from batches.services.templates.store import create_template, edit_template
from content.http import AuthenticatedHttpRequest
from content.models import Wallet

# With more creators than this, the address is typed instead of chosen.
MAX_CREATORS = 300
CHANGE = "admin:batches_template_change"


class TemplateEdit:
    """Mixin for the admin of templates, which checks permissions in `own_template`."""

    admin_site: Any
    opts: Any
    own_template: Any
    has_add_permission: Any
    log_addition: Any
    log_change: Any

    def urls_of_edit(self) -> list[URLPattern]:
        view = require_http_methods(["GET", "HEAD", "POST"])(self.edit_view)
        return [
            path("<uuid:key>/edit/", self.admin_site.admin_view(view), name="batches_template_edit")
        ]

    def add_view(
        self, request: AuthenticatedHttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Choose the operation, then fill in its form; `?batch=` copies from that batch."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        body: dict[str, Any] = {}
        if batch := _batch_of(request):
            try:
                body = template_body(batch)
            except NothingToDo as error:
                messages.warning(request, error.message)
                return redirect("admin:batches_batchoperation_change", batch.pk)
        kind = body.get("operationType") or request.GET.get("kind", "")
        if kind not in FORMS:
            return self._choose(request)
        require_right(request, OPERATIONS[kind])
        return self._form(request, kind, body, None)

    def edit_view(self, request: AuthenticatedHttpRequest, key: UUID) -> HttpResponse:
        template = self.own_template(request, key)
        return self._form(request, template.kind, body_of_template(template), template)

    def _form(
        self,
        request: AuthenticatedHttpRequest,
        kind: str,
        body: dict[str, Any],
        template: Template | None,
    ) -> HttpResponse:
        operation = OPERATIONS[kind]
        data = request.POST if request.method == "POST" else None
        creators, names_creator = _creators(request, operation)
        form = TemplateForm(
            data,
            operation=operation,
            body=body,
            wallets=creators,
            names_creator=names_creator,
            template=template,
        )
        order = None
        if data is not None:
            order = form.order()
        if order is not None:
            saved = self._save(request, form, order, template)
            if saved is not None:
                return redirect(CHANGE, saved.pk)
        apply_unfold_widgets(form.plan, form.change, form.filter)
        return TemplateResponse(
            request,
            "batches/admin/template_form.html",
            {
                **self.admin_site.each_context(request),
                "title": template.name if template else f"New template: {operation.label}",
                "opts": self.opts,
                "original": template,
                "form": form,
                "operation": operation,
                "back_url": _back(template),
            },
        )

    def _save(
        self,
        request: AuthenticatedHttpRequest,
        form: TemplateForm,
        order: TemplateOrder,
        template: Template | None,
    ) -> Template | None:
        """Return the saved template; None if it was refused, with the reason in the form."""
        user = request.user
        try:
            if template is None:
                saved = create_template(order, by=user)
            else:
                saved = edit_template(template, order, by=user)
        except Invalid as error:
            form.refuse(error)
            return None
        except TemplateChanged as error:
            form.refuse(Invalid(error.message, errors={}))
            return None
        except NotFound as error:  # deleted in the meantime
            raise Http404 from error
        except NothingOwn as error:
            form.refuse(Invalid(errors={"contentIds": [error.message]}))
            return None
        except NotAllowed as error:
            form.refuse(Invalid(errors={"creator": [error.message]}))
            return None
        if template is None:
            self.log_addition(request, saved, "Added.")
        else:
            self.log_change(request, saved, "Edited.")
        messages.success(request, "Saved.")
        return saved

    def _choose(self, request: AuthenticatedHttpRequest) -> HttpResponse:
        user = request.user
        context = {
            **self.admin_site.each_context(request),
            "title": "New template",
            "opts": self.opts,
            "operations": [
                operation
                for kind, operation in OPERATIONS.items()
                if kind in FORMS and may_run_for_others(user, operation)
            ],
            "back_url": _back(None),
        }
        return TemplateResponse(request, "batches/admin/template_choose.html", context)


def _creators(request: AuthenticatedHttpRequest, operation: Operation) -> tuple[list[Wallet], bool]:
    """Return the wallets to choose from, and whether any address may be typed instead."""
    user = request.user
    wallets = Wallet.objects.creators().order_by("display_name", "address")
    if not may_run_for_others(user, operation):
        wallets = wallets.owned_by(user)
    found = list(wallets[: MAX_CREATORS + 1])
    # The form offers a choice only if there are several.
    return found, not 2 <= len(found) <= MAX_CREATORS


def _batch_of(request: AuthenticatedHttpRequest) -> BatchOperation | None:
    named = request.GET.get("batch")
    if not named:
        return None
    try:
        key = UUID(named)
    except ValueError:
        raise Http404 from None
    user = request.user
    batch = BatchOperation.objects.visible_to(user).filter(pk=key).first()
    if batch is None or batch.kind not in OPERATIONS:
        raise Http404
    return batch


def _back(template: Template | None) -> str:
    if template is None:
        return reverse("admin:batches_template_changelist")
    return reverse(CHANGE, args=[template.pk])
