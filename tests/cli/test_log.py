"""The log: one JSON line an event, from the level asked for, on every stream that listens."""

import json

import pytest
import structlog

from quantgym.cli.log import configure, log_into
from quantgym.market.errors import ConfigError


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_events_below_the_level_are_left_out_and_bound_ids_stand_in_each_line(capsys):
    configure("warning")
    logger = structlog.get_logger("quantgym.test").bind(run="r-1")
    logger.info("quiet")
    with structlog.contextvars.bound_contextvars(decision=7):
        logger.warning("loud", order="abc")
    (only,) = lines(capsys.readouterr().err)
    assert (only["event"], only["level"], only["run"], only["decision"], only["order"]) == ("loud", "warning", "r-1", 7, "abc")


def test_a_runs_file_takes_info_while_stderr_goes_on_with_its_own_level(capsys, tmp_path):
    configure("warning")
    logger = structlog.get_logger()
    with log_into(tmp_path / "log.jsonl"):
        logger.info("told to the file")
        logger.error("told to both")
    logger.info("told to nobody")
    logger.warning("told to stderr")
    assert [line["event"] for line in lines((tmp_path / "log.jsonl").read_text())] == ["told to the file", "told to both"]
    assert [line["event"] for line in lines(capsys.readouterr().err)] == ["told to both", "told to stderr"]


def test_the_log_goes_to_a_file_instead(capsys, tmp_path):
    configure("info", str(tmp_path / "all.jsonl"))
    structlog.get_logger().info("hello")
    assert lines((tmp_path / "all.jsonl").read_text())[0]["event"] == "hello"
    assert capsys.readouterr().err == ""


def test_an_unknown_level_and_a_file_that_cannot_be_opened_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="--log-level must be one of debug, info, warning, error, was 'loud'"):
        configure("loud")
    with pytest.raises(OSError, match="absent"):
        configure("info", str(tmp_path / "absent/log.jsonl"))


def test_work_goes_on_where_a_stream_was_closed(capsys, tmp_path, monkeypatch):
    gone = (tmp_path / "gone").open("w")
    monkeypatch.setattr("sys.stderr", gone)
    configure("info")
    gone.close()
    with log_into(tmp_path / "log.jsonl"):
        structlog.get_logger().info("still told")
    assert [line["event"] for line in lines((tmp_path / "log.jsonl").read_text())] == ["still told"]
