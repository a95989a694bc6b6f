"""Blocks the network in every Python process that has this folder on its PYTHONPATH.

Python imports a module of this name before anything else. The hook sees each connection and
each look-up of a name before it is made, and lets through only this machine's own addresses
(a kernel talks to its client over loopback). A hook cannot be taken out again, so no library
gets around it by accident.
"""

import ipaddress
import socket
import sys

WATCHED = {"socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"}


def is_local(host: object) -> bool:
    if host in (None, "", "localhost", b"localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def refuse_the_network(event: str, arguments: tuple) -> None:
    if event not in WATCHED:
        return
    if event in ("socket.connect", "socket.sendto"):
        connection, address = arguments[0], arguments[-1]
        if connection.family not in (socket.AF_INET, socket.AF_INET6):
            return  # a Unix socket stays on this machine
        host = address[0]
    else:
        host = arguments[0]
    if not is_local(host):
        raise OSError(f"the network is blocked in this test: {event} to {host!r}")


sys.addaudithook(refuse_the_network)
