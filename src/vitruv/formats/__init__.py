"""Files: DensePose-COCO annotations and results, and the pictures and arrays that others read. One file per format."""

from vitruv.formats.atomic import replacing
from vitruv.formats.iuv_png import ChannelOrder, decode_iuv, encode_iuv, read_iuv_png, write_iuv_png
from vitruv.formats.label_png import read_label_png, write_label_png
from vitruv.formats.npz import read_npz, write_npz
from vitruv.formats.photo_tables import PhotoTable, read_boxes, read_image_ids
from vitruv.formats.pickle_values import Record
from vitruv.formats.png import write_png
from vitruv.formats.result_json import ResultWriter, decode_uv_data, dequantize, encode_uv_data, quantize
from vitruv.formats.safe_pickle import read_pickle

__all__ = [
    "ChannelOrder",
    "PhotoTable",
    "Record",
    "ResultWriter",
    "decode_iuv",
    "decode_uv_data",
    "dequantize",
    "encode_iuv",
    "encode_uv_data",
    "quantize",
    "read_boxes",
    "read_image_ids",
    "read_iuv_png",
    "read_label_png",
    "read_npz",
    "read_pickle",
    "replacing",
    "write_iuv_png",
    "write_label_png",
    "write_npz",
    "write_png",
]
