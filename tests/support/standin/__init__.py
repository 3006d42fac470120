"""A model that follows a script: stands in for the services that coding agents talk to, on loopback only.

    with StandIn() as model:
        lane = model.lane("login", [Write("a.txt", "hi\\n"), Say("Done.")])
        ...  # an agent whose base URL is lane.url
        assert lane.usage() == what_was_counted

Each main request of an agent takes the next step of its lane. What agents ask besides (titles, suggestions, probes)
is answered apart and takes no step. Everything asked and answered is in the lane's log, to the token.
"""

from tests.support.standin.lane import Lane
from tests.support.standin.record import Exchange, Usage
from tests.support.standin.server import StandIn
from tests.support.standin.steps import Ask, Call, Cut, Hang, Refuse, Say, Shell, Step, Write

__all__ = [
    "Ask",
    "Call",
    "Cut",
    "Exchange",
    "Hang",
    "Lane",
    "Refuse",
    "Say",
    "Shell",
    "StandIn",
    "Step",
    "Usage",
    "Write",
]
