"""The README's pictures: the pages of a running Airflow, light and dark, as PNG of at most 200 KB. Run: `make pictures`."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.browser import Page, opened
from tests.pages_world import shown

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "pictures"
MOST_BYTES = 200_000
SIZE = (1180, 760)
PAGES = {
    "coverage": "coverage",
    "unit": "coverage/111122223333/us-east-1/{day}",
    "timeline": "timeline?table=arn:aws:dynamodb:us-east-1:111122223333:table/Employees",
    "posture": "posture",
}


def main() -> int:
    """Take them all; 1 if one is too large or a page did not come."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=FOLDER, metavar="DIR", help="where to (%(default)s)")
    parser.add_argument("--only", choices=PAGES, nargs="*", default=list(PAGES), help="these pages")
    arguments = parser.parse_args()
    arguments.to.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="itemtrail-pictures-") as name,
        shown(Path(name) / "ui", calls=2000) as airflow,
        opened() as page,
    ):
        page.size(*SIZE)
        taken = [
            _take(page, f"{airflow.url}/itemtrail/{PAGES[one].format(day=airflow.days[2])}", arguments.to, one, dark=dark)
            for one in arguments.only
            for dark in (False, True)
        ]
    return 0 if all(taken) else 1


def _take(page: Page, url: str, folder: Path, name: str, *, dark: bool) -> bool:
    page.dark(dark)
    page.go(url)
    if name == "timeline":  # no key of an item stands in an address: it is asked for by the form
        page.run("document.querySelector('input[name=value_0]').value = 'E-1017'")
        page.run("document.querySelector('form[method=post] button').click()")
        page.until("!!document.querySelector('#answer')", 60)
        page.run("document.querySelector('#answer').scrollIntoView()")
    path = folder / f"{name}-{'dark' if dark else 'light'}.png"
    page.picture(path)
    size, heading = path.stat().st_size, page.run("document.querySelector('h1')?.innerText")
    print(f"{path.name}  {size:,} bytes  {heading}")
    return size <= MOST_BYTES and not page.run("!!document.querySelector('.notice.bad[role=alert]')")


if __name__ == "__main__":
    sys.exit(main())
