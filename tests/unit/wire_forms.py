"""The forms of the wire once more, by what makes them, so that a reader has to agree."""

from __future__ import annotations

from hypothesis import strategies as st

from shared.protocol.messages import Claims, Data, Declare, Message, NotReady, Reason
from shared.protocol.words import Activation, Epoch, Intent, Kind, PeerInformation, Status
from shared.wire.bundle import Addressed, Bundle

LARGEST_NUMBER = 2**40
LARGEST_NONCE = 2**53 - 1

NUMBERS = st.integers(0, LARGEST_NUMBER)
POSITIVES = st.integers(1, LARGEST_NUMBER)
NONCES = st.integers(0, LARGEST_NONCE)
CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789"

INTERFACES = st.text(CHARACTERS, min_size=1, max_size=40).map("ri-{}".format)
ENDPOINTS = st.builds(
    "{}-{}".format, st.sampled_from(["vpc", "vbr"]), st.text(CHARACTERS + "-", min_size=1, max_size=40)
)
ACCOUNTS = st.text(CHARACTERS + "-", min_size=1, max_size=32)
PAYLOADS = st.text(st.characters(exclude_categories=["Cs"]), max_size=100)

EPOCHS = st.builds(Epoch, POSITIVES, NONCES)
CLAIMS = st.builds(Claims, INTERFACES, ENDPOINTS, st.sampled_from(Kind), ACCOUNTS, ACCOUNTS)
PEERS = st.builds(PeerInformation, INTERFACES, ENDPOINTS, ACCOUNTS, ACCOUNTS)
DECLARES = st.builds(
    Declare,
    EPOCHS,
    POSITIVES,
    st.sampled_from(Intent),
    st.none() | EPOCHS,
    NUMBERS,
    NUMBERS,
    st.sampled_from(Status),
    st.none() | CLAIMS,
    st.none() | PEERS,
)
NOT_READIES = st.builds(NotReady, st.none() | EPOCHS, EPOCHS, NUMBERS, st.sampled_from(Reason))
DATA = st.builds(Data, st.builds(Activation, EPOCHS, POSITIVES, EPOCHS, POSITIVES), POSITIVES, NUMBERS, PAYLOADS)
MESSAGES: st.SearchStrategy[Message] = st.one_of(DECLARES, NOT_READIES, DATA)

BUNDLES = st.builds(
    Bundle,
    ENDPOINTS,
    ACCOUNTS,
    ENDPOINTS,
    NONCES,
    st.lists(st.builds(Addressed, INTERFACES, INTERFACES, MESSAGES), max_size=5),
    st.none(),
    st.none() | POSITIVES,
)

ONE, TWO = Epoch(1, 7), Epoch(2, 8)
EXAMPLES: tuple[Message, ...] = (
    Declare(
        ONE,
        1,
        Intent.UP,
        None,
        0,
        0,
        Status.CONNECTING,
        Claims("ri-a", "vpc-a", Kind.VPC, "alice", "cn-hangzhou"),
        PeerInformation("ri-b", "vpc-b", "bob", "cn-shanghai"),
    ),
    Declare(TWO, 3, Intent.SUSPENDED, ONE, 2, 5, Status.SUSPENDING),
    NotReady(None, ONE, 1, Reason.PEER_NOT_CONFIGURED),
    NotReady(TWO, ONE, 1, Reason.NOT_INITIATED),
    Data(Activation(ONE, 3, TWO, 4), 9, 8, "a payload"),
)
EXAMPLE = Bundle("vpc-a", "alice", "vpc-b", 7, [Addressed("ri-a", "ri-b", message) for message in EXAMPLES])
