"""gRPC's health service, grpc.health.v1: Debian has no package of it for Python.

Its answer has one field, an enum with number 1, so that the two answers which there are here are written out as bytes. The
question's field is the name of a service; this one has one state for all of them.
"""

import asyncio

import grpc

SERVING = b"\x08\x01"
NOT_SERVING = b"\x08\x02"


def _as_it_is(message):
    return message


class Health:
    """Says whether the service takes pictures."""

    def __init__(self):
        self._down = asyncio.Event()

    def shut_down(self):
        """Tells everybody who asks or watches that it takes no more."""
        self._down.set()

    async def check(self, request, context):
        return NOT_SERVING if self._down.is_set() else SERVING

    async def watch(self, request, context):
        if not self._down.is_set():
            await context.write(SERVING)
            await self._down.wait()
        await context.write(NOT_SERVING)

    def add_to(self, server):
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("grpc.health.v1.Health", {
            "Check": grpc.unary_unary_rpc_method_handler(self.check, _as_it_is, _as_it_is),
            "Watch": grpc.unary_stream_rpc_method_handler(self.watch, _as_it_is, _as_it_is),
        }),))
