# Airflow's own image with the exact, hashed packages that itemtrail is tested with. DAGs, plugins and library are mounted.
ARG AIRFLOW_BASE=apache/airflow:3.3.2-python3.11
FROM ${AIRFLOW_BASE} AS airflow
USER airflow
COPY requirements-celery.txt /tmp/requirements-celery.txt
# --no-deps: the file is the whole answer; pip alone would ask again, and stop at an extra that it pins without its brackets.
RUN pip install --no-cache-dir --no-deps --require-hashes -r /tmp/requirements-celery.txt && mkdir -p /opt/airflow/logs

# The container form of the demo: the local AWS has a virtual environment of its own, where its client looks for it.
FROM airflow AS sandbox
COPY requirements-sandbox.txt /tmp/requirements-sandbox.txt
RUN python -m venv /opt/airflow/.venv-sandbox && mkdir -p /opt/airflow/demo \
    && PIP_USER=false /opt/airflow/.venv-sandbox/bin/python -m pip install --no-cache-dir --no-deps --require-hashes \
        -r /tmp/requirements-sandbox.txt
