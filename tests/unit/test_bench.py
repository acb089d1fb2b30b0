"""The bench's peers do the work that they are said to do, and its tables show what was measured."""

from __future__ import annotations

import io

from rich.console import Console

from bench.faust_process import Standing, enter, following
from bench.ledger import facts
from bench.report import Figure, Report
from livefair.domain.prepared import PreparedJob
from livefair.wire.codec import Codec
from livefair.wire.facts import ApplicationMade, JobFact, JobStated
from streams.ledger import LedgerFold

AT = 1_795_000_000_000


def test_the_faust_agent_decides_what_the_ledger_decides() -> None:
    fold, decode = LedgerFold(), Codec[JobFact](JobFact).decode
    state = fold.new_state()
    jobs: dict[str, PreparedJob] = {}
    standings: dict[str, Standing] = {}
    states: set[str] = set()
    for number, (key, value, _) in enumerate(facts(2_000)):
        fact = decode(value)
        decisions = []
        for decided in fold.decide(state, fact, AT + number):
            fold.apply(state, decided.decision)
            decisions.append(decided.decision)
        if isinstance(fact, JobStated):
            jobs[key] = PreparedJob(fact.job)
            continue
        assert isinstance(fact, ApplicationMade)
        entered = enter(jobs[key], standings.get(key, Standing()), fact, AT + number)
        standings[key] = following(standings.get(key, Standing()), entered.row.state)
        assert [entered] == decisions
        states.add(entered.row.state)
    assert states >= {"submitted", "waitlisted", "matched"}
    assert len(jobs) == 500


def test_the_inputs_are_all_new_applications() -> None:
    decode = Codec[JobFact](JobFact).decode
    made = [decode(value) for _, value, _ in facts(2_000)][500:]
    assert len({fact.application for fact in made if isinstance(fact, ApplicationMade)}) == len(made) >= 2_000


def test_a_table_shows_minimum_median_and_maximum() -> None:
    console = Console(width=120, file=io.StringIO(), record=True)
    Report("Title", [Figure("a row", "ms", [3.0, 1.0, 2000.0], "≤ 15")], ["A note."]).show(console)
    shown = console.export_text()
    row = next(line for line in shown.splitlines() if "a row" in line)
    assert row.split() == ["a", "row", "1.0", "3.0", "2", "000", "ms", "≤", "15"]
    assert "A note." in shown
