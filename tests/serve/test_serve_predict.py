"""Photos in, dense pose out: the same answers as the predictor's, in every form."""

from __future__ import annotations

import io
import json
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from serving import PERSON, Answer, Service, form, photo, png

from toy_model import painted_picture
from vitruv.formats import decode_uv_data, read_npz, write_iuv_png, write_label_png
from vitruv.formats.presets import presets
from vitruv.runtime import load
from vitruv.serve import Limits


def test_nobody_in_the_photo(service: Service) -> None:
    answer = service.predict(png(np.zeros((60, 80, 3), np.uint8)))
    assert (answer.status, answer.json, answer.headers["x-people"]) == (200, [], "0")


def test_json_is_the_official_result_form(service: Service, toy: Path) -> None:
    picture, _ = painted_picture((120, 160), [PERSON])
    answer = service.predict(png(picture), image_id=785)
    assert answer.headers["content-type"] == "application/json"
    (record,) = answer.json
    people = load(toy, device="cpu")(picture)
    assert (record["image_id"], record["category_id"]) == (785, 1)
    assert record["score"] == pytest.approx(float(people.scores[0]))
    codes = decode_uv_data(record["uv_data"], record["uv_shape"])
    np.testing.assert_array_equal(codes[0], people.charts[0].labels)


def test_accept_chooses_the_form(service: Service, toy: Path, tmp_path: Path) -> None:
    picture, _ = painted_picture((120, 160), [PERSON])
    data, people = png(picture), load(toy, device="cpu")(picture)
    write_iuv_png(tmp_path / "iuv.png", people.canvas().chart, channel_order="iuv")
    write_label_png(tmp_path / "labels.png", people.canvas().chart.labels)
    assert service.predict(data, {"Accept": "image/png"}).body == (tmp_path / "iuv.png").read_bytes()
    assert service.predict(data, {"Accept": "image/png; map=labels"}).body == (tmp_path / "labels.png").read_bytes()
    overlay = service.predict(data, {"Accept": "text/html, image/jpeg;q=0.8, */*;q=0.1"})
    assert overlay.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(overlay.body)).size == (160, 120)
    archive = service.predict(data, {"Accept": "application/x-npz"})
    (tmp_path / "answer.npz").write_bytes(archive.body)
    np.testing.assert_array_equal(read_npz(tmp_path / "answer.npz").charts[0].uv, people.charts[0].uv)
    assert service.predict(data, {"Accept": "*/*"}).headers["content-type"] == "application/json"
    refused = service.predict(data, {"Accept": "text/html"})
    assert (refused.status, refused.json["code"]) == (406, "not-acceptable")


def test_output_overrides_accept(service: Service) -> None:
    answer = service.predict(photo(PERSON), {"Accept": "application/json"}, output="labels")
    assert answer.headers["content-type"] == "image/png"
    assert {0, 2, 9} <= set(np.unique(np.asarray(Image.open(io.BytesIO(answer.body)))).tolist())


def test_options_in_a_form(service: Service) -> None:
    body, kind = form([("image", "a.png", photo(PERSON))], boxes="[[12, 20, 68, 100]]", output="json", image_id="3")
    answer = service.ask("POST", "/v1/predict", body, content_type=kind)
    (record,) = answer.json
    assert (record["image_id"], record["score"], record["bbox"][:2]) == (3, 1.0, [12, 20])


def test_threshold(service: Service) -> None:
    two = photo(PERSON, (92, 20, 56, 80))
    assert len(service.predict(two).json) == 2
    assert len(service.predict(two, threshold=0.85).json) == 1
    assert service.predict(two, threshold=0.99).json == []


@pytest.mark.parametrize("name", ["viton-hd", "magicanimate"])
def test_presets(service: Service, toy: Path, name: str) -> None:
    picture, _ = painted_picture((120, 160), [PERSON])
    answer = service.predict(png(picture), preset=name)
    expected = presets[name].render(load(toy, device="cpu")(picture))
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(answer.body))), expected)


def test_a_batch_answers_each_photo(service: Service) -> None:
    files = [("images", "a.png", photo(PERSON)), ("images", "b.txt", b"hello"), ("images", "c.png", photo())]
    body, kind = form(files, image_id="10")
    first, second, third = service.ask("POST", "/v1/predict/batch", body, content_type=kind).json
    assert first["name"] == "a.png"
    assert first["results"] == service.predict(photo(PERSON), image_id=10).json
    assert second == {
        "name": "b.txt",
        "error": "the image is damaged, or in a format that is not supported",
        "code": "unprocessable",
    }
    assert third == {"name": "c.png", "results": []}


BAD = [
    ({}, b"", "the request has no image"),
    ({}, b"hello", "the image is damaged, or in a format that is not supported"),
    ({}, b"%PDF-1.4 not an image", "the image is damaged, or in a format that is not supported"),
    ({"threshold": "high"}, b"x", "threshold must be a number from 0 to 1, but got 'high'"),
    ({"threshold": "nan"}, b"x", "threshold must be a number from 0 to 1, but got 'nan'"),
    ({"boxes": "[[1,2,3]]"}, b"x", "boxes must be JSON like"),
    ({"boxes": "["}, b"x", "boxes must be JSON like"),
    ({"boxes": json.dumps([[0, 0, 9, 9]] * 51)}, b"x", "boxes: at most 50 people, but got 51"),
    ({"output": "gif"}, b"x", "output must be one of json, iuv, labels, npz, overlay, but got 'gif'"),
    ({"preset": "none"}, b"x", "preset must be one of"),
    ({"channel_order": "rgb"}, b"x", "channel_order must be iuv or vui, but got 'rgb'"),
    ({"image_id": "1.5"}, b"x", "image_id must be a whole number from 0 to"),
    ({"treshold": "1"}, b"x", "there is no option 'treshold'; the options are threshold,"),
]


@pytest.mark.parametrize(("options", "data", "message"), BAD)
def test_requests_that_cannot_be_used(service: Service, options: dict[str, str], data: bytes, message: str) -> None:
    answer = service.predict(data, **options)
    assert (answer.status, answer.json["code"]) == (422, "unprocessable")
    assert answer.json["error"].startswith(message)


def test_boxes_outside_the_photo(service: Service) -> None:
    answer = service.predict(photo(PERSON), boxes="[[500, 500, 600, 600]]")
    assert answer.status == 422
    assert answer.json["error"].startswith("boxes[0] lies outside the picture of 160x120 pixels")


def test_forms_that_cannot_be_used(service: Service) -> None:
    body, kind = form([("image", "a.png", photo()), ("image", "b.png", photo())])
    answer = service.ask("POST", "/v1/predict", body, content_type=kind)
    assert answer.json["error"] == "send exactly one image, but got 2; /v1/predict/batch takes several"
    body, kind = form([("image", "a.png", photo())], threshold="0.5")
    answer = service.ask("POST", "/v1/predict?threshold=0.9", body, content_type=kind)
    assert (answer.status, answer.json["error"]) == (422, "the option 'threshold' is given twice")
    broken = service.ask("POST", "/v1/predict", b"nonsense", content_type="multipart/form-data")
    assert (broken.status, broken.json["error"][:27]) == (422, "the form cannot be read: se")
    answer = service.ask("POST", "/v1/predict/batch", photo())
    assert (answer.status, answer.json["error"]) == (422, "send the images as multipart/form-data, one file per image")
    body, kind = form([("images", "a.png", photo())], boxes="[]")
    answer = service.ask("POST", "/v1/predict/batch", body, content_type=kind)
    assert answer.json["error"] == "boxes is for single photos: use /v1/predict"


def test_answers_do_not_depend_on_batches(toy: Path) -> None:
    """Twelve photos at once share batches; each client gets the answer that it gets alone."""
    places = [(12 + i, 20, 50, 80) for i in range(12)]
    with Service(toy, limits=Limits(max_batch=4)) as service:
        alone = [service.predict(photo(place)).json for place in places]
        batches = service.metric("vitruv_batch_photos_count")
        together: list[Answer | None] = [None] * len(places)

        def ask(i: int) -> None:
            together[i] = service.predict(photo(places[i]))

        threads = [threading.Thread(target=ask, args=(i,)) for i in range(len(places))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [answer.json for answer in together if answer is not None] == alone
        assert service.metric("vitruv_batch_photos_sum") == 2 * len(places)
        assert service.metric("vitruv_batch_photos_count") - batches <= len(places)
