"""What a failed check tells one to run: awscli and our own command line take every word of it."""

import shlex
from functools import lru_cache

import pytest
from awscli.clidriver import create_clidriver
from botocore.validate import ParamValidator

from itemtrail.cli.main import main
from itemtrail.flows.review_checks import all_checks

MARKS = {
    "{name}": "some-name",
    "{arn}": "arn:aws:dynamodb:us-east-1:111122223333:table/Employees",
    "{region}": "us-east-1",
    "{trail}": "arn:aws:cloudtrail:us-east-1:111122223333:trail/some-trail",
    "MAPPING_UUID": "6b5f0e2c-0000-4000-8000-000000000001",
}
ENDS = {"&&", ";", "|", ">"}


def commands(text):
    """The commands of a line of shell, without its comment; what is nested in quotes stays a word."""
    for mark, value in MARKS.items():
        text = text.replace(mark, value)
    reader = shlex.shlex(text, posix=True, punctuation_chars=True)
    reader.whitespace_split = True
    found, redirected = [[]], False
    for word in reader:
        if word in ENDS:
            found.append([])
            redirected = word == ">"
        elif not redirected:
            found[-1].append(word)
    return [one for one in found if one]


COMMANDS = [(check.id, one) for check in all_checks() for one in commands(check.remediation)]


@lru_cache(maxsize=1)
def driver():
    return create_clidriver()


@lru_cache(maxsize=64)
def operations(service):
    return driver()._get_command_table()[service]._get_command_table()


class Caller:
    """Takes a call instead of AWS, and checks its parameters against the service's model."""

    def __init__(self, model):
        self.model, self.seen = model, None

    def invoke(self, _service, _operation, parameters, _parsed):
        self.seen = parameters
        report = ParamValidator().validate(parameters, self.model.input_shape)
        assert not report.has_errors(), report.generate_report()
        return 0


@pytest.mark.parametrize(("check", "words"), [one for one in COMMANDS if one[1][0] == "aws"], ids=lambda one: str(one)[:60])
def test_awscli_takes_the_command(check, words, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("policy.json", "trust.json"):
        (tmp_path / name).write_text('{"Version": "2012-10-17", "Statement": []}')
    service, operation, *rest = words[1:]
    if operation == "wait":
        assert rest[0] in operations(service)["wait"].subcommand_table
        return
    command = operations(service)[operation]
    parser = driver()._create_parser(driver()._get_command_table())
    known, _ = parser.parse_known_args([service, operation, *rest])
    caller = Caller(command._operation_model)
    monkeypatch.setattr(command, "_operation_caller", caller)
    left = without_globals(rest)
    assert command(left, known) == 0
    assert caller.seen is not None


def without_globals(words):
    """The words without awscli's own options, each of which takes one value."""
    out, skip = [], False
    for word in words:
        if skip or word in ("--region", "--query", "--output"):
            skip = not skip
            continue
        out.append(word)
    return out


@pytest.mark.parametrize(("check", "words"), [one for one in COMMANDS if one[1][0] == "itemtrail"], ids=lambda one: str(one)[:60])
def test_our_command_line_takes_the_command(check, words, capsys):
    with pytest.raises(SystemExit) as done:
        main([*words[1:], "--help"])
    assert done.value.code == 0
    assert all(word in capsys.readouterr().out for word in words[2:])


def test_nothing_but_awscli_and_our_command_line_is_named():
    assert {words[0] for _, words in COMMANDS} == {"aws", "itemtrail"}
