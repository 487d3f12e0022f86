"""Whether this container's component beats: its row in Airflow's table ``job``, asked of the database itself.

Decides: healthy is a heartbeat of this host within ``SECONDS``. The same as `airflow jobs check --job-type … --hostname …`, which
takes five seconds of a core each time (Airflow is imported), for a query of twenty milliseconds.
"""

import os
import socket
import sys

import psycopg2

SECONDS = 90
BEATS = """
    SELECT count(*) FROM job
    WHERE job_type = %s AND hostname = ANY(%s) AND state = 'running' AND latest_heartbeat > now() - make_interval(secs => %s)
"""


def main(job_type: str) -> int:
    """0 where it beats, else 1 with a line that says so."""
    url = os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace("postgresql+psycopg2://", "postgresql://", 1)
    connection = psycopg2.connect(url, connect_timeout=5)
    try:
        with connection.cursor() as cursor:
            cursor.execute(BEATS, (job_type, [socket.gethostname(), socket.getfqdn()], SECONDS))
            beating = bool(cursor.fetchone()[0])
    finally:
        connection.close()
    if not beating:
        print(f"no heartbeat of a {job_type} on {socket.gethostname()} in {SECONDS} s", file=sys.stderr)
    return 0 if beating else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
