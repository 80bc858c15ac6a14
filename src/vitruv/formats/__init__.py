"""Files: DensePose-COCO annotations and results, and the pictures and arrays that others read. One file per format."""

from vitruv.formats.annotation import Person, Points
from vitruv.formats.annotations import AnnotationFile, AnnotationWriter, ImageInfo, read_categories, read_images
from vitruv.formats.detected_people import detected_people
from vitruv.formats.iuv_png import (
    ChannelOrder,
    decode_iuv,
    encode_iuv,
    people_codes,
    read_iuv_png,
    write_iuv_png,
    write_people_iuv_png,
)
from vitruv.formats.label_png import read_label_png, write_label_png
from vitruv.formats.npz import read_npz, write_npz
from vitruv.formats.photo_tables import PhotoTable, read_boxes, read_image_ids
from vitruv.formats.pickle_values import Record
from vitruv.formats.png import is_written_here, write_png
from vitruv.formats.result_files import read_results
from vitruv.formats.result_folder import ResultFolder
from vitruv.formats.result_json import ResultWriter, decode_uv_data, dequantize, encode_uv_data, quantize, result_records
from vitruv.formats.results import Detections
from vitruv.formats.rle import decode_rle, encode_rle, rasterize_polygons
from vitruv.formats.safe_pickle import read_pickle

__all__ = [
    "AnnotationFile",
    "AnnotationWriter",
    "ChannelOrder",
    "Detections",
    "ImageInfo",
    "Person",
    "PhotoTable",
    "Points",
    "Record",
    "ResultFolder",
    "ResultWriter",
    "decode_iuv",
    "decode_rle",
    "decode_uv_data",
    "dequantize",
    "detected_people",
    "encode_iuv",
    "encode_rle",
    "encode_uv_data",
    "is_written_here",
    "people_codes",
    "quantize",
    "rasterize_polygons",
    "read_boxes",
    "read_categories",
    "read_image_ids",
    "read_images",
    "read_iuv_png",
    "read_label_png",
    "read_npz",
    "read_pickle",
    "read_results",
    "result_records",
    "write_iuv_png",
    "write_label_png",
    "write_npz",
    "write_people_iuv_png",
    "write_png",
]
