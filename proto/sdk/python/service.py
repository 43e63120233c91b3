#!/usr/bin/env python3
"""A detector service to start from, over rvo.detect.v1.

    python3 service.py --port 50051 --signal PersonDetected --threshold 50
    python3 service.py --model hog

Copy the folder, put a model of yours into model.py, and keep the rest: both methods of the contract, gRPC's health service,
an end that answers what is out, and a limit to how many pictures are looked at at once. Debian's python3-grpcio and
python3-opencv are all it needs. The flags are those of the first RVO's demonstration service, and some more.
"""

import argparse
import asyncio
import signal
import sys
from concurrent.futures import ThreadPoolExecutor

import grpc

import health
import model
import picture
from rvo.detect.v1 import detect_pb2, detect_pb2_grpc

LARGEST_PICTURE = 64 << 20  # bytes of one message
LONGEST_BUDGET = 3600.0  # seconds; more is as good as none


class Refused(Exception):
    """A question that gets no answer, and the status that says why."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


class Detector(detect_pb2_grpc.DetectorServicer):
    """Answers questions about pictures."""

    def __init__(self, options, looks):
        self.options = options
        self.looks = looks
        self.stopping = asyncio.Event()
        self.slots = asyncio.Semaphore(options.workers)
        self.threads = ThreadPoolExecutor(options.workers)

    async def Detect(self, request, context):
        try:
            return await self.answer(request, context.time_remaining())
        except Refused as why:
            await context.abort(why.code, str(why))

    async def DetectStream(self, request_iterator, context):
        """One answer for each question, in order. It ends between two of them when the service stops."""
        stopping = asyncio.ensure_future(self.stopping.wait())
        try:
            while True:
                asked = asyncio.ensure_future(context.read())
                await asyncio.wait({asked, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if not asked.done():
                    asked.cancel()
                    return
                request = asked.result()
                if request is grpc.aio.EOF:
                    return
                try:
                    answer = await self.answer(request, None)
                except Refused as why:
                    await context.abort(why.code, str(why))
                await context.write(answer)
        finally:
            stopping.cancel()

    async def answer(self, request, remaining):
        """The answer to one question, within the time that there is for it: the call's, or on a stream budget_ns."""
        limits = [t for t in (remaining, request.budget_ns / 1e9 if request.budget_ns else None) if t is not None]
        limits = [t for t in limits if t <= LONGEST_BUDGET]
        waiting = True

        async def work():
            nonlocal waiting
            await self.slots.acquire()
            waiting = False
            look = None
            try:
                if self.options.latency_ms:
                    await asyncio.sleep(self.options.latency_ms / 1000)
                if self.options.always:
                    return model.Found(1)
                look = asyncio.get_running_loop().run_in_executor(self.threads, self.look, request)
                return await asyncio.shield(look)
            finally:
                # A thread cannot be ended: whoever asked may leave, and the slot is free when the thread is.
                if look is None or look.done():
                    self.slots.release()
                else:
                    look.add_done_callback(lambda done: (done.exception(), self.slots.release()))

        try:
            found = await asyncio.wait_for(work(), min(limits) if limits else None)
        except asyncio.TimeoutError:
            if waiting:
                raise Refused(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many pictures at once: the time for this one passed before it was looked at")
            raise Refused(grpc.StatusCode.DEADLINE_EXCEEDED, "the time for this picture passed")
        except ValueError as bad:
            raise Refused(grpc.StatusCode.INVALID_ARGUMENT, str(bad))
        return self.message(request, found)

    def look(self, request):
        return self.looks.look(picture.read(request))

    def message(self, request, found):
        answer = detect_pb2.DetectResponse(frame_id=request.frame_id, model=self.looks.identity())
        ttl = self.options.ttl_ms * 1_000_000
        if found.count:
            answer.signals.add(signal_type=self.options.signal, value=found.count, ttl_ns=ttl)
        if found.boxes is not None:
            boxes = answer.signals.add(signal_type=self.options.signal + "Boxes", ttl_ns=ttl).boxes_value
            boxes.boxes.extend(found.boxes)
        return answer


def parse(args):
    p = argparse.ArgumentParser(description="a detector service that speaks rvo.detect.v1")
    p.add_argument("--address", default="127.0.0.1", help="the address to listen at; 0.0.0.0 for every network of this machine (%(default)s)")
    p.add_argument("--port", type=int, default=50051, help="the port to listen at, 0 for a free one (%(default)s)")
    p.add_argument("--signal", default="PersonDetected", help="the name of the signal (%(default)s)")
    p.add_argument("--model", choices=sorted(model.MODELS), default="brightness", help="what looks at the pictures (%(default)s)")
    p.add_argument("--model-file", help="the file of the haar model, such as those of Debian's opencv-data")
    p.add_argument("--threshold", type=float, help="from where the signal is there; what it means is the model's: " + "; ".join(f"{n}: {m.THRESHOLD_HELP} ({m.THRESHOLD:g})" for n, m in sorted(model.MODELS.items())))
    p.add_argument("--ttl-ms", type=int, default=1000, help="for how long a value may be used, in milliseconds (%(default)s)")
    p.add_argument("--latency-ms", type=int, default=0, help="how much later every answer comes, in milliseconds, to see what that does (%(default)s)")
    p.add_argument("--always", action="store_true", help="the signal is there in every picture")
    p.add_argument("--workers", type=int, default=4, help="how many pictures are looked at at once; more wait (%(default)s)")
    p.add_argument("--drain", type=float, default=5, help="how long the questions that are out may take when it is stopped, in seconds (%(default)s)")
    o = p.parse_args(args)
    if not 0 <= o.port <= 65535:
        p.error(f"--port {o.port}: must be 0 to 65535")
    if not o.signal:
        p.error("--signal is empty: give the name of a signal")
    if o.ttl_ms < 0 or o.latency_ms < 0 or o.drain < 0:
        p.error("--ttl-ms, --latency-ms and --drain must be 0 or above")
    if o.workers < 1:
        p.error(f"--workers {o.workers}: must be 1 or above")
    return o


async def serve(options):
    try:
        looks = model.MODELS[options.model](options)
    except (OSError, ValueError) as why:
        print(f"service.py: {why}", file=sys.stderr)
        return 2
    server = grpc.aio.server(options=[
        ("grpc.max_receive_message_length", LARGEST_PICTURE),
        ("grpc.so_reuseport", 0),  # a second service at the same port is a mistake
        # Signs of life as often as clients like to have them.
        ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.http2.max_ping_strikes", 0),
        ("grpc.keepalive_permit_without_calls", 1),
    ])
    detector = Detector(options, looks)
    well = health.Health()
    detect_pb2_grpc.add_DetectorServicer_to_server(detector, server)
    well.add_to(server)
    try:
        port = server.add_insecure_port(f"{options.address}:{options.port}")
    except RuntimeError:
        port = 0
    if port == 0:
        print(f"service.py: cannot listen at {options.address}:{options.port}: is it taken?", file=sys.stderr)
        return 2
    await server.start()
    print(f"ready address={options.address}:{port} signal={options.signal} model={options.model}", file=sys.stderr, flush=True)

    stop = asyncio.Event()
    for s in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(s, stop.set)
    await stop.wait()
    # Unwell first, so that clients with replicas go elsewhere; then no new questions; then, after the time for it, no more.
    print("stopping", file=sys.stderr, flush=True)
    well.shut_down()
    detector.stopping.set()
    await server.stop(options.drain)
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(serve(parse(sys.argv[1:]))))
