"""The pages in a headless Chromium inside a running Airflow: frame, tabs, mouse, keyboard, phone, dark. One start for all."""

import pytest
from tests.browser import Page, needs_chromium, opened
from tests.pages_world import FRAME, click, framed, shown, text

from itemtrail_airflow.standalone import quoted

pytestmark = [pytest.mark.airflow, pytest.mark.sandbox, pytest.mark.scheduler, needs_chromium]
PHONE = (390, 844)
EMPLOYEES = "arn:aws:dynamodb:us-east-1:111122223333:table/Employees"


@pytest.fixture(scope="module")
def airflow(tmp_path_factory, new_sandbox):
    with shown(tmp_path_factory.mktemp("ui")) as found:
        yield found


@pytest.fixture(scope="module")
def browser():
    with opened() as page:
        yield page


@pytest.fixture
def page(browser: Page) -> Page:
    browser.size(1280, 900)
    browser.dark(False)
    return browser


@pytest.fixture
def calendar(page, airflow) -> Page:
    """The calendar inside Airflow's shell."""
    framed(page, f"{airflow.url}/plugin/itemtrail", "section.row")
    return page


def cell(day: str) -> str:
    return f"a.c[href$='/us-east-1/{day}']"


def test_airflows_navigation_has_the_page_and_its_style_is_applied(calendar):
    assert calendar.run("!!document.querySelector(\"a[href$='/plugin/itemtrail']\")")
    assert "Coverage" in text(calendar)
    assert calendar.run(f"getComputedStyle({FRAME}.querySelector('.bar')).position") == "sticky"


def test_the_days_are_what_was_done(calendar, airflow):
    first, second, third = airflow.days
    titles = [calendar.run(f'{FRAME}.querySelector("{cell(day)}").title') for day in (first, second, third)]
    assert [title.partition(": ")[2].partition(";")[0] for title in titles] == ["missing", "proven", "proven"]


def test_a_click_opens_the_units_page_and_its_run_opens_in_airflow(calendar, airflow):
    click(calendar, cell(airflow.days[2]))
    calendar.until(f"{FRAME}.body.innerText.includes('read now')")
    assert "Every digest hour that was due and every log is archived and proven" in text(calendar)
    click(calendar, "a[data-shell]")
    calendar.until("location.pathname.startsWith('/dags/archive_trail/runs/')")


def test_the_keyboard_reaches_a_day_that_needs_somebody_and_opens_it(calendar, airflow):
    missing = cell(airflow.days[0])
    calendar.run(f"{FRAME}.querySelector('section.row h3').scrollIntoView()")
    calendar.run(f"{FRAME}.querySelectorAll('form.go button')[0].focus()")
    for _ in range(40):
        calendar.key("Tab")
        if calendar.run(f'{FRAME}.activeElement.matches("{missing}")'):
            break
    assert calendar.run(f'{FRAME}.activeElement.matches("{missing}")')
    calendar.key("ArrowRight")
    assert calendar.run(f'{FRAME}.activeElement.matches("{cell(airflow.days[1])}")')
    calendar.key("ArrowLeft")
    calendar.key("Enter")
    calendar.until(f"{FRAME}.body.innerText.includes('airflow backfill create')")


def test_a_receipt_can_be_taken_out_of_the_frame(page, airflow):
    framed(page, f"{airflow.url}/plugin/itemtrail/itemtrail/coverage/111122223333/us-east-1/{airflow.days[2]}", "a[download]")
    script = f"fetch({FRAME}.querySelector('a[download]').href).then(answer => answer.json()).then(found => found.kind)"
    assert page.run(script) == "receipt"
    assert "allow-downloads" in page.run("document.querySelector('iframe').getAttribute('sandbox')")


def test_the_tab_on_a_dag_shows_what_the_dag_is_about(page, airflow):
    framed(page, f"{airflow.url}/dags/archive_trail/plugin/itemtrail-dag", "section.row")
    assert "Coverage" in text(page)


def test_the_tab_on_a_mapped_task_instance_shows_its_unit(page, airflow):
    runs = airflow.api("GET", "/dags/archive_trail/dagRuns?limit=10")["dag_runs"]
    run = next(one for one in runs if one["partition_key"] == airflow.days[2])
    address = f"{airflow.url}/dags/archive_trail/runs/{quoted(run['dag_run_id'])}/tasks"
    framed(page, f"{address}/unit.verdict/mapped/0/plugin/itemtrail-unit", "h1")
    page.until(f"{FRAME}.body.innerText.includes('read now')")
    assert airflow.days[2] in text(page)
    framed(page, f"{address}/gate/plugin/itemtrail-unit", "table")
    assert airflow.days[2] in text(page)


@pytest.mark.parametrize("where", ["coverage", "coverage/111122223333/us-east-1/{day}", "coverage/day/{day}"])
def test_a_phone_needs_no_sideways_scrolling(page, airflow, where):
    page.size(*PHONE, phone=True)
    page.go(f"{airflow.url}/itemtrail/{where.format(day=airflow.days[2])}")
    assert page.run("document.documentElement.scrollWidth") <= PHONE[0]


def test_dark_is_the_machines_choice_or_airflows(calendar, airflow):
    calendar.run("document.documentElement.classList.add('dark'), true")
    calendar.until(f"{FRAME}.documentElement.dataset.theme === 'dark'")
    dark = calendar.run(f"getComputedStyle({FRAME}.body).backgroundColor")
    calendar.run("document.documentElement.classList.remove('dark'), true")
    calendar.until(f"{FRAME}.documentElement.dataset.theme === 'light'")
    assert calendar.run(f"getComputedStyle({FRAME}.body).backgroundColor") != dark
    calendar.dark(True)
    calendar.go(f"{airflow.url}/itemtrail/coverage")
    assert calendar.run("getComputedStyle(document.body).backgroundColor") == dark


@pytest.fixture
def posture(page, airflow) -> Page:
    """The review's findings inside Airflow's shell; what the page's policy forbids is remembered."""
    framed(page, f"{airflow.url}/plugin/itemtrail/itemtrail/posture", "#rests-on")
    return page


def test_the_latest_review_is_there_and_says_by_whom_it_was_made(posture):
    said = text(posture)
    assert "ago" in said
    assert "Looked at" in said
    assert "arn:aws:" in said
    assert "There is no review" not in said
    assert "contradicts itself" not in said


def test_the_keyboard_opens_a_result_and_filters(posture):
    posture.run(f"{FRAME}.querySelector('form.filters select[name=state]').value = 'all', true")
    posture.run(f"{FRAME}.querySelector('form.filters button').focus()")
    posture.key("Enter")
    posture.until(f"{FRAME}.location.search.includes('state=all') && {FRAME}.readyState === 'complete'")
    posture.run(f"{FRAME}.querySelector('details.finding > summary').focus()")
    posture.key("Enter")
    posture.until(f"{FRAME}.activeElement.parentElement.matches('details.finding[open]')")


def test_the_lifecycle_is_drawn_with_its_patterns_in_airflow(posture, airflow):
    framed(posture, f"{airflow.url}/plugin/itemtrail/itemtrail/posture/lifecycle", "svg.lifecycle")
    bar = f"{FRAME}.querySelector('.lifecycle .k-DEEP_ARCHIVE rect.fill')"
    assert posture.run(f"getComputedStyle({bar}).fill") != "rgb(0, 0, 0)"
    assert posture.run(f"{bar}.getBoundingClientRect().width") > 50
    tables = posture.run(f"[...{FRAME}.querySelectorAll('details table')].map(one => one.textContent).join()")
    assert "day 45 for good: DEEP_ARCHIVE" in tables


def test_the_whole_report_is_styled_and_can_do_nothing(posture, airflow):
    report = f"{airflow.url}/itemtrail/posture/report"
    posture.go(report)
    assert posture.run("getComputedStyle(document.querySelector('.numbers')).display") == "grid"
    assert posture.run("window.origin") == "null"


@pytest.mark.parametrize("where", ["posture", "posture/lifecycle", "posture/report"])
def test_posture_fits_a_phone(page, airflow, where):
    page.size(*PHONE, phone=True)
    page.go(f"{airflow.url}/itemtrail/{where}")
    assert page.run("document.documentElement.scrollWidth") <= PHONE[0]


@pytest.fixture
def timeline(page, airflow) -> Page:
    """The versions of the employee whose salary was changed, asked for by the form inside Airflow's shell."""
    framed(page, f"{airflow.url}/plugin/itemtrail/itemtrail/timeline?table={quoted(EMPLOYEES)}", "input[name=value_0]")
    page.run(f"{FRAME}.querySelector('input[name=value_0]').focus()")
    page.run(f"{FRAME}.querySelector('input[name=value_0]').value = 'E-1017'")
    page.key("Enter")
    page.until(f"!!{FRAME}.querySelector('#answer') || !!{FRAME}.querySelector('.notice[role=alert]')", 60)
    return page


def test_an_items_versions_are_told_with_who_and_how_sure(timeline):
    said = text(timeline)
    assert "newest first" in said
    assert timeline.run(f"{FRAME}.querySelectorAll('ol.versions > li').length") > 0
    assert "Salary" in said
    assert "E-1017" not in timeline.run(f"{FRAME}.location.href")  # the key is in no address


def test_a_proof_can_be_taken_out_of_the_frame(timeline):
    script = f"""(async () => {{
        const answer = await fetch({FRAME}.querySelector("a[href*='proof']").href);
        const start = new Uint8Array(await answer.arrayBuffer()).slice(0, 2);
        return [answer.status, String.fromCharCode(...start)];
    }})()"""
    assert timeline.run(script) == [200, "PK"]


def test_the_timeline_fits_a_phone(timeline):
    address = timeline.run(f"{FRAME}.location.href")
    timeline.size(*PHONE, phone=True)
    timeline.go(address)
    assert timeline.run("document.documentElement.scrollWidth") <= PHONE[0]
