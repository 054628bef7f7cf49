"""A provider that takes connections and never answers."""

import socket
import threading


class SilentProvider:
    """A server on a free port of this machine; `connections` are those that it has taken."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self.connections: list[socket.socket] = []
        self.was_asked = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                self.connections.append(self._server.accept()[0])
            except OSError:
                return
            self.was_asked.set()

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        for connection in (self._server, *self.connections):
            connection.close()
