import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vitruv.body import Mannequin, PoseLibrary, ShapeSampler, Wardrobe, load_wardrobe
from vitruv.body.item import Item, skin_of_refs
from vitruv.body.mhclo import read_mhclo, read_obj
from vitruv.errors import FormatError, InputError, MissingFileError, UnreadableFileError

OBJ = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\nf 1/1 2/2 3/3 4/4\n"


@pytest.fixture(scope="module")
def mannequin() -> Mannequin:
    return Mannequin.load()


def patch(mannequin: Mannequin, name: str = "patch", kind: str = "top") -> Item:
    """Three vertices a centimetre in front of three of the chest."""
    rest = mannequin.rest(np.zeros(mannequin.body.shape_size))
    chest = np.array([0.0, 0.35, 0.15])
    near = np.argsort(np.linalg.norm(rest[: mannequin.body.vertex_count] - chest, axis=1))[:3]
    refs = np.repeat(near[:, None], 3, axis=1).astype(np.int32)
    weights = np.tile(np.array([[1.0, 0, 0]], np.float32), (3, 1))
    bones, skin = skin_of_refs(mannequin, refs, weights)
    return Item(
        name=name, kind=kind, sex=0, refs=refs, weights=weights,
        offsets=np.tile(np.array([[0, 0, 0.01]], np.float32), (3, 1)),
        scale_refs=np.zeros((3, 2), np.int32), scale_lengths=np.zeros(3, np.float32),
        faces=np.array([[0, 1, 2]], np.int32), face_uv=np.zeros((1, 3, 2), np.float32),
        anchors=near.astype(np.int32), hides=near[:1].astype(np.int32), skin_bones=bones, skin_weights=skin,
    )  # fmt: skip


def test_empty_wardrobe(mannequin: Mannequin) -> None:
    wardrobe = Wardrobe(mannequin, (), (), ())
    assert len(wardrobe) == 0 and wardrobe.textures == ()
    assert wardrobe.outfit(np.random.default_rng(0)) == ()
    again = Wardrobe.from_arrays(wardrobe.to_arrays(), mannequin)
    assert len(again) == 0
    assert len(Wardrobe.from_arrays({}, mannequin)) == 0


def test_items_follow_shape_and_pose(mannequin: Mannequin) -> None:
    item, rng = patch(mannequin), np.random.default_rng(0)
    shape = ShapeSampler.load().sample(rng)
    posed = mannequin.body.pose(shape.coefficients[None], [PoseLibrary.load().sample(rng)])
    points = mannequin.rest(shape.coefficients)
    worn = item.fit(points, mannequin.normals(points), posed.transforms[0])
    gap = np.linalg.norm(worn - posed.vertices[0][item.anchors], axis=1)
    assert gap == pytest.approx(0.01, abs=0.003)


def test_items_sunk_into_the_body_are_pushed_out(mannequin: Mannequin) -> None:
    item = patch(mannequin)
    points = mannequin.rest(np.zeros(mannequin.body.shape_size))
    normals = mannequin.normals(points)
    sunk = Item(**{**vars(item), "offsets": -item.offsets})
    height = ((sunk.rest(points, normals) - points[item.anchors]) * normals[item.anchors]).sum(axis=1)
    assert height == pytest.approx(0.004, abs=1e-5)


def test_wardrobes_survive_packing(mannequin: Mannequin) -> None:
    items = (patch(mannequin), patch(mannequin, "wig", "hair"))
    again = Wardrobe.from_arrays(Wardrobe(mannequin, items, (b"one", b"picture"), ("by A", "by B")).to_arrays(), mannequin)
    assert [(i.name, i.kind) for i in again.items] == [("patch", "top"), ("wig", "hair")]
    assert again.pictures == (b"one", b"picture") and again.credits == ("by A", "by B")
    for one, other in zip(items, again.items, strict=True):
        for name in ("refs", "weights", "offsets", "faces", "anchors", "hides", "skin_bones"):
            assert getattr(other, name) == pytest.approx(getattr(one, name), abs=1e-4), name


def test_outfits_suit_the_person(mannequin: Mannequin) -> None:
    kinds = ("suit", "dress", "shoes", "hair")
    items = tuple(Item(**{**vars(patch(mannequin, f"{kind}{sex}", kind)), "sex": sex}) for kind in kinds for sex in (-1, 1))
    wardrobe, rng = Wardrobe(mannequin, items, (), ("",) * len(items)), np.random.default_rng(0)
    for femininity, refused in ((0.0, 1), (1.0, -1)):
        worn = [items[i] for _ in range(50) for i in wardrobe.outfit(rng, femininity)]
        assert worn and refused not in {item.sex for item in worn}


def test_reads_polygons_and_ranges(tmp_path: Path) -> None:
    (tmp_path / "a.obj").write_text(OBJ)
    mesh = read_obj(tmp_path / "a.obj")
    assert mesh.faces.tolist() == [[0, 1, 2], [0, 2, 3]]
    assert mesh.face_uv[1].tolist() == [[0, 0], [1, 1], [0, 1]]
    (tmp_path / "a.mhclo").write_text(
        "# comment\nx_scale 1 2 3.5\nverts 0\nmaterial x.mhmat\n7\n1 2 3 .5 .25 .25 0 1 2\ndelete_verts\n3 5 - 8\n"
    )
    fitting = read_mhclo(tmp_path / "a.mhclo")
    assert fitting.refs.tolist() == [[7, 7, 7], [1, 2, 3]]
    assert fitting.weights.tolist() == [[1, 0, 0], [0.5, 0.25, 0.25]]
    assert fitting.offsets.tolist() == [[0, 0, 0], [0, 1, 2]]
    assert fitting.scale == {"x": (1, 2, 3.5)} and fitting.hides.tolist() == [3, 5, 6, 7, 8]


@pytest.mark.parametrize("text", ["v a b c\n", "v 0 0 0\nf 1/9 1/9 1/9\n", "v 0 0 0\nf 1 2 3\n"])
def test_refuses_broken_geometry(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.obj").write_text(text)
    with pytest.raises(FormatError, match=r"bad\.obj: "):
        read_obj(tmp_path / "bad.obj")


def test_refuses_folders_that_are_no_wardrobe(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"index\.json"):
        load_wardrobe(tmp_path)
    (tmp_path / "index.json").write_text("[")
    with pytest.raises(FormatError, match="is not JSON"):
        load_wardrobe(tmp_path)
    (tmp_path / "index.json").write_text("[{}]")
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "base.obj").write_text(OBJ)
    with pytest.raises(FormatError, match="is not the base mesh hm08"):
        load_wardrobe(tmp_path)
    (tmp_path / "base" / "base.obj").write_text("v 0 0 0\n" * 19158)
    with pytest.raises(FormatError, match="lacks 'kind' in one of its entries"):
        load_wardrobe(tmp_path)
    entry = {"name": "a", "kind": "hair", "licence": "", "author": "", "dir": ".", "obj": "a.obj", "mhclo": "a.mhclo"}
    (tmp_path / "index.json").write_text(json.dumps([{**entry, "diffuse": [{"file": "a.png", "alpha": True}]}]))
    with pytest.raises(MissingFileError, match=r"a\.png"):
        load_wardrobe(tmp_path)
    (tmp_path / "a.png").write_text("text")
    with pytest.raises(UnreadableFileError, match="is not a picture"):
        load_wardrobe(tmp_path)
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    (tmp_path / "a.obj").write_text(OBJ)
    (tmp_path / "a.mhclo").write_text("verts 0\n1\n")
    with pytest.raises(FormatError, match=r"fits 1 vertices, but a\.obj has 4"):
        load_wardrobe(tmp_path)


def test_refuses_unknown_kinds(mannequin: Mannequin) -> None:
    with pytest.raises(InputError, match="must be one of top, bottom"):
        patch(mannequin, kind="tent")


@pytest.mark.fixtures
@pytest.mark.slow
def test_real_clothes_have_no_spikes(mannequin: Mannequin, shared_dir: Path) -> None:
    wardrobe = load_wardrobe(shared_dir / "assets" / "wardrobe")
    assert len(wardrobe) == 58
    rng, shapes = np.random.default_rng(0), ShapeSampler.load()
    poses = PoseLibrary.load(shared_dir / "assets" / "poses" / "mocap_poses.npz")
    for number, item in enumerate(wardrobe.items):
        shape = shapes.sample(rng)
        points = mannequin.rest(shape.coefficients)
        posed = mannequin.body.pose(shape.coefficients[None], [poses.sample(rng)])
        worn = wardrobe.wear(number, points, mannequin.normals(points), posed.transforms[0], rng).vertices
        away = np.linalg.norm(worn - posed.vertices[0][item.anchors], axis=1)
        assert np.isfinite(worn).all() and away.max() < 0.6, item.name
