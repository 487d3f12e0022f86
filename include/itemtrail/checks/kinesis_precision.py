"""Whether a table's Kinesis destination writes times in microseconds.

Source: DynamoDB API reference, KinesisDataStreamDestination (ApproximateCreationDateTimePrecision), read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, cannot_look, failed, not_applicable, passed
from itemtrail.core.posture import Posture, TablePosture


def decide(table: TablePosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one table."""
    if not table.kinesis_streams:
        return not_applicable("it has no Kinesis destination.")
    known = table.kinesis_precision or {}
    coarse = [arn for arn in table.kinesis_streams if known.get(arn) == "MILLISECOND"]
    if coarse:
        return failed(f"milliseconds: {', '.join(coarse)}.")
    unknown = [arn for arn in table.kinesis_streams if known.get(arn) != "MICROSECOND"]
    return cannot_look(f"the precision of {', '.join(unknown)} is not known.") if unknown else passed("microseconds.")


CHECK = Check(
    id="kinesis_precision",
    title="Kinesis destinations keep microseconds",
    severity=Severity.LOW,
    subject=Subject.TABLE,
    why=(
        "Records may come out of order and twice; with milliseconds, two changes of one item within one cannot be put in order."
    ),
    remediation=(
        "aws dynamodb update-kinesis-streaming-destination --table-name {name} --stream-arn "
        "arn:aws:kinesis:{region}:ACCOUNT_ID:stream/STREAM --update-kinesis-streaming-configuration "
        "ApproximateCreationDateTimePrecision=MICROSECOND --region {region}"
    ),
    needs=("dynamodb:DescribeTable", "dynamodb:DescribeKinesisStreamingDestination"),
    decide=decide,
)
