#!/bin/sh
# Before anything else starts: the metadata database as this Airflow needs it, the first user, the pools. Safe to run again:
# a user or a pool that is there stays as it is.
set -eu
airflow db migrate
# twice, as at a prompt: an argument would be in the list of processes
printf '%s\n%s\n' "$ITEMTRAIL_ADMIN_PASSWORD" "$ITEMTRAIL_ADMIN_PASSWORD" |
  airflow users create --role Admin --username admin --firstname First --lastname Administrator --email admin@localhost
python -c 'from itemtrail_airflow import pools; print("pools made:", *(pools.ensure() or ["none, all are there"]))'
