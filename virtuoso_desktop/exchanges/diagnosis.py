"""What can stand between this computer and a venue, in one sentence each with the next step. No network here."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

OFFLINE_ERRORS = frozenset({"ENETUNREACH", "EHOSTUNREACH", "ENETDOWN"})
CLOCK_TOLERANCE_MS = 2_000
NOT_YET_VALID, EXPIRED, WRONG_HOST = 9, 10, 62
"""OpenSSL's verification results, X509_V_ERR_*."""
_COUNTRY_WORDS = re.compile(r"country|region|jurisdiction|location", re.IGNORECASE)
_NO_ADDRESS = frozenset({"0.0.0.0", "::", "127.0.0.1", "::1"})  # noqa: S104 (what filters answer with)


class Check(StrEnum):
    """The checks in their order; the values are shown."""

    SETTINGS = "Settings"
    PROXY = "Proxy"
    NAME = "Name lookup"
    CONNECTION = "Connection"
    CERTIFICATE = "Certificate"
    REQUESTS = "Requests"
    CLOCK = "Clock"
    MAINTENANCE = "Maintenance"
    STREAM = "Live stream"
    DISK = "Disk"


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    FAULT = "fault"
    FOLLOWS = "follows"
    """It fails because of a fault that was named already."""
    SKIPPED = "skipped"


class Words(NamedTuple):
    """What is wrong, and what to do about it."""

    says: str
    next_step: str


class Finding(msgspec.Struct, frozen=True):
    """One check's result. A fault has a next step."""

    check: Check
    verdict: Verdict
    says: str
    next_step: str | None = None
    took_ms: int = 0


class Cause(StrEnum):
    """What kind of refusal an answer is: two of one kind are one fault."""

    BAN = "ban"
    BLOCK = "block"
    DOWN = "down"
    BETWEEN = "between"
    OTHER = "other"


class Refusal(NamedTuple):
    """An answer that is no data."""

    cause: Cause
    words: Words


def is_filtered(addresses: list[str]) -> bool:
    """Whether a name was resolved to nowhere, as hosts files and filters do."""
    return bool(addresses) and set(addresses) <= _NO_ADDRESS


def no_name(hosts: list[str], all_failed: bool) -> Words:
    """Names that cannot be looked up; ``all_failed``: no other name could."""
    names = " and ".join(hosts)
    if all_failed:
        return Words(
            f"The address of {names} cannot be looked up.",
            "Check that this computer is online: open any web page. If pages open, change the DNS server (for example "
            "to 1.1.1.1 or 9.9.9.9) or switch off the filter that blocks this name.",
        )
    return Words(
        f"The address of {names} cannot be looked up, though other names can.",
        "A filter or DNS server blocks this name, or the endpoint in the settings is misspelt: check it with "
        "`virtuoso-desktop settings show exchanges.bybit`, then change the DNS server.",
    )


def filtered_name(host: str) -> Words:
    """A name that leads to this computer and should not."""
    return Words(
        f"{host} is looked up as this computer itself, so a filter keeps it away.",
        "Remove the name from the hosts file, or allow it in the DNS filter (Pi-hole, AdGuard, parental control).",
    )


def no_connection(host: str, port: int, error: BaseException, environment_proxy: str | None) -> Words:
    """Why a TCP connection does not come about."""
    where = f"{host}:{port}"
    if isinstance(error, ConnectionRefusedError):
        says = f"{where} refuses the connection: nothing listens there, or a firewall refuses."
        step = (
            "Check the endpoint with `virtuoso-desktop settings show exchanges.bybit`, and the rules of the firewall."
        )
    elif isinstance(error, TimeoutError):
        says = f"{where} does not answer: a firewall drops the connection, or the network is down."
        step = f"Allow Virtuoso to connect to port {port} in the firewall, or try another network."
    elif isinstance(error, OSError) and _errno_name(error) in OFFLINE_ERRORS:
        says = f"There is no way to {where}: this computer is offline or its VPN is down."
        step = "Connect to a network, or restart the VPN, and run this again."
    else:
        says = f"The connection to {where} fails ({_os_words(error)})."
        step = "Check the network and the firewall, and run this again."
    if environment_proxy is not None:
        step += f" The environment names a proxy ({environment_proxy}), which is not followed: set network.proxy."
    return Words(says, step)


def no_tls(host: str, error: BaseException) -> Words:
    """Why no secure connection comes about, but for what the clock explains (`wrong_date`)."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _bad_certificate(host, error)
    if isinstance(error, ssl.SSLError):
        return Words(
            f"{host} does not speak TLS here: something in between answers in its place.",
            "Log in to this network in a browser, or switch off the filter or antivirus that reads connections.",
        )
    if isinstance(error, TimeoutError):
        return Words(
            f"{host} accepts the connection and then keeps silent: a firewall lets no TLS through.",
            "Allow Virtuoso in the firewall, or try another network.",
        )
    return Words(
        f"The connection to {host} is cut off while it is being secured: a firewall or the provider blocks this name.",
        "Try another network or a VPN.",
    )


def _bad_certificate(host: str, error: ssl.SSLCertVerificationError) -> Words:
    if error.verify_code == EXPIRED:
        return Words(
            f"The certificate of {host} has expired.",
            "If other programs reach it, a proxy or antivirus with an old certificate sits in between: renew or switch "
            "it off. Otherwise wait until the exchange has renewed it.",
        )
    if error.verify_code == NOT_YET_VALID:
        return Words(
            f"The certificate of {host} is not valid yet.", "Check the date of this computer, and run this again."
        )
    if error.verify_code == WRONG_HOST:
        return Words(
            f"The certificate is not one of {host}: another server answers in its place.",
            "Log in to this network in a browser, remove the name from the hosts file, or switch the proxy off.",
        )
    return Words(
        f"The certificate of {host} is signed by nobody this computer trusts: a proxy or antivirus intercepts it.",
        "Switch the interception of secure connections off for this name, or add the proxy's root certificate to the "
        "certificates of the system.",
    )


def wrong_date(host: str, ahead_s: float) -> Words:
    """A certificate out of its time because of this computer's clock."""
    days = abs(ahead_s) / 86_400
    return Words(
        f"This computer's date is {days:.0f} days {'ahead' if ahead_s > 0 else 'behind'}, so that the certificate of "
        f"{host} seems out of date.",
        "Set the date and time of this computer, best by switching on automatic time.",
    )


def no_proxy(proxy: str, error: BaseException) -> Words:
    """Why the proxy itself cannot be reached. ``proxy`` is its host and port."""
    if isinstance(error, socket.gaierror):
        says = f"The name of the proxy {proxy} cannot be looked up."
    elif isinstance(error, ConnectionRefusedError):
        says = f"The proxy {proxy} refuses the connection: it does not run, or its port is another one."
    elif isinstance(error, TimeoutError):
        says = f"The proxy {proxy} does not answer."
    elif isinstance(error, ssl.SSLError):
        says = f"The proxy {proxy} does not speak TLS: it is an http proxy, not an https one, or cannot be trusted."
    else:
        says = f"The connection to the proxy {proxy} fails ({_os_words(error)})."
    return Words(
        says,
        "Correct it with `virtuoso-desktop settings set network.proxy`, or take it out with `settings unset` instead.",
    )


def refusing_proxy(proxy: str, host: str, status: int | None, has_password: bool) -> Words:
    """Why the proxy does not connect on. ``status`` is None for an answer that is no HTTP."""
    if status == 407 and has_password:
        return Words(
            f"The proxy {proxy} does not accept the user and password (HTTP 407).",
            "Correct them in network.proxy: http://USER:${PROXY_PASSWORD}@host:port with that variable set.",
        )
    if status == 407:
        return Words(
            f"The proxy {proxy} wants a user and password (HTTP 407).",
            "Write network.proxy as http://USER:${PROXY_PASSWORD}@host:port and set that environment variable.",
        )
    if status is None:
        return Words(
            f"What answers at {proxy} is no HTTP proxy.",
            "Correct the port with `virtuoso-desktop settings set network.proxy`; SOCKS proxies cannot be used.",
        )
    if status in (502, 503, 504):
        return Words(
            f"The proxy {proxy} cannot reach {host} (HTTP {status}).",
            "Ask who runs the proxy, or take it out with `virtuoso-desktop settings unset network.proxy`.",
        )
    return Words(
        f"The proxy {proxy} forbids {host} (HTTP {status}).",
        "Have the name allowed in the proxy, or take it out with `virtuoso-desktop settings unset network.proxy`.",
    )


def refused_request(host: str, status: int, body: str) -> Refusal | None:
    """What an HTTP status means; None for 200, which alone proves nothing."""
    low = body.lower()
    if status == 403 and "too frequent" in low:
        return Refusal(Cause.BAN, _BANNED)
    if status == 403 and _COUNTRY_WORDS.search(body):
        return Refusal(Cause.BLOCK, _blocked_country(host, "HTTP 403"))
    if status == 403:
        return Refusal(
            Cause.BLOCK,
            Words(
                f"{host} refuses this address (HTTP 403), without calling it a ban or a country: its firewall, or a "
                "filter in between, does not like it.",
                "Switch off VPN or proxy if one is on, or try another network; data centres are often refused.",
            ),
        )
    if status == 451:
        return Refusal(Cause.BLOCK, _blocked_country(host, "HTTP 451, for legal reasons"))
    if status == 429:
        return Refusal(
            Cause.BAN, Words(f"{host} wants fewer requests (HTTP 429).", "Wait a minute and run this again.")
        )
    if 300 <= status < 400:
        return Refusal(Cause.BETWEEN, _between(host))
    if status >= 500:
        return Refusal(
            Cause.DOWN,
            Words(
                f"The servers behind {host} are down (HTTP {status}).",
                "Nothing is wrong here: wait, Virtuoso connects again by itself.",
            ),
        )
    if status != 200:
        return Refusal(Cause.OTHER, _no_venue(host, f"HTTP {status}"))
    return None


def refused_code(host: str, code: int, message: str) -> Refusal:
    """What the return code of an answer with status 200 means; Bybit's numbers."""
    told = f"{code}: {message}" if message else str(code)
    if code in (10006, 10018):
        return Refusal(Cause.BAN, _BANNED)
    if code == 10009:
        return Refusal(Cause.BLOCK, _blocked_country(host, told))
    if code in (10000, 10016, 10019):
        return Refusal(
            Cause.DOWN,
            Words(
                f"The servers of the exchange report a fault of their own ({told}).",
                "Wait; Virtuoso tries again by itself.",
            ),
        )
    return Refusal(Cause.OTHER, _no_venue(host, told))


def no_data(host: str, content: Mapping[str, str]) -> Refusal:
    """HTTP 200 with something that is no data."""
    if "html" in content.get("content-type", "").lower():
        return Refusal(Cause.BETWEEN, _between(host))
    return Refusal(Cause.OTHER, _no_venue(host, "no data"))


def no_answer(host: str, error: BaseException) -> Words:
    """A request that brought no answer though the connection stands."""
    if isinstance(error, TimeoutError):
        return Words(f"{host} takes the request and does not answer in time.", "Wait a minute and run this again.")
    return Words(
        f"{host} breaks the connection off instead of answering ({_os_words(error)}).",
        "Run this again; if it stays, try another network.",
    )


def wrong_clock(offset_ms: float, venue: str) -> Words:
    """``offset_ms`` is the venue's time minus ours."""
    way = "behind" if offset_ms > 0 else "ahead of"
    return Words(
        f"This computer's clock is {abs(offset_ms) / 1000:.1f} s {way} {venue}'s; data are shown in {venue}'s time.",
        "Set the clock of this computer, best by switching on automatic time.",
    )


def silent_stream(host: str, deadline_s: float) -> Words:
    """The handshake went well, the topic was asked for, nothing came."""
    return Words(
        f"The live stream of {host} is open, but brought no data within {deadline_s:g} s.",
        "A proxy or antivirus may hold streams back: switch it off for this name, then run this again.",
    )


def no_stream(host: str, error: BaseException) -> Words:
    """No handshake came about, for a reason that no HTTP status tells."""
    return Words(
        f"The live stream of {host} breaks off before it is open ({_os_words(error)}).",
        "A proxy, antivirus or firewall may not let WebSocket through: allow it for this name, or try another network.",
    )


_BANNED = Words(
    "The exchange has banned this address for a while (access too frequent).",
    "Close other programs that ask it, and wait ten minutes; each request meanwhile makes it last longer.",
)


def _blocked_country(host: str, how: str) -> Words:
    return Words(
        f"{host} does not serve this country or address ({how}).",
        "Use it from where the exchange may serve you; if a VPN is on, choose another country or switch it off.",
    )


def _between(host: str) -> Words:
    return Words(
        f"A web page comes instead of data from {host}: a login page or a filter of this network sits in between.",
        "Open any page in a browser and log in to the network, then run this again.",
    )


def _no_venue(host: str, how: str) -> Words:
    return Words(
        f"What answers at {host} is not the exchange ({how}).",
        "Check the endpoint with `virtuoso-desktop settings show exchanges.bybit`; `settings unset` brings the default "
        "back.",
    )


def _os_words(error: BaseException) -> str:
    words: Any = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(words).lower().rstrip(".")


def _errno_name(error: OSError) -> str:
    import errno

    return errno.errorcode.get(error.errno or 0, "")
