"""Container health check: exit with status 0 if a process in this container answers 200, else 1 and print why.

    python healthcheck.py 26066 /readyz

The slim Python image has neither curl nor wget. Uses only the standard library, and ignores proxy variables, which
would send a request for 127.0.0.1 elsewhere.
"""

from __future__ import annotations

import http.client
import sys

TIMEOUT_SECONDS = 4.0


def check(port: int, path: str, host: str = "127.0.0.1") -> str | None:
    """Return why the process is unhealthy, or None if it is healthy.

    Args:
        port: port of its HTTP server.
        path: /livez or /readyz.
        host: address of its HTTP server.
    """
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read(500).decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as error:
        return f"{path} on port {port}: {error or type(error).__name__}"
    finally:
        connection.close()
    return None if response.status == http.HTTPStatus.OK else f"{path} on port {port}: {response.status} {body}"


def main(arguments: list[str]) -> int:
    """Run the check with the arguments PORT PATH; return the exit status: 0 healthy, 1 unhealthy, 2 usage error."""
    if len(arguments) != 2 or not arguments[0].isdigit() or not arguments[1].startswith("/"):
        sys.stderr.write("usage: healthcheck.py PORT PATH, for example 26066 /readyz\n")
        return 2
    fault = check(int(arguments[0]), arguments[1])
    if fault is not None:
        sys.stderr.write(f"{fault}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
