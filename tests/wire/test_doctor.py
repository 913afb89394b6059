"""Why there are no data: every cause brought about on this computer, named first and once, with the next step."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import socket
import ssl
import time
from pathlib import Path

import pytest

from tests.wire.misbehaving_venue import ADDRESS, API, STREAM, Authority, Behaviour, raw_server, venue
from virtuoso_desktop.exchanges.bybit.probe import BYBIT_PROBE
from virtuoso_desktop.exchanges.diagnosis import Cause, Check, Finding, Refusal, Verdict, Words
from virtuoso_desktop.exchanges.doctor import Doctor, Own
from virtuoso_desktop.exchanges.inquiry import Surroundings
from virtuoso_desktop.exchanges.network import Network
from virtuoso_desktop.exchanges.way import WayTimes

FAST = WayTimes(resolve_s=1.0, connect_s=1.0, tls_s=1.0, answer_s=1.0, stream_s=1.0)


class TestNetwork(Network):
    """Believes the authority of a test; uses a proxy on this computer too."""

    __test__ = False

    def __init__(self, trusted: ssl.SSLContext, proxy: str | None = None) -> None:
        super().__init__(proxy)
        self._tls = trusted


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


async def addresses(host: str, port: int) -> list[str]:
    if host.endswith(".venue.test"):
        return [ADDRESS]
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


async def examine(
    authority: Authority,
    rest: str | int,
    ws: str | int | None = None,
    *,
    proxy: str | None = None,
    before: dict[Check, Own] | None = None,
    after: dict[Check, Own] | None = None,
    ahead_ms: int = 0,
    environment_proxy: str | None = None,
    known_refusal: Refusal | None = None,
) -> dict[Check, Finding]:
    """All findings; ports stand for secure endpoints of the venue's names."""
    ws = rest if ws is None else ws
    around = Surroundings(
        rest if isinstance(rest, str) else f"https://{API}:{rest}",
        ws if isinstance(ws, str) else f"wss://{STREAM}:{ws}",
        TestNetwork(authority.trusted, proxy),
        lambda: time.time_ns() // 1_000_000 + ahead_ms,
        environment_proxy=environment_proxy,
        known_refusal=known_refusal,
        resolve=addresses,
        times=FAST,
    )
    told: list[Finding] = []
    doctor = Doctor(around, BYBIT_PROBE, before, after)
    found = await doctor.examine(told.append)
    assert found == told
    assert [finding.check for finding in found] == list(doctor.checks)
    assert all((finding.next_step is not None) == (finding.verdict is Verdict.FAULT) for finding in found)
    return {finding.check: finding for finding in found}


def faults(found: dict[Check, Finding]) -> list[Check]:
    return [check for check, finding in found.items() if finding.verdict is Verdict.FAULT]


def only_fault(found: dict[Check, Finding], check: Check) -> str:
    """Its sentence and next step; all that comes after it and needs it is no fault of its own."""
    assert faults(found) == [check], found
    return f"{found[check].says} {found[check].next_step}"


async def test_all_well(authority: Authority) -> None:
    does = Behaviour()
    async with venue(does, authority.server()) as port:
        found = await examine(authority, port)
    assert faults(found) == []
    assert {check for check, finding in found.items() if finding.verdict is Verdict.OK} == set(found) - {Check.PROXY}
    assert does.asked == ["/v5/market/time", "/v5/system/status", "/v5/public/linear"]
    assert found[Check.NAME].says == "api.venue.test and stream.venue.test found."


# --- the way -------------------------------------------------------------------------------------------------------


async def test_no_name_at_all(authority: Authority) -> None:
    found = await examine(authority, "https://api.no.test", "wss://stream.no.test")
    words = only_fault(found, Check.NAME)
    assert "address of api.no.test and stream.no.test cannot be looked up." in words
    assert "Check that this computer is online" in words
    assert found[Check.STREAM].verdict is Verdict.FOLLOWS


async def test_one_name_is_missing_and_the_other_side_is_examined_all_the_same(authority: Authority) -> None:
    async with venue(Behaviour(), authority.server()) as port:
        found = await examine(authority, port, "wss://stream.no.test")
    assert "though other names can" in only_fault(found, Check.NAME)
    assert found[Check.MAINTENANCE].verdict is Verdict.OK
    assert found[Check.STREAM].verdict is Verdict.FOLLOWS


async def test_a_filter_answers_with_this_computer(authority: Authority) -> None:
    async def nowhere(host: str, port: int) -> list[str]:
        return ["0.0.0.0", "::"]

    around = Surroundings("https://a.test", "wss://a.test", TestNetwork(authority.trusted), lambda: 0, resolve=nowhere)
    found = {each.check: each for each in await Doctor(around, BYBIT_PROBE).examine(lambda _: None)}
    assert "hosts file" in only_fault(found, Check.NAME)


async def test_a_dead_port(authority: Authority) -> None:
    async with raw_server(lambda reader, writer: None) as port:
        pass
    found = await examine(authority, port, environment_proxy="http://…@proxy:3128")
    words = only_fault(found, Check.CONNECTION)
    assert f"api.venue.test:{port} refuses the connection" in words
    assert "The environment names a proxy (http://…@proxy:3128)" in words


async def test_a_firewall_that_drops(authority: Authority) -> None:
    """A listener whose queue is full answers nothing, as a firewall that drops."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((ADDRESS, 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        for _ in range(3):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex((ADDRESS, port))
        await asyncio.sleep(0.05)
        found = await examine(authority, port)
    assert "does not answer: a firewall drops the connection" in only_fault(found, Check.CONNECTION)


# --- certificates --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("expired", "The certificate of api.venue.test has expired."),
        ("untrusted", "signed by nobody this computer trusts: a proxy or antivirus intercepts it."),
        ("other host", "The certificate is not one of api.venue.test: another server answers in its place."),
    ],
)
async def test_a_bad_certificate(authority: Authority, tmp_path: Path, kind: str, words: str) -> None:
    server = {
        "expired": lambda: authority.server(since_days=-20, until_days=-10),
        "untrusted": lambda: Authority(tmp_path).server(),
        "other host": lambda: authority.server(names=("login.hotel.test",)),
    }[kind]()
    async with venue(Behaviour(), server) as port:
        found = await examine(authority, port)
    assert words in only_fault(found, Check.CERTIFICATE)
    assert found[Check.REQUESTS].verdict is found[Check.STREAM].verdict is Verdict.FOLLOWS


async def test_a_certificate_out_of_its_time_by_this_computers_date(authority: Authority) -> None:
    """The server's own date lies inside the certificate's time."""
    date = dt.datetime.now(dt.UTC) + dt.timedelta(days=30)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HEAD / HTTP/1.1")
        writer.write(f"HTTP/1.1 200 OK\r\nDate: {date:%a, %d %b %Y %H:%M:%S} GMT\r\n\r\n".encode())
        await writer.drain()

    server = authority.server(since_days=29, until_days=90)
    listener = await asyncio.start_server(serve, ADDRESS, 0, ssl=server)
    async with listener:
        found = await examine(authority, listener.sockets[0].getsockname()[1])
    words = only_fault(found, Check.CERTIFICATE)
    assert "This computer's date is 30 days behind" in words
    assert "automatic time" in words


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("plain", "does not speak TLS here: something in between answers in its place."),
        ("silent", "accepts the connection and then keeps silent: a firewall lets no TLS through."),
        ("reset", "is cut off while it is being secured: a firewall or the provider blocks this name."),
    ],
)
async def test_tls_that_does_not_come_about(authority: Authority, kind: str, words: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        if kind == "plain":
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n<html>login</html>")
            await writer.drain()
        elif kind == "silent":
            await asyncio.sleep(2)

    async with raw_server(serve) as port:
        found = await examine(authority, port)
    assert words in only_fault(found, Check.CERTIFICATE)


# --- answers -------------------------------------------------------------------------------------------------------

HTML = "<html><title>403 ERROR</title>The request could not be satisfied.{}</html>"
COUNTRY = HTML.format("The Amazon CloudFront distribution is configured to block access from your country.")


@pytest.mark.parametrize(
    ("status", "body", "content_type", "words"),
    [
        (403, "403, access too frequent", "text/plain", "banned this address for a while (access too frequent)"),
        (403, COUNTRY, "text/html", "does not serve this country or address (HTTP 403)"),
        (403, HTML.format(""), "text/html", "without calling it a ban or a country: its firewall"),
        (451, "", "text/plain", "does not serve this country or address (HTTP 451, for legal reasons)"),
        (429, "", "text/plain", "wants fewer requests (HTTP 429)"),
        (302, "", "text/html", "A web page comes instead of data"),
        (200, "<html>hotel login</html>", "text/html", "Open any page in a browser and log in"),
        (200, "", "application/json", "is not the exchange (no data)"),
        (
            200,
            '{"retCode":10009,"retMsg":"ip not allowed"}',
            "application/json",
            "not serve this country or address (10009",
        ),
        (200, '{"retCode":10018,"retMsg":"ip limit"}', "application/json", "banned this address"),
        (200, '{"retCode":10016,"retMsg":"oops"}', "application/json", "report a fault of their own (10016: oops)"),
        (200, "[1]", "application/json", "is not the exchange"),
        (404, "nothing here", "text/plain", "is not the exchange (HTTP 404)"),
        (503, "<html>", "text/html", "are down (HTTP 503)"),
    ],
)
async def test_an_answer_that_is_no_data(
    authority: Authority, status: int, body: str, content_type: str, words: str
) -> None:
    does = Behaviour(status=status, body=body, content_type=content_type)
    async with venue(does, authority.server()) as port:
        found = await examine(authority, port)
    assert words in only_fault(found, Check.REQUESTS)
    assert found[Check.CLOCK].verdict is Verdict.FOLLOWS
    assert does.asked.count("/v5/market/time") == 1
    if status != 503 and "10016" not in body:  # a refused address does not ask again
        assert "/v5/system/status" not in does.asked


async def test_the_same_refusal_of_the_stream_is_no_second_fault(authority: Authority) -> None:
    does = Behaviour(status=403, body=COUNTRY, stream_status=403, stream_body=COUNTRY)
    async with venue(does, authority.server()) as port:
        found = await examine(authority, port)
    only_fault(found, Check.REQUESTS)
    assert found[Check.STREAM].verdict is Verdict.FOLLOWS


async def test_a_known_ban_is_not_asked_about(authority: Authority) -> None:
    does = Behaviour()
    known = Refusal(Cause.BAN, Words("Banned until 12:00.", "Wait."))
    async with venue(does, authority.server()) as port:
        found = await examine(authority, port, known_refusal=known)
    assert only_fault(found, Check.REQUESTS) == "Banned until 12:00. Wait."
    assert does.asked == ["/v5/public/linear"]


async def test_no_answer_in_time(authority: Authority) -> None:
    async with venue(Behaviour(stalls=True), authority.server()) as port:
        found = await examine(authority, port)
    assert "takes the request and does not answer in time" in only_fault(found, Check.REQUESTS)


@pytest.mark.parametrize(
    ("ahead_ms", "words"), [(10_000, "10.0 s behind Bybit's"), (-10_000, "10.0 s ahead of Bybit's")]
)
async def test_a_wrong_clock(authority: Authority, ahead_ms: int, words: str) -> None:
    async with venue(Behaviour(ahead_ms=ahead_ms), authority.server()) as port:
        found = await examine(authority, port)
    assert words in only_fault(found, Check.CLOCK)


@pytest.mark.parametrize("status", [200, 503])
async def test_maintenance_is_the_cause_of_what_fails_during_it(authority: Authority, status: int) -> None:
    begin, end = "1700000000000", "1700003600000"
    rows = [{"id": "1", "title": "Derivatives upgrade", "state": "ongoing", "begin": begin, "end": end, "href": ""}]
    does = Behaviour(status=status, rows=rows, stream="silent")
    async with venue(does, authority.server()) as port:
        found = await examine(authority, port)
    words = only_fault(found, Check.MAINTENANCE)
    assert "under maintenance (Derivatives upgrade, until 2023-11-14 23:13 UTC)" in words
    assert does.asked.count("/v5/system/status") == 1
    assert found[Check.STREAM].verdict is Verdict.FOLLOWS


@pytest.mark.parametrize(
    ("does", "words"),
    [
        (Behaviour(stream="silent"), "is open, but brought no data within 1 s"),
        (Behaviour(stream="refuse"), "(topic not found)"),
        (Behaviour(stream_status=403, stream_body=COUNTRY), "does not serve this country"),
        (Behaviour(stream_status=200), "breaks off before it is open (http 200)"),
        (Behaviour(stream_status=503), "are down (HTTP 503)"),
    ],
)
async def test_requests_go_and_the_stream_does_not(authority: Authority, does: Behaviour, words: str) -> None:
    async with venue(does, authority.server()) as port:
        found = await examine(authority, port)
    assert words in only_fault(found, Check.STREAM)
    assert found[Check.REQUESTS].verdict is Verdict.OK


# --- proxy ---------------------------------------------------------------------------------------------------------


def proxy_saying(status: bytes, asked: list[bytes] | None = None, port: int = 0) -> object:
    """A proxy that answers CONNECT with a status, and for 200 leads to ``port``."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if asked is not None:
            asked.append(head)
        writer.write(b"HTTP/1.1 " + status + b"\r\n\r\n")
        await writer.drain()
        if status.startswith(b"200"):
            far_reader, far_writer = await asyncio.open_connection(ADDRESS, port)
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))

    return serve


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
    except OSError:
        pass  # one side has gone
    finally:
        writer.transport.abort()


async def test_through_a_proxy_with_a_password(authority: Authority) -> None:
    asked: list[bytes] = []
    async with venue(Behaviour(), authority.server()) as port, raw_server(proxy_saying(b"200 OK", asked, port)) as at:
        found = await examine(authority, port, proxy=f"http://me:s3cret@{ADDRESS}:{at}")
    assert faults(found) == []
    assert "Done by the proxy" in found[Check.NAME].says
    assert all(b"Proxy-Authorization: Basic bWU6czNjcmV0" in head for head in asked)
    assert "s3cret" not in repr(found)


@pytest.mark.parametrize(
    ("status", "user", "words"),
    [
        (b"407 Proxy Authentication Required", "", "wants a user and password (HTTP 407)"),
        (b"407 Proxy Authentication Required", "me:s3cret@", "does not accept the user and password"),
        (b"403 Forbidden", "", "forbids api.venue.test (HTTP 403)"),
        (b"502 Bad Gateway", "", "cannot reach api.venue.test (HTTP 502)"),
    ],
)
async def test_a_proxy_that_refuses(authority: Authority, status: bytes, user: str, words: str) -> None:
    async with raw_server(proxy_saying(status)) as at:
        found = await examine(authority, 443, proxy=f"http://{user}{ADDRESS}:{at}")
    said = only_fault(found, Check.PROXY)
    assert words in said
    assert "s3cret" not in said
    assert found[Check.REQUESTS].verdict is found[Check.CERTIFICATE].verdict is Verdict.FOLLOWS


async def test_a_proxy_that_is_none(authority: Authority) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"\x05\x00\r\n\r\n")
        await writer.drain()

    async with raw_server(serve) as at:
        found = await examine(authority, 443, proxy=f"http://{ADDRESS}:{at}")
    assert "is no HTTP proxy" in only_fault(found, Check.PROXY)
    async with raw_server(serve) as dead:
        pass
    found = await examine(authority, 443, proxy=f"http://{ADDRESS}:{dead}")
    assert "refuses the connection: it does not run, or its port is another one" in only_fault(found, Check.PROXY)
    found = await examine(authority, 443, proxy="http://proxy.invalid:3128")
    assert "name of the proxy proxy.invalid:3128 cannot be looked up" in only_fault(found, Check.PROXY)


async def test_a_proxy_that_intercepts(authority: Authority, tmp_path: Path) -> None:
    async with (
        venue(Behaviour(), Authority(tmp_path).server()) as port,
        raw_server(proxy_saying(b"200 OK", port=port)) as at,
    ):
        found = await examine(authority, port, proxy=f"http://{ADDRESS}:{at}")
    assert "a proxy or antivirus intercepts it" in found[Check.REQUESTS].says
    assert found[Check.CLOCK].verdict is found[Check.STREAM].verdict is Verdict.FOLLOWS


# --- this computer -------------------------------------------------------------------------------------------------


async def test_checks_of_this_computer_come_before_and_after(authority: Authority) -> None:
    async with venue(Behaviour(), authority.server()) as port:
        found = await examine(
            authority,
            port,
            before={Check.SETTINGS: lambda: Words("Line 3 is wrong.", "Mend it.")},
            after={Check.DISK: lambda: "There is room."},
        )
    assert next(iter(found)) is Check.SETTINGS
    assert list(found)[-1] is Check.DISK
    assert faults(found) == [Check.SETTINGS]
    assert found[Check.DISK].says == "There is room."
