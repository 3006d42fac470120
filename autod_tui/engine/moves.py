"""Moving refs as the last step of a transaction: announced, backed up, all or none, and repairable."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from autod_tui.core import events as ev
from autod_tui.core.errors import AutodError
from autod_tui.engine.backups import keep_ref
from autod_tui.engine.house import House, refuse

HEADS = "refs/heads/"


class Move(Struct, frozen=True):
    """One ref's way from `old` (empty: it is made) to `new` (empty: it is deleted)."""

    ref: str
    old: str
    new: str


async def move_all(house: House, id: str, checkpoint: str, moves: Sequence[Move]) -> None:
    """Move all refs; branches that are checked out take their worktree along, or nothing moves at all."""
    wanted = [move for move in moves if move.old != move.new]
    places = await problems_of(house, wanted)
    await _back_up(house, checkpoint, wanted)
    triples = tuple((move.ref, move.old, move.new) for move in wanted)
    house.stream.emit(ev.RefsMoving(id=id, checkpoint=checkpoint, moves=triples))
    await carry_out(house, wanted, places)


async def problems_of(house: House, moves: Sequence[Move]) -> dict[str, str]:
    """Return where branches are checked out (full ref to worktree); RefusedError when one of `moves` can't be done."""
    places = await _places(house, moves)
    refuse(await _problems(house, moves, places))
    return places


async def carry_out(house: House, moves: Sequence[Move], places: dict[str, str] | None = None) -> None:
    """Do the moves that are not done yet, all or none; the plain refs go in one transaction, first."""
    places = places if places is not None else await _places(house, moves)
    done: list[Move] = []
    try:
        plain = [move for move in moves if move.ref not in places]
        if plain:
            await house.git.move_refs([(move.ref, move.old, move.new) for move in plain])
            done += plain
        for move in moves:
            if move.ref in places and move.new:
                await house.git.follow(places[move.ref], move.old, move.new)
                done.append(move)
    except AutodError:
        await take_back(house, done, places)
        raise


async def take_back(house: House, moves: Sequence[Move], places: dict[str, str] | None = None) -> None:
    """Undo moves that were made, the latest first: what can't be done as a whole is not done at all."""
    places = places if places is not None else await _places(house, moves)
    for move in reversed(moves):
        if move.ref in places and move.old:
            await house.git.follow(places[move.ref], move.new, move.old)
        else:
            await house.git.move_refs([(move.ref, move.new, move.old)])


async def _places(house: House, moves: Sequence[Move]) -> dict[str, str]:
    """Return the branches among `moves` that are checked out: full ref to the worktree."""
    return await house.git.checked_out([move.ref for move in moves])


async def _problems(house: House, moves: Sequence[Move], places: dict[str, str]) -> tuple[str, ...]:
    problems: list[str] = []
    for move in moves:
        if move.ref not in places:
            continue
        branch = move.ref.removeprefix(HEADS)
        if not move.new:
            problems.append(f"{branch!r} is checked out at {places[move.ref]} and can't be deleted")
        elif problem := await house.git.follow_problem(places[move.ref], move.old, move.new):
            problems.append(f"{branch!r} is checked out at {places[move.ref]} and can't follow: {problem}")
    return tuple(problems)


async def _back_up(house: House, checkpoint: str, moves: Sequence[Move]) -> None:
    for move in moves:
        if not move.old:
            continue
        await keep_ref(house, f"refs/{checkpoint}", move.ref, move.old, f"{checkpoint} moved it")
