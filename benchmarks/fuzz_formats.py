"""Damage files at random and read them: every decoder must answer with a value or a Vitruv error, soon, and in little memory.

    python benchmarks/fuzz_formats.py --seconds 600 [--seed 1] [--folder DIR]

Each round takes a whole file of one kind, damages it (bytes, cuts, splices, or values and keys of JSON), and reads everything in
it. A round that raises anything else, takes more than 20 s of computing or more than 4 GB is reported, and its file kept.
"""

from __future__ import annotations

import argparse
import base64
import collections
import io
import json
import pickle
import random
import resource
import signal
import struct
import time
import traceback
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
from PIL import Image

from vitruv.errors import VitruvError
from vitruv.files import FilePath
from vitruv.formats import (
    AnnotationFile,
    ResultFolder,
    decode_rle,
    encode_rle,
    encode_uv_data,
    rasterize_polygons,
    read_boxes,
    read_image_ids,
    read_pickle,
    read_results,
)
from vitruv.formats.check import check_file
from vitruv.formats.json_records import parse_json
from vitruv.formats.pickled_results import RECORDS
from vitruv.media import read_image
from vitruv.metrics.masks import outline
from vitruv.metrics.part_masks import borders_of, unions
from vitruv.metrics.report import read_report
from vitruv.metrics.surfaces.recomputed_surface import read_vertices
from vitruv.surface.official_mat import read_mat

Sample = tuple[str, bytes]
_NUMBERS = (0, -1, 1, 2**31, 2**63, -(2**63), 1e308, 1e-308, 60000, 255, 256, 0.5)
_ODD: tuple[Any, ...] = (*_NUMBERS, None, True, "", "x", [], {}, [[]], {"size": [1, 1], "counts": "1"}, "0" * 40, ["a"], [1e400])


def person() -> dict[str, Any]:
    mask = np.zeros((256, 256), bool)
    mask[20:200, 30:90] = True
    packed = encode_rle(mask)
    return {
        "id": 1,
        "image_id": 7,
        "category_id": 1,
        "bbox": [3.5, 4.0, 40.0, 60.0],
        "area": 900.0,
        "iscrowd": 0,
        "segmentation": [[3, 4, 40, 5, 30, 60]],
        "keypoints": [5, 6, 2] * 17,
        "dp_x": [10.0, 100.5],
        "dp_y": [10.0, 100.5],
        "dp_I": [1.0, 24.0],
        "dp_U": [0.5, 0.25],
        "dp_V": [0.5, 0.25],
        "dp_masks": [packed, [], packed, *[[]] * 11],
    }


def annotation_json() -> bytes:
    crowd = {"id": 2, "image_id": 7, "bbox": [0, 0, 9, 9], "iscrowd": 1, "segmentation": {"size": [80, 64], "counts": [5120]}}
    images = [{"id": 7, "width": 64, "height": 80, "file_name": "7.jpg"}]
    return json.dumps({"images": images, "annotations": [person(), crowd], "categories": [{"id": 1}], "info": {}}).encode()


def codes() -> Any:
    return (np.indices((60, 40)).sum(axis=0) % 25 * np.ones((3, 1, 1))).astype(np.uint8)


def result_json() -> bytes:
    data = base64.encodebytes(base64.b64decode(encode_uv_data(codes()))).decode()
    row = {"image_id": 7, "category_id": 1, "score": 0.5, "bbox": [3.5, 4, 40, 60], "uv_shape": [3, 60, 40], "uv_data": data}
    return json.dumps([row, row]).encode()


def pickles() -> list[bytes]:
    record = {"image_id": 7, "category_id": 1, "score": 0.5, "bbox": [3.5, 4, 40, 60], "uv": codes()}
    values: Any = [[record], {"model": collections.OrderedDict(w=np.ones((2, 3), np.float32)), "x": (1, 2.5, "é", b"a", {1}, None)}]
    return [pickle.dumps(values[i % 2], protocol) for i in range(2) for protocol in range(6)]


def torch_file() -> bytes:
    """A small torch.save file, made without torch."""
    storage = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x06tQ"
    start = b"\x80\x02}X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n("
    content = start + storage + b"K\x00K\x02K\x03\x86K\x03K\x01\x86\x89ccollections\nOrderedDict\n)RtRs."
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a/data.pkl", content)
        archive.writestr("a/data/0", struct.pack("<6f", *range(6)))
    return stream.getvalue()


def mat_file() -> bytes:
    stream = io.BytesIO()
    scipy.io.savemat(stream, {"U_subdiv": np.random.default_rng(0).random((1, 50)), "index": np.arange(50.0)[:, None]})
    return stream.getvalue()


def read_annotations(path: Path) -> None:
    annotations = AnnotationFile.open(path)
    people = list(annotations.people())
    together = unions(people)
    for one, union in zip(people, together, strict=True):
        mask = one.foreground()
        if (mask is None) != (union is None) or (mask is not None and borders_of(mask).tolist() != np.array(union).tolist()):
            raise AssertionError("part masks unpacked together are not those unpacked one by one")
        _ = one.points, one.keypoints(), one.foreground(), one.area, one.is_crowd
        outline(one, annotations.images[one.image_id].size_hw)
    annotations.write(path.with_suffix(".again"))


def read_all_results(path: Path) -> None:
    results = read_results(path)
    for i in range(len(results)):
        results.iuv(i)


def vertices_npy() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.random.default_rng(0).random((30, 3)))
    return stream.getvalue()


def read_vertices_as(suffix: str) -> Callable[[Path], object]:
    def read(path: Path) -> object:
        return read_vertices(path.rename(path.with_suffix(suffix)))

    return read


def pictures() -> list[bytes]:
    """A small picture in every format that is read, and JPEGs with metadata of every type."""
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (24, 32, 3), np.uint8))
    deep = Image.fromarray(np.arange(768, dtype=np.uint16).reshape(24, 32) * 60)
    exif = Image.Exif()
    exif.update({0x0112: 6, 0x010F: "camera", 0x0132: "2024:01:01 00:00:00", 0x011A: 72.0})
    found = []
    for kind in ("jpeg", "png", "webp", "gif", "bmp", "tiff", "ppm", "tga", "jpeg2000", "avif", "mpo"):
        stream = io.BytesIO()
        noise.save(stream, kind, **({"exif": exif} if kind in ("jpeg", "png", "webp", "tiff") else {}))
        found += [stream.getvalue()] * (4 if kind in ("jpeg", "png") else 1)
    for kind, options in (("png", {}), ("tiff", {"compression": "tiff_lzw"}), ("tiff", {"compression": "jpeg"})):
        stream = io.BytesIO()
        (noise if options.get("compression") == "jpeg" else deep).save(stream, kind, **options)
        found.append(stream.getvalue())
    return found


def metadata() -> list[bytes]:
    """JPEGs that are nearly all metadata, so that damage hits it."""
    found = []
    for order in "<>":
        entries = [(0x0112, 3, 1, struct.pack(order + "HH", 6, 0))]
        entries += [
            (tag, kind, 1, struct.pack(order + "I", 40)) for tag in (0x010F, 0x0132, 0x011A, 0x8769) for kind in (1, 2, 4, 5, 10)
        ]
        block = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, len(entries))
        block += b"".join(struct.pack(order + "HHI", *entry[:3]) + entry[3] for entry in entries) + bytes(12)
        stream = io.BytesIO()
        Image.new("L", (2, 3)).save(stream, "jpeg", exif=b"Exif\0\0" + block)
        found.append(stream.getvalue())
    return found


def boxes_files() -> list[bytes]:
    coco = {
        "images": [{"id": 7, "file_name": "v/7.jpg"}],
        "annotations": [{"image_id": 7, "category_id": 1, "bbox": [0, 1, 9, 9.5]}],
    }
    return [
        json.dumps({"v/a.jpg": [[10, 20, 110, 320.5]], "b.jpg": []}).encode(),
        json.dumps({**coco, "categories": [{"id": 1, "name": "person"}]}).encode(),
        json.dumps(coco).encode(),
        b"file,x1,y1,x2,y2\nv/a.jpg,10,20,110,320\nb.jpg,1,2,3,4.5\n",
    ]


def read_tables(path: Path) -> None:
    photos = [FilePath.named(name) for name in ("v/a.jpg", "b.jpg", "v/7.jpg")]
    if path.read_bytes()[:1] not in (b"{", b"["):
        path = path.rename(path.with_suffix(".csv"))
    try:
        read_boxes(path).of(photos)
    finally:
        read_image_ids(path).of(photos)


def result_folder(path: Path) -> None:
    """A run into a folder whose images.json or journal is damaged."""
    for name in ("images.json", "results.json", ".vitruv-results.jsonl"):
        path.with_name(name).unlink(missing_ok=True)
    path.with_name("results.json").write_bytes(result_json())
    data = path.read_bytes()
    if data[:12] == b'{"image": {"':
        path.with_name("images.json").write_bytes(b'{"images": []}')
        path.with_name(".vitruv-results.jsonl").write_bytes(data)
    else:
        path.with_name("images.json").write_bytes(data)
    try:
        with ResultFolder(path.parent):
            pass
    finally:
        for name in ("images.json", "results.json", ".vitruv-results.jsonl"):
            path.with_name(name).unlink(missing_ok=True)


def folder_files() -> list[bytes]:
    image = {"id": 7, "file_name": "a.jpg", "width": 9, "height": 9, "stem": "a", "photo": "../a.jpg"}
    line = json.dumps({"image": image, "results": json.loads(result_json())}).encode() + b"\n"
    return [json.dumps({"images": [image]}).encode(), line + line]


def read_values(path: Path) -> None:
    value = parse_json(path.read_bytes(), path)
    decode_rle(value)
    if "polygon" not in value:
        return
    rasterize_polygons([value["polygon"]], (50, 50))


def kinds() -> dict[str, tuple[list[bytes], Callable[[Path], object]]]:
    report = json.dumps({"compat": "clean", "measures": {"gps": {"AP": 1.5}}}).encode()
    mask = json.dumps({**encode_rle(np.eye(40, dtype=bool)), "polygon": [1, 2, 30, 4, 20, 40]}).encode()
    return {
        "annotations": ([annotation_json()], read_annotations),
        "results": ([result_json()], read_all_results),
        "masks": ([mask], read_values),
        "pickles": ([*pickles(), torch_file()], lambda path: read_pickle(path, records=RECORDS)),
        "pickled results": (pickles()[:6], read_all_results),
        "mat": ([mat_file()], read_mat),
        "vertices.npy": ([vertices_npy()], read_vertices_as(".npy")),
        "vertices.obj": ([b"# body\nv 0 0 0\nv 1 0.5 -2e-1\nf 1 1 2\n"], read_vertices_as(".obj")),
        "report": ([report], read_report),
        "pictures": (pictures(), read_image),
        "metadata": (metadata(), read_image),
        "boxes": (boxes_files(), read_tables),
        "run folder": (folder_files(), result_folder),
        "check": ([annotation_json(), result_json(), *pickles()[:6]], check_file),
    }


def damaged(sample: bytes, rng: random.Random) -> bytes:
    if sample[:1] in b"[{" and b"}\n{" not in sample and rng.random() < 0.6:
        value = json.loads(sample)
        for _ in range(rng.choice((1, 1, 2, 4))):
            value = replaced(value, rng)
        return json.dumps(value).encode()
    data = bytearray(sample)
    for _ in range(rng.choice((1, 1, 2, 8))):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(6):
            case 0 if data:
                data[at % len(data)] ^= 1 << rng.randrange(8)
            case 1 if data:
                data[at % len(data)] = rng.choice((0, 255, 127, 128, *b'"\\[]{},:0123456789.eRbcoiQ(t'))
            case 2:
                del data[at : at + rng.choice((1, 4, 100))]
            case 3:
                data[at:at] = data[rng.randrange(len(data) + 1) :][: rng.choice((1, 8, 64))]
            case 4:
                data[at : at + 4] = struct.pack("<I", rng.choice((0, 1, 2**31 - 1, 2**32 - 1, rng.randrange(1 << 32))))
            case _:
                del data[at:]
    return bytes(data)


def replaced(value: Any, rng: random.Random) -> Any:
    """One value or key somewhere inside, changed."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(list(value))
        if rng.random() < 0.1:
            return {k: v for k, v in value.items() if k != key}
        return {**value, key: replaced(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.9:
        i = rng.randrange(len(value))
        return [*value[:i], replaced(value[i], rng), *value[i + 1 :]]
    if isinstance(value, str) and value and rng.random() < 0.7:
        i = rng.randrange(len(value))
        return value[:i] + rng.choice(("", "A", "/", "0", "P", "o", "\x00", "é", "\n")) + value[i + 1 :]
    return rng.choice(_ODD)


def _too_slow(*_: object) -> None:
    raise TimeoutError("more than 20 s of computing")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=60, help="of computing")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path("build/fuzz"))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    signal.signal(signal.SIGPROF, _too_slow)
    rng, every = random.Random(options.seed), kinds()
    counts: dict[str, collections.Counter[str]] = {kind: collections.Counter() for kind in every}
    end, path = time.process_time() + options.seconds, options.folder / "case"
    while time.process_time() < end:
        kind = rng.choice(list(every))
        samples, read = every[kind]
        data = damaged(rng.choice(samples), rng)
        path.unlink(missing_ok=True)
        path.write_bytes(data)
        signal.setitimer(signal.ITIMER_PROF, 20)
        try:
            read(path)
            counts[kind]["read"] += 1
        except VitruvError as error:
            counts[kind][f"refused ({type(error).__name__})"] += 1
            if "\n" in str(error) or not str(error):
                counts[kind]["MESSAGE OF SEVERAL LINES"] += 1
                (options.folder / f"lines-{kind}-{counts[kind].total()}").write_bytes(data)
        except Exception:
            counts[kind]["FAILED"] += 1
            name = options.folder / f"failed-{kind}-{counts[kind].total()}"
            name.write_bytes(data)
            name.with_suffix(".txt").write_text(traceback.format_exc())
        signal.setitimer(signal.ITIMER_PROF, 0)
    for kind, count in counts.items():
        print(f"{kind}: {count.total()} files: " + ", ".join(f"{name} {n}" for name, n in sorted(count.items())))


if __name__ == "__main__":
    main()
