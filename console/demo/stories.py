"""Three stories, one for each way in which the article lets two ends meet; nothing in them is told that is not done.

Each is a list of scenes. Whatever differs from what the article says raises StoryBroke, and what is never shown is
missing in the checklist at the end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from console.demo import cast as casting
from console.demo.checklist import Checklist, Expected
from console.demo.intrusion import intrude
from console.demo.stage import Notes, Stage, StoryBroke
from console.demo.typed import Cast, change, configure, create, create_both, send
from console.topology import Topology
from shared.wire.views import InterfaceView

INFORMED: Final = "Is peer information required before initiating?"
INITIATES: Final = "Can this end initiate a connection?"
SENDS: Final = "Can this end send after establishment?"
BETWEEN_REGIONS: Final = "Is this end charged between different regions?"
IN_ONE_REGION: Final = "Is this end charged in the same region?"
STRANGERS: Final = "Can another account command this end?"
AUTOMATIC: Final = "Created at the same time: by itself Activated?"
VBR_VBR: Final = "Can a VBR be connected to a VBR?"
ITSELF: Final = "Can it be connected to its own endpoint?"
SURVIVES: Final = "Does it go on after kill -9 of a worker?"


@dataclass(frozen=True, slots=True)
class Story:
    """What is played: on which topology, what it must show, and how."""

    name: str
    title: str
    topology: Topology
    interfaces: tuple[str, str]
    expected: tuple[Expected, ...]
    play: Callable[[Stage, Checklist], Awaitable[None]]

    @property
    def casts(self) -> tuple[Cast, Cast]:
        """Both ends, the initiator's first."""
        first, second = self.topology.endpoints
        return Cast(first, self.interfaces[0]), Cast(second, self.interfaces[1])


async def _cross_account(stage: Stage, checklist: Checklist) -> None:
    one, two = stage.one, stage.two
    await stage.play("Each owner creates an interface", [create(one), create(two)], "Idle", "Idle")
    too_early = [change("initiate", one, "PeerNotConfigured")]
    await stage.play("Too early: with whom?", too_early, "Idle", "Idle")
    await _initiate_before_the_other_is_ready(stage)
    await stage.play("The acceptor can only wait", [change("initiate", two, "NotInitiator")], "Connecting", "Idle")
    checklist.note(INITIATES)
    await _command_anothers_end(stage, checklist)
    configured = [configure(two, one)]
    await stage.play("Bob agrees, and it comes up by itself", configured, "Activated", "Activated")
    checklist.note(INFORMED)
    await _send_both_ways(stage, checklist)
    await _survive_a_kill(stage, checklist)
    await _suspend_and_resume(stage, two, one)
    await _show_charges(stage, checklist, BETWEEN_REGIONS, "this end", "the peer")


async def _same_account(stage: Stage, checklist: Checklist) -> None:
    one, two = stage.one, stage.two
    both = create_both(one, two)
    await stage.play("One owner creates both ends at once", both, "Activated", "Activated")
    checklist.note(AUTOMATIC)
    await _send_both_ways(stage, checklist)
    await _suspend_and_resume(stage, one, two)
    await _show_charges(stage, checklist, IN_ONE_REGION, "nobody", "nobody")


async def _vbr(stage: Stage, checklist: Checklist) -> None:
    one, two = stage.one, stage.two
    await stage.play("Each owner creates an interface", [create(one), create(two)], "Idle", "Idle")
    other_vbr = Cast(one.section.model_copy(update={"id": "vbr-other"}), "ri-other")
    vbr_to_vbr = [configure(one, other_vbr, "VbrToVbr")]
    await stage.play("A VBR connects to a VPC only", vbr_to_vbr, "Idle", "Idle")
    checklist.note(VBR_VBR)
    to_itself = [configure(two, Cast(two.section, "ri-other"), "SameEndpoint")]
    await stage.play("And nothing connects to itself", to_itself, "Idle", "Idle")
    checklist.note(ITSELF)
    opening = [configure(two, one), configure(one, two), change("initiate", one)]
    await stage.play("A VBR and a VPC, both told of each other", opening, "Activated", "Activated")
    await _send_both_ways(stage, checklist)
    await _suspend_and_resume(stage, one, two)
    await _show_charges(stage, checklist, IN_ONE_REGION, "nobody", "nobody")


async def _initiate_before_the_other_is_ready(stage: Stage) -> None:
    one, two = stage.one, stage.two
    title = "Initiated before bob agreed: it waits"
    stage.say(title)
    lines = [await stage.type(configure(one, two)), await stage.type(change("initiate", one))]
    await stage.wait(title, "Connecting", "Idle")
    reasons = (
        await stage.until_reason(one, "PeerNotConfigured"),
        await stage.until_reason(two, "StrangerCalled"),
    )
    await stage.draw(title, lines, Notes(*([_reason(view)] for view in reasons)))


def _reason(view: InterfaceView) -> str:
    return f"“{view.reason}”"


async def _command_anothers_end(stage: Stage, checklist: Checklist) -> None:
    title = "Nobody commands another account's end"
    stage.say(title)
    line = await intrude(stage, stage.two, stage.one)
    await stage.wait(title, "Connecting", "Idle")
    checklist.note(STRANGERS)
    await stage.draw(title, [line])


async def _send_both_ways(stage: Stage, checklist: Checklist) -> None:
    one, two = stage.one, stage.two
    title = "Both ends may send"
    stage.say(title)
    bodies = (f"hello from {one.endpoint}", f"hello from {two.endpoint}")
    lines = [await stage.type(send(one, bodies[0])), await stage.type(send(two, bodies[1]))]
    await stage.until_received(two, [bodies[0]])
    await stage.until_received(one, [bodies[1]])
    checklist.note(SENDS)
    await stage.draw(title, lines, Notes([_received(bodies[1])], [_received(bodies[0])]))


def _received(body: str) -> str:
    return f"✉ {body}"


async def _survive_a_kill(stage: Stage, checklist: Checklist) -> None:
    one, two = stage.one, stage.two
    title = f"{two.owner}'s worker is killed (kill -9)"
    stage.say(title)
    old = await stage.kill(two)
    lines = [await stage.type(send(one, "are you there?"))]
    new = await stage.until_back(two, old)
    await stage.until_received(two, [f"hello from {one.endpoint}", "are you there?"])
    await stage.wait(title, "Activated", "Activated")
    checklist.note(SURVIVES)
    await stage.draw(title, lines, Notes([], [f"process {old} is now {new}", _received("are you there?")]))


async def _suspend_and_resume(stage: Stage, holder: Cast, other: Cast) -> None:
    suspending = [change("suspend", holder)]
    await stage.play(f"Either end may suspend: {holder.endpoint}", suspending, "Suspended", "Suspended")
    refused = [send(other, "hello?", "NotActivated"), change("resume", other, "HeldByPeer")]
    await stage.play("While it is held, nothing passes", refused, "Suspended", "Suspended")
    await stage.play("The connection is re-initiated", [change("resume", holder)], "Activated", "Activated")


async def _show_charges(stage: Stage, checklist: Checklist, sentence: str, first: str, second: str) -> None:
    stage.say("Who is charged?")
    charged = [(await stage.show(cast)).charged for cast in (stage.one, stage.two)]
    if charged != [first, second]:
        raise StoryBroke(f"charged are {charged} instead of {[first, second]}")
    checklist.note(sentence)
    notes = Notes(*(["charged" if payer == "this end" else "not charged"] for payer in charged))
    await stage.draw("Who is charged?", [], notes)


_SENDS = Expected(SENDS, "yes", "yes")

STORIES: Final = {
    story.name: story
    for story in (
        Story(
            "cross-account",
            "Two owners, two regions: initiated by hand",
            casting.CROSS_ACCOUNT,
            ("ri-alice", "ri-bob"),
            (
                Expected(BETWEEN_REGIONS, "yes", "no"),
                Expected(INFORMED, "yes", "yes"),
                Expected(INITIATES, "yes", "no"),
                _SENDS,
                Expected(STRANGERS, "no", "no"),
                Expected(SURVIVES, "yes", "yes"),
            ),
            _cross_account,
        ),
        Story(
            "same-account",
            "One owner, one region: established automatically",
            casting.SAME_ACCOUNT,
            ("ri-office", "ri-archive"),
            (Expected(AUTOMATIC, "yes", "yes"), Expected(IN_ONE_REGION, "no", "no"), _SENDS),
            _same_account,
        ),
        Story(
            "vbr",
            "A VBR and a VPC",
            casting.VBR,
            ("ri-alice", "ri-bob"),
            (Expected(VBR_VBR, "no", "no"), Expected(ITSELF, "no", "no"), Expected(IN_ONE_REGION, "no", "no"), _SENDS),
            _vbr,
        ),
    )
}
