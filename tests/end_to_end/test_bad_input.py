"""Bad input gets a clear answer, loses nothing and stops nobody."""

import asyncio
import json
from pathlib import Path

import pytest

from schemas.records.outcome import Status
from schemas.topics import SYNC_EXPANSION, SYNC_REQUESTED, VENDOR_RECORD, VENDOR_SYNC
from tests.support.world import World

GARBAGE = b"\x00\x01 not a record"


async def test_a_vendor_record_that_does_not_decode_is_a_dead_letter_and_the_next_one_is_read(world: World) -> None:
    world.providers([1, 2], compliance_status="Pending")
    await world.load([world.integration, world.record(1)])
    await world.say(VENDOR_RECORD.name, f"{world.client_id}:v1".encode(), GARBAGE)
    await world.load([world.record(2)])
    async with world.worker():
        progress = await world.settled(await world.press())
    assert progress.counts().by_status == {Status.UPDATED: 1, Status.REJECTED: 1}
    (letter,) = await world.dead_letters()
    assert (letter.code, letter.topic, letter.value) == ("undecodable", VENDOR_RECORD.name, GARBAGE)
    assert letter.vendor_id == "v1"


async def test_a_record_under_another_vendors_key_is_a_dead_letter(world: World) -> None:
    world.providers([1])
    await world.load([world.integration, world.record(1)])
    value = world.codec.encode(world.record(2), topic=VENDOR_RECORD.name)
    await world.say(VENDOR_RECORD.name, f"{world.client_id}:v1".encode(), value)
    async with world.worker():
        await world.settled(await world.press())
    (letter,) = await world.dead_letters()
    assert (letter.code, letter.vendor_id) == ("invalid", "v1")


@pytest.mark.parametrize(
    ("vendor_id", "value"),
    [
        ("v1", b"\xc3\x01 random bytes"),
        ("v1", b""),
        ("v1", b"text " * (128 * 1024 // 5)),
        ("v1:v1", GARBAGE),
        ("", GARBAGE),
    ],
    ids=["random bytes", "empty", "128 KiB of text", "wrong key", "key without a vendor"],
)
async def test_whatever_is_on_the_topic_of_vendor_records_the_partition_goes_on(
    world: World, vendor_id: str, value: bytes
) -> None:
    world.providers([1, 2], compliance_status="Pending")
    key = f"{world.client_id}:{vendor_id}".encode()
    await world.load([world.integration, world.record(1)])
    async with world.worker():
        await world.say(VENDOR_RECORD.name, key, value)
        await world.load([world.record(1, version=2), world.record(2)])
        progress = await world.settled(await world.press())
    # What comes after it ends the trouble with vendor v1, which is synced then.
    assert progress.counts().by_status.keys() <= {Status.UPDATED, Status.UNCHANGED}
    assert [world.company.providers[number].compliance_status for number in (1, 2)] == ["Approved"] * 2
    (letter,) = await world.dead_letters()
    assert (letter.code, letter.key, letter.value) == ("undecodable", key, value)
    assert letter.reason.endswith((".", "of the form client_id:vendor_id"))


@pytest.mark.parametrize("topic", [SYNC_REQUESTED.name, SYNC_EXPANSION.name, VENDOR_SYNC.name])
async def test_garbage_on_any_topic_is_a_dead_letter_and_the_run_after_it_works(world: World, topic: str) -> None:
    world.providers([1], compliance_status="Pending")
    await world.load([world.integration, world.record(1)])
    await world.say(topic, world.client_id.encode(), GARBAGE)
    async with world.worker():
        progress = await world.settled(await world.press())
    assert progress.counts().by_status == {Status.UPDATED: 1}
    assert [(letter.topic, letter.value) for letter in await world.dead_letters()] == [(topic, GARBAGE)]


async def test_a_policy_without_a_number_keeps_no_hold_from_being_placed(world: World) -> None:
    world.providers([1])
    await world.load([world.integration, world.record(1)])
    async with world.worker():
        await world.settled(await world.press())
        policies = [{"policy_type": "General Liability", "number": ""}]
        hold = world.record(1, version=2, origin="change", payment_hold=True, hold_reason="lapsed", policies=policies)
        await world.load([hold])
        outcome = await world.vendor_says("v1", Status.UPDATED)
    assert world.company.providers[1].on_hold_reason == "[VIVE] lapsed"
    assert [left.code for left in outcome.left_alone if left.group == "insurance"] == ["not_pushable"]
    assert await world.dead_letters() == []


async def test_a_provider_that_is_gone_is_missing_and_a_dead_letter(world: World) -> None:
    world.providers([1])
    await world.load([world.integration, world.record(1), world.record(2)])
    async with world.worker():
        progress = await world.settled(await world.press())
    assert progress.counts().by_status == {Status.UNCHANGED: 1, Status.MISSING: 1}
    outcome = progress.answers["v2"]
    assert outcome.reason is not None
    assert "2" in outcome.reason
    assert [letter.code for letter in await world.dead_letters()] == ["missing"]


async def test_a_tombstone_takes_a_vendor_out_of_the_runs(world: World) -> None:
    world.providers([1, 2])
    await world.load([world.integration, world.record(1), world.record(2)])
    await world.say(VENDOR_RECORD.name, f"{world.client_id}:v2".encode(), None)
    async with world.worker():
        progress = await world.settled(await world.press())
    assert progress.counts().by_status == {Status.UNCHANGED: 1}
    assert await world.dead_letters() == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"mode": "one_way"}, "one-way"),
        ({"system": "quickbooks"}, "quickbooks"),
        ({"ended_at": "2026-01-31T00:00:00Z"}, "ended on 2026-01-31"),
    ],
)
async def test_a_client_that_can_not_be_synced_is_refused_with_the_reason(
    world: World, change: dict[str, str], says: str
) -> None:
    integration = world.integration.model_validate(world.integration.model_dump() | change)
    await world.load([integration, world.record(1)])
    done = await asyncio.to_thread(world.command, "sync-all", world.client_id)
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


async def test_an_unknown_client_and_a_wrong_role_are_refused(world: World) -> None:
    await world.load([world.integration])
    unknown = await asyncio.to_thread(world.command, "sync-all", "nobody", "--json")
    assert unknown.returncode == 1
    assert "nobody" in json.loads(unknown.stdout)["error"]
    role = await asyncio.to_thread(world.command, "sync-all", world.client_id, "--role", "viewer")
    assert role.returncode == 1
    assert "Client Admin" in role.stderr


async def test_a_bad_line_is_named_and_nothing_of_the_file_is_loaded(world: World, tmp_path: Path) -> None:
    line = {"kind": "vendor_record", "vendor_record": world.record(1).model_dump(mode="json")}
    bad = {"kind": "vendor_record", "vendor_record": {"client_id": world.client_id}}
    file = tmp_path / "records.jsonl"
    file.write_text("\n".join(json.dumps(each) for each in (line, bad)))
    done = await asyncio.to_thread(world.command, "load", str(file))
    assert done.returncode == 1
    assert "Line 2" in done.stderr
    assert "Nothing was loaded" in done.stderr
    assert "vendor_id" in done.stderr


async def test_the_command_line_from_a_file_to_a_vendors_outcome(world: World, tmp_path: Path) -> None:
    world.providers([1], compliance_status="Pending")
    lines = [
        {"kind": "integration", "integration": world.integration.model_dump(mode="json")},
        {"kind": "vendor_record", "vendor_record": world.record(1).model_dump(mode="json")},
    ]
    file = tmp_path / "records.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in lines))
    assert (await asyncio.to_thread(world.command, "load", str(file))).stdout == "Loaded 2 records.\n"
    async with world.worker():
        pressed = await asyncio.to_thread(world.command, "sync-all", world.client_id, "--wait")
    assert pressed.returncode == 0, pressed.stderr
    assert pressed.stdout.startswith("All linked vendors have been queued for sync.\n")
    (run_id,) = {word for word in pressed.stdout.split() if word.startswith("01") and len(word) == 36}
    status = await asyncio.to_thread(world.command, "status", run_id, "--json")
    assert json.loads(status.stdout)["by_status"]["updated"] == 1
    vendor = await asyncio.to_thread(world.command, "vendor", world.client_id, "v1")
    assert "complianceStatus" in vendor.stdout
    assert "Pending" in vendor.stdout
    assert "Approved" in vendor.stdout
