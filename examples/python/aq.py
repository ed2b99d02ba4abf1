"""aq from Python, by ctypes alone: nothing is built. NumPy is all it needs, and libaq.so.

    import aq, numpy as np
    f = aq.function("fn f(x: [T, D], w: [D]) -> [T] = sum(tanh(x) * w, D)", gradients=True)
    x, w = np.random.rand(32, 64), np.random.rand(64)
    y = f(x, w)                          # arrays are read where they are
    y, gradient = f.gradients(x, w)      # gradient["x"], gradient["w"]: of the sum of y

    model = aq.train("sentiment.aq", "train.tsv", valid="dev.tsv", progress=print)
    model = aq.train("sentiment.aq", {"text": texts, "label": labels}, hold=0.1)
    model.save("sentiment.aqm")
    model = aq.load("sentiment.aqm")
    model.predict(["a fine film"])       # ["positive"]

The library is the one that AQ_LIBRARY names, or else the system's. What goes wrong is an aq.Error with the
message of aq. A Function, Model or Program belongs to one thread at a time.
"""

import ctypes as c
import ctypes.util
import json
import math
import os
import re

import numpy as np

OK, INTERRUPTED = 0, 130
FLOAT, DOUBLE, INT32 = 0, 1, 2
_numpy_type = {FLOAT: np.dtype(np.float32), DOUBLE: np.dtype(np.float64), INT32: np.dtype(np.int32)}
_precision = {"f32": 0, "f64": 1}
_most_axes = 8


class Error(Exception):
    """What aq refuses: code, file, line, column, text, hint; str() has all of it, as aqc prints it."""

    def __init__(self, code, text, file="", line=0, column=0, hint="", shown=None):
        super().__init__(shown or (f"{text}\nhint: {hint}" if hint else text))
        self.code, self.text, self.file, self.line, self.column, self.hint = code, text, file, line, column, hint


# ---- the interface, as aq.h has it ----


class _Message(c.Structure):
    _fields_ = [("size", c.c_size_t), ("code", c.c_int), ("line", c.c_int), ("column", c.c_int),
                ("file", c.c_char_p), ("text", c.c_char_p), ("excerpt", c.c_char_p), ("hint", c.c_char_p)]


class _ProgramOptions(c.Structure):
    _fields_ = [("size", c.c_size_t), ("define", c.POINTER(c.c_char_p)), ("define_count", c.c_size_t),
                ("no_imports", c.c_bool), ("unfused", c.c_bool), ("set", c.POINTER(c.c_char_p)),
                ("set_count", c.c_size_t), ("function", c.c_char_p), ("weights", c.c_char_p)]


class _Tensor(c.Structure):
    _fields_ = [("data", c.c_void_p), ("number", c.c_int), ("rank", c.c_int), ("size", c.POINTER(c.c_int64)),
                ("offset", c.POINTER(c.POINTER(c.c_int64))), ("examples", c.c_int64)]


class _FunctionOptions(c.Structure):
    _fields_ = [("size", c.c_size_t), ("function", c.c_char_p), ("precision", c.c_int), ("gradients", c.c_bool),
                ("threads", c.c_int), ("seed", c.c_int64), ("parameters", c.c_void_p),
                ("training", c.c_bool), ("batch", c.c_bool),
                ("shared", c.POINTER(c.c_char_p)), ("shared_count", c.c_size_t),
                ("ragged", c.POINTER(c.c_char_p)), ("ragged_count", c.c_size_t)]


class _Operand(c.Structure):
    _fields_ = [("size", c.c_size_t), ("name", c.c_char_p), ("shape", c.c_char_p), ("number", c.c_int),
                ("rank", c.c_int), ("each", c.c_bool)]


class _Column(c.Structure):
    _fields_ = [("size", c.c_size_t), ("name", c.c_char_p), ("kind", c.c_char_p), ("field", c.c_char_p),
                ("is_target", c.c_bool), ("vocabulary", c.c_int64)]


class _Image(c.Structure):
    _fields_ = [("size", c.c_size_t), ("height", c.c_size_t), ("width", c.c_size_t), ("channels", c.c_size_t),
                ("bytes", c.c_void_p)]


class _Grid(c.Structure):
    _fields_ = [("size", c.c_size_t), ("column", c.c_char_p), ("rows", c.c_size_t), ("columns", c.c_size_t),
                ("place", c.POINTER(c.c_size_t)), ("top", c.c_double), ("left", c.c_double),
                ("height", c.c_double), ("width", c.c_double), ("picture", c.POINTER(_Image))]


class _Map(c.Structure):
    _fields_ = [("size", c.c_size_t), ("name", c.c_char_p), ("is_mixing", c.c_bool), ("heads", c.c_size_t),
                ("rows", c.c_size_t), ("columns", c.c_size_t), ("weight", c.c_void_p),
                ("query", c.POINTER(c.c_char_p)), ("key", c.POINTER(c.c_char_p)),
                ("query_grid", c.POINTER(c.POINTER(_Grid))), ("key_grid", c.POINTER(c.POINTER(_Grid))),
                ("query_grids", c.c_size_t), ("key_grids", c.c_size_t)]


class _Progress(c.Structure):
    _fields_ = [("size", c.c_size_t), ("event", c.c_int), ("epoch", c.c_int64), ("epochs", c.c_int64),
                ("step", c.c_int64), ("steps", c.c_int64), ("loss", c.c_double),
                ("examples_per_second", c.c_double), ("seconds_left", c.c_double), ("metric", c.c_char_p),
                ("value", c.c_double), ("valid_loss", c.c_double), ("best", c.c_bool), ("path", c.c_char_p),
                ("learning_rate", c.c_double)]


_on_progress = c.CFUNCTYPE(c.c_bool, c.c_void_p, c.POINTER(_Progress))


class _TrainOptions(c.Structure):
    _fields_ = [("size", c.c_size_t), ("train", c.c_char_p), ("valid", c.c_char_p), ("test", c.c_char_p),
                ("hold", c.c_double), ("save", c.c_char_p), ("resume", c.c_bool), ("epochs", c.c_int64),
                ("batch", c.c_int64), ("seed", c.c_int64), ("learning_rate", c.c_double), ("until", c.c_char_p),
                ("threads", c.c_int), ("precision", c.c_int), ("bad_rows", c.c_int), ("progress", _on_progress),
                ("context", c.c_void_p), ("header", c.c_int), ("metric", c.c_char_p), ("format", c.c_int),
                ("hold_last", c.c_char_p), ("folds", c.c_int64), ("fold", c.c_int64), ("fold_by", c.c_char_p),
                ("split_seed", c.c_int64), ("learn_from_held", c.c_bool), ("pool", c.c_void_p),
                ("checkpoint", c.c_void_p), ("checkpoint_length", c.c_size_t), ("measure", c.c_void_p),
                ("measured", c.c_char_p), ("least_is_best", c.c_bool), ("rows", c.c_void_p),
                ("valid_rows", c.c_void_p)]


class _EvalOptions(c.Structure):
    _fields_ = [("size", c.c_size_t), ("threads", c.c_int), ("batch", c.c_int64), ("precision", c.c_int),
                ("bad_rows", c.c_int), ("header", c.c_int), ("generate", c.c_void_p), ("format", c.c_int)]


_on_read = c.CFUNCTYPE(c.c_ssize_t, c.c_void_p, c.c_void_p, c.c_size_t)
_on_write = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_void_p, c.c_size_t)


class _PredictOptions(c.Structure):
    _fields_ = [("size", c.c_size_t), ("path", c.c_char_p), ("read", _on_read), ("write", _on_write),
                ("context", c.c_void_p), ("probabilities", c.c_bool), ("json", c.c_bool), ("top", c.c_int),
                ("alert", c.c_char_p), ("window", c.c_int64), ("surge", c.c_double), ("by", c.c_char_p),
                ("below", c.c_double), ("below_label", c.c_char_p), ("rows", c.c_void_p), ("images", c.c_char_p)]


class _BatchOptions(c.Structure):
    _fields_ = [("size", c.c_size_t), ("vector", c.c_char_p), ("map", c.POINTER(c.c_char_p)),
                ("map_count", c.c_size_t)]


class _Sound(c.Structure):
    _fields_ = [("size", c.c_size_t), ("rate", c.c_size_t), ("channels", c.c_size_t), ("count", c.c_size_t),
                ("sample", c.c_void_p)]


class _Head(c.Structure):
    _fields_ = [("size", c.c_size_t), ("name", c.c_char_p)]


def _open():
    path = os.environ.get("AQ_LIBRARY") or ctypes.util.find_library("aq")
    if not path:
        raise ImportError("libaq is not found; AQ_LIBRARY=/path/to/libaq.so says where it is")
    library = c.CDLL(path)
    handle, text = c.c_void_p, c.c_char_p
    message = c.POINTER(_Message)
    for name, result, arguments in [
        ("version", text, []),
        ("text_free", None, [handle]),
        ("message_format", c.c_int, [message, c.c_int, c.c_bool, c.POINTER(handle)]),
        ("program_options_init", None, [handle]),
        ("program_new", c.c_int, [text, text, c.c_size_t, handle, c.POINTER(handle)]),
        ("program_free", None, [handle]),
        ("program_message", message, [handle]),
        ("function_options_init", None, [handle]),
        ("function_new", c.c_int, [handle, handle, c.POINTER(handle)]),
        ("function_free", None, [handle]),
        ("function_message", message, [handle]),
        ("function_argument_count", c.c_size_t, [handle]),
        ("function_parameter_count", c.c_size_t, [handle]),
        ("function_result_count", c.c_size_t, [handle]),
        ("function_argument", c.POINTER(_Operand), [handle, c.c_size_t]),
        ("function_parameter", c.POINTER(_Operand), [handle, c.c_size_t]),
        ("function_result", c.POINTER(_Operand), [handle, c.c_size_t]),
        ("function_run", c.c_int, [handle, c.POINTER(_Tensor), c.c_size_t, c.c_int64]),
        ("function_value", _Tensor, [handle, c.c_size_t]),
        ("function_parameter_value", _Tensor, [handle, c.c_size_t]),
        ("function_set_parameter", c.c_int, [handle, text, c.POINTER(_Tensor)]),
        ("function_seed", c.c_int, [handle, c.c_int64]),
        ("model_load", c.c_int, [text, c.POINTER(handle)]),
        ("model_load_memory", c.c_int, [text, text, c.c_size_t, c.POINTER(handle)]),
        ("model_save", c.c_int, [handle, text]),
        ("model_save_memory", c.c_int, [handle, c.POINTER(handle), c.POINTER(c.c_size_t)]),
        ("model_free", None, [handle]),
        ("model_message", message, [handle]),
        ("model_column_count", c.c_size_t, [handle]),
        ("model_column", c.POINTER(_Column), [handle, c.c_size_t]),
        ("model_output_count", c.c_size_t, [handle]),
        ("model_output_name", text, [handle, c.c_size_t]),
        ("model_class_count", c.c_size_t, [handle, c.c_size_t]),
        ("model_class", text, [handle, c.c_size_t, c.c_size_t]),
        ("rows_new", c.c_int, [c.POINTER(handle)]),
        ("rows_free", None, [handle]),
        ("rows_message", message, [handle]),
        ("rows_texts", c.c_int, [handle, text, c.POINTER(text), c.POINTER(c.c_size_t), c.c_size_t]),
        ("rows_bytes", c.c_int, [handle, text, c.POINTER(c.c_char_p), c.POINTER(c.c_size_t), c.c_size_t]),
        ("rows_images", c.c_int, [handle, text, c.POINTER(c.POINTER(_Image)), c.c_size_t]),
        ("rows_sounds", c.c_int, [handle, text, c.POINTER(c.POINTER(_Sound)), c.c_size_t]),
        ("train_options_init", None, [handle]),
        ("trainer_new", c.c_int, [handle, handle, c.POINTER(handle)]),
        ("trainer_run", c.c_int, [handle]),
        ("trainer_model", c.c_int, [handle, c.POINTER(handle)]),
        ("trainer_free", None, [handle]),
        ("trainer_message", message, [handle]),
        ("eval_options_init", None, [handle]),
        ("session_new", c.c_int, [handle, handle, c.POINTER(handle)]),
        ("session_free", None, [handle]),
        ("session_message", message, [handle]),
        ("session_predict", c.c_int, [handle, c.POINTER(c.c_char_p), c.POINTER(c.c_size_t), c.c_size_t]),
        ("session_scores", c.c_void_p, [handle, c.c_size_t, c.POINTER(c.c_size_t), c.POINTER(c.c_size_t)]),
        ("predict_options_init", None, [handle]),
        ("session_predict_stream", c.c_int, [handle, handle]),
        ("session_attend", c.c_int, [handle, c.POINTER(c.c_char_p), c.POINTER(c.c_size_t), c.c_size_t]),
        ("batch_options_init", None, [handle]),
        ("session_predict_rows", c.c_int, [handle, handle, handle]),
        ("session_row_scores", c.c_void_p,
         [handle, c.c_size_t, c.c_size_t, c.POINTER(c.c_size_t), c.POINTER(c.c_size_t)]),
        ("session_row_map", c.POINTER(_Map), [handle, c.c_size_t, c.c_size_t]),
        ("model_head_count", c.c_size_t, [handle]),
        ("model_head", c.POINTER(_Head), [handle, c.c_size_t]),
        ("session_map_count", c.c_size_t, [handle]),
        ("session_map", c.POINTER(_Map), [handle, c.c_size_t]),
    ]:
        try:
            function = getattr(library, "aq_" + name)
        except AttributeError:
            raise ImportError(f"{path} is no libaq of this version: it has no aq_{name}") from None
        function.restype, function.argtypes = result, arguments
    return library


_aq = _open()
version = _aq.aq_version().decode()


def _utf8(text):
    return None if text is None else os.fsencode(text) if isinstance(text, os.PathLike) else text.encode()


def _whole(name, value, bits=63):
    """A whole number from 0 on that C can hold: ctypes would take its last bits without a word."""
    if not isinstance(value, (int, np.integer)) or not 0 <= value < 2 ** bits:
        raise Error(64, f"{name} is a whole number from 0 on, below 2**{bits}, and {value!r} is none")
    return int(value)


def _words(text):
    return text.decode("utf-8", "replace") if text else ""


def _raise(message):
    m, shown = message.contents, c.c_void_p()
    text = None
    if _aq.aq_message_format(message, 0, False, c.byref(shown)) == OK:
        text = _words(c.string_at(shown)).rstrip("\n")
        _aq.aq_text_free(shown)
    raise Error(m.code, _words(m.text), _words(m.file), m.line, m.column, _words(m.hint), text)


def _options(structure, init):
    """A struct of options with its defaults. The library may know more fields than this file."""
    room = c.create_string_buffer(4096)
    init(room)
    options = structure.from_buffer(room)
    options.room = room
    return options


class _Handle:
    """Frees what the library has made."""

    _free = None

    def __init__(self):
        self._handle = c.c_void_p()

    def __del__(self):
        handle, self._handle = getattr(self, "_handle", None), None
        if handle and self._free:
            type(self)._free(handle)


# ---- programs ----


def _texts(texts):
    """Texts as C has them: an array of pointers."""
    return (c.c_char_p * max(len(texts), 1))(*texts)


def _given(values, before=""):
    """{"D": 64} as the texts "D=64"."""
    return _texts([f"{before}{name}={value}".encode() for name, value in values.items()])


class Program(_Handle):
    """A program: its text, or the path of its file (what has no newline and ends with .aq)."""

    _free = _aq.aq_program_free

    def __init__(self, source, *, define=None, settings=None, weights=None):
        super().__init__()
        define, settings = define or {}, settings or {}
        is_path = isinstance(source, os.PathLike) or ("\n" not in source and source.endswith(".aq"))
        options = _options(_ProgramOptions, _aq.aq_program_options_init)
        options.define, options.define_count = _given(define), len(define)
        options.set, options.set_count = _given(settings, "train."), len(settings)
        options.weights = _utf8(weights)
        text = None if is_path else source.encode()
        status = _aq.aq_program_new(_utf8(source) if is_path else b"program", text, 0 if is_path else len(text),
                                    c.byref(options), c.byref(self._handle))
        if status != OK:
            _raise(_aq.aq_program_message(self._handle))


def _program(source, define=None, settings=None):
    return source if isinstance(source, Program) else Program(source, define=define, settings=settings)


# ---- functions on arrays ----


class Operand:
    """An argument, parameter or result: name, shape ("[T, D]"), dtype, each (one for each example)."""

    def __init__(self, o):
        self.name, self.shape, self.rank, self.each = _words(o.name), _words(o.shape), o.rank, o.each
        self.number, self.dtype = o.number, _numpy_type[o.number]

    def __repr__(self):
        return f"{self.name}: {self.shape} {self.dtype}" + (", one for each example" if self.each else "")


class Packed:
    """Examples of several lengths as one array, without a copy: data[offset[e]:offset[e + 1]] is example e."""

    def __init__(self, data, offset):
        self.data, self.offset = np.asarray(data), np.ascontiguousarray(offset, dtype=np.int64)


class Function(_Handle):
    """A compiled function; see aq.function."""

    _free = _aq.aq_function_free

    def __init__(self, source, name=None, *, precision="f64", gradients=False, batch=False, shared=(), ragged=(),
                 define=None, threads=1, seed=0, parameters=None, training=False):
        super().__init__()
        program = _program(source, define)
        options = _options(_FunctionOptions, _aq.aq_function_options_init)
        options.function, options.precision = _utf8(name), _precision[precision]
        options.gradients, options.batch, options.training = gradients, batch, training
        options.threads, options.seed = _whole("threads", threads, 31), seed
        options.parameters = parameters._handle if parameters is not None else None
        shared, ragged = [n.encode() for n in shared], [n.encode() for n in ragged]
        options.shared, options.shared_count = _texts(shared), len(shared)
        options.ragged, options.ragged_count = _texts(ragged), len(ragged)
        if _aq.aq_function_new(program._handle, c.byref(options), c.byref(self._handle)) != OK:
            self._fail()
        self._batch, self._ragged = batch, [re.compile(rb"\b%s\b" % re.escape(n)) for n in ragged]
        self.arguments = self._operands("argument")
        self.parameters = self._operands("parameter")
        self.results = self._operands("result")
        self._values = sum(not r.name.startswith("grad.") for r in self.results) if gradients else len(self.results)
        self._given = {}

    def _fail(self):
        _raise(_aq.aq_function_message(self._handle))

    def _operands(self, what):
        one = getattr(_aq, "aq_function_" + what)
        found = []
        while operand := one(self._handle, len(found)):
            found.append(Operand(operand.contents))
        return found

    def _numbers(self, operand, value):
        """The array as it is, if it can be read so; a copy where nothing is lost by one."""
        array = np.asarray(value)
        if array.dtype == operand.dtype:
            return array if array.flags.carray else np.require(array, requirements=["C", "A"])
        if operand.number == INT32:
            if array.dtype.kind not in "iub":
                raise Error(64, f"{operand.name} is needed as whole numbers, and given as {array.dtype}")
            if array.size and (array.max() > 2147483647 or array.min() < -2147483648):
                raise Error(64, f"{operand.name} has a whole number that 32 bits cannot hold")
        elif array.dtype.kind not in "iub" and not np.can_cast(array.dtype, operand.dtype):
            raise Error(64, f"{operand.name} is needed as {operand.dtype}, and given as {array.dtype}",
                        hint='convert it, or compute with precision="f64"')
        return np.ascontiguousarray(array, dtype=operand.dtype)

    def _ragged_axes(self, operand):
        parts = operand.shape[1:operand.shape.rindex("]")].split(", ") if operand.rank else []
        return [a for a, part in enumerate(parts) if any(r.search(part.encode()) for r in self._ragged)]

    def _pack(self, operand, value):
        """The numbers, the sizes of axes, where examples begin along ragged ones, and how many there are."""
        if not operand.each:
            array = self._numbers(operand, value)
            return array, array.shape, {}, None
        axes = self._ragged_axes(operand)
        if isinstance(value, Packed):
            array = self._numbers(operand, value.data)
            if axes != [0]:
                raise Error(64, f"{operand.name} is given as Packed, and its first axis is not the ragged one")
            if value.offset.ndim != 1 or len(value.offset) < 2:
                raise Error(64, f"the offsets of {operand.name} are where each example begins, and the end")
            return array, array.shape, {0: value.offset}, len(value.offset) - 1
        if not axes:
            array = self._numbers(operand, value)
            if array.ndim == 0:
                raise Error(64, f"{operand.name} is one for each example, so its first axis is that of the examples")
            return array, array.shape[1:], {}, array.shape[0]
        parts = [self._numbers(operand, part) for part in value]
        for e, part in enumerate(parts):
            if part.ndim != operand.rank:
                raise Error(64, f"{operand.name} is {operand.shape} in the program, and {list(part.shape)} in "
                                f"example {e + 1}")
        if not parts:
            raise Error(64, f"{operand.name} has no examples")
        size, offset = list(parts[0].shape), {}
        for a in range(operand.rank):
            each = [part.shape[a] for part in parts]
            if a in axes:
                offset[a] = np.concatenate([[0], np.cumsum(each)]).astype(np.int64)
                size[a] = int(offset[a][-1])
            elif len(set(each)) > 1:
                raise Error(64, f"axis {a + 1} of {operand.name}, which is {operand.shape}, is {min(each)} in one "
                                f"example and {max(each)} in another", hint="ragged=[…] names dims that differ")
        return np.concatenate([part.ravel() for part in parts]), size, offset, len(parts)

    @staticmethod
    def _tensor(array, number, size, offset):
        rank = len(size)
        sizes = (c.c_int64 * max(rank, 1))(*size)
        address = array.__array_interface__["data"][0] if array.size else None
        tensor = _Tensor(address, number, rank, sizes, None, 0)
        if offset:
            table = (c.POINTER(c.c_int64) * rank)()
            for a, o in offset.items():
                table[a] = o.ctypes.data_as(c.POINTER(c.c_int64))
            tensor.offset = table
        return tensor

    def _run(self, arguments):
        if len(arguments) != len(self.arguments):
            names = ", ".join(o.name for o in self.arguments)
            raise Error(64, f"the arguments are {names or 'none'}, and {len(arguments)} are given")
        packed = [self._pack(o, value) for o, value in zip(self.arguments, arguments)]
        counts = {count for *_, count in packed if count is not None}
        if len(counts) > 1:
            told = ", ".join(f"{o.name} {p[3]}" for o, p in zip(self.arguments, packed) if p[3] is not None)
            raise Error(64, f"arguments have other numbers of examples: {told}")
        tensors = (_Tensor * max(len(packed), 1))()
        for k, (array, size, offset, _) in enumerate(packed):
            tensors[k] = self._tensor(array, self.arguments[k].number, size, offset)
        examples = counts.pop() if counts else 1
        if _aq.aq_function_run(self._handle, tensors, len(packed), examples) != OK:
            self._fail()
        self._held = packed  # a result may be an argument

    @staticmethod
    def _view(tensor, size):
        dtype, count = _numpy_type[tensor.number], math.prod(size)
        if not count:
            return np.empty(size, dtype)
        return np.frombuffer((c.c_char * (count * dtype.itemsize)).from_address(tensor.data), dtype).reshape(size)

    def _array(self, tensor, copy):
        size = tensor.size[:tensor.rank]
        if not tensor.offset:
            view = self._view(tensor, ([tensor.examples] if tensor.examples else []) + size)
            return view.copy() if copy else view
        each = [[tensor.offset[a][e + 1] - tensor.offset[a][e] if tensor.offset[a] else size[a]
                 for a in range(tensor.rank)] for e in range(tensor.examples)]
        end = np.cumsum([math.prod(s) for s in each])
        whole = self._view(tensor, [int(end[-1])])
        whole = whole.copy() if copy else whole
        return [part.reshape(s) for part, s in zip(np.split(whole, end[:-1]), each)]

    def _result(self, k, copy):
        return self._array(_aq.aq_function_value(self._handle, k), copy)

    def __call__(self, *arguments, copy=True):
        """The result, or a tuple of several. copy=False: arrays that the next call overwrites.

        In a batch an array has the examples as its first axis, and with ragged axes it is a list of arrays.
        """
        self._run(arguments)
        values = tuple(self._result(k, copy) for k in range(self._values))
        return values[0] if len(values) == 1 else values

    def gradients(self, *arguments, copy=True):
        """What a call returns, and the gradients of the sum of all of it by the names of arguments and parameters."""
        if self._values == len(self.results) and (self.arguments or self.parameters):
            raise Error(64, "the function was compiled without gradients", hint="aq.function(…, gradients=True)")
        values = self(*arguments, copy=copy)
        names = [r.name for r in self.results]
        return values, {names[k][5:]: self._result(k, copy) for k in range(self._values, len(names))}

    def parameter(self, name):
        """A copy of a parameter. The first call makes those that are not set."""
        for k, operand in enumerate(self.parameters):
            if operand.name == name:
                tensor = _aq.aq_function_parameter_value(self._handle, k)
                if not tensor.data:
                    raise Error(64, f"{name} has no value before the first call, which tells sizes")
                return self._array(tensor, True)
        raise Error(64, f"there is no parameter {name}", hint=", ".join(o.name for o in self.parameters))

    def set_parameter(self, name, array):
        """From now on the parameter is this array, which is not copied: changing it in place changes the parameter.

        None: the function's own again.
        """
        operand = next((o for o in self.parameters if o.name == name), None)
        tensor = None
        if operand is not None and array is not None:
            if not isinstance(array, np.ndarray) or array.dtype != operand.dtype or not array.flags["CA"]:
                raise Error(64, f"{name} has to be a contiguous array of {operand.dtype}, because it is not copied")
            tensor = c.byref(self._tensor(array, operand.number, array.shape, {}))
        if _aq.aq_function_set_parameter(self._handle, name.encode(), tensor) != OK:
            self._fail()
        self._given[name] = array

    def seed(self, seed):
        """The random numbers of the calls that follow."""
        if _aq.aq_function_seed(self._handle, seed) != OK:
            self._fail()


def function(source, name=None, **options):
    """Compiles a function of a program: its text, the path of its file, or a Program. name: None for the last.

    precision "f64" or "f32"; gradients: also compile those; define: {"D": 64}; threads; seed of parameters and
    random numbers; parameters: a Model whose parameters of the same names count; training: dropout drops. batch: arguments are one for
    each example, but for those named in shared; ragged: names of dims that each example has of its own.
    """
    return Function(source, name, **options)


# ---- rows ----


class Image:
    """An image out of an array of bytes: [height, width], or with 1 to 4 channels behind."""

    def __init__(self, points):
        self.points = np.ascontiguousarray(points)
        if self.points.dtype != np.uint8 or self.points.ndim not in (2, 3) or not self.points.size:
            raise Error(64, "an image is an array of uint8, [height, width] or [height, width, channels]")

    def _pointer(self):
        height, width, *channels = self.points.shape
        return c.pointer(_Image(c.sizeof(_Image), height, width, channels[0] if channels else 1,
                                self.points.ctypes.data))


class Sound:
    """A sound out of samples from -1 to 1, [count] or [count, channels], with its rate: samples a second."""

    def __init__(self, samples, rate):
        self.samples, self.rate = np.ascontiguousarray(samples, dtype=np.float32), _whole("rate", rate)
        if self.samples.ndim not in (1, 2):
            raise Error(64, "a sound is an array of samples, [count] or [count, channels]")

    def _pointer(self):
        count, *channels = self.samples.shape
        return c.pointer(_Sound(c.sizeof(_Sound), self.rate, channels[0] if channels else 1, count,
                                self.samples.ctypes.data))


def _is_file(value):
    """The bytes of a file of an image or a sound, or what such a file has."""
    return isinstance(value, (bytes, bytearray, memoryview, Image, Sound))


def _field(value):
    """A value as it would stand in a table; None is an empty field. Semicolons separate rows of numbers."""
    if isinstance(value, str) or value is None:
        return value or ""
    items = value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
    if not isinstance(items, (list, tuple)):
        return repr(items)
    rows = any(isinstance(item, (list, tuple, np.ndarray)) for item in items)
    return ("; " if rows else " ").join(map(_field, items))


def _in_json(value):
    """The same in JSON, where nothing is null and a list of texts is one."""
    items = value.tolist() if isinstance(value, np.ndarray) else value
    texts = isinstance(items, (list, tuple)) and items and all(isinstance(item, str) for item in items)
    return items if items is None or texts else _field(value)


_numeric = ("number", "vector", "matrix", "weight")  # kinds of columns in which true is 1


def _as_numbers(value):
    """True and False as 1 and 0, also in lists and arrays."""
    if isinstance(value, (bool, np.bool_)):
        return int(value)
    if isinstance(value, np.ndarray):
        return value.astype(np.int8) if value.dtype == bool else value
    return [_as_numbers(item) for item in value] if isinstance(value, (list, tuple)) else value


class _Rows(_Handle):
    """A table in memory: a list of dicts, one for each row, or a dict of columns."""

    _free = _aq.aq_rows_free

    def __init__(self, table):
        super().__init__()
        if not isinstance(table, dict):
            table = list(table)
            if not all(isinstance(row, dict) and row.keys() == table[0].keys() for row in table):
                raise Error(64, "rows are dicts with the same keys, or one dict of columns")
            table = {name: [row[name] for row in table] for name in (table[0] if table else ())}
        if _aq.aq_rows_new(c.byref(self._handle)) != OK:
            raise MemoryError
        for name, values in table.items():
            if self._add(name.encode(), list(values)) != OK:
                _raise(_aq.aq_rows_message(self._handle))

    def _add(self, name, values):
        for of, call, one in ((Image, _aq.aq_rows_images, _Image), (Sound, _aq.aq_rows_sounds, _Sound)):
            if any(isinstance(value, of) for value in values):
                self._same(values, of, f"aq.{of.__name__}")
                kept = [value and value._pointer() for value in values]
                pointers = (c.POINTER(one) * len(kept))(*[p or c.POINTER(one)() for p in kept])
                return call(self._handle, name, pointers, len(values))
        files = any(map(_is_file, values))
        if files:
            self._same(values, (bytes, bytearray, memoryview), "bytes")
        fields = [bytes(value or b"") if files else _field(value).encode() for value in values]
        lengths = (c.c_size_t * max(len(fields), 1))(*map(len, fields))
        call = _aq.aq_rows_bytes if files else _aq.aq_rows_texts
        return call(self._handle, name, _texts(fields), lengths, len(fields))

    @staticmethod
    def _same(values, of, called):
        if not all(value is None or isinstance(value, of) for value in values):
            raise Error(64, f"a column in which one value is {called} has such values alone, or None")


# ---- models ----


class Grid:
    """Queries or keys that are places of a picture: place [rows, columns] has their numbers, picture [height,
    width, channels] its bytes, box where it lies (top, left, and height and width of a place, in parts)."""

    def __init__(self, g):
        p = g.picture.contents
        size = (p.height, p.width, p.channels)
        points = (c.c_ubyte * (p.height * p.width * p.channels)).from_address(p.bytes)
        self.column, self.box = _words(g.column), (g.top, g.left, g.height, g.width)
        self.place = np.array(g.place[:g.rows * g.columns]).reshape(g.rows, g.columns)
        self.picture = np.array(points, dtype=np.uint8).reshape(size)


class Map:
    """Where a head looks: weight [heads, rows, columns], and the tokens of rows (query) and columns (key).
    Those that are places of a picture are in query_grids and key_grids."""

    def __init__(self, m):
        self.name, self.is_mixing = _words(m.name), m.is_mixing
        size = (m.heads, m.rows, m.columns)
        count = m.heads * m.rows * m.columns
        numbers = (c.c_double * count).from_address(m.weight) if count else []
        self.weight = np.array(numbers, dtype=np.float64).reshape(size)
        self.query = [_words(m.query[k]) for k in range(m.rows)] if m.query else None
        self.key = [_words(m.key[k]) for k in range(m.columns)] if m.key else None
        self.query_grids = [Grid(m.query_grid[k].contents) for k in range(m.query_grids)]
        self.key_grids = [Grid(m.key_grid[k].contents) for k in range(m.key_grids)]

    def __repr__(self):
        return f"{self.name}: {list(self.weight.shape)}"


class _Session(_Handle):
    _free = _aq.aq_session_free

    def __init__(self, model, format=0):
        super().__init__()
        options = _options(_EvalOptions, _aq.aq_eval_options_init)
        options.threads, options.format = 1, format
        if _aq.aq_session_new(model._handle, c.byref(options), c.byref(self._handle)) != OK:
            self.fail()

    def fail(self):
        _raise(_aq.aq_session_message(self._handle))


class Model(_Handle):
    """A trained model: aq.load, aq.train."""

    _free = _aq.aq_model_free

    def __init__(self, handle):
        self._handle = handle
        self._sessions = {}
        columns = [_aq.aq_model_column(handle, k).contents for k in range(_aq.aq_model_column_count(handle))]
        fields = [_words(column.field) for column in columns if not column.is_target]
        self.fields = list(dict.fromkeys(fields))
        self._numeric = {_words(column.field) for column in columns if _words(column.kind) in _numeric}
        self.outputs = [_words(_aq.aq_model_output_name(handle, k))
                        for k in range(_aq.aq_model_output_count(handle))]

    def classes(self, output=None):
        """The names of an output's classes; none where it is numbers."""
        k = self._output(output)
        return [_words(_aq.aq_model_class(self._handle, k, n))
                for n in range(_aq.aq_model_class_count(self._handle, k))]

    def _output(self, name):
        if name is None:
            return 0
        if name not in self.outputs:
            raise Error(64, f"the model has no output {name}", hint=", ".join(self.outputs))
        return self.outputs.index(name)

    def _session(self, format=0):
        if format not in self._sessions:
            self._sessions[format] = _Session(self, format)
        return self._sessions[format]

    @staticmethod
    def _rows(rows):
        """A text is a sequence of characters, and a dict of names, and each would be a row."""
        if isinstance(rows, (str, bytes, dict)):
            raise Error(64, "rows are a list of them, and this is a single one: [row] is a list of it")
        return rows

    def _row(self, row):
        """A row as a dict: a text of a model that reads one field stands for itself."""
        if isinstance(row, dict):
            missing = [f for f in self.fields if f not in row]
            if missing:
                raise Error(64, f"a row has no {missing[0]}; the model reads {', '.join(self.fields)}")
            return {f: _as_numbers(row[f]) if f in self._numeric else row[f] for f in self.fields}
        if (isinstance(row, str) or _is_file(row)) and len(self.fields) == 1:
            return {self.fields[0]: row}
        raise Error(64, f"a row is a dict of {', '.join(self.fields)}" if len(self.fields) > 1
                    else "a row is a text, or a dict")

    def _fields(self, row):
        texts = [_field(value).encode() for value in self._row(row).values()]
        lengths = (c.c_size_t * max(len(texts), 1))(*map(len, texts))
        return _texts(texts), lengths, len(texts)

    def _table(self, rows):
        """Rows with images or sounds as a table; None where texts will do."""
        rows = [self._row(row) for row in self._rows(rows)]
        return rows, _Rows(rows) if any(_is_file(v) for row in rows for v in row.values()) else None

    def answers(self, rows, probabilities=False):
        """What the model says of each row, as `aqc predict --json` writes it: a dict by output."""
        session, written = self._session(4), []
        rows, table = self._table(rows)
        unread = b"" if table else "".join(json.dumps({f: _in_json(v) for f, v in row.items()}) + "\n"
                                         for row in rows).encode()
        at = 0

        def read(_, buffer, size):
            nonlocal at
            piece = unread[at:at + size]
            c.memmove(buffer, piece, len(piece))
            at += len(piece)
            return len(piece)

        def write(_, text, length):
            written.append(c.string_at(text, length))
            return 0

        options = _options(_PredictOptions, _aq.aq_predict_options_init)
        options.read, options.write = _on_read(read), _on_write(write)
        options.json, options.probabilities = True, probabilities
        if table:
            options.rows = table._handle
        if _aq.aq_session_predict_stream(session._handle, c.byref(options)) != OK:
            session.fail()
        return [json.loads(line) for line in b"".join(written).splitlines()]

    def predict(self, rows, output=None):
        """The answer for each row: a label, a list of labels or tags, or numbers.

        rows: texts, where the model reads one field; else dicts by the names of fields. For an image or a
        sound, the name of its file, the bytes of one, an aq.Image or an aq.Sound.
        """
        name = self.outputs[self._output(output)]
        return [self._plain(answer[name]) for answer in self.answers(rows)]

    @staticmethod
    def _plain(answer):
        if isinstance(answer, dict):
            return answer.get("label", answer.get("labels", answer))
        return answer

    def probabilities(self, rows, output=None):
        """[rows, classes] of a class; of tags a list of [words, classes]; of numbers these."""
        session, k, found = self._session(), self._output(output), []
        rows, table = self._table(rows)
        if table and _aq.aq_session_predict_rows(session._handle, table._handle, None) != OK:
            session.fail()
        for number, row in enumerate(rows):
            high, wide = c.c_size_t(), c.c_size_t()
            if table:
                score = _aq.aq_session_row_scores(session._handle, number, k, c.byref(high), c.byref(wide))
            else:
                if _aq.aq_session_predict(session._handle, *self._fields(row)) != OK:
                    session.fail()
                score = _aq.aq_session_scores(session._handle, k, c.byref(high), c.byref(wide))
            size = (high.value, wide.value)
            numbers = (c.c_double * (size[0] * size[1])).from_address(score) if score and all(size) else []
            found.append(np.array(numbers, dtype=np.float64).reshape(size))
        if found and all(len(one) == 1 for one in found):
            return np.concatenate(found)
        return found

    def attend(self, row):
        """The maps of attention, and the weights of mixes, for one row: {"sentiment.read": Map}."""
        session, ((row,), table) = self._session(), self._table([row])
        if table:
            maps = self._maps_of(session, table)
        else:
            if _aq.aq_session_attend(session._handle, *self._fields(row)) != OK:
                session.fail()
            maps = [Map(_aq.aq_session_map(session._handle, k).contents)
                    for k in range(_aq.aq_session_map_count(session._handle))]
        return {m.name: m for m in maps}

    def _maps_of(self, session, table):
        """All maps of the only row of a table."""
        options = _options(_BatchOptions, _aq.aq_batch_options_init)
        count = _aq.aq_model_head_count(self._handle)
        names = [_aq.aq_model_head(self._handle, k).contents.name for k in range(count)]
        options.map, options.map_count = _texts(names), count
        if _aq.aq_session_predict_rows(session._handle, table._handle, c.byref(options)) != OK:
            session.fail()
        return [Map(_aq.aq_session_row_map(session._handle, 0, k).contents) for k in range(count)]

    def save(self, path):
        if _aq.aq_model_save(self._handle, _utf8(path)) != OK:
            _raise(_aq.aq_model_message(self._handle))

    def to_bytes(self):
        """What save would write."""
        data, length = c.c_void_p(), c.c_size_t()
        if _aq.aq_model_save_memory(self._handle, c.byref(data), c.byref(length)) != OK:
            _raise(_aq.aq_model_message(self._handle))
        found = c.string_at(data, length.value)
        _aq.aq_text_free(data)
        return found


def _made(handle, status):
    if status != OK:
        try:
            _raise(_aq.aq_model_message(handle))
        finally:
            _aq.aq_model_free(handle)
    return Model(handle)


def load(source):
    """A model from its file, or from the bytes of one."""
    handle = c.c_void_p()
    if isinstance(source, (bytes, bytearray)):
        data = bytes(source)
        return _made(handle, _aq.aq_model_load_memory(b"model", data, len(data), c.byref(handle)))
    return _made(handle, _aq.aq_model_load(_utf8(source), c.byref(handle)))


class Progress:
    """What training tells: event "step", "epoch" or "saved", and the numbers of aq_progress."""

    def __init__(self, p):
        self.event = ("step", "epoch", "saved")[p.event]
        for name in ("epoch", "epochs", "step", "steps", "loss", "examples_per_second", "seconds_left", "value",
                     "valid_loss", "best", "learning_rate"):
            setattr(self, name, getattr(p, name))
        self.metric, self.path = _words(p.metric), _words(p.path)

    def __repr__(self):
        measured = f", {self.metric} {self.value:.4f}" if self.event == "epoch" and self.metric else ""
        return f"epoch {self.epoch}/{self.epochs}, step {self.step}/{self.steps}: loss {self.loss:.4f}{measured}"


class _Trainer(_Handle):
    _free = _aq.aq_trainer_free


def train(source, train, *, valid=None, hold=None, save=None, epochs=None, batch=None, seed=None,
          learning_rate=None, until=None, threads=0, precision="f32", progress=None, define=None, settings=None):
    """Trains a program on a table and returns the Model with the best parameters.

    train, valid: paths of files, or rows in memory: [{"text": "good", "label": "positive"}, …], or a dict of
    columns, {"text": […], "age": an array, …}. hold=0.1 holds back a tenth of the training rows.
    progress is called with a Progress after steps and epochs; when it returns False, training stops, and the
    model is the best one so far.
    """
    program, trainer, raised = _program(source, define, settings), _Trainer(), []

    def tell(_, p):
        try:
            return progress(Progress(p.contents)) is not False
        except BaseException as exception:  # it goes on behind the library
            raised.append(exception)
            return False

    options = _options(_TrainOptions, _aq.aq_train_options_init)
    options.save, held = _utf8(save), []
    for name, in_memory, table in (("train", "rows", train), ("valid", "valid_rows", valid)):
        if table is None or isinstance(table, (str, os.PathLike)):
            setattr(options, name, _utf8(table))
        else:
            held.append(_Rows(table))
            setattr(options, in_memory, held[-1]._handle)
    for name, value in (("hold", hold), ("learning_rate", learning_rate)):
        if value is not None:
            setattr(options, name, value)
    for name, value in (("epochs", epochs), ("batch", batch), ("seed", seed)):
        if value is not None:
            setattr(options, name, _whole(name, value))
    options.threads = _whole("threads", threads, 31)
    options.until, options.precision = _utf8(until), _precision[precision]
    if progress:
        options.progress = _on_progress(tell)
    status = _aq.aq_trainer_new(program._handle, c.byref(options), c.byref(trainer._handle))
    if status == OK:
        status = _aq.aq_trainer_run(trainer._handle)
    if raised:
        raise raised[0]
    if status not in (OK, INTERRUPTED):
        _raise(_aq.aq_trainer_message(trainer._handle))
    model = c.c_void_p()
    return _made(model, _aq.aq_trainer_model(trainer._handle, c.byref(model)))
