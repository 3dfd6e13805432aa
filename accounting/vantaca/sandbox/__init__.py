"""A Vantaca to test against: its vendor calls, its quirks, and faults on request, without a network or over HTTP."""

from accounting.vantaca.sandbox.calls.call_log import Counters, LoggedCall
from accounting.vantaca.sandbox.faults.faults import (
    Cut,
    Drop,
    ErrorAnswer,
    Fault,
    Garbage,
    Hang,
    HtmlPage,
    Huge,
    Latency,
    RateLimit,
)
from accounting.vantaca.sandbox.faults.oddities import Oddities
from accounting.vantaca.sandbox.sandbox import Sandbox
from accounting.vantaca.sandbox.server.data_file import CompanyData, SandboxData, load, read_data_file
from accounting.vantaca.sandbox.server.server import RunningSandbox, run_sandbox, serve_forever
from accounting.vantaca.sandbox.state.company import Company, CompanySettings
from accounting.vantaca.sandbox.state.provider import Insurance, Provider

__all__ = [
    "Company",
    "CompanyData",
    "CompanySettings",
    "Counters",
    "Cut",
    "Drop",
    "ErrorAnswer",
    "Fault",
    "Garbage",
    "Hang",
    "HtmlPage",
    "Huge",
    "Insurance",
    "Latency",
    "LoggedCall",
    "Oddities",
    "Provider",
    "RateLimit",
    "RunningSandbox",
    "Sandbox",
    "SandboxData",
    "load",
    "read_data_file",
    "run_sandbox",
    "serve_forever",
]
