"""Metric filter patterns: what counts StopLogging, what does not, and what cannot be told."""

import pytest

from itemtrail.core.metric_filters import counts

STOP = {"eventName": "StopLogging", "eventSource": "cloudtrail.amazonaws.com"}
# CIS AWS Foundations, "Ensure CloudTrail configuration changes are monitored".
CIS = (
    "{($.eventName = CreateTrail) || ($.eventName = UpdateTrail) || ($.eventName = DeleteTrail)"
    " || ($.eventName = StartLogging) || ($.eventName = StopLogging)}"
)


@pytest.mark.parametrize(
    ("pattern", "answer"),
    [
        (CIS, True),
        ("", True),
        ('{ $.eventName = "StopLogging" }', True),
        ("{ $.eventName = Stop* && $.eventSource = cloudtrail.amazonaws.com }", True),
        ("{ $.eventSource = cloudtrail.amazonaws.com && ($.eventName != Describe*) }", True),
        ("{ $.eventName = %^Stop|^Delete% }", True),
        ("{ $.eventName = DeleteTrail }", False),
        ("{ $.eventName = StopLogging && $.eventSource = s3.amazonaws.com }", False),
        ("{ $.eventName != StopLogging }", False),
        ("{ $.eventName = StopLogging && $.userIdentity.type = Root }", None),
        ("{ $.eventName = StopLogging && $.errorCode NOT EXISTS }", None),
        ("{ $.eventName = DeleteTrail || $.sourceIPAddress != 10.* }", None),
        ("StopLogging", None),
        ("[ip, user, name = StopLogging]", None),
        ("{ $.eventName = StopLogging", None),
        ("{ ($.eventName = StopLogging }", None),
        ("{ $.eventName StopLogging }", None),
        ("{ $.eventName = %[% }", None),
        ("{ }", None),
    ],
)
def test_whether_a_pattern_counts_the_end_of_logging(pattern, answer):
    assert counts(pattern, STOP) is answer
