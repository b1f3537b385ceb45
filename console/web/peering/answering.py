"""Answers that say no: a stable code, a sentence, and the HTTP status that fits, the same for all of `/_peering`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from fastapi import HTTPException, status
from pydantic import BaseModel, Field

from console.client import ClientError, Refused, Unanswered
from console.client.watching import TimedOut
from console.topology import NoContext


class Told(BaseModel):
    """Why something could not be done, or not be found."""

    code: str = Field(description="stable code")
    sentence: str = Field(description="the same for people")


class Problem(BaseModel):
    """A refusal or failure, as all answers of this kind are."""

    detail: Told


PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    404: {"model": Problem, "description": "There is nothing of that name or number"},
    409: {"model": Problem, "description": "A refusal: nothing was changed"},
    503: {"model": Problem, "description": "No answer, from a worker or the broker; what was done is not known"},
    504: {"model": Problem, "description": "It did not come about in time (TimedOut)"},
}
_UNKNOWN: Final = {
    "UnknownFault",
    "UnknownMessage",
    "UnknownSituation",
    "UnknownInterface",
    "UnknownEndpoint",
    "UnknownWorld",
    "UnknownDeadLetter",
}


@contextmanager
def answered() -> Iterator[None]:
    """Answer 404, 409, 503 or 504 for what is unknown, refused, failed or late."""
    try:
        yield
    except TimedOut as error:
        raise _answer(status.HTTP_504_GATEWAY_TIMEOUT, error) from None
    except Refused as refused:
        known = status.HTTP_404_NOT_FOUND if refused.code in _UNKNOWN else status.HTTP_409_CONFLICT
        raise _answer(known, refused) from None
    except Unanswered as error:
        raise _answer(status.HTTP_503_SERVICE_UNAVAILABLE, error) from None
    except NoContext as error:
        raise _answer(status.HTTP_404_NOT_FOUND, Refused("UnknownEndpoint", str(error))) from None


def _answer(code: int, error: ClientError) -> HTTPException:
    return HTTPException(code, {"code": error.code, "sentence": error.sentence})
