# wav.py: writes WAV files, for tests/*.test.
#   python3 wav.py FILE TYPE SAMPLES [OPTION...]
# TYPE: u8 s16 s24 s32 f32 f64. SAMPLES: numbers with commas, from -1 to 1, of all channels in turn; or HZ*N: N
# samples of a tone of amplitude 0.5. Options:
#   rate=N        samples a second; 8000
#   channels=N
#   says=N        the header says that there are so many bytes of samples
#   cut=N         without the last N bytes
#   kind=N        the header says that samples are of this kind
#   riff=N        the header says that the file has so many bytes
import math
import struct
import sys

TYPES = {"u8": (1, 1), "s16": (1, 2), "s24": (1, 3), "s32": (1, 4), "f32": (3, 4), "f64": (3, 8)}


def packed(x, kind, size):
    if kind[0] == "f":
        return struct.pack("<f" if size == 4 else "<d", x)
    full = 1 << (8 * size - 1)
    n = max(-full, min(full - 1, round(x * full)))
    return struct.pack("B", n + 128) if size == 1 else n.to_bytes(size, "little", signed=True)


def main(path, kind, samples, *options):
    number, size = TYPES[kind]
    option = dict(o.split("=", 1) for o in options)
    rate, channels = int(option.get("rate", 8000)), int(option.get("channels", 1))
    if "*" in samples:
        hertz, count = samples.split("*")
        numbers = [0.5 * math.sin(2 * math.pi * float(hertz) * k / rate) for k in range(int(count))]
    else:
        numbers = [float(n) for n in samples.split(",") if n]
    body = b"".join(packed(x, kind, size) for x in numbers)
    each = channels * size
    form = struct.pack("<HHIIHH", int(option.get("kind", number)), channels, rate, rate * each, each, 8 * size)
    parts = b"fmt " + struct.pack("<I", 16) + form
    parts += b"data" + struct.pack("<I", int(option.get("says", len(body)))) + body
    out = b"RIFF" + struct.pack("<I", int(option.get("riff", 4 + len(parts)))) + b"WAVE" + parts
    with open(path, "wb") as file:
        file.write(out[:len(out) - int(option.get("cut", 0))])


main(*sys.argv[1:])
