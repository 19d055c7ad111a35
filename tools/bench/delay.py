"""A wire with a delay between two network namespaces: NAMESPACE NAMESPACE DEVICE ONE_WAY_MS

Makes a tun device in each and carries packets between them, in order, each one ONE_WAY_MS later. Prints "ready",
then a line for each packet when it comes in and when it goes out, as JSON: the monotonic time in milliseconds,
the direction ("up" is from the first namespace), in or out, the protocol's number, the destination port (0 where
there is none), the source port, and the flags of TCP. The devices end with the process. Needs root.
"""
import contextlib
import ctypes
import fcntl
import json
import os
import select
import struct
import sys
import time
from collections import deque

TUNSETIFF, IFF_TUN, IFF_NO_PI, CLONE_NEWNET = 0x400454CA, 1, 0x1000, 0x40000000
LONGEST_PACKET = 65535
libc = ctypes.CDLL(None, use_errno=True)


def open_tun(namespace, device):
    place = os.open(f"/var/run/netns/{namespace}", os.O_RDONLY)
    if libc.setns(place, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), f"setns {namespace}")
    os.close(place)
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", device.encode(), IFF_TUN | IFF_NO_PI))
    return tun


def describe(packet):
    """Protocol, destination port, source port, TCP flags."""
    is_ipv4 = packet[0] >> 4 == 4
    start = (packet[0] & 15) * 4 if is_ipv4 else 40
    protocol = packet[9] if is_ipv4 else packet[6]
    if protocol not in (6, 17) or len(packet) < start + 8:
        return [protocol, 0, 0, 0]
    source, destination = struct.unpack_from("!HH", packet, start)
    return [protocol, destination, source, packet[start + 13] if protocol == 6 else 0]


def report(direction, side, packet):
    row = [time.monotonic() * 1000, direction, side, *describe(packet)]
    sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()


def deliver(target, packet):
    try:
        os.write(target, packet)
    except OSError:
        pass  # The device is not up: it drops packets.


def carry(ends, delay):
    """Each end is [direction, from, to, packets on the way]."""
    while True:
        due = min((way[0][0] for *_, way in ends if way), default=None)
        wait = None if due is None else max(0, due - time.monotonic())
        ready, _, _ = select.select([source for _, source, _, _ in ends], [], [], wait)
        for direction, source, target, way in ends:
            if source in ready:
                packet = os.read(source, LONGEST_PACKET)
                way.append((time.monotonic() + delay, packet))
                report(direction, "in", packet)
            while way and way[0][0] <= time.monotonic():
                packet = way.popleft()[1]
                deliver(target, packet)
                report(direction, "out", packet)


def main():
    near, far, device, one_way = sys.argv[1:]
    # A busy machine delays it less; not each container permits it.
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    first, second = open_tun(near, device), open_tun(far, device)
    print("ready", flush=True)
    ends = [("up", first, second, deque()), ("down", second, first, deque())]
    try:
        carry(ends, float(one_way) / 1000)
    except (KeyboardInterrupt, BrokenPipeError):
        pass


main()
