"""The review's page in a real browser: hostile names run nothing, load nothing and break no layout, wide and narrow."""

import dataclasses

from tests import review_world
from tests.browser import needs_chromium, opened

from itemtrail.core.review_html import html

HOSTILE = review_world.HOSTILE + "<a href='javascript:alert(3)'>" + "x" * 300


@needs_chromium
def test_a_hostile_account_gets_a_page_that_does_nothing(tmp_path):
    found = [
        dataclasses.replace(one, resource=f"{HOSTILE}{number}", detail=HOSTILE, remediation=HOSTILE)
        for number, one in enumerate(review_world.results())
    ]
    made = review_world.report(found, against=review_world.a_week_ago(), changes=(HOSTILE,), notes=(HOSTILE,))
    made = dataclasses.replace(made, posture=dataclasses.replace(made.posture, caller=HOSTILE, account=HOSTILE))
    file = tmp_path / "review.html"
    file.write_text(html(made), encoding="utf-8")
    with opened(file) as page:
        assert page.run("document.querySelectorAll('script, img, iframe, form, a, link').length") == 0
        assert page.run("performance.getEntriesByType('resource').length") == 0
        assert page.run("document.body.innerText.includes('<script>alert(1)</script>')")
        for width in (1280, 390):
            page.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
            assert page.run("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), width
        page.run("document.querySelector('details').open = true")
        assert page.run("document.querySelectorAll('details table tbody tr').length") == 3
