"""A Chromium without a window, driven by its DevTools protocol through a pipe: nothing but the standard library.

The protocol is JSON, one message after another, each ended by a zero byte (`--remote-debugging-pipe`: the browser reads
its file descriptor 3 and writes 4). Methods and events: https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.analysis.page.browser.tab import Tab

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-sync",
    "--disable-extensions", "--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe",
)  # fmt: skip
TIMEOUT_SECONDS = 60.0  # seconds that an answer may take
# Its two descriptors have to have these numbers, which only the child can give them.
AS_3_AND_4 = "import os, sys; a, b = map(int, sys.argv[1:3]); os.dup2(a, 13); os.dup2(b, 14); os.dup2(13, 3); "
AS_3_AND_4 += "os.dup2(14, 4); os.execvp(sys.argv[3], sys.argv[3:])"


def found() -> str | None:
    """Where a Chromium is installed, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Chromium:
    """A running browser; `call` asks, `tab` opens a page."""

    def __init__(self, executable: str, profile: Path) -> None:
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        self.process = subprocess.Popen(
            [
                sys.executable, "-c", AS_3_AND_4, str(theirs_in), str(theirs_out),
                executable, *FLAGS, f"--user-data-dir={profile}",
            ],
            pass_fds=(theirs_in, theirs_out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(theirs_in)
        os.close(theirs_out)
        self._unread, self._calls = b"", 0
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """The result of a method; raises RuntimeError with the browser's message where it refuses."""
        self._calls += 1
        message = {"id": self._calls, "method": method, "params": parameters} | (
            {"sessionId": session} if session else {}
        )
        self._write(json.dumps(message).encode() + b"\0")
        while (answer := self._next(TIMEOUT_SECONDS)).get("id") != self._calls:
            self.events.append(answer)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def wait_for(self, method: str, session: str | None = None) -> dict[str, Any]:
        """The parameters of the next event of this name; those before it stay in `events`."""
        while True:
            for event in self.events:
                if event["method"] == method and event.get("sessionId") == session:
                    self.events.remove(event)
                    return event["params"]
            self.events.append(self._next(TIMEOUT_SECONDS))

    @contextmanager
    def tab(self, width: int = 1400, height: int = 900, dark: bool = False, scripts: bool = True) -> Iterator[Tab]:
        """A page of this size in pixels, on a system that is light or dark."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        opened = Tab(self, session)
        for domain in ("Page", "Runtime", "Log"):
            opened.call(f"{domain}.enable")
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        opened.call("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        opened.call("Emulation.setEmulatedMedia", features=[scheme])
        opened.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        try:
            yield opened
        finally:
            self.call("Target.closeTarget", targetId=target)

    def close(self) -> None:
        """End it, and wait until it has."""
        with suppress(OSError, RuntimeError, EOFError, TimeoutError):
            self.call("Browser.close")
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self._in)
        os.close(self._out)

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._out, data) :]

    def _next(self, patience: float) -> dict[str, Any]:
        while b"\0" not in self._unread:
            if not select.select([self._in], [], [], patience)[0]:
                raise TimeoutError(f"the browser has said nothing for {patience:g} s")
            read = os.read(self._in, 1 << 20)
            if not read:
                raise EOFError("the browser has ended")
            self._unread += read
        message, self._unread = self._unread.split(b"\0", 1)
        return json.loads(message)
