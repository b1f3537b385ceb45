"""The command handler: carries out what an owner asks of its endpoint's worker, and answers.

What a request changes commits with everything else of its batch, and so does its answer.
"""

from __future__ import annotations

import os
from typing import Any, Final

from shared.protocol import refusals
from shared.protocol.commands import peer_refusal
from shared.protocol.effects import Refused, Step
from shared.protocol.events import Command, Configure, Delete, Initiate, Reject, Resume, Send, Suspend
from shared.protocol.interface import Interface
from shared.protocol.refusals import Refusal
from shared.protocol.words import Endpoint, Epoch, Intent, PeerInformation, Role
from shared.runtime.batch import Batch
from shared.runtime.condition import Condition
from shared.runtime.pages import inbox_page, timeline_page
from shared.runtime.peers import Peers
from shared.runtime.show import view
from shared.runtime.subscriptions import Subscription, Subscriptions
from shared.store.sqlite import Store
from shared.wire.request import (
    CHANGING,
    PAGE_LIMIT,
    AcknowledgeForm,
    AnswerForm,
    CommandForm,
    ConfigureForm,
    CreateForm,
    ListForm,
    PeerForm,
    PlainForm,
    PlainKind,
    ReadForm,
    RequestForm,
    SendForm,
    SubscribeForm,
)
from shared.wire.views import HistogramView, WorkerView

REPLY_LIMIT_BYTES: Final = 4 * 1024 * 1024
"""The longest reply; the broker layer sends twice as much, and what it does not send is never answered."""

TOO_MUCH: Final = Refusal("TooMuch", "The answers do not fit into one message: ask for less at a time.")


class CommandHandler:
    """Carries out the commands of an owner's requests, for one endpoint."""

    def __init__(
        self, endpoint: Endpoint, role: Role, peers: Peers, subscriptions: Subscriptions, condition: Condition
    ) -> None:
        """Answer for this endpoint; `peers` and `condition` are shown, never changed."""
        self._endpoint, self._role, self._peers = endpoint, role, peers
        self._subscriptions, self._condition = subscriptions, condition

    def carry_out(self, request: RequestForm, reply_to: str, batch: Batch, now: float) -> list[AnswerForm]:
        """Carry out a request's commands in order, each on its own: one refusal does not stop the next."""
        if request["account"] != self._endpoint.account:
            return [_refused(refusals.NOT_OWNER)] * len(request["commands"])
        return [self._carry_out(form, request["request"], reply_to, batch, now) for form in request["commands"]]

    def _carry_out(self, form: CommandForm, request: str, reply_to: str, batch: Batch, now: float) -> AnswerForm:
        """Carry out one command."""
        match form["kind"]:
            case "create":
                return self._create(form, batch)
            case "configure" | "reject":
                return self._configure(form, batch)
            case "send":
                return self._send(form, batch)
            case "show":
                return self._show(form, batch, now)
            case "list":
                return self._list(form, batch, now)
            case "inbox" | "timeline" | "acknowledge":
                return self._read(form, batch)
            case "subscribe":
                return self._subscribe(form, request, reply_to, batch, now)
            case "worker":
                return _done(self.about(batch.store, now).model_dump(by_alias=True))
            case "initiate" | "suspend" | "resume" | "delete":
                return self._command(form["interface"], _event(form["kind"]), form["kind"], batch)

    def _create(self, form: CreateForm, batch: Batch) -> AnswerForm:
        """Create an interface, configured and initiated at once where that is asked for; all of it or nothing.

        No id of a deleted one is given again: its peer, if it has not heard of the deletion, would take the new one for
        the old one, and come up with it although its owner never agreed to that.
        """
        peer = None if form["peer"] is None else PeerInformation(**form["peer"])
        known = batch.store.load(form["interface"])
        if known is not None and known.intent is Intent.DELETED:
            return _refused(refusals.INTERFACE_DELETED)
        if known is not None:
            same = known.name == form["name"] and peer in (None, known.peer)
            return _status(known) if same else _refused(refusals.INTERFACE_EXISTS)
        state = Interface(
            id=form["interface"],
            endpoint=self._endpoint,
            role=self._role,
            epoch=Epoch(1, batch.nonce),
            name=form["name"],
        )
        if peer is not None and (refusal := peer_refusal(state, peer)) is not None:
            return _refused(refusal)
        if form["initiate"] and (objection := _objection(batch.step(state.but(peer=peer), Initiate()))) is not None:
            return objection
        batch.create(state)
        if peer is not None:
            state, _ = batch.apply(state, Configure(peer, batch.nonce), "command configure")
        if form["initiate"]:
            state, _ = batch.apply(state, Initiate(), "command initiate")
        return _status(state)

    def _configure(self, form: ConfigureForm, batch: Batch) -> AnswerForm:
        """Set an interface's peer information, to wait for that peer or to reject it."""
        peer: PeerForm = form["peer"]
        event = (Reject if form["kind"] == "reject" else Configure)(PeerInformation(**peer), batch.nonce)
        return self._command(form["interface"], event, form["kind"], batch)

    def _command(self, interface: str, event: Command, name: str, batch: Batch) -> AnswerForm:
        """Apply a command to an interface, and answer with its status or the refusal."""
        known = batch.store.load(interface)
        if known is None:
            return _refused(refusals.UNKNOWN_INTERFACE)
        state, refused = batch.apply(known, event, f"command {name}")
        return _status(state) if refused is None else _refused(refused.refusal, refused.detail)

    def _send(self, form: SendForm, batch: Batch) -> AnswerForm:
        """Take a payload for the peer, and answer with its number."""
        known = batch.store.load(form["interface"])
        if known is None:
            return _refused(refusals.UNKNOWN_INTERFACE)
        state, refused = batch.apply(known, Send(form["body"]), "command send")
        if refused is not None:
            return _refused(refused.refusal, refused.detail)
        return _done({"interface": state.id, "number": state.sent})

    def _show(self, form: PlainForm, batch: Batch, now: float) -> AnswerForm:
        """Answer with one interface as it is."""
        known = batch.store.load(form["interface"])
        if known is None:
            return _refused(refusals.UNKNOWN_INTERFACE)
        return _done(view(known, self._peers, now, self._condition).model_dump())

    def _list(self, form: ListForm, batch: Batch, now: float) -> AnswerForm:
        """Answer with a page of interfaces."""
        page = batch.store.page(form["after"], form["limit"], deleted=form["deleted"], match=form.get("match"))
        shown = [view(state, self._peers, now, self._condition).model_dump() for state in page]
        following = page[-1].id if len(page) == form["limit"] else None
        return _done({"interfaces": shown, "next": following})

    def _read(self, form: ReadForm | AcknowledgeForm, batch: Batch) -> AnswerForm:
        """Answer with a page of the timeline, or of an interface's inbox; or let go of what was read of an inbox."""
        interface = form["interface"]
        if form["kind"] == "timeline":
            return _done(timeline_page(batch.store, form))
        if interface is None or batch.store.load(interface) is None:
            return _refused(refusals.UNKNOWN_INTERFACE)
        if form["kind"] == "acknowledge":
            removed = batch.store.acknowledge(interface, form["through"], PAGE_LIMIT)
            return _done({"interface": interface, "removed": removed, "more": removed == PAGE_LIMIT})
        return _done(inbox_page(batch.store, interface, form))

    def _subscribe(self, form: SubscribeForm, request: str, reply_to: str, batch: Batch, now: float) -> AnswerForm:
        """Begin to tell somebody of new rows of the timeline."""
        after = batch.store.last_row if form["after"] is None else form["after"]
        self._subscriptions.add(Subscription(request, reply_to, form["interface"], after, now + form["seconds"]))
        return _done({"after": after})

    def about(self, store: Store, now: float) -> WorkerView:
        """The worker about itself. `now` is monotonic seconds."""
        own = self._endpoint
        return WorkerView(
            endpoint=own.id,
            kind=own.kind.value,
            account=own.account,
            region=own.region,
            role=self._role.name,
            pid=os.getpid(),
            store_id=store.store_id,
            timeline=store.last_row,
            statuses=store.statuses(),
            counters=dict(self._condition.counters),
            rejections=dict(self._condition.rejections),
            unread=dict(self._condition.unread),
            blocked=self._condition.blocked or None,
            store=self._condition.store or None,
            store_bytes=store.size(),
            disconnected=self._condition.disconnected or None,
            peers=self._peers.by_reachability(now),
            histograms={
                name: HistogramView(bounds=one.bounds, counts=tuple(one.counts), sum=one.sum)
                for name, one in self._condition.histograms.items()
            },
        )


def shortened(request: RequestForm, answers: list[AnswerForm]) -> list[AnswerForm]:
    """Shorten answers that are too long together: what was only read is refused, and can be asked for again."""
    pairs = zip(request["commands"], answers, strict=True)
    return [answer if command["kind"] in CHANGING else _refused(TOO_MUCH) for command, answer in pairs]


def _event(kind: PlainKind) -> Command:
    """The event of a command that names nothing but the interface."""
    match kind:
        case "initiate":
            return Initiate()
        case "suspend":
            return Suspend()
        case "resume":
            return Resume()
        case "delete":
            return Delete()


def _objection(step: Step) -> AnswerForm | None:
    """The answer that a step's refusal is; None if it refuses nothing."""
    refused = next((effect for effect in step.effects if isinstance(effect, Refused)), None)
    return None if refused is None else _refused(refused.refusal, refused.detail)


def _done(result: dict[str, Any]) -> AnswerForm:
    """The answer to a command that was carried out."""
    return {"outcome": "done", "result": result}


def _status(state: Interface) -> AnswerForm:
    """The answer that shows an interface's status."""
    return _done({"interface": state.id, "status": state.status})


def _refused(refusal: Refusal, detail: str = "") -> AnswerForm:
    """The answer to a command that was refused."""
    return {
        "outcome": "refused",
        "code": refusal.code,
        "sentence": f"{refusal.sentence} {detail}".rstrip(),
    }
