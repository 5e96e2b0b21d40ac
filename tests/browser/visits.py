"""A visit in a real browser that also reports errors a user would not notice."""

import importlib.util
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, expect

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
MAX_BYTES = 150 * 1024
PATIENCE_MILLISECONDS = 120_000

expect.set_options(timeout=PATIENCE_MILLISECONDS)


def axe_source() -> str:
    """axe-core, as the package ships it; loading the package itself is not needed."""
    spec = importlib.util.find_spec("axe_playwright_python")
    assert spec is not None
    assert spec.origin is not None
    return (Path(spec.origin).parent / "axe.min.js").read_text()


@dataclass
class Visit:
    """One person's tab. `assert_clean` holds what must be so on whatever page was seen."""

    page: Page
    site: str
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def begin(cls, context: BrowserContext, site: str) -> "Visit":
        visit = cls(context.new_page(), site)
        visit.page.set_default_timeout(PATIENCE_MILLISECONDS)
        visit.page.on("console", visit._on_console)
        visit.page.on("pageerror", lambda error: visit.complaints.append(f"script: {error}"))
        visit.page.on("request", visit._on_request)
        return visit

    def open(self, path: str) -> Page:
        response = self.page.goto(self.site + path)
        assert response is not None
        assert response.ok, f"{path}: {response.status}"
        return self.page

    def assert_clean(self) -> None:
        """No error in the console, and not one request to somebody else."""
        assert self.complaints == []

    def assert_accessible(self, within: str = "html") -> None:
        """axe-core finds nothing in that part of the page, in the light and in the dark."""
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            self.page.evaluate(axe_source())
            found = self.page.evaluate(
                "async (within) => (await axe.run(within)).violations.map("
                "found => [found.id, ...found.nodes.map("
                "node => node.html.slice(0, 150) + node.failureSummary)])",
                within,
            )
            assert found == [], f"{self.page.url} in the {scheme}: {found}"

    def assert_fits(self) -> None:
        """Nothing sticks out sideways."""
        width = self.page.evaluate("document.documentElement.scrollWidth")
        viewport = self.page.viewport_size
        assert viewport is not None
        assert width <= viewport["width"], f"{self.page.url} is {width} wide"

    def assert_light(self) -> None:
        """The page and all that it loaded weigh little, in bytes on the wire."""
        weight = self.page.evaluate(
            "[...performance.getEntriesByType('navigation'),"
            " ...performance.getEntriesByType('resource')]"
            ".reduce((sum, entry) => sum + entry.transferSize, 0)"
        )
        assert 0 < weight < MAX_BYTES, f"{self.page.url}: {weight} bytes"

    def _on_console(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"console: {message.text}")

    def _on_request(self, request: Any) -> None:
        if not request.url.startswith((self.site, "data:")):
            self.complaints.append(f"request to {request.url}")
