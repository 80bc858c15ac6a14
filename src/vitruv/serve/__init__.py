"""The prediction service: photos in over HTTP, dense pose out. `vitruv serve` starts it."""

from vitruv.serve.app import create_app
from vitruv.serve.engine import Engine
from vitruv.serve.limits import Limits
from vitruv.serve.tokens import read_tokens

__all__ = ["Engine", "Limits", "create_app", "read_tokens"]
