"""Files: DensePose-COCO annotations and results, and the pictures and arrays that others read. One file per format."""

from vitruv.formats.atomic import replacing
from vitruv.formats.result_json import ResultWriter, decode_uv_data, dequantize, encode_uv_data, quantize

__all__ = ["ResultWriter", "decode_uv_data", "dequantize", "encode_uv_data", "quantize", "replacing"]
