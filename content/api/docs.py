"""The OpenAPI description, and a page to browse it that loads nothing from elsewhere."""

import re
from typing import Any

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView


class SchemaView(SpectacularAPIView):
    """The description as YAML, or as JSON where Accept asks for it."""


class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI; its script is a request of its own, so that the page needs no inline script."""

    url_name = "schema"
    template_name = "content/api_docs.html"


def summarize(result: dict[str, Any], **context: Any) -> dict[str, Any]:
    """Every operation's summary is the first sentence of its view, and what follows describes it.

    drf-spectacular calls it when the description is made; see SPECTACULAR_SETTINGS.
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
