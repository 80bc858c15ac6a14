"""What the presets write, read back as each consumer's data loader reads it: the same calls, in numpy and Pillow."""

from __future__ import annotations

from pathlib import Path, PurePath

import numpy as np
import pytest
from made_people import SIZE_HW, made_people, painted
from PIL import Image

from vitruv.formats.presets import PresetWriter, presets
from vitruv.formats.presets.colours import C_VTON

torch = pytest.importorskip("torch")

ALL, BEST = (0, 1), (1,)


def write(name: str, folder: Path, photo: str) -> None:
    with PresetWriter(presets[name], folder) as writer:
        writer.add(PurePath(photo), made_people())


def to_tensor(image: Image.Image) -> np.ndarray:
    """What ToTensor and Normalize(0.5, 0.5) make of an RGB picture."""
    return np.moveaxis(np.asarray(image, np.float32) / 255, 2, 0) * 2 - 1


def test_hr_viton(tmp_path: Path) -> None:
    """The photo's path with `image` replaced, resized to the width, scaled to [-1, 1]."""
    write("viton-hd", tmp_path / "train", "00001_00.jpg")
    image = Image.open(tmp_path / "train" / "image/00001_00.jpg".replace("image", "image-densepose"))
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (768, 1024))
    tensor = to_tensor(image.resize((192, 256), Image.Resampling.BILINEAR))
    assert tensor.shape == (3, 256, 192) and tensor.min() >= -1 and tensor.max() <= 1
    assert np.abs(to_tensor(image)[:, :8, :8] + 1).max() < 0.05  # background is black


def test_ladi_vton(tmp_path: Path) -> None:
    write("dresscode", tmp_path / "upper_body", "013563_0.jpg")
    labels = Image.open(tmp_path / "upper_body" / "dense" / "013563_0.jpg".replace("_0.jpg", "_5.png"))
    assert labels.mode == "L"
    labels = labels.resize((SIZE_HW[1], SIZE_HW[0]), Image.Resampling.NEAREST)
    np.testing.assert_array_equal(np.array(labels), painted(ALL)[0])
    with np.load(tmp_path / "upper_body" / "dense" / "013563_0.jpg".replace("_0.jpg", "_5_uv.npz")) as archive:
        uv = torch.from_numpy(archive["uv"])
    assert uv.shape == (2, *SIZE_HW) and uv.dtype == torch.float32
    np.testing.assert_array_equal(uv.numpy(), painted(ALL)[1].astype(np.float32))


def test_gp_vton(tmp_path: Path) -> None:
    """Read as grey, scaled to [0, 1] and back by 255, one-hot of 25."""
    write("gp-vton", tmp_path / "train", "0001.jpg")
    path = str(tmp_path / "train/image/0001.jpg").replace("/image/", "/densepose/")[:-4] + ".png"
    mask = np.asarray(Image.open(path).convert("L"), np.float32) / 255 * 255.0
    one_hot = torch.zeros(25, *SIZE_HW).scatter_(0, torch.from_numpy(mask.round()[None]).long(), 1.0)
    np.testing.assert_array_equal(one_hot.argmax(0).numpy(), painted(ALL)[0])


def test_catvton(tmp_path: Path) -> None:
    write("catvton", tmp_path, "0001.jpg")
    mask = np.array(Image.open(tmp_path / "0001.png"))
    assert mask.shape == SIZE_HW and mask.dtype == np.uint8
    np.testing.assert_array_equal(mask, painted(BEST)[0])


def test_c_vton(tmp_path: Path) -> None:
    """Decoded by exact equality with 25 colours; a pixel of any other colour would stay background."""
    write("c-vton", tmp_path, "0001.jpg")
    picture = np.asarray(Image.open(tmp_path / "data" / "image_densepose_parse" / "0001.jpg".replace(".jpg", ".png")))
    labels = np.full(SIZE_HW, -1)
    for i, colour in enumerate(C_VTON):
        labels[np.all(picture == colour, axis=-1)] = i
    np.testing.assert_array_equal(labels, painted(ALL)[0])


def test_magicanimate(tmp_path: Path) -> None:
    """Frames are resized to 512 x 512 whatever they were; ours are already, so nothing is squashed."""
    write("magicanimate", tmp_path, "0001.jpg")
    frame = Image.open(tmp_path / "0001.png")
    assert frame.size == (512, 512) and frame.mode == "RGB"
    assert np.array_equal(np.array(frame.resize((512, 512))), np.array(frame))
    assert (np.asarray(frame)[:, :57] == (68, 1, 84)).all()


def test_controlnet_size() -> None:
    """The preprocessor scales the short side, pads the bottom and the right to 64, and cuts the padding off again."""
    for size_hw in (SIZE_HW, (1024, 768), (333, 500), (512, 512)):
        scale = 512 / min(size_hw)
        target = int(np.round(size_hw[0] * scale)), int(np.round(size_hw[1] * scale))
        padded = tuple(side + int(np.ceil(side / 64) * 64 - side) for side in target)
        assert padded[0] % 64 == padded[1] % 64 == 0
        rendered = presets["controlnet-viridis"].render(made_people(0, size_hw))
        assert rendered.shape == (*target, 3)


def test_dreampose(tmp_path: Path) -> None:
    """Beside the frame; interpolated as (1, 2, h, w) float32 to 640 x 512."""
    write("dreampose", tmp_path, "frame_50.png")
    loaded = np.load(str(tmp_path / "frame_50.png").replace(".png", "_densepose.npy"))
    assert loaded.dtype == np.float64 and loaded.shape == (2, *SIZE_HW)
    resized = torch.nn.functional.interpolate(torch.from_numpy(loaded.astype("float32"))[None], (640, 512), mode="bilinear")
    assert resized.shape == (1, 2, 640, 512)
    np.testing.assert_array_equal(loaded, painted(BEST)[1])


def test_pose_with_style(tmp_path: Path) -> None:
    """Named up to the first dot; I is the first channel, U and V are looked up in tables of 256 by code."""
    write("pose-with-style", tmp_path, "fashion_1front.v2.png")
    iuv = np.array(Image.open(tmp_path / (["fashion_1front", "v2", "png"][0] + "_iuv.png")))
    labels, uv = painted(BEST)
    np.testing.assert_array_equal(iuv[:, :, 0], labels)
    seen = iuv[iuv[:, :, 0] > 0]
    np.testing.assert_array_equal(seen[:, 1], (uv[0][labels > 0].astype(np.float32) * np.float32(255)).astype(np.uint8))


def test_tiktok(tmp_path: Path) -> None:
    write("tiktok", tmp_path, "00001.png")
    picture = np.asarray(Image.open(tmp_path / "00001_dp.png"))
    assert picture.shape == (256, 256, 3)
    assert picture[:, :, 2].max() <= 24 < picture[:, :, :2].max()


def test_text2human(tmp_path: Path) -> None:
    """Half the size by nearest neighbour, the third channel alone, I / 12 - 1."""
    write("deepfashion-multimodal", tmp_path, "MEN-Denim-id_0001.jpg")
    densepose = Image.open(tmp_path / "MEN-Denim-id_0001_densepose.png")
    size = densepose.size[0] // 2, densepose.size[1] // 2
    pose = np.array(densepose.resize(size, Image.Resampling.NEAREST))[:, :, 2:].transpose(2, 0, 1).astype(np.float32) / 12.0 - 1
    assert pose.shape == (1, 45, 35) and pose.min() == -1 and pose.max() <= 1
    np.testing.assert_array_equal(np.round((pose[0] + 1) * 12), painted(ALL)[0][1::2, 1::2])


def test_smplitex(tmp_path: Path) -> None:
    """UVTextureConverter: i_id, u_id, v_id = 2, 1, 0 of the picture as Pillow reads it; texel = code / 255 * 199, truncated."""
    write("smplitex", tmp_path, "man.jpg")
    iuv = np.array(Image.open(tmp_path / "densepose" / "man_densepose.png")).transpose(2, 1, 0)
    labels, uv = painted(BEST)
    for part in range(1, 25):
        texel = (iuv[0][iuv[2] == part] / 255 * 199).astype(int)
        v = (uv[1].T[part == labels.T].astype(np.float32) * np.float32(255)).astype(np.uint8)
        np.testing.assert_array_equal(texel, (v / 255 * 199).astype(int))


def test_cv2_reads_iuv(tmp_path: Path) -> None:
    """cv2.imread turns red, green, blue round: it gives I, U, V for iuv-cv."""
    write("iuv-cv", tmp_path, "man.jpg")
    as_cv2 = np.array(Image.open(tmp_path / "man_IUV.png"))[:, :, ::-1]
    np.testing.assert_array_equal(as_cv2[:, :, 0], painted(ALL)[0])
