"""The two ways a message leaves: a Slack webhook and an SMTP server. Each either takes it or raises Unavailable."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import requests

from errors import ConfigError, Unavailable

Send = Callable[[str, str, str, str], None]  # recipient, message key, subject line, text
SendLetter = Callable[
    [str, str, str, str, str, str | None], None
]  # the same, then HTML and the link to unsubscribe
_SECONDS = 15


def senders(*, slack_webhook: str | None, smtp_url: str | None, mail_from: str | None) -> Send:
    """A function that sends one message; ConfigError for a recipient whose way out is not set up.

    The message key is the same at every attempt: an e-mail carries it as its Message-ID, by which mail programs
    drop the second copy.
    """

    def send(recipient: str, key: str, line: str, text: str) -> None:
        if recipient == "slack":
            if not slack_webhook:
                raise ConfigError("Slack is not set up. Set HADES_SLACK_WEBHOOK.")
            _slack(slack_webhook, f"*{line}*\n{text}")
        else:
            if not (smtp_url and mail_from):
                raise ConfigError("E-mail is not set up. Set HADES_SMTP_URL and HADES_MAIL_FROM.")
            _mail(smtp_url, _letter(mail_from, recipient, key, line, text))

    return send


def letter_sender(*, smtp_url: str | None, mail_from: str | None) -> SendLetter:
    """A function that sends one e-mail as text and HTML; ConfigError where e-mail is not set up.

    The link to unsubscribe, where there is one, is a header too, so that mail programs offer it as a button.
    """

    def send(recipient: str, key: str, line: str, text: str, html: str, leave: str | None) -> None:
        if not (smtp_url and mail_from):
            raise ConfigError("E-mail is not set up. Set HADES_SMTP_URL and HADES_MAIL_FROM.")
        letter = _letter(mail_from, recipient, key, line, text)
        letter.add_alternative(html, subtype="html")
        if leave:
            letter["List-Unsubscribe"] = f"<{leave}>"
        _mail(smtp_url, letter)

    return send


def _slack(webhook: str, text: str) -> None:
    """Nothing; Slack has taken the text."""
    try:
        answer = requests.post(webhook, json={"text": text}, timeout=_SECONDS, allow_redirects=False)
    except requests.RequestException as error:  # its text can hold the address, which is the secret
        raise Unavailable(f"Slack did not answer ({type(error).__name__}).") from None
    if answer.status_code != 200:
        raise Unavailable(f"Slack answered {answer.status_code}.")


def _letter(sender: str, recipient: str, key: str, line: str, text: str) -> EmailMessage:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = sender, recipient, " ".join(line.split())
    letter["Message-ID"] = f"<{key}@hades>"
    letter.set_content(text)
    return letter


def _mail(url: str, letter: EmailMessage) -> None:
    """Nothing; the server of `smtp://user:password@host:port` (or smtps://) has taken the letter."""
    try:
        parts = urlsplit(url)
        port = parts.port
        fits = parts.scheme in ("smtp", "smtps") and bool(parts.hostname)
    except ValueError:  # its text can hold a part of the password, such as one with a slash in it
        fits = False
    if not fits:
        raise ConfigError(
            "HADES_SMTP_URL was expected as smtp://user:password@host:port or smtps://... with the signs of a password "
            "that have a meaning there written as %2F, %40 and the like."
        )
    try:
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                str(parts.hostname), port or 465, timeout=_SECONDS, context=ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(str(parts.hostname), port or 587, timeout=_SECONDS)
        with server:
            if parts.username:
                if parts.scheme == "smtp":
                    server.starttls(context=ssl.create_default_context())
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.send_message(letter)
    except (OSError, smtplib.SMTPException) as error:
        raise Unavailable(f"The mail server did not take the message ({type(error).__name__}).") from None
