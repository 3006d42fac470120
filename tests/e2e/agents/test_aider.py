"""aider, which tells little of itself: its prompt is typed in, its questions are read from the screen."""

from __future__ import annotations

import pytest

from tests.e2e.agents.conftest import Employ
from tests.support.agent_world import NAME
from tests.support.standin import Say

pytestmark = pytest.mark.e2e


def test_aider_asks_is_answered_and_is_done(employ: Employ) -> None:
    one = employ("aider")
    one.lane.add(Say("Here it is.\n\na.txt\n```\nhi\n```\n", gate="end", begun=True))
    with one.conducted():
        one.up()
        one.wait_state("working")
        one.lane.release("end")
        assert "(Y)es/(N)o" in one.wait_state("waiting")["reason"]
        one.stand.ask("answer", NAME, "Yes")
        one.wait_state("done")
        assert one.stand.git("show", f"workstream/{NAME}:a.txt") == "hi"
