"""Templates: save a change, preview it, see its schedule, run it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from batches.errors import (
    ApplicationError,
    Invalid,
    NotAllowed,
    NotFound,
    NothingOwn,
    NothingToDo,
    TemplateChanged,
)
from batches.forms.template import TemplateForm, first_run_of
from batches.models import BatchOperation, Submission, Template, sees_all
from batches.operations import OPERATIONS, Operation
from batches.services.orders.preview import Preview
from batches.services.permissions import may_control, may_run_for_others
from batches.services.templates import runs
from batches.services.templates.slots import upcoming
from batches.services.templates.spec import body_of_template, template_body
from batches.services.templates.store import (
    create_template,
    delete_template,
    edit_template,
    need_of_run,
    pause_template,
    preview_template,
    resume_template,
)
from batches.views.actions import return_url
from batches.views.prepare import selected_ids
from batches.views.runs import runs_of
from content.http import AuthenticatedHttpRequest
from content.models import User, Wallet

ROWS_A_PAGE = 50
RUNS_A_PAGE = 25
SAVE = "save"


@login_required
@require_safe
def template_list(request: AuthenticatedHttpRequest) -> HttpResponse:
    """List all templates that the user may see, by name."""
    user = request.user
    visible = Template.objects.visible_to(user).select_related("creator")
    page = Paginator(visible, ROWS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "sees_all": sees_all(user),
        "may_create": _may_create(user),
        "kinds": OPERATIONS.values(),
    }
    return render(request, "batches/template_list.html", context)


@login_required
@require_safe
def template_detail(request: AuthenticatedHttpRequest, template_id: UUID) -> HttpResponse:
    """Show its next runs, a preview of the next one, and the run history."""
    template, user = _visible(request, template_id), request.user
    preview, problem = _dry_run(template)
    runs = template.runs.select_related("submission")
    page = Paginator(runs, RUNS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "template": template,
        "operation": OPERATIONS[template.kind],
        "slots": upcoming(template),
        "preview": preview,
        "problem": problem,
        "need": need_of_run(template, preview) if preview else None,
        "page": page,
        "runs": runs_of(list(page), user),
        "may_act": may_control(user, template),
    }
    return render(request, "batches/template_detail.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def template_new(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Create a template: empty, from the input of a form, or from a batch."""
    user = request.user
    if not _may_create(user):
        raise PermissionDenied("Only creators can save templates.")
    is_saved = request.POST.get("step") == SAVE
    try:
        body = {} if is_saved else _initial_body(request, user)
    except NothingToDo as error:
        messages.error(request, error.message)
        return redirect("template-list")
    kind = body.get("operationType") or request.POST.get("kind") or request.GET.get("kind", "")
    operation = OPERATIONS.get(str(kind))
    if operation is None:
        return render(request, "batches/template_kinds.html", {"kinds": OPERATIONS.values()})
    form = TemplateForm(
        request.POST if is_saved else None,
        operation=operation,
        body=body,
        typed=None if is_saved else request.POST.dict(),
        **_creators(user, operation),
    )
    order = form.order() if is_saved else None
    if order is not None:
        try:
            template = create_template(order, by=user)
        except Invalid as error:
            form.refuse(error)
        except NothingOwn as error:
            form.refuse(Invalid(errors={"contentIds": [error.message]}))
        except NotAllowed as error:
            raise PermissionDenied(error.message) from error
        else:
            messages.success(request, "Saved. This page shows what it would do.")
            return redirect("template-detail", template.pk)
    return _form(request, form)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def template_edit(request: AuthenticatedHttpRequest, template_id: UUID) -> HttpResponse:
    """Edit it; from then on it runs with the permissions of the editor."""
    template, user = _visible(request, template_id), request.user
    if not may_control(user, template):
        raise PermissionDenied("You may not change this template.")
    operation = OPERATIONS[template.kind]
    form = TemplateForm(
        request.POST if request.method == "POST" else None,
        operation=operation,
        body=body_of_template(template),
        template=template,
        **_creators(user, operation),
    )
    order = form.order() if request.method == "POST" else None
    if order is not None:
        try:
            edit_template(template, order, by=user)
        except Invalid as error:
            form.refuse(error)
        except TemplateChanged as error:
            form.refuse(Invalid(error.message, errors={}))
        except NotFound as error:  # deleted in the meantime
            raise Http404 from error
        except NothingOwn as error:
            form.refuse(Invalid(errors={"contentIds": [error.message]}))
        except NotAllowed as error:
            raise PermissionDenied(error.message) from error
        else:
            messages.success(request, "Saved.")
            return redirect("template-detail", template.pk)
    return _form(request, form, template=template)


Action = Callable[[AuthenticatedHttpRequest, Template], HttpResponse | None]


def template_action(action: Action) -> Callable[..., HttpResponse]:
    """Return the view of an action on one template by POST; GET redirects to its page."""

    @login_required
    @require_http_methods(["GET", "HEAD", "POST"])
    def view(request: AuthenticatedHttpRequest, template_id: UUID) -> HttpResponse:
        template = _visible(request, template_id)
        url = reverse("template-detail", args=[template.pk])
        if request.method != "POST":
            return redirect(url)
        if not may_control(request.user, template):
            raise PermissionDenied("You may not change this template.")
        try:
            answer = action(request, template)
        except NotFound as error:  # deleted in the meantime
            raise Http404 from error
        except TemplateChanged as error:
            answer = None
            messages.error(request, error.message)
        return answer or redirect(return_url(request) or url)

    return view


def pause(request: AuthenticatedHttpRequest, template: Template) -> None:
    pause_template(template)
    messages.success(request, f"“{template.name}” is paused: it does not run until you resume it.")


def resume(request: AuthenticatedHttpRequest, template: Template) -> None:
    resume_template(template)
    messages.success(request, "Resumed. It continues with its next run.")


def run(request: AuthenticatedHttpRequest, template: Template) -> HttpResponse | None:
    """Start an extra run."""
    try:
        started = runs.run_now(template, by=request.user)
    except ApplicationError as error:
        messages.error(request, f"Not started: {error.summary}")
    else:
        return redirect("submission-detail", started.submission_id)
    return None


def delete(request: AuthenticatedHttpRequest, template: Template) -> HttpResponse:
    delete_template(template)
    messages.success(request, f"“{template.name}” is deleted. The batches that it started stay.")
    return redirect("template-list")


# By the last part of the path.
ACTIONS: dict[str, Action] = {"pause": pause, "resume": resume, "run": run, "delete": delete}


def _initial_body(request: AuthenticatedHttpRequest, user: User) -> dict[str, Any]:
    """Return the initial values of a new template. Raises NothingToDo and Http404."""
    for name, rows in (
        ("batch", BatchOperation.objects.visible_to(user)),
        ("submission", Submission.objects.visible_to(user)),
    ):
        if name in request.GET:
            try:
                found = rows.filter(pk=UUID(request.GET[name])).first()
            except ValueError:
                raise Http404 from None
            if found is None:
                raise Http404
            return template_body(found)
    ids = selected_ids(request) if request.method == "POST" else []
    first = first_run_of(request.POST.get("scheduled_for", ""))
    return {name: value for name, value in (("contentIds", ids), ("firstRun", first)) if value}


def _dry_run(template: Template) -> tuple[Preview | None, str]:
    try:
        return preview_template(template), ""
    except (Invalid, NotAllowed) as error:
        return None, error.summary


def _form(
    request: AuthenticatedHttpRequest, form: TemplateForm, *, template: Template | None = None
) -> HttpResponse:
    context = {"form": form, "operation": form.operation, "template": template}
    status = 400 if form.has_errors else 200
    return render(request, "batches/template_form.html", context, status=status)


def _creators(user: User, operation: Operation) -> dict[str, Any]:
    """Return the wallets to choose from: the user's own, or any by address."""
    return {
        "wallets": list(Wallet.objects.owned_by(user).creators()),
        "names_creator": may_run_for_others(user, operation),
    }


def _may_create(user: User) -> bool:
    if Wallet.objects.owned_by(user).creators().exists():
        return True
    return any(may_run_for_others(user, operation) for operation in OPERATIONS.values())


def _visible(request: AuthenticatedHttpRequest, template_id: UUID) -> Template:
    visible = Template.objects.visible_to(request.user).filter(pk=template_id)
    template = visible.select_related("creator", "by").first()
    if template is None or template.kind not in OPERATIONS:
        raise Http404
    return template
