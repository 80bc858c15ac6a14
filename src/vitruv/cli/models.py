"""`vitruv models`: the models that can be asked for by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from vitruv.cli.download_bar import download_bar
from vitruv.cli.parsing import parse
from vitruv.files import cache_folder
from vitruv.runtime.zoo.entries import ADDRESS, CATALOGUE, LICENCE, LICENCE_NOTE
from vitruv.runtime.zoo.store import checkpoint_file, fetch, model_folder


@dataclass(frozen=True)
class ModelsOptions:
    """List the models by name, with what is on disk; or download some for later use without a network.

    Example: vitruv models --download densepose_rcnn_R_50_FPN_s1x
    """

    download: tuple[str, ...] = ()
    """Names of models to download and convert now."""

    addresses: bool = False
    """Print the address and the place on disk of every checkpoint instead of the table."""


def main(argv: Sequence[str]) -> int:
    """Run the verb; returns the exit status."""
    options = parse(ModelsOptions, "vitruv models", argv)
    if options.download:
        for name in options.download:
            with download_bar() as announce:
                print(f"{name}: {fetch(name, announce=announce)}")
        return 0
    if options.addresses:
        for entry in CATALOGUE.values():
            print(f"{entry.name}  {ADDRESS}{entry.path}  {checkpoint_file(entry)}")
        return 0
    _print_table()
    return 0


def _print_table() -> None:
    table = Table("name", "MB", "box AP", "GPS AP", "GPSm AP", "licence", "on disk", box=None, pad_edge=False)
    table.add_row("(none: the model inside the package)", "", "", "", "", "Apache-2.0", "yes")
    table.add_row("fast (a smaller one)", "", "", "", "", "Apache-2.0", "yes")
    for entry in CATALOGUE.values():
        box = "" if entry.box_ap is None else f"{entry.box_ap:.1f}"
        table.add_row(
            entry.name, str(entry.megabytes), box, f"{entry.gps_ap:.1f}", f"{entry.gpsm_ap:.1f}", LICENCE, _on_disk(entry.name)
        )
    # A wide console: names are copied from here, so they must not be cut when the output goes to a file or a narrow window.
    console = Console(width=max(Console().width, 130))
    console.print(table)
    console.print(f"\nPublished AP in percent on DensePose-COCO minival (..._3x_...: on chimpanzees). Kept in {cache_folder()}.")
    console.print(LICENCE_NOTE)


def _on_disk(name: str) -> str:
    entry = CATALOGUE[name]
    folder, checkpoint = model_folder(entry), checkpoint_file(entry)
    if folder.is_dir():
        return f"yes, {sum(file.stat().st_size for file in folder.iterdir()) / 1e6:.0f} MB"
    if checkpoint.is_file():
        return "to be converted"
    part = checkpoint.with_name(checkpoint.name + ".part")
    return f"{part.stat().st_size / 1e6:.0f} MB so far" if part.is_file() else "no"
