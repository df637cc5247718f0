"""From a policy to an evaluation, and from there to a report."""

import json
import math
import re
import struct
import time
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from quantgym.data.record import term_records
from quantgym.data.tape import Tape
from quantgym.evaluation.baseline import BASELINES
from quantgym.evaluation.caveat import caveats
from quantgym.evaluation.compare import Outcome
from quantgym.evaluation.evaluate import EvaluationSettings, evaluate
from quantgym.evaluation.metric import METRICS, measure, metric
from quantgym.evaluation.month import month_returns
from quantgym.evaluation.page import Markup, table, text
from quantgym.evaluation.performance_chart import rolling_sharpe
from quantgym.evaluation.report import report_html, write_report
from quantgym.evaluation.report_json import report_json
from quantgym.evaluation.theme import DARK, LIGHT
from quantgym.evaluation.track import Track
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError, DataError, ShapeError, UnknownNameError

CASH = 100_000.0


def test_an_evaluation_holds_policy_baselines_twin_and_verdicts(evaluation):
    assert [one.name for one in evaluation.contenders] == ["policy", "buy_and_hold", "equal_weight", "random", "zero_cost"]
    assert {one.track.n_bars for one in evaluation.contenders} == {229}
    assert [verdict.baseline for verdict in evaluation.verdicts] == ["buy and hold", "equal weight", "random, same turnover"]
    assert evaluation.decisions_differ == 0.0
    assert evaluation.twin.metrics["costs"] == 0.0 < evaluation.policy.metrics["costs"]
    # the interval is about the number in the table
    assert evaluation.boot.sharpe[0].estimate == pytest.approx(evaluation.policy.metrics["sharpe"])
    assert evaluation.verdict.difference.estimate == pytest.approx(
        evaluation.policy.metrics["sharpe"] - evaluation.baselines[0].metrics["sharpe"]
    )
    for name, interval in evaluation.boot.others.items():
        assert interval.estimate == pytest.approx(evaluation.policy.metrics[name]), name


def test_the_twin_pays_no_spread_and_no_borrow_that_the_tape_quotes(world, follower):
    quoted = term_records(
        world.tape.bars.shape, spread=np.full(world.tape.bars.shape, 0.004), borrow_rate=np.full(world.tape.bars.shape, 0.1)
    )
    tape = Tape.build("quoted", world.tape.instruments, world.tape.clock, world.tape.bars, quoted)
    settings = EvaluationSettings(resamples=50, random_seeds=2, baselines=("buy_and_hold",))
    for features in (world.table, None):
        found = evaluate(
            follower, world.observer(), tape, world.rows, world.costs, CASH, world.scheme, table=features, settings=settings
        )
        assert found.twin.metrics["costs"] == 0.0 < -found.policy.attribution["spread"]
        assert "costs 5 bp + the tape's spread" in str(found.facts["tested"])


def test_the_summary_is_a_short_table(evaluation):
    words = dict(evaluation.lines())
    assert list(words) == ["policy", "sharpe", "verdict"]
    assert re.search(r"follower-1   tested .* 229 bars, costs 5 bp \+ 2 bp", words["policy"])
    assert re.search(r"\[-?\d\.\d\d, -?\d\.\d\d\]   buy and hold .* difference", words["sharpe"])


def test_without_features_of_the_whole_tape_the_twin_is_streamed(world, follower, evaluation):
    settings = EvaluationSettings(resamples=50, random_seeds=2, baselines=("equal_weight", "buy_and_hold"))
    found = evaluate(follower, world.observer(), world.tape, world.rows, world.costs, CASH, world.scheme, settings=settings)
    assert math.isnan(found.decisions_differ)
    assert found.twin.track.equity.tobytes() == evaluation.twin.track.equity.tobytes()
    assert found.verdict.baseline == "equal weight"


def test_a_rate_is_deducted_from_every_sharpe_ratio(world, follower, evaluation):
    settings = EvaluationSettings(resamples=50, random_seeds=2, baselines=("buy_and_hold",), risk_free=0.05)
    found = evaluate(
        follower, world.observer(), world.tape, world.rows, world.costs, CASH, world.scheme, table=world.table, settings=settings
    )
    assert found.policy.metrics["sharpe"] < evaluation.policy.metrics["sharpe"]
    for index, one in enumerate(found.contenders):
        assert found.boot.sharpe[index].estimate == pytest.approx(one.metrics["sharpe"])


def test_settings_out_of_range_are_refused():
    with pytest.raises(ConfigError, match="at least one"):
        EvaluationSettings(baselines=())
    with pytest.raises(UnknownNameError, match="did you mean random"):
        EvaluationSettings(baselines=("rando",))


def test_a_thousand_bars_of_five_assets_take_under_thirty_seconds(make_world, follower):
    world = make_world(n_assets=5, n_bars=1_131)
    began = time.perf_counter()
    found = evaluate(follower, world.observer(), world.tape, world.rows, world.costs, CASH, world.scheme, table=world.table)
    assert found.n_bars == 1_000
    assert time.perf_counter() - began < 30.0


SMALL = EvaluationSettings(resamples=50, random_seeds=2)


def test_a_policy_that_never_trades_is_told_so(world, constant, tmp_path):
    idle, rows = constant(-1.0, -1.0, -1.0, 1.0), (130, 180)
    found = evaluate(idle, world.observer(), world.tape, rows, world.costs, CASH, world.scheme, table=world.table, settings=SMALL)
    assert found.verdict.outcome is Outcome.UNKNOWN
    assert "never vary" in found.verdict.reason
    assert "The policy never traded." in caveats(found)
    assert "NaN" not in write_report(found, tmp_path).json.read_text()


def test_a_ruined_policy_keeps_its_ruin_beside_the_others(make_world, constant, tmp_path):
    world = make_world(n_assets=1, n_bars=240, crash_at=200)
    costs = CostSettings(ruin_equity_fraction=0.1)  # the part kept in cash survives
    found = evaluate(
        constant(1.0, -1.0),
        world.observer(),
        world.tape,
        world.rows,
        costs,
        CASH,
        world.scheme,
        table=world.table,
        settings=SMALL,
    )
    # decisions 130 to 199: the bar of row 200 ruins; 39 bars follow it
    assert (found.session.n_decisions, found.n_bars) == (70, 109)
    assert found.policy.metrics["total_return"] < -0.9
    assert not found.policy.track.returns[70:].any()
    assert "ruined after 70 bars" in " ".join(caveats(found))
    assert "ruined" in write_report(found, tmp_path).html.read_text()


class Reader(HTMLParser):
    """Notes what a page asks for, and that its tags close."""

    def __init__(self):
        super().__init__()
        self.asks, self.open, self.ids = [], [], []

    def handle_starttag(self, tag, attrs):
        names = dict(attrs)
        self.asks += [names[name] for name in ("src", "href", "xlink:href", "data", "srcset") if name in names]
        self.ids += [names["id"]] if "id" in names else []
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in ("meta", "link", "br"):
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def written(evaluation, tmp_path_factory):
    return write_report(evaluation, tmp_path_factory.mktemp("report") / "new")


def test_the_page_asks_for_nothing_outside_itself_and_is_whole(written):
    page = written.html.read_text()
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    assert all(one.startswith(("#", "data:")) for one in reader.asks)
    assert not re.search(r"https?:|//[a-z]|@import|<script|url\((?!#)", page)
    assert len(reader.ids) == len(set(reader.ids))
    assert 'name="viewport"' in page
    assert "prefers-color-scheme:dark" in page


def test_charts_take_their_colours_from_the_page(written):
    drawings = re.findall(r"<svg.*?</svg>", written.html.read_text(), re.DOTALL)
    assert len(drawings) == 16  # eight charts, wide and narrow
    for drawing in drawings:
        assert not [colour for colour in LIGHT.values() if colour in drawing.lower()]
        assert "NaN" not in drawing
        assert "aria-label" in drawing
    assert len(set(LIGHT.values())) == len(LIGHT)
    assert LIGHT.keys() == DARK.keys()


def test_every_number_of_the_page_has_its_baseline_and_verdict(written, evaluation):
    page = written.html.read_text()
    for word in ("buy and hold", "equal weight", "random, same turnover", "policy without costs", evaluation.verdict.outcome.value):
        assert word in page
    assert "no confidence interval" in page  # of drawdowns


def test_the_picture_is_a_png_of_1600_by_1200(written):
    content = written.png.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", content[16:24]) == (1600, 1200)


def test_the_numbers_are_plain_json(written, evaluation):
    content = json.loads(written.json.read_text())
    assert content["schema"] == 1
    assert content["verdict"]["outcome"] == evaluation.verdict.outcome.value
    own = content["contenders"][0]
    assert own["metrics"]["total_return"] == evaluation.policy.metrics["total_return"]
    assert len(own["equity"]) == len(content["closes"]) == 230
    assert content["facts"]["tape_digest"] == evaluation.facts["tape_digest"]


def test_the_same_evaluation_gives_the_same_bytes(written, evaluation):
    assert report_html(evaluation) == written.html.read_text()
    assert report_json(evaluation) == written.json.read_text()
    assert sorted(path.name for path in written.html.parent.iterdir()) == ["report.html", "report.json", "report.png"]


def test_names_are_escaped_and_minus_signs_are_true():
    assert text("<b>&") == "&lt;b&gt;&amp;"
    assert text(Markup("<b>")) == "<b>"
    assert text("-1 [-2, x-3]") == "\u22121 [\u22122, x-3]"
    assert "<script>" not in table(("<script>",), [("<script>",)])


def test_what_speaks_against_the_numbers_is_said(evaluation):
    said = " ".join(caveats(evaluation))
    assert "opened 2 times" in said
    assert "shorter than a year" in said
    assert "3 assets" in said
    few = replace(evaluation, minimum_track_record=math.inf, facts={**evaluation.facts, "times_opened": 1})
    assert "not above zero" in caveats(few)[0]
    assert "opened" not in " ".join(caveats(few))


def test_months_by_hand():
    # 31 Jan 100, 15 Feb 110, 28 Feb 121, 1 Mar 60.5: February +21 %, March -50 %
    closes = np.array(["2021-01-31", "2021-02-15", "2021-02-28", "2021-03-01"], "datetime64[ns]").astype(np.int64)
    months = month_returns(np.array([100.0, 110.0, 121.0, 60.5]), closes)
    assert list(months[2021]) == [2, 3]
    assert list(months[2021].values()) == pytest.approx([0.21, -0.5])


def test_the_rolling_sharpe_ratio_is_that_of_its_window():
    returns = np.random.default_rng(0).normal(0.0, 0.01, 40)
    rolled = rolling_sharpe(returns, 10, 252.0)
    assert len(rolled) == 31
    assert rolled[5] == pytest.approx(returns[5:15].mean() / returns[5:15].std(ddof=1) * math.sqrt(252.0))
    assert math.isnan(rolling_sharpe(np.zeros(12), 10, 252.0)[0])


def test_every_metric_stands_on_the_page_of_formulas():
    page = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text()
    for known in METRICS:
        assert page.count(f"| `{known.name}` |") == 1, known.name
    for name in BASELINES:
        assert f"| `{name}` |" in page


def test_columns_with_tables_never_grow_past_a_phones_width(evaluation):
    # a bare 1fr is as wide as its widest table, which then scrolls the whole page instead of itself
    columns = re.findall(r"\.pair\{[^}]*grid-template-columns:([^;}]+)", report_html(evaluation))
    assert columns == ["minmax(0,1fr) minmax(0,1fr)", "minmax(0,1fr)"]


def test_a_metric_is_written_in_its_unit():
    written = {
        name: metric(name).text(0.12345) for name in ("total_return", "sharpe", "turnover", "cost_rate", "max_drawdown_bars")
    }
    assert list(written.values()) == ["12.3 %", "0.12", "0.1 x", "1234.5 bp", "0"]
    assert metric("calmar").text(math.nan) == "n/a"
    with pytest.raises(UnknownNameError, match="did you mean sharpe"):
        metric("sharp")


def test_a_track_refuses_what_does_not_fit():
    with pytest.raises(ShapeError, match="exposure must have the shape"):
        Track(equity=np.array([1.0, 2.0]), bars_per_year=252.0, exposure=np.zeros(2))
    with pytest.raises(DataError, match="bars_per_year must be positive"):
        Track(equity=np.array([1.0, 2.0]), bars_per_year=0.0)
    bare = Track(equity=np.array([1.0, 2.0, 1.5]), bars_per_year=252.0)
    assert math.isnan(measure(bare)["turnover"])
    with pytest.raises(ShapeError, match="cannot be padded"):
        bare.padded(1)
