"""The server of the annotation tool: requests in, JSON and files out; what they mean is decided in `annotate.domain`."""

from vitruv.annotate.http.app import create_app

__all__ = ["create_app"]
