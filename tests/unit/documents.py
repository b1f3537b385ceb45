"""The strategies for documents on the wire: all that the schemas allow, up to the largest values."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from shared.protocol.messages import Reason
from shared.protocol.words import Status

Form = st.SearchStrategy[dict[str, Any]]

interfaces = st.from_regex(r"ri-[a-z0-9]{1,40}", fullmatch=True)
endpoints = st.from_regex(r"(vpc|vbr)-[a-z0-9-]{1,40}", fullmatch=True)
names = st.from_regex(r"[a-z0-9-]{1,32}", fullmatch=True)
numbers = st.sampled_from((0, 1, 2, 2**40 - 1, 2**40)) | st.integers(0, 2**40)
positives = st.sampled_from((1, 2, 2**40)) | st.integers(1, 2**40)
nonces = st.integers(0, 2**53 - 1)
epochs = st.tuples(positives, nonces).map(list)
payloads = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
statuses = st.sampled_from([str(status) for status in Status])
reasons = st.sampled_from([str(reason) for reason in Reason])
request_ids = st.from_regex(r"[a-f0-9]{32}", fullmatch=True)

peers: Form = st.fixed_dictionaries({"interface": interfaces, "endpoint": endpoints, "account": names, "region": names})
claims: Form = st.fixed_dictionaries(
    {
        "interface": interfaces,
        "endpoint": endpoints,
        "kind": st.sampled_from(("vpc", "vbr")),
        "account": names,
        "region": names,
    }
)
declares: Form = st.fixed_dictionaries(
    {
        "kind": st.just("declare"),
        "source": interfaces,
        "target": interfaces,
        "epoch": epochs,
        "version": positives,
        "intent": st.sampled_from(("up", "suspended", "deleted")),
        "to_epoch": st.none() | epochs,
        "acknowledges": numbers,
        "received": numbers,
        "status": statuses,
        "claims": st.none() | claims,
    }
)
not_readies: Form = st.fixed_dictionaries(
    {
        "kind": st.just("not_ready"),
        "source": interfaces,
        "target": interfaces,
        "epoch": st.none() | epochs,
        "to_epoch": epochs,
        "answers": numbers,
        "reason": reasons,
    }
)
data: Form = st.fixed_dictionaries(
    {
        "kind": st.just("data"),
        "source": interfaces,
        "target": interfaces,
        "activation": st.tuples(epochs, positives, epochs, positives).map(list),
        "number": positives,
        "base": numbers,
        "body": payloads,
    }
)
bundles: Form = st.fixed_dictionaries(
    {
        "v": st.just(1),
        "endpoint": endpoints,
        "account": names,
        "to": endpoints,
        "life": nonces,
        "messages": st.lists(declares | not_readies | data, max_size=4),
    }
)

pages = st.integers(1, 1000)
commands: Form = st.one_of(
    st.fixed_dictionaries(
        {
            "kind": st.just("create"),
            "interface": interfaces,
            "name": st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
            "peer": st.none() | peers,
            "initiate": st.booleans(),
        }
    ),
    st.fixed_dictionaries({"kind": st.just("configure"), "interface": interfaces, "peer": peers}),
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(("initiate", "suspend", "resume", "delete", "show")),
            "interface": interfaces,
        }
    ),
    st.fixed_dictionaries({"kind": st.just("send"), "interface": interfaces, "body": payloads}),
    st.fixed_dictionaries(
        {"kind": st.just("list"), "after": st.text(max_size=5), "limit": pages, "deleted": st.booleans()},
        optional={"match": st.fixed_dictionaries({}, optional={"status": st.just("Idle"), "text": st.just("ri-")})},
    ),
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(("inbox", "timeline")),
            "interface": st.none() | interfaces,
            "after": numbers,
            "limit": pages,
        }
    ),
    st.fixed_dictionaries(
        {
            "kind": st.just("subscribe"),
            "interface": st.none() | interfaces,
            "after": st.none() | numbers,
            "seconds": st.integers(1, 60),
        }
    ),
    st.just({"kind": "worker"}),
)
requests: Form = st.fixed_dictionaries(
    {
        "v": st.just(1),
        "request": request_ids,
        "account": names,
        "endpoint": endpoints,
        "commands": st.lists(commands, min_size=1, max_size=3),
    }
)
answers: Form = st.one_of(
    st.fixed_dictionaries(
        {"outcome": st.just("done"), "result": st.none() | st.dictionaries(st.text(max_size=5), st.integers())}
    ),
    st.fixed_dictionaries({"outcome": st.just("refused"), "code": names, "sentence": st.text(max_size=9)}),
)
replies: Form = st.fixed_dictionaries(
    {"v": st.just(1), "request": request_ids, "endpoint": endpoints, "replies": st.lists(answers, max_size=3)}
)
observations: Form = st.fixed_dictionaries(
    {
        "v": st.just(1),
        "request": request_ids,
        "endpoint": endpoints,
        "rows": st.lists(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5)), max_size=3),
    }
)
