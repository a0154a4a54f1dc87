"""The pages of a cluster and of an audit in a real browser: headless Chromium, as wide as a phone and as a wall."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from skep.picture.page import render
from tests.pictures import HOSTILE, audit_page, picture
from tests.unit.picture import axe

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
WIDTHS = (380, 1600)
PAGES: dict[str, Callable[[tuple[str, ...]], str]] = {
    "report": lambda names: render(picture(machines=6, tasks=30, names=names)),
    "audit": audit_page,
}
pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs chromium and chromium-driver")


def started(options: webdriver.ChromeOptions) -> webdriver.Chrome:
    """It gives a start a minute, which a busy machine may take."""
    for _ in range(2):
        with suppress(WebDriverException):
            return webdriver.Chrome(options, Service(DRIVER))
    return webdriver.Chrome(options, Service(DRIVER))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    profile = tmp_path_factory.mktemp("chromium")
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = started(options)
    driver.set_page_load_timeout(300)
    driver.set_script_timeout(300)
    try:
        yield driver
    finally:
        driver.quit()


def opened(browser: webdriver.Chrome, folder: Path, page: str, width: int, scheme: str = "light") -> None:
    """The page in a window of that many pixels, by light or in the dark."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    path = folder / "page.html"
    path.write_text(page, encoding="utf-8")
    browser.get_log("performance")
    browser.get(path.as_uri())


def requests(browser: webdriver.Chrome) -> list[str]:
    """What it asked for since the page was opened."""
    events: list[dict[str, Any]] = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [one["params"]["request"]["url"] for one in events if one["method"] == "Network.requestWillBeSent"]


@pytest.mark.parametrize("names", [(), HOSTILE], ids=["tame", "hostile"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("page", PAGES)
def test_no_error_no_request_and_nothing_beside_the_window(
    browser: webdriver.Chrome, tmp_path: Path, page: str, width: int, names: tuple[str, ...]
) -> None:
    opened(browser, tmp_path, PAGES[page](names), width)
    asked = [url for url in requests(browser) if not url.startswith(("chrome:", "data:"))]  # its own first tab's
    assert asked == [(tmp_path / "page.html").as_uri()]
    assert browser.get_log("browser") == []
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing(browser: webdriver.Chrome, tmp_path: Path, page: str, width: int, scheme: str) -> None:
    try:
        script = axe.script()
    except axe.NotToBeHad as error:
        pytest.skip(str(error))
    opened(browser, tmp_path, PAGES[page](()), width, scheme)
    browser.execute_script(script)
    found = browser.execute_async_script("axe.run().then(arguments[arguments.length - 1])")
    assert len(found["passes"]) > 10
    bad = [(one["id"], one["impact"], [node["html"][:200] for node in one["nodes"]]) for one in found["violations"]]
    assert not bad, bad


def test_by_keyboard_a_table_is_sorted_and_lines_are_picked(browser: webdriver.Chrome, tmp_path: Path) -> None:
    opened(browser, tmp_path, render(picture(machines=12)), 1600)
    column = browser.find_element(By.CSS_SELECTOR, "#hosts-table th button")

    def shown() -> list[str]:
        rows = browser.find_elements(By.CSS_SELECTOR, "#hosts-table tbody tr")
        return [row.find_element(By.TAG_NAME, "th").text for row in rows if row.is_displayed()]

    column.send_keys(Keys.ENTER)
    assert shown() == [f"node{number}" for number in range(1, 13)]
    column.send_keys(Keys.SPACE)
    assert shown() == [f"node{number}" for number in range(12, 0, -1)]
    assert browser.find_element(By.CSS_SELECTOR, "#hosts-table th").get_attribute("aria-sort") == "descending"
    browser.find_element(By.ID, "filter").send_keys("node3 down")
    assert shown() == ["node3"]


def test_a_large_cluster_is_drawn_before_anybody_waits(browser: webdriver.Chrome, tmp_path: Path) -> None:
    """A hundred nodes and a thousand tasks take no more than a few times an almost empty page."""

    def drawn(machines: int, tasks: int) -> float:
        opened(browser, tmp_path, render(picture(machines, tasks)), 1600)
        timing = "const it = performance.getEntriesByType('navigation')[0]; return it.loadEventEnd - it.startTime"
        took = float(browser.execute_script(timing))
        assert len(browser.find_elements(By.CSS_SELECTOR, "g > .task")) == tasks
        return took

    small, large = [drawn(3, 6)], [drawn(100, 1000)]
    while min(large) >= 20 * min(small) + 200 and len(large) < 15:  # what else the machine does only adds to a look
        small.append(drawn(3, 6))
        large.append(drawn(100, 1000))
    assert min(large) < 20 * min(small) + 200, (small, large)


def test_on_paper_it_is_whole_and_dark_on_white(browser: webdriver.Chrome, tmp_path: Path) -> None:
    opened(browser, tmp_path, render(picture(machines=30, tasks=90)), 1600, "dark")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    paper = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert paper == "rgb(255, 255, 255)"
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert base64.b64decode(printed["data"]).startswith(b"%PDF")
