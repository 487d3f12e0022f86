"""itemtrail: capture, archive, prove and explain the change history of DynamoDB tables.

Rooms, top to bottom (imports go down only; import-linter holds it):

- ``cli``: the flows on a command line; chooses the adapters.
- ``aws``: adapters of the ports over boto3 (control, locked writes) and obstore (bulk reads).
- ``flows``: use cases over ports: setup, validate, archive, query.
- ``settings``, ``pool``: the one configuration file; process pools that are safe inside Airflow tasks.
- ``ports``: what a flow needs from the world, as Protocols.
- ``checks``: posture checks, one a file, pure.
- ``core``: pure logic: bytes and values in, values out; no IO, no clock.
- ``model``, ``errors``: the words everything else speaks.
"""

__version__ = "0.1.0"
