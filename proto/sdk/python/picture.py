"""The picture of a question, as OpenCV has it: an array of height x width x 3 bytes, blue, green, red."""

import cv2
import numpy as np

LARGEST_SIDE = 1 << 15  # pixels


def read(request):
    """Returns the picture; ValueError says what is wrong with it."""
    if request.HasField("image"):
        return _raw(request.image)
    if not request.frame_jpeg:
        raise ValueError("there is no picture")
    found = cv2.imdecode(np.frombuffer(request.frame_jpeg, np.uint8), cv2.IMREAD_COLOR)
    if found is None:
        raise ValueError("the picture is no JPEG")
    return found


def _raw(image):
    w, h = image.width, image.height
    if not (0 < w <= LARGEST_SIDE and 0 < h <= LARGEST_SIDE):
        raise ValueError(f"a picture of {w} x {h}: sides must be 1 to {LARGEST_SIDE}")
    # Rows for each pixel row, bytes a row, and what makes BGR of it.
    layouts = {
        "bgr": ((h, w, 3), None),
        "rgb": ((h, w, 3), cv2.COLOR_RGB2BGR),
        "gray": ((h, w), cv2.COLOR_GRAY2BGR),
        "nv12": ((h + h // 2, w), cv2.COLOR_YUV2BGR_NV12),
    }
    if image.format not in layouts:
        raise ValueError(f"format {image.format!r}: must be one of {', '.join(layouts)}")
    shape, code = layouts[image.format]
    if image.format == "nv12" and (w % 2 or h % 2):
        raise ValueError(f"nv12 of {w} x {h}: sides must be even")
    if len(image.data) != int(np.prod(shape)):
        raise ValueError(f"{image.format} of {w} x {h} has {int(np.prod(shape))} bytes, got {len(image.data)}")
    pixels = np.frombuffer(image.data, np.uint8).reshape(shape)
    return pixels if code is None else cv2.cvtColor(pixels, code)
