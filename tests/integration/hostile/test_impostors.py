"""Tests of impostors: requests, replays and strangers are proven or set aside, each with its reason."""

from __future__ import annotations

import json

from shared.broker.names import console_routing_key
from shared.protocol.messages import Claims, Declare, NotReady
from shared.protocol.words import Epoch, Intent, Kind, Status
from shared.wire.bundle import read_bundle
from tests.end_to_end.stories import End, connect, end
from tests.end_to_end.workers import LIMIT_SECONDS, fresh_id
from tests.integration.hostile.bare import properties
from tests.integration.hostile.forged import bundle, declare, request
from tests.integration.hostile.puppet import Puppet
from tests.integration.hostile.town import Visit
from tests.waiting import wait_for

NOT_PROVEN = "it claims another account than the broker proves"
NOT_OWNER = "a request of an account that does not own this endpoint"


async def connected(here: Visit) -> tuple[End, End]:
    """Carol's and Bob's ends of a good connection."""
    pair = here.customers
    one, other = end(pair.first, pair.here), end(pair.second, pair.there)
    await connect(one, other)
    return one, other


def claims(puppet: Puppet, **changed: str) -> Claims:
    """What Mallory would say of herself, apart from what she changes."""
    own = puppet.state.endpoint
    form = {"interface": puppet.state.id, "endpoint": own.id, "account": own.account, "region": own.region} | changed
    return Claims(form["interface"], form["endpoint"], Kind.VPC, form["account"], form["region"])


def asking(said: Claims) -> Declare:
    """Initiate, with these claims."""
    return Declare(Epoch(1, 1), 1, Intent.UP, None, 0, 0, Status.CONNECTING, said)


async def test_nobody_else_commands_bobs_ends(here: Visit) -> None:
    town = here.town
    _, bobs = await connected(here)
    before = await bobs.timeline()
    bob, mallory = town.bob.account.uid, town.uid
    orders = [{"kind": kind, "interface": bobs.interface} for kind in ("suspend", "delete", "show")]
    orders.append({"kind": "send", "interface": bobs.interface, "body": "mine"})
    what = properties(mallory, kind="peering.request", reply_to=console_routing_key(0))
    in_his_name = [town.delivery(request(town, bob, order), what) for order in orders]
    in_hers = [town.delivery(request(town, mallory, order), what) for order in orders]
    assert await here.refused(*in_his_name) == [NOT_PROVEN] * len(orders)
    assert await here.refused(*in_hers) == [NOT_OWNER] * len(orders)
    assert (await bobs.show())["status"] == "Activated"
    assert await bobs.timeline() == before
    told = [one for body in await everything(here) for one in read_bundle(body).messages]
    assert [one for one in told if one.source == bobs.interface] == []


async def test_nobody_else_answers_bobs_questions(here: Visit) -> None:
    """A reply reaches a console only from the account whose worker was asked."""
    town = here.town
    what = properties(town.uid, kind="peering.reply")
    reply = json.dumps({"v": 1, "request": fresh_id("x"), "endpoint": town.bob.endpoint, "replies": []}).encode()
    before = len(here.bob.heard)
    assert await here.refused(town.delivery(reply, what)) == ["unknown type of message"]
    await here.mallory.publish(town.delivery(reply, what, key=console_routing_key(0)))
    await here.bob.counters(town.bob)
    assert all(delivery.user_id == town.bob.account.uid for delivery in here.bob.heard[before:])


async def test_a_delivery_is_proven_by_more_than_what_it_says(here: Visit) -> None:
    town = here.town
    carol = town.carol
    forged = {
        "in Carol's name": (bundle(town, account=carol.account.uid, endpoint=carol.endpoint), town.uid, NOT_PROVEN),
        "in nobody's name": (bundle(town), None, "the broker does not prove its sender"),
        "for another endpoint": (bundle(town, to=carol.endpoint), town.uid, "it is meant for another endpoint"),
    }
    for name, (body, user, reason) in forged.items():
        assert await here.refused(town.delivery(body, properties(user))) == [reason], name


async def test_what_bob_said_once_says_nothing_when_mallory_repeats_it(here: Visit) -> None:
    """To Bob himself, and to Carol, whose interface might believe it."""
    town = here.town
    _, bobs = await connected(here)
    puppet = Puppet(here, bobs)
    await everything(here)
    await here.taken(puppet.delivery(asking(claims(puppet))))
    heard = await wait_for(lambda: here.mallory.take(town.to_mallory), LIMIT_SECONDS, what="Bob's answer")
    assert heard is not None
    assert await here.refused(town.delivery(heard)) == [NOT_PROVEN]
    worker = town.worker(town.carol)
    wanted = len(worker.lines("set aside")) + 1
    await here.mallory.publish(town.delivery(heard, key=town.carol.endpoint))
    lines = await wait_for(lambda: worker.lines("set aside"), LIMIT_SECONDS, until=lambda found: len(found) >= wanted)
    assert lines[-1]["reason"] == NOT_PROVEN


async def test_a_stranger_is_told_nothing_and_opens_nothing(here: Visit) -> None:
    """Bob's interface names Carol's. Whatever Mallory claims, she learns not even that there is such an interface."""
    town, pair = here.town, here.customers
    carols, bobs = end(pair.first, pair.here), end(pair.second, pair.there)
    await bobs.create(carols)
    puppet, nobody = Puppet(here, bobs), Puppet(here, end(pair.second, pair.there))
    carol = town.carol
    as_carol = {"interface": carols.interface, "endpoint": carol.endpoint, "account": carol.account.uid}
    deliveries = [
        puppet.delivery(asking(claims(puppet))),
        puppet.delivery(asking(claims(puppet, **as_carol))),
        puppet.delivery(asking(claims(puppet, **as_carol)), endpoint=carol.endpoint, source=carols.interface),
        nobody.delivery(asking(claims(nobody))),
    ]
    await here.taken(*deliveries)
    shown = await bobs.show()
    assert shown["status"] == "Idle"
    assert shown["reason_code"] == "StrangerCalled"
    answers = [one for body in await everything(here) for one in read_bundle(body).messages]
    known = [one.message for one in answers if one.source == bobs.interface]
    unknown = [one.message for one in answers if one.source == nobody.peer.interface]
    assert known
    assert set(known) == set(unknown)
    assert all(isinstance(one, NotReady) and one.epoch is None for one in known)
    await carols.create(bobs, initiate=True)
    await bobs.until(status="Activated")


async def everything(here: Visit) -> list[bytes]:
    """Everything that Bob's worker has said to Mallory."""
    heard: list[bytes] = []
    while (body := await here.mallory.take(here.town.to_mallory)) is not None:
        heard.append(body)
    return heard


async def test_old_messages_of_ones_own_connection_change_nothing(here: Visit) -> None:
    """Mallory has a connection with Bob. After he suspends it, she says everything again that she ever said."""
    pair = here.customers
    bobs = end(pair.second, pair.there)
    puppet = Puppet(here, bobs)
    own = puppet.state.endpoint
    information = {"interface": puppet.state.id, "endpoint": own.id, "account": own.account, "region": own.region}
    await bobs.do("create", name="", peer=information, initiate=False)
    await puppet.connect()
    await bobs.until(status="Activated")
    await puppet.says(puppet.payload(1, "first"))
    await puppet.says(puppet.payload(2, "second"))
    await wait_for(bobs.inbox, LIMIT_SECONDS, until=lambda found: found == ["first", "second"])
    late = puppet.delivery(puppet.payload(3, "third"))
    await bobs.do("suspend")
    await wait_for(puppet.hears, LIMIT_SECONDS, until=lambda _: puppet.state.status is Status.SUSPENDED)
    await bobs.until(status="Suspended")
    before = await bobs.show()
    await here.taken(*puppet.said * 20, late)
    assert await bobs.inbox() == ["first", "second"]
    after = await bobs.show()
    assert (after["status"], after["peer"]) == (before["status"], before["peer"])


async def test_a_peer_that_lies_about_itself_harms_its_own_connection_alone(here: Visit) -> None:
    """Every register that Mallory may claim for herself, while Carol's connection with the same worker carries on."""
    pair = here.customers
    bobs = end(pair.second, pair.there)
    puppet = Puppet(here, bobs)
    own = puppet.state.endpoint
    information = {"interface": puppet.state.id, "endpoint": own.id, "account": own.account, "region": own.region}
    await bobs.do("create", name="", peer=information, initiate=False)
    await puppet.connect()
    numbers = (1, 2, 2**40 - 1, 2**40)
    lies = [
        declare(
            puppet.state.id,
            bobs.interface,
            epoch=[epoch, 7],
            version=version,
            intent=intent,
            to_epoch=[epoch, 9],
            acknowledges=version,
            received=version,
            status="Activated",
        )
        for epoch in numbers
        for version in numbers
        for intent in ("up", "suspended", "deleted")
    ]
    deliveries = [here.town.delivery(bundle(here.town, messages=lies, life=store_id)) for store_id in range(1, 60)]

    async def attack() -> None:
        await here.mallory.publish(*deliveries)

    await here.unharmed(attack)
    await here.taken()
    first, second = await connected(here)
    await first.do("send", body="still here")
    await wait_for(second.inbox, LIMIT_SECONDS, until=lambda found: found == ["still here"])
