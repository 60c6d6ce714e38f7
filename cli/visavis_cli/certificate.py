"""A certificate of our own for `visavis up --tls`: browsers give the microphone to https only.

It is signed by itself, so a browser asks once whether to trust it; the fingerprint tells that it is this one.
"""

import os
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import ifaddr
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID = timedelta(days=397)  # phones refuse what is valid for longer
RENEW = timedelta(days=14)
KEY_USAGE = x509.KeyUsage(
    digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
    key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
)  # fmt: skip

Address = IPv4Address | IPv6Address


@dataclass(frozen=True)
class Names:
    """What this machine is called, and at which addresses it is reached."""

    hosts: tuple[str, ...]
    addresses: tuple[Address, ...]

    @property
    def of_the_network(self) -> list[str]:
        """The addresses that another machine can use, as they stand in a URL; IPv4 first."""
        outside = sorted((a for a in self.addresses if not a.is_loopback), key=lambda a: a.version)
        return [f"[{a}]" if a.version == 6 else str(a) for a in outside]


@dataclass(frozen=True)
class Certificate:
    """Files in PEM, and the SHA-256 fingerprint as browsers show it."""

    cert_file: Path
    key_file: Path
    fingerprint: str


def names_of_this_machine() -> Names:
    """localhost, the host's name (and that of mDNS), and every address that is not bound to one link."""
    host = socket.gethostname().split(".")[0].lower()
    known = {ip_address("127.0.0.1"), ip_address("::1")}
    for adapter in ifaddr.get_adapters():
        for entry in adapter.ips:
            address = ip_address(entry.ip if isinstance(entry.ip, str) else entry.ip[0])
            if not address.is_link_local:
                known.add(address)
    hosts = dict.fromkeys(["localhost", host, f"{host}.local"])
    return Names(tuple(hosts), tuple(sorted(known, key=lambda a: (a.version, int(a)))))


def certificate_in(directory: Path, names: Names) -> Certificate:
    """The one that is there, if it is still good for `names`, else a new one. Raises OSError."""
    cert_file, key_file = directory / "visavis.crt", directory / "visavis.key"
    found = _read(cert_file) if key_file.is_file() else None
    if found is None or not _is_good_for(found, names):
        key = ec.generate_private_key(ec.SECP256R1())
        found = _made(key, names)
        directory.mkdir(parents=True, exist_ok=True)
        _write_secret(key_file, key)
        cert_file.write_bytes(found.public_bytes(serialization.Encoding.PEM))
    return Certificate(cert_file, key_file, found.fingerprint(hashes.SHA256()).hex(":").upper())


def _read(path: Path) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        return None


def _is_good_for(found: x509.Certificate, names: Names) -> bool:
    alternatives = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    hosts = set(alternatives.get_values_for_type(x509.DNSName))
    addresses = set(alternatives.get_values_for_type(x509.IPAddress))
    lasts = found.not_valid_after_utc - datetime.now(UTC) > RENEW
    return lasts and hosts >= set(names.hosts) and addresses >= set(names.addresses)


def _made(key: ec.EllipticCurvePrivateKey, names: Names) -> x509.Certificate:
    now = datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"visavis on {names.hosts[-1]}"[:64])])
    alternatives = [
        *(x509.DNSName(host) for host in names.hosts),
        *(x509.IPAddress(address) for address in names.addresses),
    ]
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(KEY_USAGE, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return builder.sign(key, hashes.SHA256())


def _write_secret(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    """For its owner's eyes only, from the first byte on."""
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.unlink(missing_ok=True)
    with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(pem)
