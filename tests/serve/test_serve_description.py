"""What the service says of itself: OpenAPI, the page, headers, errors, metrics; and the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from serving import PERSON, Service, photo

from vitruv.cli import serve as command
from vitruv.errors import InputError, MissingFileError


def test_every_address_is_described(service: Service) -> None:
    openapi = service.ask("GET", "/openapi.json").json
    assert set(openapi["paths"]) == {
        "/v1/predict", "/v1/predict/batch", "/v1/models", "/v1/healthz", "/v1/readyz", "/v1/metrics",
    }  # fmt: skip
    predict = openapi["paths"]["/v1/predict"]["post"]
    assert [p["name"] for p in predict["parameters"]] == ["threshold", "boxes", "output", "preset", "channel_order", "image_id"]
    assert set(predict["responses"]) == {"200", "401", "406", "408", "413", "422", "503", "507"}
    references = {part.split('"')[0] for part in json.dumps(openapi).split("#/components/schemas/")[1:]}
    assert references <= set(openapi["components"]["schemas"]), "every schema that is referred to is there"


def test_the_page_needs_nothing_from_elsewhere(service: Service) -> None:
    answer = service.ask("GET", "/")
    text = answer.body.decode()
    assert answer.headers["content-type"].startswith("text/html")
    assert "/v1/predict/batch" in text
    assert "<script" not in text
    assert "https://" not in text
    assert service.ask("GET", "/page.css").status == 200


def test_headers_and_errors_give_nothing_away(service: Service) -> None:
    for answer in (service.ask("GET", "/nowhere"), service.ask("GET", "/v1/predict"), service.predict(photo(PERSON))):
        assert "server" not in answer.headers
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert service.ask("GET", "/nowhere").json == {"error": "there is nothing at this address", "code": "http"}
    wrong = service.ask("GET", "/v1/predict")
    assert (wrong.status, wrong.json["error"]) == (405, "this address does not accept this kind of request")


def test_models_and_metrics(service: Service) -> None:
    models = service.ask("GET", "/v1/models").json
    assert models["models"] == [{"name": "toy"}]
    assert models["limits"]["max_people"] == 50
    before = service.metric("vitruv_people_total")
    service.predict(photo(PERSON))
    service.ask("GET", "/made/up/path")
    text = service.ask("GET", "/v1/metrics").body.decode()
    assert service.metric("vitruv_people_total") == before + 1
    assert 'vitruv_requests_total{path="other",status="404"}' in text, "unknown addresses do not make new series"
    assert "vitruv_waiting_photos 0.0" in text


def test_a_service_for_others_needs_tokens() -> None:
    with pytest.raises(InputError, match=r"^others can reach 0\.0\.0\.0: give --token-file FILE, with one token per line$"):
        command.main(["--host", "0.0.0.0", "--port", "0"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "70000"], "--port must be from 0 to 65535, but got 70000"),
        (["--workers", "0"], "--workers must be from 1 to 64"),
        (["--max-queue", "0"], "max_queue must be a positive number, but got 0"),
    ],
)
def test_options_that_cannot_be_used(arguments: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        command.main(arguments)


def test_a_token_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        command.main(["--token-file", str(tmp_path / "nowhere")])
