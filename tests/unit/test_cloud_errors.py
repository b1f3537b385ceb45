"""Tests of the API's errors: every documented one is provoked by the call that documents it."""

from __future__ import annotations

import pytest

from tests.unit.cloud_rows import ACTIVATE, CONNECT, DEACTIVATE, DELETE, DELETE_BOTH, MODIFY, RESIZE, ROWS, Row
from tests.unit.cloud_server import BOB, Answered, Api


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.before.__name__}-{row.action}-{row.answer.code}")
async def test_a_documented_error(api: Api, row: Row) -> None:
    one, two = await row.before(api)
    parameters = {
        name: value.format(i=one, a=two) if isinstance(value, str) else value for name, value in row.parameters.items()
    }
    statuses = [await api.status(interface) for interface in (one, two) if interface]
    with pytest.raises(Answered) as caught:
        await api.call(row.action, **parameters)
    given = caught.value.status, caught.value.code, caught.value.message.partition(" No worker")[0]
    assert given == (row.answer.status, row.answer.code, row.answer.message)
    assert [await api.status(interface) for interface in (one, two) if interface] == statuses


async def test_an_interface_of_another_account_or_region_is_not_there(api: Api) -> None:
    one, _ = await api.pair()
    for action in (MODIFY, CONNECT, DEACTIVATE, ACTIVATE, RESIZE):
        answer = await api.refused(action, BOB, RouterInterfaceId=one, Spec="Large.1")
        assert answer == (404, "InvalidRouterInterfaceId.NotFound"), action
    for action in (DELETE, DELETE_BOTH):
        assert await api.refused(action, BOB, RouterInterfaceId=one) == (404, "InvalidInstanceId.NotFound")
    assert await api.refused(DEACTIVATE, RegionId="cn-beijing", RouterInterfaceId=one) == (
        404,
        "InvalidRouterInterfaceId.NotFound",
    )
    assert (await api.shown(one, BOB))["RouterInterfaceId"] == ""
    assert await api.status(one) == "Active"


async def test_a_worker_that_is_away_is_service_unavailable(api: Api) -> None:
    one, _ = await api.pair()
    api.world.absent.add("vpc-a")
    assert await api.refused(DEACTIVATE, RouterInterfaceId=one) == (503, "ServiceUnavailable")
