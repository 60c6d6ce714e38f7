"""Firefox, driven over Marionette, the protocol that it brings along: JSON over a socket."""

import asyncio
import base64
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

NAMES = ("firefox", "firefox-esr")
START_WITHIN_S = 60.0
PREFERENCES = {
    "marionette.port": 0,  # any free one; it is written into the profile
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.peerconnection.ice.loopback": True,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.normandy.enabled": False,
    "app.update.auto": False,
    "browser.startup.page": 0,
    "browser.safebrowsing.update.enabled": False,
}


class FirefoxError(Exception):
    """Firefox refused a command."""


class Firefox:
    """One window."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._count = 0

    async def command(self, name: str, **parameters: Any) -> Any:
        """One command of the WebDriver kind."""
        self._count += 1
        text = json.dumps([0, self._count, name, parameters]).encode()
        self._writer.write(b"%d:%s" % (len(text), text))
        await self._writer.drain()
        _, number, error, result = await self._receive()
        assert number == self._count
        if error:
            raise FirefoxError(error["message"])
        return result

    async def _receive(self) -> Any:
        length = (await self._reader.readuntil(b":"))[:-1]
        return json.loads(await self._reader.readexactly(int(length)))

    async def greeting(self) -> Any:
        """What it says first."""
        return await self._receive()

    async def get(self, expression: str) -> Any:
        """The value of an expression in the page."""
        script = f"const [done] = arguments; Promise.resolve({expression}).then(done)"
        found = await self.command("WebDriver:ExecuteAsyncScript", script=script, args=[], sandbox=None)
        return found["value"]

    async def click(self, selector: str) -> None:
        found = await self.command("WebDriver:FindElement", using="css selector", value=selector)
        (element,) = found["value"].values()
        await self.command("WebDriver:ElementClick", id=element)

    async def type(self, selector: str, text: str) -> None:
        """Text, and Enter."""
        found = await self.command("WebDriver:FindElement", using="css selector", value=selector)
        (element,) = found["value"].values()
        await self.command("WebDriver:ElementSendKeys", id=element, text=text + "\ue007")

    async def picture(self) -> bytes:
        """The window, as PNG."""
        found = await self.command("WebDriver:TakeScreenshot", full=False)
        return base64.b64decode(found["value"])


@asynccontextmanager
async def firefox(profile: Path) -> AsyncIterator[Firefox | None]:
    """A headless Firefox with an invented microphone; None where none is installed."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        yield None
        return
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines))
    arguments = ("--headless", "--marionette", "--no-remote", "--profile", str(profile), "about:blank")
    process = await asyncio.create_subprocess_exec(
        found, *arguments, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(START_WITHIN_S):
            while not (port := _port_of(profile)):
                await asyncio.sleep(0.1)
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 26)
        driver = Firefox(reader, writer)
        await driver.greeting()
        await driver.command("WebDriver:NewSession", acceptInsecureCerts=True)
        yield driver
        writer.close()
    finally:
        process.kill()
        await process.wait()


def _port_of(profile: Path) -> int:
    path = profile / "MarionetteActivePort"
    text = path.read_text() if path.exists() else ""
    return int(text) if text.strip().isdecimal() else 0
