"""The initial data of the demo is created once and then stays unchanged."""

from django.utils import timezone

from batches.management.demo.data import fill
from batches.models import BatchOperation, Dependency, Status, Template
from batches.services.templates.store import preview_template
from content.models import Content


def test_demo_data_is_created_once(db, work):
    fill("secret", is_given=False)
    fill("secret", is_given=False)

    sale = BatchOperation.objects.get(scheduled_for__gt=timezone.now())
    assert sale.until > sale.scheduled_for
    link = Dependency.objects.get()
    assert (link.when, link.batch.waits_for) == ("on-success", 1)
    template = Template.objects.get()
    assert (template.repeat, template.by.username) == ("weekly", "alice")
    assert template.next_run_at.weekday() == 4
    assert preview_template(template).change_count
    assert BatchOperation.objects.count() == 3
    work()
    work()
    link.refresh_from_db()
    assert (link.parent.status, link.batch.status) == (Status.COMPLETED, Status.PENDING)


def test_deleted_data_stays_deleted(db):
    fill("secret", is_given=False)
    Template.objects.all().delete()
    items = Content.objects.count()
    fill("secret", is_given=False)

    assert not Template.objects.exists()
    assert Content.objects.count() == items
