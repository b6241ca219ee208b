"""A connection is trusted by few certificates where those are enough, and never by none."""

from __future__ import annotations

import hashlib
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from automl_core.adapters.aws_http import MAX_TRIES, Endpoint, ServiceConnection
from automl_core.adapters.aws_signing import Credentials, Signer
from automl_core.adapters.aws_trust import AMAZON_ROOTS, full_trust, picked, quick_trust
from automl_core.errors import PlatformError

from .conftest import KEYS, REGION

SIGNER = Signer(Credentials(*KEYS.values()), REGION, "s3")


def certificate(folder, name):
    """A certificate for this machine that vouches for itself: the path of its PEM, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


def trusting(path):
    context = ssl.create_default_context(cafile=path)
    return lambda: context


@pytest.fixture
def server(tmp_path):
    """A TLS server that answers everything; the path of its certificate and its endpoint."""
    path = certificate(tmp_path, "server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    is_over = threading.Event()

    def answer(listener):
        while not is_over.is_set():
            connection, _ = listener.accept()
            with connection:
                try:
                    secured = context.wrap_socket(connection, server_side=True)
                except (ssl.SSLError, OSError):
                    continue
                with secured:
                    secured.recv(65536)
                    secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, args=(listener,))
        thread.start()
        yield path, Endpoint("127.0.0.1", listener.getsockname()[1], is_secure=True)
        is_over.set()
        socket.create_connection(listener.getsockname()).close()
        thread.join()


def test_what_the_few_certificates_vouch_for_is_trusted(server):
    path, endpoint = server
    connection = ServiceConnection(SIGNER, endpoint, trust=trusting(path), trust_all=pytest.fail)

    assert connection.ask("GET", "/").body == b"ok"
    connection.close()


def test_what_they_do_not_vouch_for_is_checked_with_all(server, tmp_path):
    path, endpoint = server
    other = certificate(tmp_path, "other")
    connection = ServiceConnection(
        SIGNER, endpoint, trust=trusting(other), trust_all=trusting(path), sleep=pytest.fail
    )

    assert connection.ask("GET", "/").body == b"ok"
    connection.close()


def test_what_nobody_vouches_for_is_refused(server, tmp_path):
    _, endpoint = server
    one, two = (trusting(certificate(tmp_path, name)) for name in ("one", "two"))
    waits = []
    connection = ServiceConnection(SIGNER, endpoint, trust=one, trust_all=two, sleep=waits.append)

    with pytest.raises(PlatformError, match="SSLCertVerificationError"):
        connection.ask("GET", "/")

    assert len(waits) == MAX_TRIES - 1


def test_certificates_are_picked_by_their_fingerprints(tmp_path):
    wanted, other = (certificate(tmp_path, name) for name in ("wanted", "other"))
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(
        f"# A comment\n{other.read_text()}\n# é\n{wanted.read_text()}{'-' * 5}BEGIN x"
    )
    der = ssl.PEM_cert_to_DER_cert(wanted.read_text().partition("-----BEGIN PRIVATE")[0].strip())

    found = picked(bundle, frozenset({hashlib.sha256(der).hexdigest()}))

    context = ssl.create_default_context(cadata=found)
    assert context.get_ca_certs(binary_form=True) == [der]
    assert picked(bundle, frozenset({"0" * 64})) == ""
    assert picked(tmp_path / "nothing", AMAZON_ROOTS) == ""


def test_the_machine_s_own_bundle_has_the_roots_or_all_of_it_is_trusted():
    context = quick_trust()

    found = {hashlib.sha256(each).hexdigest() for each in context.get_ca_certs(binary_form=True)}
    assert context is full_trust() or (found and found <= AMAZON_ROOTS)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
