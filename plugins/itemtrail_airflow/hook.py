"""From Airflow connections to AWS adapters: one connection, one role.

Decides: which connection serves which role, and the session, endpoint and Region that it gives. Refuses: a connection that is
named in the configuration and does not exist (Airflow's own hook would go on with whatever credentials it finds); an empty
name is the way to ask for the default credential chain. Imported inside tasks only: it costs seconds that no DAG parse should
pay. Source: apache-airflow-providers-amazon docs, "Amazon Web Services Connection", read 2026-11-24.
"""

from dataclasses import dataclass

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from itemtrail.aws.connection import Connection
from itemtrail.errors import ConfigurationError
from itemtrail.model import TrailRef
from itemtrail.ports.data import DerivedStore, ObjectStore
from itemtrail.settings import Settings, load


class ItemtrailHook(AwsBaseHook):
    """An Airflow connection of type ``aws`` as ``itemtrail.aws``'s factory of adapters."""

    def __init__(self, conn_id: str, *, region: str | None = None) -> None:
        super().__init__(aws_conn_id=conn_id or None, region_name=region, client_type="s3")

    def connection(self) -> Connection:
        """The factory of adapters for this role.

        Raises:
            ConfigurationError: the connection is named and does not exist.
        """
        if self.aws_conn_id:
            self._must_exist(self.aws_conn_id)
        session = self.get_session(region_name=self.region_name)
        return Connection(session, endpoint_url=self.conn_config.endpoint_url, region=self.region_name)

    def _must_exist(self, conn_id: str) -> None:
        try:
            self.get_connection(conn_id)
        except AirflowNotFoundException as error:
            raise ConfigurationError(
                f"Airflow has no connection {conn_id!r}.",
                advice=f"add it (type aws), or empty the `airflow.*_conn` that names it to use the default credentials: {error}",
            ) from error


@dataclass(frozen=True, slots=True)
class Roles:
    """The configuration, and adapters by role."""

    settings: Settings

    @classmethod
    def open(cls) -> "Roles":
        """With the configuration as it is now."""
        return cls(load())

    def reader(self) -> Connection:
        """Trail reader: lists and reads the trail bucket, tags what is proven."""
        return self._connect(self.settings.airflow.trail_reader_conn, self.settings.trail.home_region)

    def writer(self) -> Connection:
        """Archive writer: adds to the archive."""
        return self._connect(self.settings.airflow.archive_writer_conn, self.settings.archive.region)

    def streams(self) -> Connection:
        """Stream reader: reads DynamoDB Streams; a table's Region is asked for by its ARN."""
        return self._connect(self.settings.airflow.stream_reader_conn, self.settings.trail.home_region)

    def setup(self) -> Connection:
        """Set-up: creates and changes the trail and its buckets."""
        return self._connect(self.settings.airflow.setup_conn, self.settings.trail.home_region)

    def restorer(self) -> Connection:
        """Restorer: lists classes, asks for copies, reads nothing."""
        return self._connect(self.settings.airflow.restorer_conn, self.settings.archive.region)

    def evidence(self) -> Connection:
        """Evidence exporter: reads the archive, adds evidence packs."""
        return self._connect(self.settings.airflow.evidence_conn, self.settings.archive.region)

    def auditor(self) -> Connection:
        """Auditor: reads the archive and changes nothing; the pages in the UI read as it."""
        return self._connect(self.settings.airflow.auditor_conn, self.settings.archive.region)

    def posture(self) -> Connection:
        """Posture reader: reads the configuration of everything that keeps evidence, changes nothing."""
        return self._connect(self.settings.airflow.posture_conn, self.settings.trail.home_region)

    def event_history(self, account: str) -> Connection:
        """Event history reader of one account: looks events up there, and nothing else."""
        conn_id = self.settings.airflow.event_history_conn.replace("{account}", account)
        return self._connect(conn_id, self.settings.trail.home_region)

    def ends(self) -> tuple[TrailRef, ObjectStore, DerivedStore]:
        """The trail, its bucket to read from, the archive to add to.

        Raises:
            ConfigurationError: the trail does not exist, or delivers to another bucket than the configuration says.
        """
        reader = self.reader()
        trail = reader.trail(self.settings.trail)
        return trail, reader.store(trail.bucket), self.writer().archive(self.settings.archive)

    @staticmethod
    def _connect(conn_id: str, region: str) -> Connection:
        return ItemtrailHook(conn_id, region=region).connection()
