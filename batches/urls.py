from django.urls import path

from batches.services.results.run import find_batch_run, find_submission_run
from batches.views import (
    actions,
    batches,
    calendar,
    home,
    prepare,
    prices,
    submissions,
    templates,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("batches", batches.batch_list, name="batch-list"),
    path("batches/new/<str:kind>", prepare.batch_prepare, name="batch-prepare"),
    path("prices", prices.content_prices, name="content-prices"),
    path("prices/current", prices.content_prices_export, name="content-prices-export"),
    path("batches/<uuid:batch_id>", batches.batch_detail, name="batch-detail"),
    path("batches/<uuid:batch_id>/results", batches.batch_results, name="batch-results"),
    *(
        path(
            f"{place}/<uuid:{noun}_id>/{tail}",
            actions.run_view(action, find),
            name=f"{noun}-{verb}",
        )
        for place, noun, find in (
            ("batches", "batch", find_batch_run),
            ("submissions", "submission", find_submission_run),
        )
        for verb, (tail, action) in actions.ACTIONS.items()
    ),
    path("coming", calendar.calendar, name="coming"),
    path("templates", templates.template_list, name="template-list"),
    path("templates/new", templates.template_new, name="template-new"),
    path("templates/<uuid:template_id>", templates.template_detail, name="template-detail"),
    path("templates/<uuid:template_id>/edit", templates.template_edit, name="template-edit"),
    *(
        path(
            f"templates/<uuid:template_id>/{name}",
            templates.template_action(action),
            name=f"template-{name}",
        )
        for name, action in templates.ACTIONS.items()
    ),
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
]
