from django.urls import path

from batches.api.batches import BatchListView, BatchView, CancelView, CreatorListView, ResultsView
from batches.api.create import PreviewView, create_view
from batches.api.me import MeView
from batches.operations import OPERATIONS

urlpatterns = [
    path("me", MeView.as_view()),
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
]
