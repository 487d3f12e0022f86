# Airflow's own image with the exact, hashed packages that itemtrail is tested with. DAGs, plugins and library are mounted.
ARG AIRFLOW_BASE=apache/airflow:3.3.2-python3.11
FROM ${AIRFLOW_BASE}
COPY requirements.txt /tmp/requirements.txt
RUN pip install --no-cache-dir --require-hashes -r /tmp/requirements.txt && mkdir -p /opt/airflow/state /opt/airflow/logs
