"""A headless Chromium, driven over its DevTools protocol, and a TensorBoard on the loopback interface."""

import base64
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ALL_TEXT = """(() => {
  const texts = [];
  const walk = node => {
    if (node.nodeType === 3) { const text = node.textContent.trim(); if (text) texts.push(text); }
    if (node.nodeType === 1 && ['SCRIPT', 'STYLE', 'TEMPLATE', 'DOM-MODULE'].includes(node.tagName)) return;
    if (node.shadowRoot) walk(node.shadowRoot);
    if (node.tagName === 'IFRAME' && node.contentDocument) walk(node.contentDocument.body);
    for (const child of node.childNodes) walk(child);
  };
  walk(document.body);
  return texts.join('\\n');
})()"""

CLICK = """(() => {
  let clicked = 0;
  const walk = node => {
    if (node.nodeType !== 1) return;
    if (node.tagName === 'BUTTON' && node.innerText.trim().startsWith(WORD)) { node.click(); clicked++; }
    if (node.shadowRoot) for (const child of node.shadowRoot.childNodes) walk(child);
    for (const child of node.childNodes) walk(child);
  };
  walk(document.body);
  return clicked;
})()"""


@contextlib.contextmanager
def program(arguments, pattern, seconds=60.0, **environment):
    """Run a program as a group of its own; yield what `pattern` finds in what it says; end the group."""
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
                               env={**os.environ, **environment})  # fmt: skip
    try:
        said = []
        for line in process.stderr:
            said.append(line)
            if found := re.search(pattern, line):
                yield found[0]
                return
        pytest.fail(f"{arguments[0]} ended without saying {pattern}:\n{''.join(said)}")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def tensorboard(folder):
    """Serve the runs of a folder on a free port of loopback; yields the address."""
    arguments = [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder), "--host", "127.0.0.1", "--port", "0"]
    return program(arguments, r"http://127\.0\.0\.1:\d+/")


class Page:
    """One tab of a browser."""

    def __init__(self, socket):
        self.socket, self.number = socket, 0
        self.call("Page.enable")

    def call(self, method, **parameters):
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self.socket.recv(timeout=60))
            if answer.get("id") == self.number:
                assert "error" not in answer, answer
                return answer["result"]

    def open(self, url):
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=url)

    def evaluate(self, script):
        return self.call("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def text_with(self, words, seconds=60.0):
        """Return the text of the page, shadow roots included, once it holds all `words`."""
        ends, text = time.monotonic() + seconds, ""
        while time.monotonic() < ends:
            text = self.evaluate(ALL_TEXT) or ""
            if all(word in text for word in words):
                return text
            time.sleep(0.2)
        pytest.fail(f"{[word for word in words if word not in text]} are not on the page:\n{text[:4000]}")

    def click(self, word):
        """Click every button whose text begins with `word`, shadow roots included; fails where there is none."""
        assert self.evaluate(CLICK.replace("WORD", json.dumps(word))) > 0, word

    def shoot(self, path, width=1400, height=1000):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        time.sleep(1.5)  # charts grow into their place
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))
        return path


@contextlib.contextmanager
def browser(folder):
    """A headless browser with one page; its profile stands in `folder`."""
    client = pytest.importorskip("websockets.sync.client", reason="websockets speaks to the browser")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    arguments = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                 "--remote-debugging-port=0", "--remote-allow-origins=*", f"--user-data-dir={folder}", "about:blank"]  # fmt: skip
    with program(arguments, r"(?<=DevTools listening on )ws://\S+") as address:
        host = re.search(r"//([^/]+)/", address)[1]
        request = urllib.request.Request(f"http://{host}/json/new?about:blank", method="PUT")
        with urllib.request.urlopen(request, timeout=30) as answer:
            target = json.load(answer)["webSocketDebuggerUrl"]
        with client.connect(target, max_size=None, open_timeout=30) as socket:
            yield Page(socket)
