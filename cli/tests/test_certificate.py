import stat
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from visavis_cli import certificate
from visavis_cli.certificate import Names, certificate_in, names_of_this_machine
from visavis_cli.up import invitation

NAMES = Names(("localhost", "desk", "desk.local"), (ip_address("127.0.0.1"), ip_address("192.168.1.7")))


def test_names_are_this_machines_and_reachable():
    names = names_of_this_machine()
    assert names.hosts[0] == "localhost"
    assert ip_address("127.0.0.1") in names.addresses
    assert not [address for address in names.addresses if address.is_link_local]
    assert "127.0.0.1" not in names.of_the_network


def test_certificate_names_them_and_its_key_is_secret(tmp_path):
    made = certificate_in(tmp_path / "tls", NAMES)
    read = x509.load_pem_x509_certificate(made.cert_file.read_bytes())
    named = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(named.get_values_for_type(x509.DNSName)) == set(NAMES.hosts)
    assert set(named.get_values_for_type(x509.IPAddress)) == set(NAMES.addresses)
    assert stat.S_IMODE(made.key_file.stat().st_mode) == 0o600
    assert len(made.fingerprint.split(":")) == 32
    lasts = read.not_valid_after_utc - read.not_valid_before_utc
    assert lasts <= timedelta(days=398), "phones refuse a longer one"


def test_it_is_kept_as_long_as_it_is_good(tmp_path, monkeypatch):
    first = certificate_in(tmp_path, NAMES)
    assert certificate_in(tmp_path, NAMES) == first, "phones have been told to trust it"
    moved = Names(NAMES.hosts, (*NAMES.addresses, ip_address("10.0.0.3")))
    second = certificate_in(tmp_path, moved)
    assert second.fingerprint != first.fingerprint
    assert certificate_in(tmp_path, NAMES) == second, "it names this one, too"
    second.key_file.unlink()
    third = certificate_in(tmp_path, NAMES)
    assert third.fingerprint != second.fingerprint

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(UTC) + timedelta(days=390)

    monkeypatch.setattr(certificate, "datetime", Later)
    assert certificate_in(tmp_path, NAMES).fingerprint != third.fingerprint


def test_what_cannot_be_read_is_made_anew(tmp_path):
    (tmp_path / "visavis.crt").write_text("garbage")
    (tmp_path / "visavis.key").write_text("garbage")
    assert b"BEGIN CERTIFICATE" in certificate_in(tmp_path, NAMES).cert_file.read_bytes()


def test_invitation_names_addresses_and_fingerprint(tmp_path):
    made = certificate_in(tmp_path, NAMES)
    lines = invitation(made, NAMES, 8080)
    assert lines[0] == "on your phone: https://192.168.1.7:8080"
    assert lines[-1] == made.fingerprint
    six = Names(NAMES.hosts, (ip_address("fd00::2"),))
    assert invitation(made, six, 8080)[0] == "on your phone: https://[fd00::2]:8080"


def test_directory_that_cannot_be_written_is_an_oserror(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        certificate_in(tmp_path / "file" / "tls", NAMES)
