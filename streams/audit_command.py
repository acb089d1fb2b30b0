"""`livefair audit`: reads the whole log of a cluster, folds it again, and says what is lost, doubled or different."""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from livefair import config
from livefair.errors import InvalidInput
from livefair.kafka import new_admin
from livefair.reading import Bounds, Reader, open_reader
from livefair.wire.topics import FEED, PARTITIONS, Topic
from streams.audit import Arrivals, Refold, Report, check_acknowledged
from streams.audit_insight import InsightCheck
from streams.desk import DeskFold
from streams.fair import FairFold
from streams.fold import Fold
from streams.ledger import LedgerFold
from streams.log import Kept
from streams.stage import group_of


def audit(
    fair: Annotated[str | None, typer.Option(help="Count only what is about this fair.")] = None,
    acks: Annotated[
        Path | None, typer.Option(help="Application ids as clients were told them, one a line: are all there?")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Fold the log again and compare; exit code 1 if anything is lost, doubled or different."""
    settings = config.located(config.load())
    acknowledged = _acknowledged(acks)
    report = asyncio.run(run(settings.kafka, fair, acknowledged))
    if as_json:
        sys.stdout.write(orjson.dumps({**asdict(report), "clean": report.clean}).decode() + "\n")
    else:
        _print(report)
    raise typer.Exit(0 if report.clean else 1)


async def run(kafka: str, fair: str | None = None, acknowledged: list[str] | None = None) -> Report:
    """The report on a cluster as its log stands now."""
    report, arrivals, insight, applications = Report(), Arrivals(), InsightCheck(), set[str]()
    folds: list[Fold[Any, Any, Any]] = [FairFold(), DeskFold(), LedgerFold()]
    async with open_reader(kafka) as reader:
        # What is committed is asked for first, and then the ends of the targets: so all of it must be there.
        committed = {fold.name: await _committed(kafka, fold) for fold in folds}
        logs = await _bounds(reader, [fold.log for fold in folds])
        targets = await _bounds(reader, [fold.source for fold in folds] + [FEED])
        total = sum(bounds.end - bounds.first for bounds in (*logs.values(), *targets.values()))
        with _progress() as progress:
            task = progress.add_task("reading the log", total=total)
            inputs: dict[tuple[str, int], list[Kept]] = defaultdict(list)
            for (topic, partition), bounds in targets.items():
                async for batch in reader.stretch(topic, partition, bounds.first, bounds.end):
                    for record in batch:
                        news = arrivals.see(topic.name, partition, record.headers)
                        if topic is FEED:
                            if news:
                                insight.see(record)
                        else:
                            kept = Kept(record.offset, record.timestamp, record.key, record.value, record.headers)
                            inputs[topic.name, partition].append(kept)
                    progress.advance(task, len(batch))
            for fold in folds:
                for partition in range(PARTITIONS):
                    refold, counting = Refold(fold, partition, report, fair), insight.count(fold.log, partition)
                    bounds = logs[fold.log, partition]
                    async for batch in reader.stretch(fold.log, partition, bounds.first, bounds.end):
                        for record in batch:
                            refold.read_log(record)
                            counting.read(record)
                        progress.advance(task, len(batch))
                    for kept in inputs.pop((fold.source.name, partition), ()):
                        refold.fold_again(kept, arrivals, committed[fold.name].get(partition, 0))
                    refold.finish()
                    counting.finish()
                    applications |= refold.applications
    check_acknowledged(acknowledged or [], applications, report)
    insight.compare(report, fair)
    return report


async def _bounds(reader: Reader, topics: list[Topic]) -> dict[tuple[Topic, int], Bounds]:
    return {
        (topic, partition): await reader.bounds(topic, partition)
        for topic in topics
        for partition in range(topic.partitions)
    }


async def _committed(kafka: str, fold: Fold[Any, Any, Any]) -> dict[int, int]:
    admin: AIOKafkaAdminClient = new_admin(kafka)
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets(group_of(fold))
    finally:
        await admin.close()
    return {
        at.partition: found.offset
        for at, found in offsets.items()
        if isinstance(at, TopicPartition) and at.topic == fold.source.name
    }


def _acknowledged(path: Path | None) -> list[str]:
    if path is None:
        return []
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"--acks {path} cannot be read: {error}", field="acks") from None


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _print(report: Report) -> None:
    table = Table(show_header=False, box=None)
    for name, value in asdict(report).items():
        if name != "examples":
            table.add_row(name.replace("_", " "), str(value))
    console = Console()
    console.print(table)
    for example in report.examples:
        console.print(f"  {example}", highlight=False)
    console.print("clean: nothing lost, doubled or different" if report.clean else "NOT CLEAN")
