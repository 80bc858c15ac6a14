"""Which extra brings which package: what is said when one is missing."""

from __future__ import annotations

EXTRAS = {
    "eval": ("scipy", "orjson", "matplotlib", "h5py"),
    "mesh": ("trimesh",),
    "video": ("av", "scipy"),
    "synth": ("numba", "scipy", "orjson"),
    "build": ("anny", "scipy", "pygeodesic"),
    "train": ("torch", "safetensors", "numba", "scipy"),
    "export": ("torch", "safetensors", "onnx", "onnxscript"),
    "annotate": ("fastapi", "uvicorn", "sqlalchemy", "multipart", "scipy", "orjson", "numba"),
    "serve": ("fastapi", "uvicorn", "multipart", "prometheus_client"),
    "postgres": ("psycopg",),
    "tensorboard": ("tensorboard",),
    "supervision": ("supervision",),
}
"""extra -> the names under which its packages are imported; as in pyproject.toml, which a test compares."""


def extra_of(module: str, preferred: str = "") -> str | None:
    """The extra that brings a module's package: `preferred` where it does, else the first. None: no extra does."""
    package = module.partition(".")[0]
    extras = [extra for extra, packages in EXTRAS.items() if package in packages]
    if preferred in extras:
        return preferred
    return extras[0] if extras else None
