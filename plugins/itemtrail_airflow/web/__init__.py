"""Pages inside Airflow's UI, server-rendered; loaded by the api-server alone, on the first request (`itemtrail_plugin.py`).

=========  ==============================================================================================
app        the FastAPI app: which pages there are, who may see them, what an error looks like
page       templates; what the iframe that Airflow puts a page in allows
headers    security headers on every answer
blocking   the only way from a handler to blocking work: four threads, a time limit
archive    configuration and a reading store of the archive
assets     style sheets and the one script, behind the same guard as the pages
=========  ==============================================================================================

A page reads small documents that a DAG made; nothing here scans Parquet or writes anything.
"""
