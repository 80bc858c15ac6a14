"""Pickles that hold data are read; pickles that hold programs are refused, and do not run."""

from __future__ import annotations

import collections
import io
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitruv.errors import FormatError, MissingFileError, UnreadableFileError, UnsafeFileError, VitruvError
from vitruv.formats import Record, read_pickle

PROTOCOLS = range(6)
SIMPLE = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
DATA = st.recursive(
    SIMPLE,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text() | st.integers(), inner, max_size=4)
        | st.tuples(inner, inner)
        | st.sets(st.integers(), max_size=4)
    ),
    max_leaves=12,
)


def written(folder: Path, content: bytes) -> Path:
    path = folder / "x.pkl"
    path.write_bytes(content)
    return path


@given(data=DATA, protocol=st.sampled_from(PROTOCOLS))
def test_plain_data_comes_back(tmp_path_factory: pytest.TempPathFactory, data: object, protocol: int) -> None:
    path = written(tmp_path_factory.getbasetemp(), pickle.dumps(data, protocol))
    assert read_pickle(path) == data


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("dtype", ["?", "u1", "i2", "<i8", ">f4", "f2", "f8", "c16", "U3", "S2"])
def test_arrays_come_back(tmp_path: Path, protocol: int, dtype: str) -> None:
    plain = np.arange(6).reshape(2, 3).astype(dtype)
    scalar = plain[1, 2]
    data = {"c": plain, "fortran": np.asfortranarray(plain), "empty": plain[:0], "scalar": scalar, "again": plain}
    back = read_pickle(written(tmp_path, pickle.dumps(data, protocol)))
    assert isinstance(back, dict)
    assert back["again"] is back["c"]
    for name in ("c", "fortran", "empty"):
        assert back[name].dtype == plain.dtype
        np.testing.assert_array_equal(back[name], data[name])
    assert back["scalar"] == scalar


def test_large_arrays_are_views_of_the_file(tmp_path: Path) -> None:
    large = np.arange(100_000, dtype=np.float32)
    back = read_pickle(written(tmp_path, pickle.dumps(large, 4)))
    assert isinstance(back, np.ndarray)
    assert not back.flags.writeable
    np.testing.assert_array_equal(back, large)


def test_pickles_of_python_2(tmp_path: Path) -> None:
    # {'uv': 'a\xe9', 1L: u'\u20ac'} at protocol 2, and a text string at protocol 0
    content = b"\x80\x02}q\x00(U\x02uvq\x01U\x02a\xe9q\x02\x8a\x01\x01X\x03\x00\x00\x00\xe2\x82\xacu."
    assert read_pickle(written(tmp_path, content)) == {"uv": "aé", 1: "€"}
    assert read_pickle(written(tmp_path, b"S'a\\xe9\\n'\np0\n.")) == "aé\n"


class Pair:
    def __init__(self, labels: object) -> None:
        self.labels = labels


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_objects_come_as_records_when_asked_for(tmp_path: Path, protocol: int) -> None:
    path = written(tmp_path, pickle.dumps([Pair(np.ones(3))], protocol))
    name = f"{Pair.__module__}.Pair"
    with pytest.raises(UnsafeFileError, match=r"asks for .*Pair"):
        read_pickle(path)
    back = read_pickle(path, records=[name])
    assert isinstance(back, list)
    (record,) = back
    assert isinstance(record, Record)
    assert record.kind == name
    np.testing.assert_array_equal(record.fields["labels"], np.ones(3))


class Runs:
    """Leaves a file when it is unpickled the ordinary way."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_program_is_refused_and_not_run(tmp_path: Path, protocol: int) -> None:
    proof = tmp_path / "was_here"
    path = written(tmp_path, pickle.dumps({"model": {}, "x": Runs(proof)}, protocol))
    with pytest.raises(
        UnsafeFileError, match=r"x\.pkl: the pickle asks for .*mkdir, which is not plain data; nothing of it was run"
    ):
        read_pickle(path)
    assert not proof.exists()
    pickle.loads(path.read_bytes())
    assert proof.exists(), "the pickle of this test does run in Python's own reader"


@pytest.mark.parametrize(
    "content",
    [
        b"cos\nsystem\n(S'true'\ntR.",
        b"(S'true'\nios\nsystem\n.",
        b"(cos\nsystem\nS'true'\no.",
        b"c__builtin__\neval\n(S'1'\ntR.",
        b"cnumpy\nndarray.__class__\n.",
        b"ccollections\nOrderedDict.__init__.__globals__\n.",
        b"\x80\x04\x8c\x08builtins\x8c\x07getattr\x93.",
        b"\x82\x01.",
        b"\x80\x05\x97.",
        b"Pelsewhere\n.",
        b"K\x01Q.",
        b"K\x01K\x01b.",
        b"K\x01)R.",
        b"K\x01)\x81.",
        b"cnumpy\ndtype\n(S'O'\ntR.",
        b"cnumpy\ndtype\n(S'f4,f4'\ntR.",
        b"cnumpy\ndtype\n(S'V8'\ntR(I3\nS'|'\nN(S'a'\nt}I8\nI1\nI16\ntb.",
        b"c_codecs\nencode\n(S'a'\nS'rot13'\ntR.",
    ],
)
def test_every_way_to_call_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UnsafeFileError):
        read_pickle(written(tmp_path, content))


def test_what_a_file_says_is_shown_in_one_line(tmp_path: Path) -> None:
    evil = b"\x80\x04\x8c\x09os\nrm\x1b[2J\x8c\xff" + b"x" * 255 + b"\x93."
    with pytest.raises(UnsafeFileError) as caught:
        read_pickle(written(tmp_path, evil))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b".",
        b"K",
        b"K\x01",
        b"(.0",
        b"a.",
        b"]a.",
        b"t.",
        b"h\x00.",
        b"\x80\x09.",
        b"}(K\x01u.",
        b"}]K\x01s.",
        b"I12x\n.",
        b"Sa\n.",
        b"r\xff\xff\xff\x7f.",
        b"\x8b\xff\xff\xff\x7f\x01.",
        b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.",
        b"I" + b"9" * 5000 + b"\n.",
        b"PK\x03\x04rubbish",
        b"(2q\x00.",
        # an array that claims more numbers than it brings, and a key that would take for ever to hash
        pickle.dumps(np.zeros(4, np.uint8), 2).replace(b"K\x04\x85", b"K\x44\x85"),
        b"}" + b")" + b"q\x00h\x00\x86" * 60 + b"K\x01s.",
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(FormatError):
        read_pickle(written(tmp_path, content))


def test_missing_and_unreadable(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no such file"):
        read_pickle(tmp_path / "none.pkl")
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        read_pickle(tmp_path)


@settings(max_examples=300)
@given(data=DATA, cut=st.integers(0, 200), noise=st.binary(max_size=8), protocol=st.sampled_from(PROTOCOLS))
def test_noise_raises_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, data: object, cut: int, noise: bytes, protocol: int
) -> None:
    content = pickle.dumps([data, np.ones(2), collections.OrderedDict(a=1)], protocol)
    path = written(tmp_path_factory.getbasetemp(), content[:cut] + noise + content[cut + len(noise) :])
    try:
        read_pickle(path)
    except VitruvError as error:
        assert str(error).startswith(str(path))


def torch_content() -> object:
    torch = pytest.importorskip("torch")
    base = torch.arange(24, dtype=torch.float32)
    return {
        "a": base.reshape(4, 6),
        "part": base.reshape(4, 6).t()[1:3],
        "half": torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
        "long": torch.tensor(7),
        "none": torch.zeros(0, 3),
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "state": collections.OrderedDict(w=torch.ones(1, dtype=torch.bool)),
        "size": torch.Size([1, 2]),
    }


@pytest.mark.parametrize("new", [True, False])
def test_torch_files_without_torch(tmp_path: Path, new: bool) -> None:
    import torch

    content = torch_content()
    torch.save(content, tmp_path / "x.pth", _use_new_zipfile_serialization=new)
    back = read_pickle(tmp_path / "x.pth")
    assert isinstance(back, dict)
    np.testing.assert_array_equal(back["a"], np.arange(24).reshape(4, 6))
    np.testing.assert_array_equal(back["part"], np.arange(24).reshape(4, 6).T[1:3])
    assert back["half"].tolist() == [1.5, -2.0]
    assert back["half"].dtype == np.float32
    assert back["long"].shape == () and int(back["long"]) == 7
    assert back["none"].shape == (0, 3)
    assert back["parameter"].tolist() == [1, 1]
    assert back["state"]["w"].tolist() == [True]
    assert back["size"] == (1, 2)


def test_tensors_in_an_ordinary_pickle(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    back = read_pickle(written(tmp_path, pickle.dumps({"t": torch.arange(3)})))
    assert isinstance(back, dict)
    assert back["t"].tolist() == [0, 1, 2]


def test_a_program_in_a_torch_file_is_refused(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    for new in (True, False):
        torch.save({"x": Runs(tmp_path / "was_here")}, tmp_path / "x.pth", _use_new_zipfile_serialization=new)
        with pytest.raises(UnsafeFileError, match="mkdir"):
            read_pickle(tmp_path / "x.pth")
    assert not (tmp_path / "was_here").exists()


def test_a_tensor_cannot_reach_beyond_its_storage(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    stream = io.BytesIO()
    torch.save({"t": torch.arange(200, dtype=torch.uint8)[:100]}, stream)
    with zipfile.ZipFile(stream) as archive, zipfile.ZipFile(tmp_path / "x.pth", "w") as changed:
        for info in archive.infolist():
            content = archive.read(info)
            if info.filename.endswith("data.pkl"):
                assert content.count(b"Kd\x85") == 1
                content = content.replace(b"Kd\x85", b"K\xff\x85")
            changed.writestr(info, content)
    with pytest.raises(FormatError, match="not a readable pickle"):
        read_pickle(tmp_path / "x.pth")


def test_a_compressed_torch_file_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", b"\0" * 100_000)
    with pytest.raises(FormatError, match="compressed"):
        read_pickle(tmp_path / "x.pth")
