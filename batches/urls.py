from django.urls import path

from batches.views import batches, home, prepare, submissions

urlpatterns = [
    path("", home.home, name="home"),
    path("batches", batches.batch_list, name="batch-list"),
    path("batches/new/<str:kind>", prepare.batch_prepare, name="batch-prepare"),
    path("batches/<uuid:batch_id>", batches.batch_detail, name="batch-detail"),
    path("batches/<uuid:batch_id>/results", batches.batch_results, name="batch-results"),
    path("batches/<uuid:batch_id>/cancel", batches.batch_cancel, name="batch-cancel"),
    path(
        "submissions/<uuid:submission_id>",
        submissions.submission_detail,
        name="submission-detail",
    ),
    path(
        "submissions/<uuid:submission_id>/results",
        submissions.submission_results,
        name="submission-results",
    ),
    path(
        "submissions/<uuid:submission_id>/confirm",
        submissions.submission_confirm,
        name="submission-confirm",
    ),
    path(
        "submissions/<uuid:submission_id>/discard",
        submissions.submission_discard,
        name="submission-discard",
    ),
    path(
        "submissions/<uuid:submission_id>/cancel",
        submissions.submission_cancel,
        name="submission-cancel",
    ),
]
