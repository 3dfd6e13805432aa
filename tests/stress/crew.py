"""The workers of a scene: started anew, and all at work again."""

import time
from typing import Final

from tests.stress.observations import Trial
from tests.stress.scene import Scene

ATTEMPTS: Final = 5


async def restored(scene: Scene, what: str) -> bool:
    """Whether a new change on every partition is worked in time; noted under this name."""
    began = time.monotonic()
    await scene.light()
    seconds = await scene.worked_everywhere(since=began)
    scene.seen.trials.append(Trial(group="restored", what=what, seconds=seconds, counted=False))
    return seconds is not None


async def start_crew(scene: Scene, count: int) -> None:
    """Start so many workers in the place of those that run, and wait until they work.

    Raises:
        RuntimeError: they hang, and so do others in their place, again and again.
    """
    for _ in range(ATTEMPTS):
        for worker in list(scene.workers):
            scene.take_off(worker)
        for worker in [scene.start() for _ in range(count)]:
            await scene.until_ready(worker)
        if await restored(scene, "all workers started"):
            return
    raise RuntimeError(await scene.describe_hang(f"workers that were just started hang, {ATTEMPTS} times"))
