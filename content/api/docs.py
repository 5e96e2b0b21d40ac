"""The OpenAPI document, and a page to browse it without external resources."""

import re
from typing import Any

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView


class SchemaView(SpectacularAPIView):
    """The description as YAML, or as JSON where Accept asks for it."""


class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI; its script is a separate request, so that the page has no inline script."""

    url_name = "schema"
    template_name = "content/api_docs.html"


def summarize(result: dict[str, Any], **context: Any) -> dict[str, Any]:
    """Use the first sentence of a view's docstring as summary, the rest as description.

    drf-spectacular calls this hook; see SPECTACULAR_SETTINGS.
    """
    for path in result["paths"].values():
        for operation in path.values():
            if "summary" not in operation and operation.get("description"):
                first, _, rest = re.split(
                    r"(?<=\.)(\s+|$)", " ".join(operation["description"].split()), maxsplit=1
                )
                operation["summary"] = first.removesuffix(".")
                operation["description"] = rest
                if not rest:
                    del operation["description"]
    return result
