"""The model behind the proposals: loaded once, or a reason why there is none."""

from __future__ import annotations

import threading
from pathlib import Path

from vitruv.errors import VitruvError
from vitruv.http.errors import UnavailableError
from vitruv.media import read_image
from vitruv.results import DensePoses
from vitruv.runtime import Predictor, load
from vitruv.types import AnyArray

NO_MODEL = "there is no model for proposals; continue by hand"


class Proposer:
    """The built-in model, or another by name or folder, as in `vitruv predict --model`; loaded on first use.

    A model given by name must exist: `required` raises ModelError. The built-in one may be missing.
    """

    def __init__(self, model: str | None = None) -> None:
        self._model = model
        self._loading = threading.Lock()
        self._predicting = threading.Lock()
        self._predictor: Predictor | None = None
        self._reason: str | None = None

    def required(self) -> None:
        """Load the model now. Raises ModelError with the reason when it cannot be used."""
        with self._loading:
            if self._predictor is None:
                self._predictor = load(self._model)

    def why_not(self) -> str:
        """Why there are no proposals, in full, for the operator of the server; empty if there are. Tried once."""
        if self._reason is None:
            try:
                self.required()
            except VitruvError as error:
                self._reason = str(error)
            else:
                self._reason = ""
        return self._reason

    def __call__(self, path: Path, boxes_xyxy: AnyArray | None) -> DensePoses:
        """The people in a photo, or in boxes of it. Raises UnavailableError when there is no model."""
        if self.why_not() or self._predictor is None:
            raise UnavailableError(NO_MODEL)
        with self._predicting:  # one prediction at a time: they use all cores already
            return self._predictor(read_image(path), boxes=boxes_xyxy)
