"""The three stories, one for each way in which the article lets two ends meet.

Each is a list of scenes. Whatever differs from what the article says raises StoryBroke, and what is never shown is
missing in the checklist at the end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from console.demo import topologies
from console.demo.checklist import Checklist, Expected
from console.demo.command_lines import StoryEnd, change, configure, create, create_both, send
from console.demo.intrusion import intrude
from console.demo.run import StoryRun
from console.demo.watching import Notes, StoryBroke
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
    """A story: on which topology it runs, what it must show, and its steps."""

    name: str
    title: str
    topology: Topology
    interfaces: tuple[str, str]
    expected: tuple[Expected, ...]
    play: Callable[[StoryRun, Checklist], Awaitable[None]]

    @property
    def ends(self) -> tuple[StoryEnd, StoryEnd]:
        """The two ends, the initiator's first."""
        first, second = self.topology.endpoints
        return StoryEnd(first, self.interfaces[0]), StoryEnd(second, self.interfaces[1])


async def _cross_account(run: StoryRun, checklist: Checklist) -> None:
    one, two = run.one, run.two
    await run.play("Each owner creates an interface", [create(one), create(two)], "Idle", "Idle")
    too_early = [change("initiate", one, "PeerNotConfigured")]
    await run.play("Too early: with whom?", too_early, "Idle", "Idle")
    await _initiate_before_the_other_is_ready(run)
    await run.play("The acceptor can only wait", [change("initiate", two, "NotInitiator")], "Connecting", "Idle")
    checklist.note(INITIATES)
    await _command_anothers_end(run, checklist)
    configured = [configure(two, one)]
    await run.play("Bob agrees, and it comes up by itself", configured, "Activated", "Activated")
    checklist.note(INFORMED)
    await _send_both_ways(run, checklist)
    await _survive_a_kill(run, checklist)
    await _suspend_and_resume(run, two, one)
    await _show_charges(run, checklist, BETWEEN_REGIONS, "this end", "the peer")


async def _same_account(run: StoryRun, checklist: Checklist) -> None:
    one, two = run.one, run.two
    both = create_both(one, two)
    await run.play("One owner creates both ends at once", both, "Activated", "Activated")
    checklist.note(AUTOMATIC)
    await _send_both_ways(run, checklist)
    await _suspend_and_resume(run, one, two)
    await _show_charges(run, checklist, IN_ONE_REGION, "nobody", "nobody")


async def _vbr(run: StoryRun, checklist: Checklist) -> None:
    one, two = run.one, run.two
    await run.play("Each owner creates an interface", [create(one), create(two)], "Idle", "Idle")
    other_vbr = StoryEnd(one.section.model_copy(update={"id": "vbr-other"}), "ri-other")
    vbr_to_vbr = [configure(one, other_vbr, "VbrToVbr")]
    await run.play("A VBR connects to a VPC only", vbr_to_vbr, "Idle", "Idle")
    checklist.note(VBR_VBR)
    to_itself = [configure(two, StoryEnd(two.section, "ri-other"), "SameEndpoint")]
    await run.play("And nothing connects to itself", to_itself, "Idle", "Idle")
    checklist.note(ITSELF)
    opening = [configure(two, one), configure(one, two), change("initiate", one)]
    await run.play("A VBR and a VPC, both told of each other", opening, "Activated", "Activated")
    await _send_both_ways(run, checklist)
    await _suspend_and_resume(run, one, two)
    await _show_charges(run, checklist, IN_ONE_REGION, "nobody", "nobody")


async def _initiate_before_the_other_is_ready(run: StoryRun) -> None:
    one, two = run.one, run.two
    title = "Initiated before bob agreed: it waits"
    run.say(title)
    lines = [await run.type(configure(one, two)), await run.type(change("initiate", one))]
    await run.wait(title, "Connecting", "Idle")
    reasons = (
        await run.until_reason(one, "PeerNotConfigured"),
        await run.until_reason(two, "StrangerCalled"),
    )
    await run.draw(title, lines, Notes(*([_reason(view)] for view in reasons)))


def _reason(view: InterfaceView) -> str:
    return f"“{view.reason}”"


async def _command_anothers_end(run: StoryRun, checklist: Checklist) -> None:
    title = "Nobody commands another account's end"
    run.say(title)
    line = await intrude(run, run.two, run.one)
    await run.wait(title, "Connecting", "Idle")
    checklist.note(STRANGERS)
    await run.draw(title, [line])


async def _send_both_ways(run: StoryRun, checklist: Checklist) -> None:
    one, two = run.one, run.two
    title = "Both ends may send"
    run.say(title)
    bodies = (f"hello from {one.endpoint}", f"hello from {two.endpoint}")
    lines = [await run.type(send(one, bodies[0])), await run.type(send(two, bodies[1]))]
    await run.until_received(two, [bodies[0]])
    await run.until_received(one, [bodies[1]])
    checklist.note(SENDS)
    await run.draw(title, lines, Notes([_received(bodies[1])], [_received(bodies[0])]))


def _received(body: str) -> str:
    return f"✉ {body}"


async def _survive_a_kill(run: StoryRun, checklist: Checklist) -> None:
    one, two = run.one, run.two
    title = f"{two.owner}'s worker is killed (kill -9)"
    run.say(title)
    old = await run.kill(two)
    lines = [await run.type(send(one, "are you there?"))]
    new = await run.until_back(two, old)
    await run.until_received(two, [f"hello from {one.endpoint}", "are you there?"])
    await run.wait(title, "Activated", "Activated")
    checklist.note(SURVIVES)
    await run.draw(title, lines, Notes([], [f"process {old} is now {new}", _received("are you there?")]))


async def _suspend_and_resume(run: StoryRun, holder: StoryEnd, other: StoryEnd) -> None:
    suspending = [change("suspend", holder)]
    await run.play(f"Either end may suspend: {holder.endpoint}", suspending, "Suspended", "Suspended")
    refused = [send(other, "hello?", "NotActivated"), change("resume", other, "HeldByPeer")]
    await run.play("While it is held, nothing passes", refused, "Suspended", "Suspended")
    await run.play("The connection is re-initiated", [change("resume", holder)], "Activated", "Activated")


async def _show_charges(run: StoryRun, checklist: Checklist, sentence: str, first: str, second: str) -> None:
    run.say("Who is charged?")
    charged = [(await run.show(cast)).charged for cast in (run.one, run.two)]
    if charged != [first, second]:
        raise StoryBroke(f"charged are {charged} instead of {[first, second]}")
    checklist.note(sentence)
    notes = Notes(*(["charged" if payer == "this end" else "not charged"] for payer in charged))
    await run.draw("Who is charged?", [], notes)


_SENDS = Expected(SENDS, "yes", "yes")

STORIES: Final = {
    story.name: story
    for story in (
        Story(
            "cross-account",
            "Two owners, two regions: initiated by hand",
            topologies.CROSS_ACCOUNT,
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
            topologies.SAME_ACCOUNT,
            ("ri-office", "ri-archive"),
            (Expected(AUTOMATIC, "yes", "yes"), Expected(IN_ONE_REGION, "no", "no"), _SENDS),
            _same_account,
        ),
        Story(
            "vbr",
            "A VBR and a VPC",
            topologies.VBR,
            ("ri-alice", "ri-bob"),
            (Expected(VBR_VBR, "no", "no"), Expected(ITSELF, "no", "no"), Expected(IN_ONE_REGION, "no", "no"), _SENDS),
            _vbr,
        ),
    )
}
