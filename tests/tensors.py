# tensors.py: writes and shows safetensors files, for tests/*.test. Values are given and shown as text.
#   python3 tensors.py FILE NAME=SHAPE:VALUES...    x=2,2:1,2,3,4 ; a scalar has no shape: w=:3
#   python3 tensors.py FILE                         one line for each tensor, by name
import json
import struct
import sys


def write(path, tensors):
    header, data = {}, b""
    for text in tensors:
        name, rest = text.split("=", 1)
        shape, values = rest.split(":", 1)
        numbers = [float(v) for v in values.split(",") if v]
        piece = struct.pack("<%df" % len(numbers), *numbers)
        header[name] = {"dtype": "F32", "shape": [int(n) for n in shape.split(",") if n],
                        "data_offsets": [len(data), len(data) + len(piece)]}
        data += piece
    head = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(head)) + head + data)


def show(path):
    with open(path, "rb") as file:
        raw = file.read()
    begin = 8 + struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:begin])
    for name in sorted(k for k in header if k != "__metadata__"):
        tensor = header[name]
        first, last = tensor["data_offsets"]
        kind = {"F32": "f", "F64": "d"}.get(tensor["dtype"])
        if not kind:  # the program in a model file
            continue
        count = (last - first) // struct.calcsize(kind)
        values = struct.unpack("<%d%s" % (count, kind), raw[begin + first:begin + last])
        print(name, tensor["dtype"], tensor["shape"], " ".join("%.4g" % v for v in values))


if len(sys.argv) > 2:
    write(sys.argv[1], sys.argv[2:])
else:
    show(sys.argv[1])
