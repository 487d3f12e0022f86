"""The HRMS application's three tables and where they are.

Decides names, keys and the TTL attribute. Streams are not switched on here: that is what `setup_trail` is asked to do.
"""

from dataclasses import dataclass

HOME = "us-east-1"
DUBLIN = "eu-west-1"

EMPLOYEES = "Employees"
PAYROLL = "Payroll"
LEAVE = "LeaveRequests"


@dataclass(frozen=True, slots=True)
class Table:
    """One table in one Region; every key attribute is a string."""

    region: str
    name: str
    keys: tuple[str, ...]
    ttl_attribute: str = ""

    def arn(self, account: str) -> str:
        """The table's ARN."""
        return f"arn:aws:dynamodb:{self.region}:{account}:table/{self.name}"


TABLES = (
    Table(HOME, EMPLOYEES, ("EmpId",)),
    Table(HOME, PAYROLL, ("EmpId", "Period")),
    Table(HOME, LEAVE, ("EmpId", "RequestId"), ttl_attribute="ExpiresAt"),
    Table(DUBLIN, LEAVE, ("EmpId", "RequestId"), ttl_attribute="ExpiresAt"),
)
KEYS = {(table.region, table.name): table.keys for table in TABLES}
