from django.urls import path

from batches.api import follow_ups, submissions, templates, waiting
from batches.api.batches import BatchListView, BatchView, CancelView, CreatorListView, ResultsView
from batches.api.create import PreviewView, create_view
from batches.api.me import MeView
from batches.api.prices import PricesView
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
    path("batches/<str:batch_id>/cancel", CancelView.as_view()),
    path("batches/<str:batch_id>/retry-failed", follow_ups.RetryView.as_view()),
    path("batches/<str:batch_id>/undo", follow_ups.UndoView.as_view()),
    path("batches/<str:batch_id>/schedule", waiting.ScheduleView.as_view()),
    path("batches/<str:batch_id>/dependencies", waiting.DependenciesView.as_view()),
    path("batches/<str:batch_id>/pause", waiting.PauseView.as_view()),
    path("batches/<str:batch_id>/resume", waiting.ResumeView.as_view()),
    path("submissions/<str:submission_id>", submissions.SubmissionView.as_view()),
    path("submissions/<str:submission_id>/cancel", submissions.SubmissionCancelView.as_view()),
    path("submissions/<str:submission_id>/results", submissions.SubmissionResultsView.as_view()),
    path("submissions/<str:submission_id>/schedule", submissions.SubmissionScheduleView.as_view()),
    path("submissions/<str:submission_id>/pause", submissions.SubmissionPauseView.as_view()),
    path("submissions/<str:submission_id>/resume", submissions.SubmissionResumeView.as_view()),
    path("submissions/<str:submission_id>/retry-failed", submissions.SubmissionRetryView.as_view()),
    path("submissions/<str:submission_id>/undo", submissions.SubmissionUndoView.as_view()),
    path("templates", templates.TemplateListView.as_view()),
    path("templates/<str:template_id>", templates.TemplateView.as_view()),
    path("templates/<str:template_id>/run", templates.TemplateRunView.as_view()),
    path("templates/<str:template_id>/preview", templates.TemplatePreviewView.as_view()),
    path("templates/<str:template_id>/pause", templates.TemplatePauseView.as_view()),
    path("templates/<str:template_id>/resume", templates.TemplateResumeView.as_view()),
    path("templates/<str:template_id>/runs", templates.TemplateRunListView.as_view()),
]
