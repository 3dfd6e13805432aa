"""A person works with dead letters: finds them, has them tried again or puts them aside, and sees what came of it."""

import asyncio
import json
from typing import Any

from typer.testing import CliRunner, Result

from accounting.vantaca.sandbox import ErrorAnswer
from cli.main import app
from messaging.topic_reader import TopicReader
from schemas.records.outcome import Status
from schemas.topics import VENDOR_RECORD, VENDOR_SYNC
from tests.support.free_port import free_port
from tests.support.slowness import patient
from tests.support.world import UPDATE, World

GARBAGE = b"\x00\x01 not a \x1b[31mrecord"


async def command(world: World, *arguments: str) -> Result:
    """Run ``vive-sync dead-letters`` in this process: a process of its own takes seconds to begin."""
    runner = CliRunner(env=world.environment({}))
    done = await asyncio.to_thread(runner.invoke, app, ["dead-letters", *arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    with (world.folder / "commands.log").open("a") as log:
        log.write(done.stdout + done.stderr)
    return done


async def answer(world: World, *arguments: str, code: int = 0) -> dict[str, Any]:
    done = await command(world, *arguments, "--json")
    assert done.exit_code == code, done.stderr
    answered: dict[str, Any] = json.loads(done.stdout)
    return answered


async def listed(world: World, *filters: str) -> list[dict[str, Any]]:
    letters: list[dict[str, Any]] = (await answer(world, "list", "--client", world.client_id, *filters))["letters"]
    return letters


async def letters_come(world: World, count: int) -> None:
    """Wait until the client has so many."""
    deadline = asyncio.get_running_loop().time() + patient(30)
    while len(await world.dead_letters()) < count:
        assert asyncio.get_running_loop().time() < deadline, await world.dead_letters()


async def test_a_rejected_vendor_is_redriven_and_its_letters_keep_the_whole_story(world: World) -> None:
    world.providers([1], compliance_status="Pending")
    await world.load([world.integration, world.record(1)])
    world.sandbox.faults.put("refuses", ErrorAnswer(status=400, reason="Unknown status", path=UPDATE))
    async with world.worker():
        progress = await world.settled(await world.press())
        assert progress.counts().by_status == {Status.REJECTED: 1}
        await letters_come(world, 1)
        (letter,) = await listed(world)
        assert (letter["code"], letter["vendor_id"], letter["state"]) == ("rejected", "v1", "open")
        assert "Unknown status" in letter["reason"]

        done = await command(world, "redrive", letter["id"], "--as", "dana", "--note", "told them", "--yes")
        assert done.exit_code == 0, done.stderr
        assert f"{letter['id']}: vendor {world.client_id}:v1 is to be synced." in done.stdout
        assert "Redrove 1 dead letter." in done.stdout
        await letters_come(world, 2)
        (second,) = await listed(world)
        assert second["id"] != letter["id"]
        assert [one["state"] for one in await listed(world, "--all")] == ["redriven", "open"]

        world.sandbox.faults.remove("refuses")
        redriven = await answer(world, "redrive", "--client", world.client_id, "--as", "eve", "--yes")
        assert redriven["left"] == []
        assert [one["letters"] for one in redriven["redriven"]] == [[second["id"]]]
        outcome = await world.vendor_says("v1", Status.UPDATED)

        refused = await answer(world, "redrive", letter["id"], "--yes", code=1)
        assert refused["redriven"] == []
        assert "It was redriven by dana" in refused["left"][0]["why"]
        assert "--again" in refused["left"][0]["why"]
        both = await answer(world, "redrive", letter["id"], second["id"], "--again", "--as", "frank", "--yes")
        assert [one["letters"] for one in both["redriven"]] == [[letter["id"], second["id"]]]
        await world.vendor_says("v1", Status.UNCHANGED)
    assert (outcome.cause, outcome.requested_by) == ("redrive", "eve")
    assert world.company.providers[1].compliance_status == "Approved"
    assert await listed(world) == []

    for one in (letter, second):
        shown = await answer(world, "show", one["id"])
        assert shown["state"] == "redriven"
        assert shown["last_outcome"]["status"] == "unchanged"
        assert [(event["letter"], event.get("code") or event.get("by")) for event in shown["history"]] == [
            (letter["id"], "rejected"),
            (letter["id"], "dana"),
            (second["id"], "rejected"),
            (second["id"], "eve"),
            (letter["id"], "frank"),
            (second["id"], "frank"),
        ]
        assert shown["history"][1]["note"] == "told them"
        assert shown["history"][3]["topic"] == VENDOR_SYNC.name
    text = (await command(world, "show", second["id"])).stdout
    assert f"Dead letter {second['id']}, redriven" in text
    assert f"redriven by dana to {VENDOR_SYNC.name}, partition" in text
    assert "<- this letter" in text
    assert f"Vendor {world.client_id}:v1 unchanged" in text


async def test_a_record_that_can_not_be_read_is_put_back_as_it_came(world: World) -> None:
    world.providers([1], compliance_status="Pending")
    key = f"{world.client_id}:v1".encode()
    await world.load([world.integration])
    await world.say(VENDOR_RECORD.name, key, GARBAGE)
    async with world.worker():
        await letters_come(world, 1)
        (letter,) = await listed(world, "--code", "undecodable")
        redriven = await answer(world, "redrive", letter["id"], "--yes")
        await letters_come(world, 2)
        first, second = await world.dead_letters()
        assert (second.key, second.value) == (first.key, first.value) == (key, GARBAGE)
        assert second.offset == redriven["redriven"][0]["offset"]

        (again,) = await listed(world)
        shown = await answer(world, "show", again["id"])
        assert [event["letter"] for event in shown["history"]] == [letter["id"], letter["id"], again["id"]]
        assert bytes.fromhex(shown["value"]["hex"]) == GARBAGE
        text = (await command(world, "show", again["id"])).stdout
        assert "\x1b" not in text
        assert "00 01 20 6e 6f 74" in text
        assert "not a .[31mre" in text
        assert GARBAGE[2:8].decode() not in (await command(world, "list", "--client", world.client_id)).stdout

        await world.load([world.record(1, origin="change")])
        await world.vendor_says("v1", Status.UPDATED)
        left = await answer(world, "redrive", again["id"], "--yes", code=1)
        assert "would take the place of that" in left["left"][0]["why"]
    with TopicReader(world.bootstrap, [VENDOR_RECORD.name], seconds=patient(30)) as reader:
        values = [record.value for record in reader.to_end() if record.key == key]
    assert values == [GARBAGE, GARBAGE, values[-1]]


async def test_letters_are_filtered_and_discarded_and_stay(world: World) -> None:
    await world.load([world.integration, *(world.record(number) for number in (1, 2))])
    await world.say(VENDOR_RECORD.name, f"{world.client_id}:v3".encode(), GARBAGE)
    async with world.worker():
        progress = await world.settled(await world.press())
        assert progress.counts().by_status == {Status.MISSING: 2, Status.REJECTED: 1}
        await letters_come(world, 3)
    ids = {one["vendor_id"]: one["id"] for one in await listed(world)}
    assert [one["vendor_id"] for one in await listed(world, "--vendor", "v2")] == ["v2"]
    assert {one["vendor_id"] for one in await listed(world, "--code", "missing")} == {"v1", "v2"}
    assert len(await listed(world, "--code", "missing", "--code", "undecodable", "--since", "1h")) == 3
    assert await listed(world, "--until", "1h") == []
    assert len(await listed(world, "--limit", "2")) == 2

    done = await command(world, "discard", "--client", world.client_id, "--code", "missing", "--as", "dana", "--yes")
    assert done.exit_code == 0, done.stderr
    assert "Discarded 2 dead letters." in done.stdout
    assert [one["vendor_id"] for one in await listed(world)] == ["v3"]
    text = (await command(world, "list", "--client", world.client_id, "--all")).stdout
    assert text.count("discarded") == 2
    assert "3 dead letters." in text
    twice = await answer(world, "discard", ids["v1"], ids["v3"], "--yes", code=1)
    assert twice["discarded"] == [ids["v3"]]
    assert [one["letter"] for one in twice["left"]] == [ids["v1"]]
    assert len(await listed(world, "--all")) == 3


async def test_what_can_not_be_done_is_said_in_a_sentence_with_exit_code_1(world: World) -> None:
    client = ("--client", world.client_id)
    for arguments, sentence in {
        ("show", "7"): "'7' is not a dead letter's id: an id is PARTITION-OFFSET, such as 3-17.",
        ("show", "0-999999999"): "There is no dead letter 0-999999999. An id is PARTITION-OFFSET",
        ("show", "99999-1"): "There is no dead letter 99999-1.",
        ("redrive", "0-999999999", "--yes"): "There is no dead letter 0-999999999.",
        ("redrive", "--yes"): "Say which dead letters: their ids, or at least one filter, or --all-open",
        ("discard", "0-1", *client, "--yes"): "Say which dead letters",
        ("redrive", *client, "--yes"): "No open dead letter matches.",
        ("discard", *client, "--since", "yesterday"): "'yesterday' is no time: give one such as 2026-03-01T12:00Z",
        ("discard", *client, "--since", "3d", "--yes"): "No open dead letter matches.",
    }.items():
        done = await command(world, *arguments)
        assert done.exit_code == 1, arguments
        assert sentence in done.stderr
        assert done.stdout == ""
    assert "--yes" in (await answer(world, "redrive", *client, code=1))["error"]
    empty = await command(world, "list", *client)
    assert (empty.exit_code, empty.stdout) == (0, "0 open dead letters.\n")


async def test_an_unavailable_kafka_is_reported(world: World) -> None:
    world.bootstrap = f"127.0.0.1:{free_port()}"
    done = await asyncio.to_thread(world.command, "dead-letters", "list")
    assert done.returncode == 1
    assert done.stderr.startswith(f"Kafka at {world.bootstrap} does not answer")


async def test_nothing_is_done_without_a_yes(world: World) -> None:
    await world.load([world.integration, world.record(1)])
    async with world.worker():
        await world.settled(await world.press())
        await letters_come(world, 1)
    done = await command(world, "discard", "--client", world.client_id)
    assert done.exit_code == 1
    assert "Discard 1 dead letter?" in done.stdout
    assert len(await listed(world)) == 1
