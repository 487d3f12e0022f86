"""A pack's page and a certificate in a real browser: hostile text runs nothing, loads nothing and breaks no layout."""

from pathlib import Path

import pytest
from tests.browser import needs_chromium, opened
from tests.evidence_world import EvidenceWorld


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return EvidenceWorld(tmp_path_factory.mktemp("evidence")).pack().folder


@needs_chromium
@pytest.mark.parametrize("name", ["index.html", "certificates.html"])
def test_a_page_runs_nothing_loads_nothing_and_fits(folder, name):
    with opened(folder / name) as page:
        assert page.run("document.querySelectorAll('script, img, iframe, form, a, link').length") == 0
        assert page.run("performance.getEntriesByType('resource').length") == 0
        if name == "index.html":
            assert page.run("document.body.innerText.includes('<script>alert(1)</script>')")
            assert page.run("document.querySelectorAll('.change').length") == 14
        for width in (1280, 390):
            page.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
            assert page.run("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), width
