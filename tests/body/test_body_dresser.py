import numpy as np
import pytest

from vitruv.body import Body, Mannequin, Measures, PersonSampler, Skirts, inflate
from vitruv.body.grow import REGIONS
from vitruv.errors import InputError


@pytest.fixture(scope="module")
def people() -> PersonSampler:
    return PersonSampler.load()


def test_same_seed_same_person(people: PersonSampler) -> None:
    one, again = (people.sample(np.random.default_rng(8)) for _ in range(2))
    assert (one.vertices == again.vertices).all()
    assert [g.name for g in one.garments] == [g.name for g in again.garments]
    for a, b in zip(one.garments, again.garments, strict=True):
        assert (a.vertices == b.vertices).all()


def test_people_stand_on_the_ground_in_sound_clothes(people: PersonSampler) -> None:
    rng = np.random.default_rng(0)
    names: set[str] = set()
    for _ in range(30):
        person = people.sample(rng)
        names |= {g.name for g in person.garments}
        everything = np.concatenate([person.vertices, *(g.vertices for g in person.garments)])
        assert everything[:, 1].min() == pytest.approx(0, abs=1e-5)
        assert np.isfinite(everything).all() and np.isfinite(person.keypoints_xyz).all()
        assert np.abs(person.keypoints_xyz - person.vertices.mean(axis=0)).max() < 1.6
        for garment in person.garments:
            assert garment.faces.max() < len(garment.vertices) == len(garment.anchors)
            assert garment.face_uv.shape == (len(garment.faces), 3, 2)
            assert garment.anchors.max() < len(person.vertices)
    assert {"grown:trousers", "grown:t-shirt", "grown:skirt"} <= names


@pytest.mark.parametrize("region", REGIONS)
def test_regions_are_symmetric_parts_of_the_body(region: str) -> None:
    body = Body.load()
    covered = Measures.of(body).region(region, np.random.default_rng(1))
    assert 100 < covered.sum() < len(covered)
    assert (covered != covered[body.mirror_vertex]).mean() < 0.01


def test_unknown_regions_are_refused() -> None:
    with pytest.raises(InputError, match="region must be one of trousers"):
        Measures.of(Body.load()).region("tent", np.random.default_rng(0))


def test_inflating_nothing_gives_nothing() -> None:
    body = Body.load()
    vertices = body.rest(np.zeros((1, body.shape_size)))[0][0]
    out, faces, used = inflate(
        vertices, body.normals(vertices), body.faces, np.zeros(len(vertices), bool), amount=0.02, folds=0.01, seed=0
    )
    assert out.shape == (0, 3) and faces.shape == (0, 3) and used.shape == (0,)


def test_inflated_cloth_stands_off_and_outer_layers_stay_outside() -> None:
    body = Body.load()
    vertices = body.rest(np.zeros((1, body.shape_size)))[0][0]
    normals = body.normals(vertices)
    region = Measures.of(body).region("trousers", np.random.default_rng(0))
    inner, _, used = inflate(vertices, normals, body.faces, region, amount=0.02, folds=0.008, seed=3)
    outer, _, _ = inflate(vertices, normals, body.faces, region, amount=0.03, folds=0.008, seed=3)
    off = [((cloth - vertices[used]) * normals[used]).sum(axis=1) for cloth in (inner, outer)]
    assert off[0].min() > 0.0019 and off[0].mean() == pytest.approx(0.02, abs=0.004) and off[0].std() > 0.003
    assert (off[1] > off[0]).all()


def test_skirts_hang_between_waist_and_hem() -> None:
    mannequin = Mannequin.load()
    skirts = Skirts.of(mannequin)
    points = mannequin.rest(np.zeros(mannequin.body.shape_size))
    still = np.tile(np.eye(4, dtype=np.float32)[:3], (int(mannequin.skin_bones.max()) + 1, 1, 1))
    arguments = (points, mannequin.normals(points), still)
    short, faces, uv, used = skirts.cut(*arguments, waist=0.0, hem=0.3, flare=0.0, folds=0.0, seed=0)
    wide, *_ = skirts.cut(*arguments, waist=0.0, hem=0.9, flare=0.2, folds=0.02, seed=0)
    assert faces.max() < len(short) == len(used) and uv.shape == (len(faces), 3, 2)
    assert np.ptp(uv[..., 0], axis=1).max() < 0.5, "no face runs once around the picture"
    assert short[:, 1].min() > wide[:, 1].min() + 0.3
    assert np.abs(wide[:, 0]).max() > np.abs(short[:, 0]).max() + 0.1
