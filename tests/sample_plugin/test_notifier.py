from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from rasd_sample.notifier import MAILBOX

from streams.errors import OperatorError, Retryable
from streams.notify import Notification

MESSAGE = Notification(id="m1", title="خبر عاجل", text="تجربة", url="https://almina.example.com/1")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RASD_SAMPLE_FOLDER", str(tmp_path / "output"))
    return tmp_path / "output"


def test_a_repeated_message_is_one_file(folder: Path) -> None:
    asyncio.run(MAILBOX.send(MESSAGE, "desk"))
    asyncio.run(MAILBOX.send(MESSAGE, "desk"))
    (file,) = (folder / "desk").iterdir()
    assert file.read_text(encoding="utf-8") == "خبر عاجل\n\nتجربة\n\nhttps://almina.example.com/1\n"


def test_an_unwritable_folder_is_retryable(folder: Path) -> None:
    folder.write_text("a file where the folder should be")
    with pytest.raises(Retryable):
        asyncio.run(MAILBOX.send(MESSAGE, "desk"))


@pytest.mark.parametrize("target", ["", "..", "../other", "/etc"])
def test_a_receiver_outside_the_folder_is_refused(folder: Path, target: str) -> None:
    with pytest.raises(OperatorError, match="is not a plain name"):
        asyncio.run(MAILBOX.send(MESSAGE, target))
    assert not folder.exists()
