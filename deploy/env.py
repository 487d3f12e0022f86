"""`make env`: the .env that docker-compose.yaml needs, with secrets made here. Standard library only.

Decides: which secrets there are and how long; a password is hex, because it stands in URLs. Refuses to overwrite: who loses the
Fernet key loses the connections that are kept in the database. Only its owner can read the file.
"""

import base64
import os
import secrets
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROLES = (
    "TRAIL_READER",
    "ARCHIVE_WRITER",
    "STREAM_READER",
    "SETUP",
    "POSTURE",
    "RESTORER",
    "EVENT_HISTORY",
    "EVIDENCE",
    "AUDITOR",
)


def content() -> str:
    """The file, with new secrets."""
    connections = "\n".join(f"# AIRFLOW_CONN_ITEMTRAIL_{role}=" for role in ROLES)
    return f"""# Made by `make env`. Secrets: never commit this file; keep a copy where you keep secrets.
POSTGRES_PASSWORD={secrets.token_hex(24)}
REDIS_PASSWORD={secrets.token_hex(24)}
AIRFLOW_FERNET_KEY={base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}
AIRFLOW_API_SECRET_KEY={secrets.token_hex(32)}
AIRFLOW_JWT_SECRET={secrets.token_hex(64)}
# The first password of the user admin; changed in the UI later on, it stands here no more.
ITEMTRAIL_ADMIN_PASSWORD={secrets.token_urlsafe(18)}

# Your configuration, a copy of include/itemtrail.toml. As it is here: the sandbox's.
# ITEMTRAIL_CONFIG=./mine.toml

# One connection for each role, as JSON without quotes around it (docs/airflow.md):
# {{"conn_type": "aws", "extra": {{"region_name": "us-east-1", "role_arn": "arn:aws:iam::111122223333:role/TrailReader"}}}}
{connections}
"""


def write(path: Path) -> None:
    """Make the file, mode 0600.

    Raises:
        FileExistsError: something is there already; it is left alone.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, 0o600)
        file.write(content())


def main(arguments: list[str]) -> int:
    """0 where it was made; 1 where something is there, which is left alone."""
    path = Path(arguments[0]) if arguments else ROOT / ".env"
    try:
        write(path)
    except FileExistsError:
        print(f"{path} is there already, and holds secrets: left alone. Next: edit it, or move it away first.", file=sys.stderr)
        return 1
    print(f"{path}: secrets made, readable by you alone. Next: docker compose up --build, or with --profile sandbox the demo.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
