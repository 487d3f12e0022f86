"""A headless Chromium, driven over its own debugging protocol: pages are opened, clicked, typed at, read and photographed."""

import base64
import json
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine. Next: apt-get install chromium")


class Page:
    """One page."""

    def __init__(self, socket: Any) -> None:
        self._socket, self._numbers = socket, count(1)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One call of the debugging protocol; its result."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            said = json.loads(self._socket.recv(timeout=30))
            if said.get("id") == number:
                assert "error" not in said, said
                return dict(said["result"])

    def run(self, script: str) -> Any:
        """Value of an expression; a promise is waited for."""
        found = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def size(self, width: int, height: int, *, phone: bool = False) -> None:
        """Size of the window in CSS pixels; a phone also says so."""
        scale = 2 if phone else 1
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=phone)

    def dark(self, on: bool) -> None:
        """Whether the machine prefers dark."""
        value = "dark" if on else "light"
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": value}])

    def go(self, url: str, seconds: float = 30) -> None:
        """Open an address and wait until it is loaded."""
        self.call("Page.enable")
        assert "errorText" not in self.call("Page.navigate", url=url)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'", seconds)

    def until(self, script: str, seconds: float = 30) -> Any:
        """Value of an expression as soon as it is true; an error while a page changes counts as not yet."""
        end, found = time.monotonic() + seconds, None
        while time.monotonic() < end:
            found = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
            if "exceptionDetails" not in found and found["result"].get("value"):
                return found["result"]["value"]
            time.sleep(0.1)
        raise AssertionError(f"not within {seconds} s: {script}\n{found}")

    def click(self, x: float, y: float) -> None:
        """Press and let go the mouse's left button at a point of the window."""
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def key(self, name: str) -> None:
        """Press and let go a key: ``Tab``, ``Enter``, ``ArrowRight`` …"""
        codes = {"Tab": 9, "Enter": 13, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
        more = {"text": "\r"} if name == "Enter" else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=name, code=name, windowsVirtualKeyCode=codes[name], **more)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=name, code=name, windowsVirtualKeyCode=codes[name])

    def picture(self, path: Path, *, whole: bool = False) -> None:
        """A PNG of the window, or of the whole page."""
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        path.write_bytes(base64.b64decode(data))

    def give(self, selector: str, path: Path) -> None:
        """Choose a file in an input."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(path)])


@contextmanager
def opened(page: Path | None = None) -> Iterator[Page]:
    """``page``, or an empty one, in a browser of its own, which is gone afterwards."""
    address = page.as_uri() if page else "about:blank"
    assert CHROMIUM
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as home:
        command = [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--remote-debugging-port=0",
            f"--user-data-dir={home}",
        ]
        process = subprocess.Popen([*command, address], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            assert process.stderr
            port = next(found[1] for line in process.stderr if (found := re.search(r"ws://127\.0\.0\.1:(\d+)/", line)))
            yield from _pages(int(port), address.partition(":")[0] + ":")
        finally:
            process.kill()
            process.wait()


def _pages(port: int, protocol: str) -> Iterator[Page]:
    import urllib.request

    for _ in range(100):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=10) as answer:
            listed = json.load(answer)
        found = [one["webSocketDebuggerUrl"] for one in listed if one["type"] == "page" and one["url"].startswith(protocol)]
        if found:
            break
        time.sleep(0.1)
    with connect(found[0], max_size=None) as socket:
        page = Page(socket)
        for _ in range(100):  # the listing names the file before the page is it
            if page.run(f"location.protocol === '{protocol}' && document.readyState === 'complete' && !!document.body"):
                break
            time.sleep(0.05)
        yield page
