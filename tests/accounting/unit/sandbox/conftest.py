"""The fixtures of these tests."""

from tests.accounting.sandbox_world import acme, caller, running, sandbox

__all__ = ["acme", "caller", "running", "sandbox"]
