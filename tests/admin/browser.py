"""A real Chromium without a window, new and empty each time."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text(encoding="utf-8")
PHONE, DESKTOP = (360, 800), (1280, 900)


class Browser:
    """One window of it."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def size(self, width: int, height: int, scheme: str = "light", scale: int = 1) -> None:
        """Look as a device of this width does, in this colour scheme."""
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 500},
        )
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        )

    def script(self, on: bool) -> None:
        """Whether pages may run theirs."""
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not on})

    def open(self, url: str) -> None:
        self.driver.get(url)

    def find(self, expression: str, *arguments: object) -> Any:
        """The value of a JavaScript expression in the page."""
        return self.driver.execute_script(f"return {expression}", *arguments)

    def press(self, key: str) -> None:
        for kind in ("keyDown", "keyUp"):
            self.driver.execute_cdp_cmd("Input.dispatchKeyEvent", {"type": kind, "key": key})

    def picture(self, path: Path, width: int, scheme: str, scale: int = 1) -> None:
        """The whole page at this width."""
        self.size(width, 900, scheme, scale)
        self.size(width, int(self.find("document.documentElement.scrollHeight")), scheme, scale)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(path))
        self.size(width, 900, scheme, scale)

    def barriers(self) -> list[str]:
        """What axe-core finds: rule and place of each violation."""
        self.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": AXE})
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        found = self.driver.execute_async_script(
            "const done = arguments[0];"
            f"axe.run(document, {{runOnly: {{type: 'tag', values: {json.dumps(tags)}}}, resultTypes: ['violations']}})"
            ".then((told) => done(told.violations.map((v) => [v.id, v.nodes[0].html, v.nodes[0].failureSummary])))"
            ".catch((error) => done([['axe', String(error), '']]));"
        )
        return [": ".join(each) for each in found]

    def complaints(self) -> list[str]:
        """What the console has said."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def hosts(self) -> set[str]:
        """The hosts that the browser has asked for anything since it was opened."""
        asked: set[str] = set()
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                url = urlsplit(message["params"]["request"]["url"])
                # the empty tab that it begins with is the browser's own
                if url.scheme in ("http", "https", "ws", "wss"):
                    asked.add(url.netloc)
        return asked


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser that is gone when the block ends."""
    with tempfile.TemporaryDirectory() as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        try:
            yield Browser(driver)
        finally:
            driver.quit()
