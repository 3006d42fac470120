"""What a session of a run tells the demo agent: its tasks, and the `demo:` lines that script it. Standard library only.

A line `demo: WORD[=VALUE] [once|twice|N times] [in STAGE]` in a task's text is for that task, before the first task for
all of them. Words:
    judge       change nothing, only look whether the outputs are there
    reject      give the verdict NEEDS_WORK
    fail        claim APPROVED and exit with status 7
    crash       end by SIGKILL in the middle
    hang        say nothing any more and never end
    silent      give no verdict
    unclear     give a verdict that is both
    missing     claim APPROVED without having written anything
    flood       print 5 MB
    write=PATH  write a line into PATH as well, where another task does so too
    score=N     put the score N into an output that is JSON (95 otherwise)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_ORDER = re.compile(
    r"\bdemo: *(?P<word>[a-z]+)(?:=(?P<value>\S+))?(?: +(?:(?P<once>once|twice)|(?P<times>\d+) times))?"
    r"(?: +in +(?P<stage>[\w-]+(?:\.[\w-]+)*))?"
)
_OUTPUTS = re.compile(r"\W*(?:outputs?|files it has to leave)\W*:\W*(?P<paths>[\w./].*)?\Z", re.IGNORECASE)
_TIMES = {"once": 1, "twice": 2}
LOG = "demo.log"


@dataclass(frozen=True)
class Order:
    """One `demo:` line."""

    word: str
    value: str = ""
    times: int = 0
    """How often it counts; 0 for always."""
    stage: str = ""
    """Stage it counts in; empty for all."""


@dataclass
class Job:
    """One task of the session."""

    id: str
    title: str = ""
    outputs: list[str] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)


def read_jobs(ids: list[str], prompt: str) -> list[Job]:
    """Find in the prompt what it says about each of `ids`.

    A task's text starts at a line that begins with its id (behind marks such as `##`, `-` or the word `Task`); its
    outputs are listed behind `Files it has to leave:` or `Outputs:`, with commas or as a list below. Quoted lines
    (`> `) are somebody else's words and order nothing.
    """
    jobs = {id: Job(id) for id in ids}
    start = re.compile(
        rf"\W*(?:[Tt]ask +)?\W*({'|'.join(map(re.escape, sorted(ids, key=len, reverse=True)))})(?![\w-])(.*)"
    )
    common: list[Order] = []
    job: Job | None = None
    listing = False
    for line in prompt.splitlines():
        if line.startswith(">"):
            continue
        found = start.match(line)
        if ids and found and found[1] in jobs and not re.match(r"\.\d", found[2]):
            job, listing = jobs[found[1]], False
            job.title = job.title or found[2].strip(" :.-–—`*")
        elif order := _ORDER.search(line):
            (job.orders if job else common).append(_order(order))
        elif job is not None:
            listing = _take_outputs(job, line, listing)
    for job in jobs.values():
        job.orders.extend(common)
    return list(jobs.values())


def _take_outputs(job: Job, line: str, listing: bool) -> bool:
    """Add the paths that a line names; return whether the next line may name more."""
    if head := _OUTPUTS.match(line):
        job.outputs.extend(path.strip("`*").rstrip(".") for path in re.split(r"[,\s]+", head["paths"] or "") if path)
        return not job.outputs
    item = re.match(r"\s*[-*] +`?([^\s`]+)`?\s*\Z", line) if listing else None
    if item:
        job.outputs.append(item[1])
    return item is not None or (listing and not line.strip())


def _order(found: re.Match[str]) -> Order:
    times = _TIMES.get(found["once"] or "", int(found["times"] or 0))
    return Order(found["word"], found["value"] or "", times, found["stage"] or "")


class Memory:
    """Which orders earlier sessions of the same run obeyed already, from a file in each session's own directory."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Remember in the directory that holds AUTOD_VERDICTS; without one every time is the first."""
        verdicts = environment.get("AUTOD_VERDICTS", "")
        self._directory = Path(verdicts).parent if verdicts else None
        self._stage = environment.get("AUTOD_STAGE", "")

    def obeys(self, job: Job, word: str) -> Order | None:
        """Return the order of this word that counts now, and keep that it was obeyed."""
        order = next((one for one in job.orders if one.word == word and one.stage in ("", self._stage)), None)
        if order is None:
            return None
        line = f"{self._stage} {job.id} {word}"
        if order.times and self._count(line) >= order.times:
            return None
        self._keep(line)
        return order

    def _count(self, line: str) -> int:
        logs = sorted(self._directory.parent.glob(f"*/{LOG}")) if self._directory else []
        return sum(log.read_text(encoding="utf-8").splitlines().count(line) for log in logs)

    def _keep(self, line: str) -> None:
        if self._directory and self._directory.is_dir():
            with (self._directory / LOG).open("a", encoding="utf-8") as log:
                log.write(line + "\n")
