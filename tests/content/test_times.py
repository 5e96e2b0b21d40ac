"""Times are read as they were written, on every database."""

from django.utils import timezone

from content.models import Content, ContentChange
from content.services.catalogue.changes import change_content
from tests.factories import make_contents


def test_history_time_has_item_precision(alice, wallet_of):
    (item,) = make_contents(wallet_of(alice))
    moment = timezone.now().replace(microsecond=123_456)
    removal = {"is_removed": True, "removed_at": moment}
    change_content(item.pk, removal, version=1, by=alice, cause="api")

    kept = Content.objects.get().removed_at
    assert kept is not None
    assert kept.microsecond == 123_000
    told = ContentChange.objects.get(version=2).after["removed_at"]
    assert told == kept.isoformat()
