"""The routes that steer the cloud's API: rules, debts, reset and seed, which no cloud offers its customers.

Nothing here is on unless asked for.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, HTTPException, Request, status
from pydantic import BaseModel, ConfigDict, Field

from console.client import Unanswered
from console.web.cloud.cloud import Cloud
from console.web.cloud.errors import ApiError
from console.web.cloud.records import RouterInterface
from console.web.cloud.rules import Rule
from console.web.peering import resetting, seeding
from console.web.peering.seeding import Seed, Seeded
from console.web.site import Site, site_of

router: Final = APIRouter(prefix="/_peering")


class Standing(BaseModel):
    """A rule that stands."""

    number: int = Field(description="by which it can be dropped")
    rule: Rule


class Business(BaseModel):
    """What an interface owes, or whether risk control stopped it."""

    model_config = ConfigDict(extra="forbid")

    business_status: Literal["Normal", "FinancialLocked", "SecurityLocked"]


def cloud_of_request(request: Request) -> Cloud:
    """The cloud of the server that takes this request."""
    cloud = request.app.state.cloud
    if not isinstance(cloud, Cloud):
        raise TypeError("an app is made around a Cloud")
    return cloud


TheCloud = Annotated[Cloud, Depends(cloud_of_request)]


@router.get("/rules", summary="Which rules stand?")
async def rules(cloud: TheCloud) -> list[Standing]:
    """List the rules that stand."""
    return [Standing(number=number, rule=rule) for number, rule in cloud.rules.standing().items()]


@router.post("/rules", summary="Have statuses held back, answers late or refused, for a while", status_code=201)
async def add_rule(cloud: TheCloud, rule: Rule) -> Standing:
    """Let a rule stand for as long as it says."""
    return Standing(number=cloud.rules.add(rule), rule=rule)


@router.delete("/rules", summary="Drop all rules", status_code=204)
async def drop_rules(cloud: TheCloud) -> None:
    """Drop all rules: what is shown and answered is again what is."""
    cloud.rules.remove()


@router.delete("/rules/{number}", summary="Drop a rule", status_code=204)
async def drop_rule(cloud: TheCloud, number: int) -> None:
    """Drop a rule; 404 if it does not stand."""
    if not cloud.rules.remove(number):
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such rule stands")


@router.put("/interfaces/{interface}/business-status", summary="Have an interface owe, or be locked")
async def set_business_status(cloud: TheCloud, interface: str, business: Business) -> Business:
    """Set an interface's BusinessStatus, which only the cloud itself could; 404 if the API does not know it."""
    record = cloud.store.get(RouterInterface, interface)
    if record is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such interface")
    cloud.store.put(record.model_copy(update={"business": business.business_status}))
    return business


@router.post("/reset", summary="Delete every interface, route and tag, and all that was created through the API")
async def reset(cloud: TheCloud, site: Annotated[Site, Depends(site_of)]) -> dict[str, int]:
    """Clear all faults, mend the wires that others left tapped, delete everything, and say how much of what.

    Access keys stay, and the topology's endpoints. The id of what was deleted is not given again: InterfaceDeleted.
    """
    try:
        cleared, mended = await site.faults.clear(), await site.faults.mend()
        return {**await resetting.reset(cloud), "faults": len(cleared), "wires": len(mended)}
    except Unanswered as error:
        detail = {"code": error.code, "message": error.sentence}
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, detail) from None
    except ApiError as error:
        raise HTTPException(error.status, {"code": error.code, "message": error.message}) from error


@router.post("/seed", summary="Make VPCs, VBRs and connected pairs in one go", status_code=201)
async def seed(cloud: TheCloud, wanted: Seed) -> Seeded:
    """Make what is asked for with the same calls as a client's; the first error is answered, what was made stays."""
    try:
        return await seeding.make(cloud, wanted)
    except ApiError as error:
        raise HTTPException(error.status, {"code": error.code, "message": error.message}) from error
