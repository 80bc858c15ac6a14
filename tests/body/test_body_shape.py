import numpy as np
import pytest

from vitruv.body import Body, Pose, ShapeSampler
from vitruv.errors import InputError


def test_same_seed_same_person() -> None:
    sampler = ShapeSampler.load()
    first, again, other = (sampler.sample(np.random.default_rng(seed)) for seed in (4, 4, 5))
    assert (first.coefficients == again.coefficients).all() and first.age == again.age
    assert (first.coefficients != other.coefficients).any()


def test_people_are_as_tall_as_people() -> None:
    sampler, body, rng = ShapeSampler.load(), Body.load(), np.random.default_rng(0)

    def heights(age: tuple[float, float]) -> np.ndarray:
        shapes = np.stack([sampler.sample(rng, age=age).coefficients for _ in range(40)])
        return np.ptp(body.pose(shapes, [Pose.t_pose()] * 40).vertices[..., 1], axis=1)

    adults, children = heights((20, 60)), heights((3, 6))
    assert 1.55 < adults.mean() < 1.8 and adults.min() > 1.3 and adults.max() < 2.15
    assert 0.85 < children.mean() < 1.25


def test_most_are_adults_and_both_sexes_are_there() -> None:
    sampler, rng = ShapeSampler.load(), np.random.default_rng(0)
    people = [sampler.sample(rng) for _ in range(300)]
    assert 0.65 < np.mean([p.age >= 18 for p in people]) < 0.9
    assert 0.35 < np.mean([p.femininity > 0.5 for p in people]) < 0.65
    assert np.abs([p.coefficients for p in people]).max() < 12


def test_limits_are_kept_or_refused() -> None:
    sampler, rng = ShapeSampler.load(), np.random.default_rng(0)
    for _ in range(20):
        person = sampler.sample(rng, age=(30, 40), femininity=(0.6, 1))
        assert 29.9 <= person.age <= 40.1 and person.femininity >= 0.59
    with pytest.raises(InputError, match="nobody of age"):
        sampler.sample(rng, age=(200, 300))
