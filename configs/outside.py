"""The outside world of a demo: the sandbox site, and a receiver that checks and keeps receipts of webhooks.

Owns the receiver. Its receipts hold the delivery's id, channel and whether it came before; never the notice itself.
"""

import json
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import uvicorn
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from crawlers.sandbox.app import app as sandbox_app
from crawlers.sandbox.corpus import BadCorpus, Corpus
from crawlers.sandbox.site import BUNDLED
from stream.ports import Misconfigured


class Receiver:
    """Answers `POST /hooks/{channel}` as a careful receiver would: signature checked, repeats noticed."""

    def __init__(self, folder: Path) -> None:
        self._webhook = Webhook((folder / "hooks.key").read_text(encoding="ascii").strip())
        self._path = folder / "received.jsonl"
        self._known: set[str] = set()
        if self._path.exists():
            # a line cut off by a kill was never answered, so its notice comes again
            lines = self._path.read_text(encoding="utf-8").splitlines()
            self._known = {json.loads(line)["id"] for line in lines if line.endswith("}")}
        self._receipts: TextIO = self._path.open("a", encoding="utf-8")

    async def receive(self, request: Request) -> Response:
        """204 for a good notice, 401 for one that is not signed by us."""
        body = await request.body()
        try:
            self._webhook.verify(body, dict(request.headers))
        except WebhookVerificationError:
            return JSONResponse({"error": "signature"}, status_code=401)
        delivery = request.headers["webhook-id"]
        receipt = {
            "id": delivery,
            "channel": request.path_params["channel"],
            "repeat": delivery in self._known,
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        }
        self._known.add(delivery)
        self._receipts.write(json.dumps(receipt) + "\n")
        self._receipts.flush()
        return Response(status_code=204)


def serve_outside(corpus: Path | None, *, port: int, shift_to: datetime | None, receive: Path | None) -> None:
    """Serve until stopped; prints one line with the address when ready.

    Args:
        corpus: the posts to serve; None serves the bundled ones.
        port: 0 takes any.
        shift_to: when the newest of them is said; None keeps their own times.
        receive: a demo's folder, where `hooks.key` lies and `received.jsonl` is written; None receives nothing.

    Raises:
        Misconfigured: the corpus cannot be served, or the port is taken.
    """
    try:
        routes: list[Route | Mount] = [Mount("/", sandbox_app(Corpus.load(corpus or BUNDLED, shift_to)))]
    except BadCorpus as error:
        raise Misconfigured(f"--corpus: {error}") from None
    if receive is not None:
        routes.insert(0, Route("/hooks/{channel}", Receiver(receive).receive, methods=["POST"]))
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as error:
            raise Misconfigured(f"--port: {port} cannot be had: {error.strerror}") from None
        listener.listen(128)
        # connections queue from here on, so whoever waits for this line may come at once
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)  # noqa: T201 — the command's output
        config = uvicorn.Config(Starlette(routes=routes), log_level="warning", access_log=False)
        uvicorn.Server(config).run(sockets=[listener])
