"""Which pools are made, and that a scheduler does not suffer from it. A real scheduler makes them in tests/end_to_end."""

import logging
from types import SimpleNamespace

import pytest

from itemtrail.settings import AirflowSettings
from itemtrail_airflow import pools

SETTINGS = AirflowSettings()


def test_both_pools_are_made_where_there_is_none():
    assert [(one.name, one.slots) for one in pools.lacking(SETTINGS, {"default_pool": 128})] == [
        ("itemtrail_archive", 4),
        ("itemtrail_backfill", 1),
    ]


def test_a_pool_that_exists_is_left_alone_whatever_its_slots():
    assert pools.lacking(SETTINGS, {"itemtrail_archive": 0, "itemtrail_backfill": 500}) == ()


def test_the_default_pool_is_never_made():
    chosen = AirflowSettings(archive_pool="default_pool", backfill_pool="default_pool")
    assert pools.lacking(chosen, {"default_pool": 128}) == ()


def test_one_name_for_both_is_made_once_with_the_slots_of_archiving():
    chosen = AirflowSettings(archive_pool="mine", backfill_pool="mine")
    assert [(one.name, one.slots) for one in pools.lacking(chosen, {})] == [("mine", 4)]


def test_a_database_that_does_not_answer_costs_a_line_and_no_scheduler(monkeypatch, caplog):
    def fail():
        raise OSError("no database")

    monkeypatch.setattr(pools, "_there", fail)
    with caplog.at_level(logging.ERROR):
        assert pools.ensure() == ()
    assert "no database" in caplog.text
    assert "airflow pools list" in caplog.text


def test_what_could_not_be_made_is_told_with_the_command_that_makes_it(monkeypatch, caplog):
    def fail(_one):
        raise OSError("read-only")

    monkeypatch.setattr(pools, "_there", dict)
    monkeypatch.setattr(pools, "_make", fail)
    with caplog.at_level(logging.ERROR):
        pools.ensure()
    assert "airflow pools set itemtrail_archive 4" in caplog.text


@pytest.mark.parametrize("dag_id", ["archive_trail", "archive_stream", "watch_deadline"])
def test_a_run_of_ours_has_missing_pools_made_beside_the_scheduler_and_starts_no_thread_otherwise(monkeypatch, dag_id):
    started, there = [], {}
    monkeypatch.setattr(pools, "_there", lambda: there)
    monkeypatch.setattr(pools.threading, "Thread", lambda **how: SimpleNamespace(start=lambda: started.append(how["target"])))
    pools.run_started(SimpleNamespace(dag_id=dag_id))
    assert started == [pools.ensure]
    pools.run_started(SimpleNamespace(dag_id="somebody_elses"))
    there |= {"itemtrail_archive": 1, "itemtrail_backfill": 1}
    pools.run_started(SimpleNamespace(dag_id=dag_id))
    assert started == [pools.ensure], "a thread where nothing is missing"
