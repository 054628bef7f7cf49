"""Finds a TCP port to listen on."""

import socket

_TRIES = 50


class NoFreePort(Exception):
    """All ports that were tried are taken."""


def free_port(usual: int, *, host: str = "127.0.0.1") -> int:
    """The usual port, or the next free one."""
    for port in range(usual, usual + _TRIES):
        if is_free(port, host=host):
            return port
    raise NoFreePort(f"Ports {usual} to {usual + _TRIES - 1} of {host} are all taken.")


def is_free(port: int, *, host: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        # Servers set it too: a connection that lingers in TIME_WAIT does not block the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True
