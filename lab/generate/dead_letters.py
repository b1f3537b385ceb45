"""The page of dead letters, with the table of reasons that the code uses."""

from __future__ import annotations

from shared.runtime.rejections import REJECTIONS

_BEFORE = """# Dead letters

Generated from the code by `make docs`.

A delivery that cannot be read, or whose sender is not who it says, is set aside: copied to the queue
`peering.dead-letters` (`peering.dead-letters.open` where identities are not enforced), then acknowledged. Nothing else
stops. Of a bundle in which some messages can be read, those are carried out and only the others are copied, as a bundle
of their own. A copy ends after 64 KiB.

```console
$ peering dead-letters list
$ peering dead-letters show ID
$ peering dead-letters replay ID
$ peering dead-letters drop ID
```

They ask the console that runs (`peering up`, `peering serve` with an administrator), as `/_peering/dead-letters` does
([openapi.json](openapi.json)) and the page. A look takes in 10,000 and gives all back; one that is killed meanwhile
loses none. They are listed by time. What is the same to the byte has the same id, and is dropped together.

## Replaying

To replay is to send it again to the endpoint that it was for, in the name of its sender. Whoever has an account can
write a dead letter with anything in it, so it is replayed only if

- it was set aside by the account that owns the queue which it names, as the broker proves, or by the broker itself
  (else `NotItsReceiver`; without a queue of an endpoint `UnknownOrigin`);
- its exchange and user were those of its sender (else `SenderNotProven`);
- it is whole (`CutOff`), and its receiver's worker would take it now (`StillUnreadable`);
- it is no owner's request, for whose answer nobody waits any more (`NotReplayable`).

The worker then proves the sender as ever. Doubles do no harm: the protocol takes each message once.

## Reasons

`…` stands for particulars. The reason is in the worker's log as well, in a line `set aside`: for each sender and code
ten lines in ten seconds, then one that says how many more there were (all, with `--log-level debug`). All are counted:
`peering worker --json` has `rejections`, and `/metrics` `peering_dead_letters_total` with the labels `endpoint` and
`reason`, of which [alerts.yml](../examples/monitoring/alerts.yml) makes alerts.

| code | reason | which means |
|---|---|---|
"""

_AFTER = """
One that the broker refuses to take is logged as `could not be set aside`, and there is no copy. The copy's headers are
`x-peering-reason`, `-queue`, `-exchange`, `-user`, `-message`, `-bytes` and `-time`.
"""


def dead_letters_page() -> str:
    """The page, whose table is all reasons for which a delivery is set aside."""
    rows = [
        f"| `{one.code}` | {'the rest' if one.text == '…' else f'`{one.text}`'} | {one.means} |" for one in REJECTIONS
    ]
    return _BEFORE + "\n".join(rows) + "\n" + _AFTER
