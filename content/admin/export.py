"""Export the catalogue for spreadsheets."""

from typing import Any

from import_export import fields, resources

from content.cells import neutral_cell
from content.models import Content


class ContentResource(resources.ModelResource):
    """One row per item, prices in micro-STX; no cell is read as a formula."""

    creator = fields.Field(attribute="creator_id", column_name="creator")
    # Named like in batch results; in a price file, `price` is in STX.
    price = fields.Field(attribute="price", column_name="price_micro_stx")

    class Meta:
        model = Content
        fields = (
            "content_id",
            "title",
            "description",
            "content_type",
            "price",
            "creator",
            "url",
            "refundable",
            "refund_window_days",
            "is_removed",
            "removed_at",
            "removal_reason",
            "onchain_id",
            "version",
            "created_at",
            "updated_at",
        )
        export_order = fields

    def export_field(self, field: Any, instance: Content, **kwargs: Any) -> Any:
        return neutral_cell(super().export_field(field, instance, **kwargs))
