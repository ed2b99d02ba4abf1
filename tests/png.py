# png.py: writes PNG files, for tests/*.test.
#   python3 png.py FILE TYPE HEIGHTxWIDTH SAMPLES [OPTION...]
# TYPE: grey1 grey2 grey4 grey8 grey16 rgb8 rgb16 palette4 palette8 greya8 rgba8. SAMPLES: numbers with commas,
# row by row, as many as the type has at each point; fewer are repeated. Options:
#   interlaced       Adam7
#   palette=RRGGBB,RRGGBBAA,...  with opacity where it is given
#   animated=N       says before the first frame that there are N
#   cut=N            without the last N bytes
#   flip=N           bit 0 of byte N is the other
#   says=HEIGHTxWIDTH  the header says so
#   text=N           N letters of a comment
import struct
import sys
import zlib

TYPES = {"grey": (0, 1), "rgb": (2, 3), "palette": (3, 1), "greya": (4, 2), "rgba": (6, 4)}


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def lines(points, width, height, depth):
    """Rows of points, each with the byte that says how it is filtered: not at all."""
    out = b""
    for y in range(height):
        bits = "".join(format(s, "0%db" % depth) for x in range(width) for s in points[y][x])
        bits += "0" * (-len(bits) % 8)
        out += b"\0" + int(bits, 2).to_bytes(len(bits) // 8, "big")
    return out


def interlaced(points, width, height, depth):
    out = b""
    for y0, x0, dy, dx in ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2),
                           (1, 0, 2, 1)):
        part = [row[x0::dx] for row in points[y0::dy]]
        if part and part[0]:
            out += lines(part, len(part[0]), len(part), depth)
    return out


def main(path, kind, size, samples, *options):
    letters = kind.rstrip("0123456789")
    depth, (colour, count) = int(kind[len(letters):]), TYPES[letters]
    height, width = (int(n) for n in size.split("x"))
    option = dict(o.split("=", 1) if "=" in o else (o, "1") for o in options)
    numbers = [int(n) for n in samples.split(",") if n]
    numbers *= -(-height * width * count // len(numbers))
    points = [[numbers[(y * width + x) * count:][:count] for x in range(width)] for y in range(height)]
    said = [int(n) for n in option.get("says", size).split("x")]
    body = chunk(b"IHDR", struct.pack(">IIBBBBB", said[1], said[0], depth, colour, 0, 0, "interlaced" in option))
    if "palette" in option:
        entries = [bytes.fromhex(e) for e in option["palette"].split(",")]
        body += chunk(b"PLTE", b"".join(e[:3] for e in entries))
        if any(len(e) > 3 for e in entries):
            body += chunk(b"tRNS", bytes(e[3] if len(e) > 3 else 255 for e in entries))
    if "animated" in option:
        body += chunk(b"acTL", struct.pack(">II", int(option["animated"]), 0))
    if "text" in option:
        body += chunk(b"tEXt", b"Comment\0" + b"x" * int(option["text"]))
    write = interlaced if "interlaced" in option else lines
    body += chunk(b"IDAT", zlib.compress(write(points, width, height, depth))) + chunk(b"IEND", b"")
    out = bytearray(b"\x89PNG\r\n\x1a\n" + body)
    if "flip" in option:
        out[int(option["flip"])] ^= 1
    with open(path, "wb") as file:
        file.write(out[:len(out) - int(option.get("cut", 0))])


main(*sys.argv[1:])
