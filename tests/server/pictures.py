"""pictures.py SOCKET: asks examples/embed/pictures, as check-hosts.sh does."""

import json
import socket
import struct
import sys
import threading
import zlib


def png(height, width, lines):
    """A file of grey points; lines as PNG has them, each with a byte before it."""
    def part(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", zlib.compress(lines))
            + part(b"IEND", b""))


def ask(data):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(sys.argv[1])
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        return json.loads(s.makefile().read())


dark, light = png(2, 2, b"\0\0\1\0\2\3"), png(2, 2, b"\0\374\375\0\376\377")
same = []


def client():
    for _ in range(10):
        same.append(ask(dark)["shade"]["label"] == "dark" and ask(light)["shade"]["label"] == "light")


clients = [threading.Thread(target=client) for _ in range(8)]
for one in clients:
    one.start()
for one in clients:
    one.join()
print(ask(dark)["shade"]["label"], ask(light)["shade"]["label"], 2 * sum(same))
for bad in (dark[:50], b"GIF89a", b"two.idx#0", b"", png(16384, 16384, b"")):
    print(ask(bad)["error"].removeprefix("row 1, column `picture`: "))
