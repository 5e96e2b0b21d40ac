"""A user with a keyboard only."""

import pytest
from playwright.sync_api import Locator, Page

MAX_TABS = 90
SEEN = (
    "element => { const style = getComputedStyle(element);"
    " return style.outlineStyle + style.boxShadow; }"
)


class Keyboard:
    def __init__(self, page: Page) -> None:
        self.page = page

    def tab_to(self, locator: Locator) -> None:
        """Go on by Tab until the focus is there, and can be seen."""
        for _ in range(MAX_TABS):
            if locator.evaluate("element => element === document.activeElement"):
                assert locator.evaluate(SEEN) != "nonenone", "the focus can't be seen"
                return
            self.page.keyboard.press("Tab")
        pytest.fail(f"{locator} can't be reached by Tab")

    def press(self, locator: Locator, key: str = "Enter") -> None:
        self.tab_to(locator)
        self.page.keyboard.press(key)

    def type(self, locator: Locator, text: str) -> None:
        self.tab_to(locator)
        self.page.keyboard.type(text)
