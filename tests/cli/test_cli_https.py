"""The command line and a daemon that speaks HTTPS."""

from __future__ import annotations

import asyncio
import signal
import ssl

import pytest
import trustme
from labs.certificates import trusting, write
from labs.daemon import daemon, run, write_config

pytestmark = pytest.mark.e2e


@pytest.fixture
def ca() -> trustme.CA:
    return trustme.CA()


def config_of(directory, cert):
    """No modem is needed for this."""
    chain, key = write(directory, cert)
    listen = f'127.0.0.1:0"\ntls_certificate = "{chain}"\ntls_key = "{key}'
    return write_config(directory, [], listen=listen)


async def shown(url, trusted):
    """The certificate that a new connection gets, in DER."""
    host, _, port = url.removeprefix("https://").partition(":")
    _, writer = await asyncio.open_connection(host, int(port), ssl=trusting(trusted))
    found = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    await writer.wait_closed()
    return found


async def test_it_is_verified_by_the_authority_that_is_named(tmp_path, ca):
    authority = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(str(authority))
    config = config_of(tmp_path, ca.issue_cert("127.0.0.1"))
    async with daemon(config) as running:
        assert running.url.startswith("https://127.0.0.1:")
        code, _, err = await running.cli("modems", "list", "--ca-file", authority)
        assert code == 0, err
        for variable in ("MODEMGW_CA_FILE", "SSL_CERT_FILE"):
            code, _, err = await running.cli("modems", "list", **{variable: authority})
            assert code == 0, err
        code, out, err = await running.cli("modems", "list")
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert "its certificate is not trusted: unable" in err
        assert "--ca-file" in err
        code, _, err = await running.cli("modems", "list", "--ca-file", config)
        assert (code, "no certificates in PEM" in err.replace("\n", " ")) == (2, True)
        plain = running.url.replace("https", "http")
        code, _, err = await run("modems", "list", "--url", plain, MODEMGW_KEY=running.key)
        assert (code, "this port speaks HTTPS" in err) == (1, True)


async def test_on_its_own_machine_the_configured_certificate_is_enough(tmp_path, ca):
    """Whatever name it is for: it is compared itself."""
    config = config_of(tmp_path, ca.issue_cert("sms.example.org"))
    async with daemon(config) as running:
        port = running.url.rpartition(":")[2]
        beside = tmp_path / "beside.toml"
        beside.write_text(config.read_text().replace("127.0.0.1:0", f"127.0.0.1:{port}"))
        own = {"MODEMGW_KEY": running.key, "MODEMGW_CONFIG": beside}
        code, _, err = await run("modems", "list", **own)
        assert code == 0, err
        write(tmp_path, ca.issue_cert("sms.example.org"))  # not yet seen, or seen in a moment
        other = tmp_path / "other"
        other.mkdir()
        chain, _ = write(other, ca.issue_cert("sms.example.org"))
        beside.write_text(beside.read_text().replace(f"{tmp_path}/fullchain.pem", str(chain)))
        code, _, err = await run("modems", "list", **own)
        assert (code, "another certificate" in err) == (1, True)


async def test_sighup_reads_the_certificate_again(tmp_path, ca):
    config = config_of(tmp_path, ca.issue_cert("127.0.0.1"))
    async with daemon(config) as running:
        before = await shown(running.url, ca)
        new = ca.issue_cert("127.0.0.1")
        write(tmp_path, new)
        running.process.send_signal(signal.SIGHUP)
        async with asyncio.timeout(4):  # sooner than the files are looked at
            while await shown(running.url, ca) == before:
                await asyncio.sleep(0.05)
        assert await shown(running.url, ca) == ssl.PEM_cert_to_DER_cert(
            new.cert_chain_pems[0].bytes().decode()
        )


async def test_what_is_wrong_with_the_files_is_one_line(tmp_path, ca):
    config = config_of(tmp_path, ca.issue_cert("127.0.0.1"))
    other = ca.issue_cert("127.0.0.1").private_key_pem.bytes()
    (tmp_path / "privkey.pem").write_bytes(other)
    for command in (("config", "check"), ("serve",)):
        code, out, err = await run(*command, "--config", config)
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert "is not that of the first certificate" in err
