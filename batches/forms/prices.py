"""The form for a price file, used by pages and admin."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from batches.errors import Invalid
from batches.forms.operation import OperationForm
from batches.rules import SKIP_FAILED
from batches.services.runs import price_file
from batches.services.runs.price_lines import BadPrices, Prices

EXAMPLE = """content_id,new_price
film-7,2.5
film-8,1250
"""
EXAMPLE_PERCENT = """content_id,percent
film-7,10
film-8,-12.5
"""
FIX = "Fix these lines, then upload the file again."


class PriceFileForm(forms.Form):
    """A file, and the policy for items that can't be changed."""

    file = forms.FileField(
        label="File",
        allow_empty_file=True,
        help_text="CSV or a spreadsheet (.xlsx), up to 10,000 lines and 1 MiB.",
        widget=forms.FileInput(
            attrs={"accept": f".csv,.tsv,.txt,.xlsx,text/csv,{price_file.SPREADSHEET}"}
        ),
        error_messages={"required": "Choose a file."},
    )
    error_policy = OperationForm.base_fields["error_policy"]

    # The errors of single lines, if any.
    bad: BadPrices | None = None

    def clean_file(self) -> Prices:
        upload: UploadedFile[Any] = self.cleaned_data["file"]
        try:
            return price_file.read(upload.read(), upload.name or "")
        except BadPrices as error:
            self.bad = error
            raise forms.ValidationError(FIX) from error
        except Invalid as error:
            raise forms.ValidationError(error.message) from error

    def clean_error_policy(self) -> str:
        return self.cleaned_data["error_policy"] or SKIP_FAILED

    @property
    def prices(self) -> Prices:
        """The parsed file. Only for a valid form."""
        prices: Prices = self.cleaned_data["file"]
        return prices

    @property
    def examples(self) -> list[tuple[str, Any]]:
        """Example files, by their content."""
        return [("A new price in STX", EXAMPLE), ("Or a change in percent", EXAMPLE_PERCENT)]
