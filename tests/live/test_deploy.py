import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import structlog

from quantgym.agents.bundle import load_bundle, save_bundle
from quantgym.agents.network_policy import NetworkPolicy
from quantgym.agents.networks.network import NetworkSettings, build_network
from quantgym.agents.policy import sample_observation
from quantgym.evaluation.candidate import Candidate
from quantgym.evaluation.session import Session
from quantgym.live.deploy import deploy, resume
from quantgym.live.parity import compare_sessions
from quantgym.live.preflight import DeploySettings, preflight
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError, IntegrityError, UnknownNameError
from quantgym.market.limits import LimitSettings

SETTINGS = DeploySettings(rows=(30, 60))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory, tape, make_world):
    folder = tmp_path_factory.mktemp("run") / "bundle"
    own = make_world(tape).strategy()
    layout = own.observer.layout
    settings = NetworkSettings(kind="actor_critic", n_in=layout.size, n_out=4, continuous=True, hidden=(8,))
    policy = NetworkPolicy(build_network(settings, 3), settings, layout, "weights", name="little")
    context = {
        "env": {"id": "quantgym/Portfolio-v0", "reward": "log_return", "cash": 50_000.0, "private": "weights"},
        "costs": asdict(CostSettings()),
        "tape": {"name": tape.name, "digest": tape.digest, "symbols": list(tape.symbols)},
    }
    save_bundle(folder, policy, layout, own.observer._pipeline, sample_observation(layout, 64).flat(), context)
    return folder


def test_a_deployed_bundle_equals_its_backtest_byte_for_byte(bundle, tape, tmp_path):
    done = deploy(bundle, tape, tmp_path / "paper", SETTINGS)
    report = compare_sessions(done.session, Candidate.of(load_bundle(bundle), tape).backtest(SETTINGS.rows))
    assert report.equal
    assert report.n_fills > 10
    assert (done.session.n_decisions, done.session.facts["cash"], done.halted, done.dry) == (29, 50_000.0, "", False)
    assert all(len(order.request.client_id) == 32 for order in done.orders)
    assert compare_sessions(Session.load(tmp_path / "paper" / "session.npz"), done.session).equal


def test_a_program_that_configured_no_log_is_told_warnings_alone_and_not_on_stdout(bundle, tape, tmp_path, capsys):
    structlog.reset_defaults()
    deploy(bundle, tape, tmp_path / "paper", SETTINGS)
    deploy(bundle, tape, tmp_path / "paper", SETTINGS, dry_run=True)
    assert capsys.readouterr() == ("", "")
    (tmp_path / "halted").mkdir()
    (tmp_path / "halted" / "HALT").touch()
    deploy(bundle, tape, tmp_path / "halted", SETTINGS)
    said = capsys.readouterr()
    assert (said.out, said.err.count("halted  "), said.err.count("order_refused")) == ("", 1, 0)
    assert not structlog.is_configured()


def test_the_journal_keeps_what_the_policy_computed(bundle, tape, tmp_path):
    from quantgym.live.journal import Journal

    done = deploy(bundle, tape, tmp_path / "paper", SETTINGS)
    journal = Journal.reopen(tmp_path / "paper" / "journal.sqlite", clock=int)
    kept = journal.decision(3)
    journal.close()
    assert np.clip(json.loads(kept.output), -1.0, 1.0) == pytest.approx(done.session.actions[3])
    assert kept.action.tobytes() == done.session.actions[3].tobytes()


def test_deploying_again_goes_on_and_changes_nothing(bundle, tape, tmp_path):
    first = deploy(bundle, tape, tmp_path / "paper", SETTINGS)
    again = deploy(bundle, tape, tmp_path / "paper", SETTINGS)
    assert compare_sessions(again.session, first.session).equal
    assert again.orders == first.orders


def test_a_dry_run_decides_once_and_leaves_no_trace(bundle, tape, tmp_path):
    done = deploy(bundle, tape, tmp_path / "paper", SETTINGS, dry_run=True)
    assert (done.dry, done.session.n_decisions) == (True, 1)
    assert done.orders
    assert not (tmp_path / "paper").exists()


def test_a_halted_deployment_sends_nothing_until_it_is_resumed(bundle, tape, tmp_path):
    (tmp_path / "HALT").touch()
    halted = deploy(bundle, tape, tmp_path, SETTINGS)
    assert (halted.halted, halted.orders, len(halted.session.fills)) == ("kill switch HALT", (), 0)
    with pytest.raises(ConfigError, match="the kill switch is still on"):
        resume(tmp_path)
    (tmp_path / "HALT").unlink()
    assert "halted: kill switch HALT, 29 decisions" in preflight(bundle, tape, tmp_path, SETTINGS).checks[-1].detail
    assert resume(tmp_path) == "kill switch HALT"
    with pytest.raises(ConfigError, match="the deployment is running, not halted"):
        resume(tmp_path)


def test_every_failed_check_is_named_at_once(bundle, tape, tmp_path):
    other = replace(tape.slice(0, 99), name="other")
    with pytest.raises(ConfigError, match=r"preflight: 2 of 8 checks failed; tape: .* rows: .*0 <= start < stop <= 99"):
        deploy(bundle, other, tmp_path, DeploySettings(rows=(30, 200)))
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_that_is_none_fails_whatever_depends_on_it(tape, tmp_path):
    found = preflight(tmp_path / "nothing", tape, tmp_path, SETTINGS)
    failed = [check.name for check in found.checks if not check.passed]
    assert failed == ["bundle", "tape", "columns", "rows", "rules"]
    assert "manifest.json is missing" in found.checks[1].detail


def test_actions_of_two_orders_at_once_are_refused_before_anything_starts(tape, make_world, tmp_path):
    own = make_world(tape, assets=("S0",)).strategy()
    layout = own.observer.layout
    settings = NetworkSettings(kind="actor_critic", n_in=layout.size, n_out=2, continuous=True, hidden=(4,))
    policy = NetworkPolicy(build_network(settings, 3), settings, layout, "quotes", name="maker")
    context = {
        "env": {"id": "quantgym/Trading-v0", "action": {"kind": "quotes"}, "cash": 50_000.0, "private": "account"},
        "costs": asdict(CostSettings()),
        "tape": {"name": tape.name, "digest": tape.digest, "symbols": list(tape.symbols)},
    }
    save_bundle(tmp_path / "bundle", policy, layout, own.observer._pipeline, sample_observation(layout, 64).flat(), context)
    says = r"rules: the actions quotes send 2 orders for an asset in one decision, .* train it with another env\.action"
    with pytest.raises(ConfigError, match=says):
        deploy(tmp_path / "bundle", tape, tmp_path / "paper", SETTINGS)
    assert not (tmp_path / "paper").exists()


def test_another_tape_runs_where_it_is_allowed(bundle, tape, tmp_path):
    other = tape.slice(0, 99)
    done = deploy(bundle, other, tmp_path, replace(SETTINGS, other_tape=True))
    assert done.session.n_decisions == 29


def test_other_settings_in_the_same_folder_are_refused(bundle, tape, tmp_path):
    deploy(bundle, tape, tmp_path, SETTINGS)
    with pytest.raises(ConfigError, match=r"journal: .* cash was 50000\.0, is 9\.0"):
        deploy(bundle, tape, tmp_path, replace(SETTINGS, cash=9.0))
    with pytest.raises(ConfigError, match="use a new folder for a new deployment"):
        deploy(bundle, tape, tmp_path, replace(SETTINGS, rows=(30, 50)))


def test_limits_are_shown_and_held(bundle, tape, tmp_path):
    done = deploy(bundle, tape, tmp_path, replace(SETTINGS, limits=LimitSettings(max_order=1.0)))
    assert done.orders == ()
    assert {refusal.reason for refusal in done.refusals} == {"limit_order_size"}
    assert [check.detail for check in done.preflight.checks if check.name == "limits"] == ["max_order 1"]


@pytest.mark.parametrize("name", ["alpaca-paper", "alpaca", "ccxt:kraken"])
def test_real_brokers_are_not_available_in_this_version(bundle, tape, tmp_path, name):
    with pytest.raises(ConfigError, match=f"broker {name} is not available in this version; paper trades here"):
        deploy(bundle, tape, tmp_path, replace(SETTINGS, broker=name))


def test_an_unknown_broker_is_named_with_a_suggestion(bundle, tape, tmp_path):
    with pytest.raises(UnknownNameError, match="did you mean paper"):
        deploy(bundle, tape, tmp_path, replace(SETTINGS, broker="papr"))


def test_resuming_where_nothing_was_deployed_is_refused(tmp_path):
    with pytest.raises(IntegrityError, match="there is no journal here"):
        resume(tmp_path)


def test_progress_is_told(bundle, tape, tmp_path):
    told = []
    deploy(bundle, tape, tmp_path, SETTINGS, progress=lambda made, total: told.append((made, total)))
    assert (told[0], told[-1], len(told)) == ((1, 29), (29, 29), 29)
