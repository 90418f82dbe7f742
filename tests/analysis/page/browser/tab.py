"""One page of a Chromium: what is on it, what is pressed, what it says."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.analysis.page.browser.chromium import Chromium


class Tab:
    """One page of a browser."""

    def __init__(self, browser: Chromium, session: str) -> None:
        self.browser, self.session = browser, session

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self.browser.call(method, self.session, **parameters)

    def open(self, file: Path) -> None:
        """Load a file, as a double click does."""
        self.call("Page.navigate", url=file.resolve().as_uri())
        self.browser.wait_for("Page.loadEventFired", self.session)

    def value(self, expression: str) -> Any:
        """What an expression is, as JSON; a promise is waited for. Raises RuntimeError with what it threw."""
        done = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if thrown := done.get("exceptionDetails"):
            raise RuntimeError(thrown.get("exception", {}).get("description", thrown["text"]))
        return done["result"].get("value")

    def wait_until(self, expression: str, patience: float = 20.0) -> None:
        """Until an expression is true."""
        end = time.monotonic() + patience
        while not self.value(expression):
            if time.monotonic() > end:
                raise TimeoutError(f"not within {patience:g} s: {expression}")
            time.sleep(0.05)

    def click(self, selector: str) -> None:
        """Press the mouse in the middle of an element, which has to be what is seen there."""
        where = self.value(
            f"(() => {{ const it = document.querySelector({json.dumps(selector)});"
            "it.scrollIntoView({block: 'center', behavior: 'instant'}); const box = it.getBoundingClientRect();"
            "return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            button = {} if kind == "mouseMoved" else {"button": "left", "clickCount": 1}
            self.call("Input.dispatchMouseEvent", type=kind, x=where[0], y=where[1], **button)

    def said(self) -> list[str]:
        """All warnings and errors so far: of the console, the log (blocked by the policy, …), and what was thrown."""
        found = []
        for event in self.browser.events:
            if event.get("sessionId") != self.session:
                continue
            told = event["params"]
            if event["method"] == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning", "assert"):
                found.append(" ".join(str(each.get("value", each.get("description"))) for each in told["args"]))
            elif event["method"] == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
                found.append(told["entry"]["text"])
            elif event["method"] == "Runtime.exceptionThrown":
                found.append(told["exceptionDetails"].get("exception", {}).get("description", "an exception"))
        return found

    def picture(self, file: Path, whole: bool = True) -> None:
        """A screenshot."""
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=whole, format="png")
        file.write_bytes(base64.b64decode(shot["data"]))

    def print(self, file: Path) -> None:
        """A PDF, as printing makes it, on A4."""
        size = {"paperWidth": 8.27, "paperHeight": 11.69, "preferCSSPageSize": False}
        done = self.call("Page.printToPDF", printBackground=False, **size)
        file.write_bytes(base64.b64decode(done["data"]))
