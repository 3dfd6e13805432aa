"""The kinds of faults that a sandbox can simulate, as the admin paths and the data file write them."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, model_validator

from accounting.vantaca.sandbox.wire_model import WireModel


class Scope(WireModel):
    """Which calls a fault strikes.

    company: only this one's calls, as claimed in the query; None for everybody's.
    path: only calls with a path that starts so, in any case.
    calls: only so many more, then it strikes no longer; None until it is removed.
    rate: the share of calls in scope that it strikes, drawn from the sandbox's seed.
    """

    company: str | None = None
    path: str = "/"
    calls: int | None = Field(default=None, gt=0)
    rate: float = Field(default=1.0, gt=0, le=1)


class Latency(Scope):
    """The call waits so many seconds, drawn evenly, before it is carried out, whether its caller still waits or not."""

    kind: Literal["latency"] = "latency"
    min_seconds: float = Field(default=0.0, ge=0)
    max_seconds: float = Field(ge=0)

    @model_validator(mode="after")
    def _in_order(self) -> "Latency":
        if self.max_seconds < self.min_seconds:
            raise ValueError("maxSeconds is below minSeconds")
        return self


class ErrorAnswer(Scope):
    """An error instead of the answer; without `calls`, an outage.

    reason: for the reason phrase; recorded answers have "Timeout expired." with 503.
    after_write: the call is carried out first.
    """

    kind: Literal["error"] = "error"
    status: int = Field(default=503, ge=400, le=599)
    reason: str = Field(default="Timeout expired.", min_length=1, pattern=r"^[\x20-\x7e]+$")
    retry_after_seconds: int | None = Field(default=None, ge=0)
    after_write: bool = False


class RateLimit(Scope):
    """429 with Retry-After for what is above `per_second`, counted over all calls in scope.

    burst: the most calls at one time; None for those of one second.
    retry_after_seconds: the value of Retry-After; None for the time until the next call would pass, rounded up.
    """

    kind: Literal["rate_limit"] = "rate_limit"
    per_second: float = Field(gt=0)
    burst: int | None = Field(default=None, gt=0)
    retry_after_seconds: int | None = Field(default=None, ge=0)

    @property
    def capacity(self) -> float:
        """The most calls at one time."""
        return float(self.burst) if self.burst is not None else max(1.0, self.per_second)


class Drop(Scope):
    """The connection is reset without an answer; with `after_write`, once the call was carried out."""

    kind: Literal["drop"] = "drop"
    after_write: bool = False


class Hang(Scope):
    """No answer until the fault is removed or the caller leaves; then the connection is closed."""

    kind: Literal["hang"] = "hang"
    after_write: bool = False


class Cut(Scope):
    """The call is carried out and its answer stops in the middle."""

    kind: Literal["cut"] = "cut"


class HtmlPage(Scope):
    """200 with an HTML page instead of the answer; the call is not carried out."""

    kind: Literal["html"] = "html"
    message: str = "The service is being updated."


class Garbage(Scope):
    """Bytes that are no HTTP, then the connection is closed; the call is not carried out."""

    kind: Literal["garbage"] = "garbage"


class Huge(Scope):
    """200 with a body of so many MiB of spaces; the call is not carried out."""

    kind: Literal["huge"] = "huge"
    mebibytes: int = Field(default=2, ge=1, le=256)


Fault = Annotated[
    Latency | ErrorAnswer | RateLimit | Drop | Hang | Cut | HtmlPage | Garbage | Huge,
    Field(discriminator="kind"),
]

FAULT: TypeAdapter[Fault] = TypeAdapter(Fault)
"""Reads any fault from its JSON; `kind` names its class."""
