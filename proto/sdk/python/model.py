"""The models of the service. One of yours has __init__(options), look(picture), identity(), THRESHOLD and THRESHOLD_HELP;
look is called from several threads at once.
"""

import hashlib
import math
import threading

import cv2

from rvo.detect.v1 import detect_pb2


class Found:
    """What is in a picture: how many things, and where they are if the model knows (None: it does not)."""

    def __init__(self, count, boxes=None):
        self.count = count
        self.boxes = boxes


def fractions(picture, found, label):
    """Boxes of the contract from (x, y, w, h, score) in pixels."""
    h, w = picture.shape[:2]
    return [detect_pb2.Box(x=x / w, y=y / h, w=bw / w, h=bh / h, score=score, label=label) for x, y, bw, bh, score in found]


class Brightness:
    """The demonstration of the first RVO: a picture that is bright enough has the signal."""

    THRESHOLD = 50.0
    THRESHOLD_HELP = "mean brightness, 0 to 255"

    def __init__(self, options):
        self.threshold = self.THRESHOLD if options.threshold is None else options.threshold

    def look(self, picture):
        gray = cv2.cvtColor(cv2.resize(picture, (320, 240)), cv2.COLOR_BGR2GRAY)
        return Found(1 if gray.mean() >= self.threshold else 0)

    def identity(self):
        return detect_pb2.Model(name="brightness", version="1")


class PerThread:
    """OpenCV's detectors keep notes of a picture while they look at it: each thread has one of its own."""

    def __init__(self, make):
        self._make = make
        self._local = threading.local()

    def get(self):
        if not hasattr(self._local, "it"):
            self._local.it = self._make()
        return self._local.it


class HOG:
    """People who stand, with the detector that OpenCV brings along."""

    THRESHOLD = 0.0
    THRESHOLD_HELP = "distance from the detector's plane, 0 or above"

    def __init__(self, options):
        self.threshold = self.THRESHOLD if options.threshold is None else options.threshold
        self.hogs = PerThread(self._make)

    @staticmethod
    def _make():
        hog = cv2.HOGDescriptor()
        hog.setSVMDetector(cv2.HOGDescriptor_getDefaultPeopleDetector())
        return hog

    def look(self, picture):
        rects, weights = self.hogs.get().detectMultiScale(picture, hitThreshold=self.threshold, winStride=(8, 8), scale=1.05)
        # A distance is no probability; this only keeps its order between 0 and 1.
        found = [(*map(float, r), 1 / (1 + math.exp(-float(w)))) for r, w in zip(rects, list(weights))]
        return Found(len(found), fractions(picture, found, "person"))

    def identity(self):
        return detect_pb2.Model(name="hog", version=cv2.__version__)


class Haar:
    """Whatever a cascade file was trained on."""

    THRESHOLD = 3.0
    THRESHOLD_HELP = "neighbours that a hit needs"

    def __init__(self, options):
        if not options.model_file:
            raise ValueError("--model haar needs --model-file, such as /usr/share/opencv4/haarcascades/haarcascade_frontalface_default.xml of Debian's opencv-data")
        self.file = options.model_file
        self.neighbours = int(self.THRESHOLD if options.threshold is None else options.threshold)
        with open(self.file, "rb") as f:
            self.sha256 = hashlib.sha256(f.read()).hexdigest()
        if cv2.CascadeClassifier(self.file).empty():
            raise ValueError(f"{self.file} is no cascade")
        self.cascades = PerThread(lambda: cv2.CascadeClassifier(self.file))

    def look(self, picture):
        gray = cv2.equalizeHist(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))
        found = [(*map(float, r), 1.0) for r in self.cascades.get().detectMultiScale(gray, 1.1, self.neighbours)]
        return Found(len(found), fractions(picture, found, ""))

    def identity(self):
        return detect_pb2.Model(name="haar", version=cv2.__version__, sha256=self.sha256)


MODELS = {"brightness": Brightness, "haar": Haar, "hog": HOG}
