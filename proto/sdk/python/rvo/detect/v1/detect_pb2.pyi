from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Box(_message.Message):
    __slots__ = ["h", "label", "score", "track", "w", "x", "y"]
    H_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    TRACK_FIELD_NUMBER: _ClassVar[int]
    W_FIELD_NUMBER: _ClassVar[int]
    X_FIELD_NUMBER: _ClassVar[int]
    Y_FIELD_NUMBER: _ClassVar[int]
    h: float
    label: str
    score: float
    track: int
    w: float
    x: float
    y: float
    def __init__(self, x: _Optional[float] = ..., y: _Optional[float] = ..., w: _Optional[float] = ..., h: _Optional[float] = ..., score: _Optional[float] = ..., label: _Optional[str] = ..., track: _Optional[int] = ...) -> None: ...

class Boxes(_message.Message):
    __slots__ = ["boxes"]
    BOXES_FIELD_NUMBER: _ClassVar[int]
    boxes: _containers.RepeatedCompositeFieldContainer[Box]
    def __init__(self, boxes: _Optional[_Iterable[_Union[Box, _Mapping]]] = ...) -> None: ...

class DetectRequest(_message.Message):
    __slots__ = ["budget_ns", "camera", "detector", "frame_id", "frame_jpeg", "image", "ts_ns"]
    BUDGET_NS_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    DETECTOR_FIELD_NUMBER: _ClassVar[int]
    FRAME_ID_FIELD_NUMBER: _ClassVar[int]
    FRAME_JPEG_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    TS_NS_FIELD_NUMBER: _ClassVar[int]
    budget_ns: int
    camera: str
    detector: str
    frame_id: int
    frame_jpeg: bytes
    image: Image
    ts_ns: int
    def __init__(self, frame_jpeg: _Optional[bytes] = ..., frame_id: _Optional[int] = ..., ts_ns: _Optional[int] = ..., camera: _Optional[str] = ..., budget_ns: _Optional[int] = ..., image: _Optional[_Union[Image, _Mapping]] = ..., detector: _Optional[str] = ...) -> None: ...

class DetectResponse(_message.Message):
    __slots__ = ["frame_id", "model", "signals"]
    FRAME_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    SIGNALS_FIELD_NUMBER: _ClassVar[int]
    frame_id: int
    model: Model
    signals: _containers.RepeatedCompositeFieldContainer[SignalOut]
    def __init__(self, signals: _Optional[_Iterable[_Union[SignalOut, _Mapping]]] = ..., frame_id: _Optional[int] = ..., model: _Optional[_Union[Model, _Mapping]] = ...) -> None: ...

class Image(_message.Message):
    __slots__ = ["data", "format", "height", "width"]
    DATA_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    format: str
    height: int
    width: int
    def __init__(self, format: _Optional[str] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., data: _Optional[bytes] = ...) -> None: ...

class Model(_message.Message):
    __slots__ = ["name", "sha256", "version"]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    name: str
    sha256: str
    version: str
    def __init__(self, name: _Optional[str] = ..., version: _Optional[str] = ..., sha256: _Optional[str] = ...) -> None: ...

class SignalOut(_message.Message):
    __slots__ = ["bool_value", "boxes_value", "float_value", "int_value", "label_value", "signal_type", "ttl_ns", "value"]
    BOOL_VALUE_FIELD_NUMBER: _ClassVar[int]
    BOXES_VALUE_FIELD_NUMBER: _ClassVar[int]
    FLOAT_VALUE_FIELD_NUMBER: _ClassVar[int]
    INT_VALUE_FIELD_NUMBER: _ClassVar[int]
    LABEL_VALUE_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_TYPE_FIELD_NUMBER: _ClassVar[int]
    TTL_NS_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    bool_value: bool
    boxes_value: Boxes
    float_value: float
    int_value: int
    label_value: str
    signal_type: str
    ttl_ns: int
    value: int
    def __init__(self, signal_type: _Optional[str] = ..., value: _Optional[int] = ..., ttl_ns: _Optional[int] = ..., bool_value: bool = ..., int_value: _Optional[int] = ..., float_value: _Optional[float] = ..., label_value: _Optional[str] = ..., boxes_value: _Optional[_Union[Boxes, _Mapping]] = ...) -> None: ...

# From proto/rvo/detect/v1/detect.proto, SHA-256 3006f92813f7abb0ffc5add0378e3c23154818630c8a2f02997fc565da1dc8e1.
