"""Webhooks and mails on loopback, and what must not leave the process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from standardwebhooks import Webhook, WebhookVerificationError

from streams.alerts.channels.base import DeliveryFailed
from streams.alerts.channels.mail import compose_mail
from streams.alerts.channels.registry import open_channels
from streams.alerts.message import FSI, PDI, AlertMessage, compose, counted
from streams.alerts.records import Alert
from streams.alerts.rules import SearchMemory
from streams.alerts.secret_store import named_secret, read_token, unsubscribe_token, webhook_secret
from streams.alerts.standing_search import SearchSettings, StandingSearch, Target
from streams.alerts.trial import send_test
from streams.errors import OperatorError
from streams.settings import Settings
from tests.support.alert_records import match, standing_search
from tests.support.receivers import MailBox, open_hook, open_mailbox

KEY = "a key of the test only"


def settings(**fields: Any) -> Settings:
    given = {"alerts_allow": ("127.0.0.1/32",), "alerts_signing_key": SecretStr(KEY), "smtp_security": "none"}
    return Settings(_env_file=None).model_copy(update=given | fields)


def due(search: StandingSearch) -> Alert:
    memory = SearchMemory(search)
    marks = [(7, 11)]
    headline = {"text": "ارتفاع منسوب السد <1>", "marks": [(13, 17)]}
    memory.take(
        match("a", headline=headline, excerpts=[{"text": "قال إن السد امتلأ", "marks": marks}], places=["أسوان"])
    )
    memory.take(match("b", 2, story="a", outlet="Daily & Co"))
    (alert,) = memory.alerts.values()
    return alert


def message(search: StandingSearch, **fields: Any) -> AlertMessage:
    return compose(due(search), search, "https://rasd.example.com", **fields)


async def test_a_webhook_s_request_is_signed_and_holds_the_alert() -> None:
    async with open_hook() as hook, open_channels(settings()) as channels:
        search = standing_search(targets=[{"to": hook.url}])
        await channels.send(message(search), search.targets[0], search)
        ((headers, body),) = hook.requests
        secret = webhook_secret(settings(), search, search.targets[0])
        assert secret is not None
        told = Webhook(secret).verify(body, headers)
        assert told["type"] == "alert.story" and told["data"]["name"] == "السدود"
        assert told["data"]["stories"][0]["outlets"] == ["almina", "Daily & Co"]
        assert told["data"]["stories"][0]["rasd_url"] == "https://rasd.example.com/articles/a"
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body.replace("السدود".encode(), b"x"), headers)


async def test_a_named_secret_signs_and_a_named_url_is_requested(tmp_path: Path) -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    (tmp_path / "desk.signing").write_text(secret)
    given = settings(alerts_secrets_dir=tmp_path)
    async with open_hook() as hook, open_channels(given) as channels:
        (tmp_path / "desk.hook").write_text(hook.url + "\n")
        target = Target(to="webhook:hook", secret="signing")
        search = standing_search(targets=[target]).model_copy(update={"owner": "desk"})
        await channels.send(message(search), target, search)
        ((headers, body),) = hook.requests
        Webhook(secret).verify(body, headers)
        assert hook.url not in search.to_json().decode()
        other = search.model_copy(update={"owner": "other"})
        with pytest.raises(DeliveryFailed, match=r"secret other\.hook: No such file"):
            await channels.send(message(other), target, other)


@pytest.mark.parametrize("status", [301, 400, 500])
async def test_a_status_beyond_299_is_a_failure_that_is_tried_again(status: int) -> None:
    async with open_hook() as hook, open_channels(settings()) as channels:
        hook.status = status
        search = standing_search(targets=[{"to": hook.url}])
        with pytest.raises(DeliveryFailed, match=f"status {status}") as failed:
            await channels.send(message(search), search.targets[0], search)
        assert not failed.value.final


async def test_a_webhook_that_is_gone_is_not_tried_again() -> None:
    async with open_hook() as hook, open_channels(settings()) as channels:
        hook.status = 410
        search = standing_search(targets=[{"to": hook.url}])
        with pytest.raises(DeliveryFailed) as failed:
            await channels.send(message(search), search.targets[0], search)
        assert failed.value.final


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "169.254.169.254", "[::1]", "0x7f000001", "10.0.0.1"])
async def test_a_webhook_in_our_network_is_not_requested(host: str) -> None:
    async with open_hook() as hook, open_channels(settings(alerts_allow=())) as channels:
        port = hook.url.rpartition(":")[2]
        search = standing_search(targets=[{"to": f"http://{host}:{port}"}])
        with pytest.raises(DeliveryFailed, match=r"not (a )?public.*RASD_ALERTS_ALLOW"):
            await channels.send(message(search), search.targets[0], search)
        assert hook.requests == [] and hook.refused == 0


async def test_a_test_message_reaches_each_target_and_names_what_failed() -> None:
    async with open_hook() as hook, open_mailbox() as box:
        given = settings(smtp_host="127.0.0.1", smtp_port=box.port, smtp_from="alerts@example.com")
        targets = [{"to": hook.url}, {"to": "mailto:desk@example.com"}, {"to": "apprise:chat"}]
        results = await send_test(given, standing_search(targets=targets))
        assert list(results.values())[:2] == [None, None]
        assert "RASD_ALERTS_SECRETS_DIR" not in str(results) and "folder of secrets" in str(results["apprise:chat"])
        assert hook.alerts[0]["kind"] == "test" and len(box.mails) == 1


def smtp(box: MailBox) -> Settings:
    return settings(smtp_host="127.0.0.1", smtp_port=box.port, smtp_from="رصد <alerts@rasd.example.com>")


async def test_a_mail_is_read_from_right_to_left_and_can_be_unsubscribed_from_with_one_click() -> None:
    async with open_mailbox() as box, open_channels(smtp(box)) as channels:
        search = standing_search(targets=[{"to": "mailto:desk@example.com"}], zone="Asia/Riyadh")
        link = (
            f"https://rasd.example.com/alerts/unsubscribe/{unsubscribe_token(smtp(box), search.id, search.targets[0])}"
        )
        await channels.send(message(search, unsubscribe=link), search.targets[0], search)
        (mail,) = box.mails
    assert mail["List-Unsubscribe"] == f"<{link}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Subject"] == "السدود: ارتفاع منسوب السد a"
    assert mail["From"] == "رصد <alerts@rasd.example.com>"
    html, text = (mail.get_body((kind,)) for kind in ("html", "plain"))
    assert html is not None and text is not None
    written = html.get_content()
    assert '<html lang="ar" dir="rtl">' in written
    assert "ارتفاع منسوب <mark>السد</mark> &lt;1&gt;" in written and "Daily &amp; Co" in written
    assert "قال إن <mark>السد</mark> امتلأ" in written
    assert "قال إن *السد* امتلأ" in text.get_content()
    assert "2026-11-01 09:01 Asia/Riyadh" in text.get_content()
    assert f"نشرته أيضًا: {FSI}Daily & Co{PDI}" in text.get_content()


async def test_a_mailbox_that_does_not_exist_is_not_tried_again() -> None:
    async with open_mailbox() as box, open_channels(smtp(box)) as channels:
        search = standing_search(targets=[{"to": "mailto:nobody@example.com"}])
        box.reply = "450 busy"
        with pytest.raises(DeliveryFailed, match="450 busy") as busy:
            await channels.send(message(search), search.targets[0], search)
        box.reply = "550 no such mailbox"
        with pytest.raises(DeliveryFailed, match="550") as unknown:
            await channels.send(message(search), search.targets[0], search)
    assert (busy.value.final, unknown.value.final) == (False, True)


def test_a_mail_that_is_sent_again_has_the_same_id() -> None:
    search = standing_search(targets=[{"to": "mailto:desk@example.com"}])
    told = message(search)
    first, second = (
        compose_mail(told, search.targets[0], settings(smtp_host="x", smtp_from="a@b.example")) for _ in "ab"
    )
    assert first["Message-ID"] == second["Message-ID"]


def test_links_to_unsubscribe_cannot_be_made_by_others() -> None:
    target = Target(to="mailto:desk@example.com")
    token = unsubscribe_token(settings(), "0123456789ab", target)
    assert token is not None
    found = read_token(settings(), token)
    assert found is not None and found[0] == "0123456789ab"
    assert read_token(settings(alerts_signing_key=SecretStr("another key of a test")), token) is None
    assert read_token(settings(), token.replace("0123456789ab", "ba9876543210")) is None
    assert read_token(settings(), "nonsense") is None


def test_secrets_of_others_cannot_be_named(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("operator's")
    given = settings(alerts_secrets_dir=tmp_path)
    assert named_secret(given, "mail", "") == "operator's"
    with pytest.raises(OperatorError, match=r"desk\.mail"):
        named_secret(given, "mail", "desk")
    for name in ("../mail", "a.b", "/etc/passwd"):
        with pytest.raises(ValueError, match=r"secret|target"):
            Target(to="https://a.example.com", secret=name)
        with pytest.raises(ValueError, match="name of a secret"):
            Target(to=f"apprise:{name}")


@pytest.mark.parametrize(
    "to",
    [
        "ftp//x",
        "https://",
        "https://user:pass@a.example.com/",
        "mailto:a",
        "mailto:a@b,c@d",
        "mailto:a@b\r\nBcc:c@d",
        "x y:z",
    ],
)
def test_targets_that_cannot_be_reached_are_refused(to: str) -> None:
    with pytest.raises(ValueError, match=r"target|host|password|address"):
        Target(to=to)


def test_a_url_is_shown_without_its_path() -> None:
    assert Target(to="https://hooks.example.com/services/T0/B0/secret").shown == "https://hooks.example.com"


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "خبر واحد"), (2, "خبران"), (3, "3 أخبار"), (11, "11 خبرًا"), (100, "100 خبر"), (103, "103 أخبار")],
)
def test_numbers_have_the_right_form_of_the_noun(number: int, text: str) -> None:
    assert counted(number, "stories", "ar") == text


@pytest.mark.parametrize(
    ("when", "arabic", "english"),
    [
        ({"kind": "frequency", "count": 2, "minutes": 90}, "خبران خلال 90 دقيقة", "2 stories within 90 minutes"),
        ({"kind": "frequency", "count": 2, "of": "outlets"}, "مصدران خلال 60 دقيقة", "2 outlets within 60 minutes"),
    ],
)
def test_the_reason_is_said_in_the_language_of_the_search(when: dict[str, Any], arabic: str, english: str) -> None:
    for language, wanted in (("ar", arabic), ("en", english)):
        search = standing_search(when=when, language=language)
        memory = SearchMemory(search)
        memory.take(match("a"))
        memory.take(match("b", 2, outlet="annahr"))
        (alert,) = memory.alerts.values()
        told = compose(alert, search)
        assert wanted in told.subject and wanted in told.text and wanted in told.html
        json.dumps(told.payload)


def test_what_cannot_be_is_refused() -> None:
    faults: list[dict[str, Any]] = [
        {"filters": {}},
        {"when": {"kind": "silence"}, "pause_minutes": 5},
        {"name": "a\nb"},
        {"zone": "Mars/Olympus"},
        {"when": {"kind": "sometimes"}},
    ]
    for fields in faults:
        with pytest.raises(ValueError, match="validation error"):
            SearchSettings.model_validate({"name": "x", "filters": {"q": "سد"}} | fields)
