"""The settings of a worker: its flags and environment variables, validated before anything starts."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, FilePath, IPvAnyAddress, SecretStr, StringConstraints, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.broker.address import BrokerAddress
from shared.protocol.words import Endpoint, Kind, Role
from shared.runtime.retransmission import RetransmissionPolicy
from shared.store.reclaim import Limits
from shared.wire.forms import AccountId, EndpointId, RegionId

Seconds = Annotated[float, Field(gt=0, le=86_400)]
Kept = Annotated[float, Field(ge=0)]


class WorkerSettings(BaseSettings):
    """One worker: one VPC or VBR endpoint in one role. Every flag is also PEERING_<NAME> in the environment."""

    model_config = SettingsConfigDict(
        env_prefix="PEERING_", cli_kebab_case=True, cli_implicit_flags=True, extra="ignore", frozen=True
    )

    endpoint: EndpointId = Field(description="id of the VPC or VBR: vpc-… or vbr-…")
    account: AccountId = Field(description="uid of the owner")
    region: RegionId = Field(description="region of the endpoint")
    broker: SecretStr = Field(description="amqp[s]://user:password@host:port/vhost; of a cluster host:port,host:port")
    store: Path = Field(description="SQLite file that is this endpoint's memory")
    accept_from: Annotated[str, StringConstraints(pattern=r"^([a-z0-9-]{1,32}(,|$))*$")] = Field(
        default="", description="accounts whose queues to this endpoint exist, with commas between"
    )
    log_format: Literal["json", "console"] = Field(default="json", description="how to log")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="what to log")
    restored: bool = Field(default=False, description="the store came from a backup: renew every epoch")
    health_file: Path | None = Field(default=None, description="kept fresh while connected and consuming")
    metrics_port: Annotated[int, Field(ge=0, le=65_535)] = Field(
        default=0, description="port on which Prometheus can scrape this worker; 0: none"
    )
    metrics_address: IPvAnyAddress = Field(
        default=IPv4Address("127.0.0.1"), description="address of that port; whoever reaches it may read"
    )
    otlp_endpoint: Annotated[str, StringConstraints(pattern=r"^(https?://[^\s/]+(/\S*)?)?$")] = Field(
        default="", description="URL of an OpenTelemetry collector that gets traces (OTLP over HTTP); empty: none"
    )
    connect_timeout_seconds: Seconds = Field(default=120, description="until an unanswered initiate is given up")
    resend_first_seconds: Seconds = Field(default=0.5, description="first pause before something is said again")
    resend_limit_seconds: Seconds = Field(default=8, description="longest such pause")
    keepalive_seconds: Seconds = Field(default=10, description="silence after which a sign of life is sent")
    hold_seconds: Seconds = Field(default=35, description="silence after which a peer counts as unreachable")
    inbox_kept_seconds: Kept = Field(default=0, description="payloads in inboxes are let go when so old; 0: never")
    inbox_limit_payloads: Annotated[int, Field(ge=0)] = Field(
        default=0, description="only so many of the payloads that arrived last are kept; 0: all"
    )
    timeline_kept_seconds: Kept = Field(default=0, description="rows of the timeline are let go when so old; 0: never")
    batch_limit: Annotated[int, Field(ge=1, le=10_000)] = Field(default=256, description="AMQP messages a batch")
    broker_ca_file: FilePath | None = Field(default=None, description="certificate authority of an amqps broker")
    broker_certificate_file: FilePath | None = Field(default=None, description="client certificate")
    broker_key_file: FilePath | None = Field(default=None, description="key of the client certificate")

    @field_validator("store")
    @classmethod
    def _names_a_file(cls, store: Path) -> Path:
        """Refuse what can only be a folder."""
        if store.name in {"", ".."}:
            raise ValueError("it must name a file")
        return store

    @field_validator("health_file")
    @classmethod
    def _has_a_folder(cls, health_file: Path | None) -> Path | None:
        """Refuse a file that could never be made."""
        if health_file is not None and not health_file.parent.is_dir():
            raise ValueError("its folder must be there already")
        if (
            health_file is not None
            and health_file.exists()
            and (not health_file.is_file() or health_file.stat().st_size)
        ):
            raise ValueError("it is removed while the worker is not healthy, so it must not hold anything")
        return health_file

    @model_validator(mode="after")
    def _possible(self) -> Self:
        """Refuse an address that is none, and times that contradict each other."""
        _ = self.address
        if self.hold_seconds <= self.keepalive_seconds:
            raise ValueError("hold-seconds must be longer than keepalive-seconds, or every peer seems lost")
        return self

    @property
    def address(self) -> BrokerAddress:
        """Where the broker is. Raises ValueError."""
        return BrokerAddress.parse(
            self.broker.get_secret_value(),
            ca_file=self.broker_ca_file,
            certificate_file=self.broker_certificate_file,
            key_file=self.broker_key_file,
        )

    @property
    def enforced(self) -> bool:
        """Whether the broker proves accounts: its user is the account, or a certificate says who."""
        return self.address.external or self.address.account == self.account

    @property
    def senders(self) -> list[str]:
        """Accounts that may speak to this endpoint; its owner always may."""
        others = [account for account in self.accept_from.split(",") if account]
        return list(dict.fromkeys([self.account, *others]))

    @property
    def retransmission(self) -> RetransmissionPolicy:
        """How long interfaces wait before they say something again, or give up."""
        return RetransmissionPolicy(
            resend_first_seconds=self.resend_first_seconds,
            resend_limit_seconds=max(self.resend_limit_seconds, self.resend_first_seconds),
            connect_timeout_seconds=self.connect_timeout_seconds,
        )

    @property
    def limits(self) -> Limits:
        """How much of inboxes and timeline is kept."""
        return Limits(self.inbox_kept_seconds, self.inbox_limit_payloads, self.timeline_kept_seconds)

    def end(self, role: Role) -> Endpoint:
        """The endpoint, if one of its kind can have this role. Raises ValueError."""
        kind = Kind(self.endpoint.split("-", 1)[0])
        if kind not in role.kinds:
            allowed = " or ".join(sorted(role.kinds)).upper()
            raise ValueError(f"{self.endpoint} cannot be the {role.name}: only a {allowed} can")
        return Endpoint(self.endpoint, kind, self.account, self.region)
