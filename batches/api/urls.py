from django.urls import path

from batches.api import runs, templates
from batches.api.batches import BatchListView, BatchView, CreatorListView, ResultsView
from batches.api.create import PreviewView, create_view
from batches.api.me import MeView
from batches.api.prices import PricesView
from batches.api.submissions import SubmissionResultsView, SubmissionView
from batches.models import Follows
from batches.operations import OPERATIONS

urlpatterns = [
    path("me", MeView.as_view()),
    path("prices", PricesView.as_view()),
    path("batches", BatchListView.as_view()),
    path("batches/preview", PreviewView.as_view()),
    path("batches/creator/<str:address>", CreatorListView.as_view()),
    *(
        path(f"batches/{operation.api_path}", create_view(operation))
        for operation in OPERATIONS.values()
    ),
    path("batches/<str:batch_id>", BatchView.as_view()),
    path("batches/<str:batch_id>/results", ResultsView.as_view()),
    path("batches/<str:batch_id>/retry-failed", runs.RetryView.as_view()),
    path("batches/<str:batch_id>/undo", runs.UndoView.as_view()),
    path("batches/<str:batch_id>/dependencies", runs.DependenciesView.as_view()),
    path("submissions/<str:submission_id>", SubmissionView.as_view()),
    path("submissions/<str:submission_id>/results", SubmissionResultsView.as_view()),
    path("submissions/<str:submission_id>/retry-failed", runs.follow_up_view(Follows.RETRY)),
    path("submissions/<str:submission_id>/undo", runs.follow_up_view(Follows.UNDO)),
    *(
        path(f"{target.tag}/<str:{target.parameter}>/{verb}", runs.control_view(verb, target))
        for target in (runs.BATCH, runs.SUBMISSION)
        for verb in runs.CONTROLS
    ),
    *(
        path(f"{target.tag}/<str:{target.parameter}>/schedule", runs.schedule_view(target))
        for target in (runs.BATCH, runs.SUBMISSION)
    ),
    path("templates", templates.TemplateListView.as_view()),
    path("templates/<str:template_id>", templates.TemplateView.as_view()),
    path("templates/<str:template_id>/run", templates.TemplateRunView.as_view()),
    path("templates/<str:template_id>/preview", templates.TemplatePreviewView.as_view()),
    path("templates/<str:template_id>/pause", templates.TemplatePauseView.as_view()),
    path("templates/<str:template_id>/resume", templates.TemplateResumeView.as_view()),
    path("templates/<str:template_id>/runs", templates.TemplateRunListView.as_view()),
]
