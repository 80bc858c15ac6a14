"""Presets of users, the mapping, and what is refused."""

from __future__ import annotations

from pathlib import Path, PurePath

import numpy as np
import pytest
from made_people import made_people, painted

import vitruv
from vitruv.errors import FormatError, InputError, MissingFileError, UnwritableFileError
from vitruv.formats.presets import Fit, MapFile, Preset, PresetWriter, presets, read_preset
from vitruv.results import DensePoses


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def test_the_face_of_the_package_has_them() -> None:
    assert vitruv.presets is presets
    assert vitruv.presets["magicanimate"].render(made_people()).shape == (512, 512, 3)


def test_a_preset_from_nothing(tmp_path: Path) -> None:
    name = write(
        tmp_path / "my.toml",
        """summary = "ours"
        who = "best"
        [[files]]
        folder = "maps"
        name = "{stem}_dense.png"
        content = "colours"
        colours = "viridis"
        background = [255, 255, 255]
        [[files]]
        name = "{stem}.npz"
        content = "uv"
        dtype = "float64"
        key = "surface"
        """,
    )
    preset = presets[name]
    with PresetWriter(preset, tmp_path / "out") as writer:
        assert writer.add(PurePath("a.jpg"), made_people()) == [
            "2 people found: my is for one, the one with the highest score was taken"
        ]
    labels, uv = painted((1,))
    picture = preset.render(made_people())
    assert (picture[labels == 0] == 255).all() and (picture[labels == 24] == (253, 231, 37)).all()
    with np.load(tmp_path / "out" / "a.npz") as archive:
        np.testing.assert_array_equal(archive["surface"], uv)
    assert (tmp_path / "out" / "maps" / "a_dense.png").is_file()


def test_a_preset_from_another(tmp_path: Path) -> None:
    name = write(tmp_path / "small.toml", 'name = "small"\nextends = "viton-hd"\nfit = "pad"\nsize = [192, 256]\n')
    preset = presets[name]
    assert isinstance(preset, Preset)
    assert (preset.name, preset.fit, preset.files) == ("small", Fit("pad", size_hw=(256, 192)), presets["viton-hd"].files)
    assert preset.render(made_people()).shape == (256, 192, 3)


def test_25_colours_of_one_s_own(tmp_path: Path) -> None:
    colours = [[i, 2 * i, 3 * i] for i in range(25)]
    text = f'channel = 1\n[[files]]\nname = "{{stem}}.png"\ncontent = "colours"\ncolours = {colours}\n'
    preset = read_preset(write(tmp_path / "a.toml", text.replace("channel = 1\n", "")))
    np.testing.assert_array_equal(preset.render(made_people())[:, :, 0], painted((0, 1))[0])
    with pytest.raises(FormatError, match="there is no key 'channel' among name, summary"):
        read_preset(write(tmp_path / "a.toml", text))


FILE = '[[files]]\nname = "{stem}.png"\ncontent = "iuv"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"needs at least one \[\[files\]\] table, or extends"),
        ("name = ", "is not TOML"),
        ('fitt = "pad"\n' + FILE, "there is no key 'fitt'; did you mean 'fit'?"),
        ('fit = "crop"\n' + FILE, "fit must be one of keep, stretch, pad, short-side, but is 'crop'"),
        ('fit = "pad"\n' + FILE, "a size belongs to the fits stretch and pad"),
        ('fit = "pad"\nsize = [0, 5]\n' + FILE, "sizes must be at least 1 pixel"),
        ('fit = "pad"\nsize = 512\n' + FILE, r"size must be \[width, height\] in pixels, but is 512"),
        ('fit = "short-side"\nshort_side = "a"\n' + FILE, "short_side must be a number of pixels, but is 'a'"),
        ('who = "first"\n' + FILE, "who must be all or best, but is 'first'"),
        ('extends = "vitonhd"\n', "there is no preset 'vitonhd'; did you mean 'viton-hd'?"),
        ('extends = "csv"\n', "extends = 'csv': only presets with a map for each photo can be extended"),
        ("files = 3\n", "files must be tables"),
        (FILE.replace("stem", "stam"), r"files\[0\]: name must be a file name with one of \{stem\}, \{first\}, \{name\}"),
        (FILE.replace("{stem}", "x/{stem}"), r"files\[0\]: name must be a file name"),
        (FILE.replace("iuv", "depth"), r"files\[0\]: content must be one of colours, labels, parts, iuv, uv, but is 'depth'"),
        (FILE.replace("png", "jpg"), r"files\[0\]: name must end in .png, .npy, .npz for iuv"),
        (FILE.replace("stem}.png", "name}").replace('"iuv"', '"uv"'), "must end in .npy, .npz for uv"),
        (FILE + 'channel_order = "bgr"\n', "channel_order must hold i, u and v once each"),
        (FILE + 'folder = "../up"\n', "folder must lie below the output folder"),
        (FILE + 'colours = "jet"\n', "colours must be parula, viridis, c-vton or 25 times"),
        (FILE + "colours = [[1, 2, 3]]\n", "colours must be 25 times red, green, blue in 0..255"),
        (FILE + "background = [1, 2]\n", r"background: a colour is \[r, g, b\]"),
        (FILE + 'dtype = "int8"\n', "dtype must be float32 or float64, but is 'int8'"),
        (FILE + FILE, "two files of the preset bad have the same name"),
    ],
)
def test_preset_files_that_cannot_be_used(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path / "bad.toml", text)
    with pytest.raises(FormatError, match=message) as caught:
        presets[path]
    assert str(caught.value).startswith(f"{path}: ") and "\n" not in str(caught.value)


def test_no_such_preset(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no preset 'magic-animate'; did you mean 'magicanimate'?"):
        presets["magic-animate"]
    with pytest.raises(InputError, match="there is no preset 'xyz'; `vitruv presets` lists them"):
        presets["xyz"]
    with pytest.raises(MissingFileError):
        presets[str(tmp_path / "gone.toml")]


def test_fits_that_make_no_sense() -> None:
    with pytest.raises(InputError, match="a short side belongs to the fit short-side"):
        Fit("short-side")
    assert Fit("pad", size_hw=(64, 64))(made_people(0, (1, 1000)).canvas()[0]).size_hw == (64, 64)
    assert Fit("short-side", short_side=1)(made_people(0, (900, 7)).canvas()[0]).size_hw == (129, 1)


def test_names_that_would_collide(tmp_path: Path) -> None:
    photos = [PurePath("x/a.jpg"), PurePath("x/A.png")]
    with pytest.raises(InputError, match=r"x/a.jpg and x/A.png would both give x/A_IUV.png with the preset iuv-cv"):
        PresetWriter(presets["iuv-cv"], tmp_path, photos)
    PresetWriter(presets["viton-hd"], tmp_path, photos)  # keeps suffixes apart
    with pytest.raises(InputError, match="would both give"):
        PresetWriter(presets["viton-hd"], tmp_path, [PurePath("a.webp"), PurePath("a.png")])


def test_garments_of_dresscode_are_passed_over(tmp_path: Path) -> None:
    with PresetWriter(presets["dresscode"], tmp_path) as writer:
        assert writer.add(PurePath("013563_1.jpg"), made_people()) == [
            "passed over: in the layout of dresscode this is not a photo of a person"
        ]
    assert list(tmp_path.iterdir()) == []


def test_the_photo_is_never_replaced(tmp_path: Path) -> None:
    photo = tmp_path / "a.png"
    photo.write_bytes(b"mine")
    preset = Preset("own", "", (MapFile("", "{name}", "labels"),))
    with (
        PresetWriter(preset, tmp_path) as writer,
        pytest.raises(InputError, match="the map of own would replace the photo itself; name another output folder"),
    ):
        writer.add(PurePath("a.png"), made_people(), source=photo)
    assert photo.read_bytes() == b"mine"


@pytest.mark.parametrize("photo", ["../a.png", "/etc/a.png"])
def test_paths_stay_below_the_output_folder(tmp_path: Path, photo: str) -> None:
    with PresetWriter(presets["iuv-cv"], tmp_path) as writer, pytest.raises(InputError, match="must lie below a folder"):
        writer.add(PurePath(photo), made_people())


def test_a_photo_of_another_size_is_refused() -> None:
    with pytest.raises(InputError, match=r"rgb must be the people's photo of 90x70 \(h x w\) pixels, but is 70x90"):
        presets["iuv-cv"].render(made_people(), np.zeros((70, 90, 3), np.uint8))


def test_remarks() -> None:
    stretched = made_people(1, (100, 200))
    assert presets["viton-hd"].remarks(stretched) == ["stretched from 200x100 to 768x1024, as viton-hd stretches photos"]
    assert presets["viton-hd"].remarks(made_people(1, (512, 384))) == []
    assert presets["csv"].remarks(DensePoses.empty((4, 4))) == ["nobody found: a row with person 0 was written"]


@pytest.mark.parametrize("name", ["iuv-cv", "csv", "coco-json", "detectron2-dump"])
def test_folders_that_cannot_be_made(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UnwritableFileError, match="the folder cannot be made"), PresetWriter(presets[name], tmp_path / "file"):
        pass


@pytest.mark.parametrize("name", ["csv", "coco-json", "detectron2-dump"])
def test_a_run_that_fails_leaves_no_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(ZeroDivisionError), PresetWriter(presets[name], tmp_path) as writer:
        writer.add(PurePath("a.jpg"), made_people())
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
