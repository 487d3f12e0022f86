"""How a page is read: blocks, commands over several lines, what is shown, what happens in between."""

import datetime as dt

import pytest
from tests.docs import blocks, compare

PAGE = """# A page

```sh runs
# a comment alone is no command
itemtrail query "SELECT 1
  AS one"     # goes on in the next line
for a in b; do
  echo $a
done
```

<!-- meanwhile: three-days -->

1. In a list:

   ```console needs-aws exit=1
   $ itemtrail setup
   …
   $ for a in b; do
   >   echo $a
   > done
   ```

Text with `itemtrail coverage
--max-age 30h` in it, and ```` ``` ````.
"""


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.setattr(blocks, "ROOT", tmp_path)
    path = tmp_path / "page.md"
    path.write_text(PAGE, encoding="utf-8")
    return path


def test_commands_are_whole_and_comments_are_none(page):
    script, between, console = blocks.course(page)
    assert [command.text.split("\n")[0] for command in script.commands] == ['itemtrail query "SELECT 1', "for a in b; do"]
    assert isinstance(between, blocks.Meanwhile)
    assert between.what == "three-days"
    assert [(command.text, command.shown) for command in console.commands] == [
        ("itemtrail setup", ("…",)),
        ("for a in b; do\n  echo $a\ndone", ()),
    ]
    assert (script.mark, script.exit, console.mark, console.exit) == ("runs", 0, "needs-aws", 1)


def test_a_command_in_running_text_may_go_over_the_end_of_a_line(page):
    assert "itemtrail coverage --max-age 30h" in [span for _, span in blocks.spans(page)]


@pytest.mark.parametrize("body", ["```sh runs\necho 'a\n", '```sh runs\necho "a\n```\n', "```console runs\nno prompt\n```\n"])
def test_a_block_that_cannot_be_read_is_an_error(page, body):
    page.write_text(body, encoding="utf-8")
    with pytest.raises(ValueError, match=r"page\.md"):
        [block.commands for block in blocks.blocks(page)]


def test_dates_are_carried_over_and_other_numbers_are_not():
    today = dt.date(2027, 1, 2)
    text = "--from 2026-11-21 to 20261122T0320Z, list prices of 2026-11-24, event_date=2026-11-23, E-1017, 2026-13-40"
    assert compare.shifted(text, today) == (
        "--from 2026-12-30 to 20261231T0320Z, list prices of 2027-01-02, event_date=2027-01-01, E-1017, 2026-13-40"
    )
