"""A headless Chromium, driven over its own debugging protocol: a page is opened, a file is given to it, its text is read."""

import json
import re
import shutil
import subprocess
import tempfile
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

    def give(self, selector: str, path: Path) -> None:
        """Choose a file in an input."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(path)])


@contextmanager
def opened(page: Path) -> Iterator[Page]:
    """``page`` in a browser of its own, which is gone afterwards."""
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
        process = subprocess.Popen([*command, page.as_uri()], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            assert process.stderr
            port = next(found[1] for line in process.stderr if (found := re.search(r"ws://127\.0\.0\.1:(\d+)/", line)))
            yield from _pages(int(port))
        finally:
            process.kill()
            process.wait()


def _pages(port: int) -> Iterator[Page]:
    import time
    import urllib.request

    for _ in range(100):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=10) as answer:
            listed = json.load(answer)
        found = [one["webSocketDebuggerUrl"] for one in listed if one["type"] == "page" and one["url"].startswith("file:")]
        if found:
            break
        time.sleep(0.1)
    with connect(found[0], max_size=None) as socket:
        page = Page(socket)
        for _ in range(100):  # the listing names the file before the page is it
            if page.run("location.protocol === 'file:' && document.readyState === 'complete' && !!document.body"):
                break
            time.sleep(0.05)
        yield page
