"""Serializers of templates, for requests, answers and the OpenAPI description.

No rules: see `services.templates.spec`.
"""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from batches import recurrence
from batches.api.bodies import ContentFilterBody
from batches.api.previews import PreviewPage
from batches.models import Template, TemplateRun
from batches.operations import OPERATIONS
from batches.recurrence import LOCAL_FORMAT, Slot
from batches.rules import ERROR_POLICIES
from batches.services.runs.draft import MAX_ITEMS
from batches.services.templates.spec import MAX_NAME
from content.api.fields import ContentId, Instant

LOCAL_TIME = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$"}


@extend_schema_field({**LOCAL_TIME, "nullable": True})
class LocalTimeField(serializers.CharField):
    """A local time, to the minute and without an offset."""


class TemplateChanges(serializers.Serializer[Any]):
    """The fields to change; the others stay."""

    name = serializers.CharField(max_length=MAX_NAME, required=False)
    creator = serializers.CharField(
        required=False, help_text="One of your addresses; required only if you have several."
    )
    operationType = serializers.ChoiceField(list(OPERATIONS), required=False)
    updatePayload = serializers.DictField(
        required=False,
        help_text="The operation's own fields, as in the body that creates a batch: `newPrice` or "
        "`percentChange`, `updates`, `removalReason`.",
    )
    contentIds = serializers.ListField(
        child=ContentId(),
        min_length=1,
        max_length=MAX_ITEMS,
        required=False,
        help_text="More than 100 are split into several batches at each run.",
    )
    filter = ContentFilterBody(
        required=False, help_text="Instead of contentIds: the creator's items that match at a run."
    )
    errorPolicy = serializers.ChoiceField(ERROR_POLICIES, required=False)
    repeat = serializers.ChoiceField(
        recurrence.REPEATS, required=False, help_text="`never` runs once, or only on demand."
    )
    firstRun = LocalTimeField(
        required=False,
        allow_null=True,
        help_text="A local time in `timeZone`, such as `2026-12-01T09:00`; null runs only on "
        "demand. A time that a clock change skips means the moment after the change; one that "
        "occurs twice means its first occurrence.",
    )
    timeZone = serializers.CharField(required=False, help_text="Such as `Europe/Berlin`.")
    lastDay = serializers.DateField(
        required=False, allow_null=True, help_text="The last day on which it runs."
    )


class TemplateSource(serializers.Serializer[Any]):
    """Exactly one field."""

    batchId = serializers.UUIDField(required=False)
    submissionId = serializers.UUIDField(required=False)


class TemplateBody(TemplateChanges):
    """Exactly one of `contentIds` and `filter`.

    `from` copies operation, payload and items of a batch or a run; fields of the body override
    them.
    """

    name = serializers.CharField(max_length=MAX_NAME)

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "from": TemplateSource(required=False)}


class NextRun(serializers.Serializer[Any]):
    """One upcoming run: in the template's zone, and in UTC."""

    slot = serializers.RegexField(LOCAL_TIME["pattern"])
    at = Instant()


class TemplateAnswer(serializers.Serializer[Template]):
    """A template; one of `contentIds` and `filter` is null."""

    _id = serializers.UUIDField(source="pk")
    name = serializers.CharField()
    creator = serializers.CharField(source="creator_id")
    operationType = serializers.CharField(source="kind")
    updatePayload = serializers.DictField(source="payload")
    contentIds = serializers.SerializerMethodField()
    filter = serializers.DictField(allow_null=True)
    errorPolicy = serializers.ChoiceField(ERROR_POLICIES, source="error_policy")
    repeat = serializers.ChoiceField(recurrence.REPEATS)
    firstRun = serializers.SerializerMethodField()
    timeZone = serializers.CharField(source="time_zone")
    lastDay = serializers.DateField(source="last_day", allow_null=True)
    isPaused = serializers.BooleanField(source="is_paused")
    nextRun = serializers.SerializerMethodField(help_text="Null if no run is scheduled.")
    createdAt = Instant(source="created_at")
    updatedAt = Instant(source="updated_at")

    def get_contentIds(self, template: Template) -> list[str] | None:
        return template.content_ids if template.filter is None else None

    @extend_schema_field(LocalTimeField(allow_null=True))
    def get_firstRun(self, template: Template) -> str | None:
        return template.first_slot or None

    @extend_schema_field(NextRun(allow_null=True))
    def get_nextRun(self, template: Template) -> Any:
        if template.is_paused or template.next_run_at is None:
            return None
        return NextRun({"slot": template.next_slot, "at": template.next_run_at}).data


class TemplatePage(serializers.Serializer[Any]):
    creator = serializers.CharField(allow_null=True)
    total = serializers.IntegerField()
    templates = TemplateAnswer(many=True)
    limit = serializers.IntegerField()
    skip = serializers.IntegerField()


class TemplatePreview(serializers.Serializer[Any]):
    """The next three runs, and what the next would change if it ran now."""

    timeZone = serializers.CharField()
    nextRuns = NextRun(many=True)
    preview = PreviewPage(allow_null=True)
    problem = serializers.CharField(
        allow_null=True, help_text="Why a run now would be refused; `preview` is null then."
    )


class RunAnswer(serializers.Serializer[TemplateRun]):
    """The result of one slot, or of one manual run, whose `slot` is null.

    `slot` is a local time in the template's current zone.
    """

    slot = serializers.SerializerMethodField()
    dueAt = Instant(source="due_at")
    at = Instant(help_text="When it was processed.")
    state = serializers.ChoiceField(TemplateRun.State.choices)
    message = serializers.SerializerMethodField(help_text="Why it was missed or not started.")
    submissionId = serializers.UUIDField(source="submission_id", allow_null=True)

    @extend_schema_field(LocalTimeField(allow_null=True))
    def get_slot(self, run: TemplateRun) -> str | None:
        if run.is_manual:
            return None
        return run.due_at.astimezone(run.template.zone).strftime(LOCAL_FORMAT)

    def get_message(self, run: TemplateRun) -> str | None:
        return run.words or None


class RunPage(serializers.Serializer[Any]):
    creator = serializers.CharField()
    total = serializers.IntegerField()
    runs = RunAnswer(many=True)
    limit = serializers.IntegerField()
    skip = serializers.IntegerField()


def next_runs(slots: list[Slot]) -> Any:
    """Return slots in the format of the answers."""
    rows = [{"slot": each.local.strftime(LOCAL_FORMAT), "at": each.instant} for each in slots]
    return NextRun(rows, many=True).data
