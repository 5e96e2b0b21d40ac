from django.urls import path

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
    path("batches/<uuid:batch_id>/cancel", batches.batch_cancel, name="batch-cancel"),
    *(
        path(f"batches/<uuid:batch_id>/{name}", actions.batch_view(action), name=f"batch-{name}")
        for name, action in actions.ACTIONS.items()
    ),
    *(
        path(
            f"submissions/<uuid:submission_id>/{name}",
            actions.submission_view(action),
            name=f"submission-{name}",
        )
        for name, action in actions.ACTIONS.items()
    ),
    path("coming", calendar.coming, name="coming"),
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
    path(
        "submissions/<uuid:submission_id>/cancel",
        submissions.submission_cancel,
        name="submission-cancel",
    ),
]
