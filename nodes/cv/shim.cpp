//go:build cgo && opencv

#include "shim.h"

#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/core/version.hpp>
#include <opencv2/dnn.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>
#include <opencv2/video/background_segm.hpp>
#include <opencv2/videoio.hpp>

#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

struct rvo_capture {
  cv::VideoCapture cap;
  cv::Mat held;  // the retrieved picture when it did not fit into the caller's memory
};

struct rvo_hog {
  cv::HOGDescriptor hog;
  cv::Mat scaled;
};

struct rvo_cascade {
  cv::CascadeClassifier classifier;
  cv::Mat gray;
};

struct rvo_mog2 {
  cv::Ptr<cv::BackgroundSubtractorMOG2> model;
};

struct rvo_net {
  cv::dnn::Net net;
  std::vector<cv::String> names;
  std::vector<cv::Mat> out;
};

namespace {

void fail(char **err, const std::string &text) {
  std::string flat = text;
  for (char &c : flat)
    if (c == '\n' || c == '\r') c = ' ';
  *err = strdup(flat.c_str());
}

// guard runs f and turns every exception into a text: one that left a C function would end the process.
template <typename F>
int guard(char **err, F f) {
  try {
    return f();
  } catch (const cv::Exception &e) {
    // The message of a failed assertion is the bare expression.
    const std::string what = e.code == cv::Error::StsAssert ? "assertion failed: " + e.err : e.err;
    fail(err, e.func.empty() ? what : what + " (" + e.func + ")");
  } catch (const std::bad_alloc &) {
    fail(err, "out of memory");
  } catch (const std::exception &e) {
    fail(err, e.what());
  } catch (...) {
    fail(err, "unknown exception");
  }
  return -1;
}

// header wraps the caller's pixels without copying. OpenCV has no const Mat over foreign memory; every use below only
// reads it.
cv::Mat header(const void *pix, int width, int height, int stride, int channels) {
  if (pix == nullptr || width < 1 || height < 1 || (channels != 1 && channels != 3) || stride < width * channels)
    throw std::invalid_argument("empty or malformed picture");
  return cv::Mat(height, width, CV_MAKETYPE(CV_8U, channels), const_cast<void *>(pix), static_cast<size_t>(stride));
}

// ready prepares OpenCV before its first use. Quiet, unless the environment asks for noise: OpenCV's and FFmpeg's
// messages carry URLs with credentials. One thread, because the caller's lanes already use the cores and OpenCV's own
// workers would compete with them; TBB ignores OPENCV_FOR_THREADS_NUM, only this call works.
void ready() {
  static const bool done = [] {
    if (std::getenv("OPENCV_FFMPEG_DEBUG") == nullptr) setenv("OPENCV_FFMPEG_LOGLEVEL", "-8", 0);
    if (std::getenv("OPENCV_LOG_LEVEL") == nullptr)
      cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    cv::setNumThreads(1);
    return true;
  }();
  static_cast<void>(done);
}

// options gives FFmpeg options beside the user's, for opens from now on. OpenCV 4.6 takes them from one environment
// variable of the process. A name that exists is only ever given another value, which glibc does without moving what a
// concurrent getenv reads.
void options(const char *want) {
  static const char *const kName = "OPENCV_FFMPEG_CAPTURE_OPTIONS";
  static const std::string user = [] {
    const char *v = std::getenv(kName);
    return std::string(v == nullptr ? "" : v);
  }();
  static std::string current = user;
  const std::string all = user + (user.empty() || *want == '\0' ? "" : "|") + want;
  if (all == current) return;
  setenv(kName, all.c_str(), 1);
  current = all;
}

}  // namespace

const char *rvo_version(void) { return CV_VERSION; }

char *rvo_set_threads(int n) {
  char *err = nullptr;
  guard(&err, [&] {
    ready();
    cv::setNumThreads(n);
    return 0;
  });
  return err;
}

int rvo_get_threads(void) {
  char *err = nullptr;
  const int n = guard(&err, [] {
    ready();
    return cv::getNumThreads();
  });
  std::free(err);
  return n;
}

rvo_capture *rvo_capture_uri(const char *uri, const char *want, int timeout_ms, char **err) {
  rvo_capture *c = nullptr;
  guard(err, [&] {
    ready();
    c = new rvo_capture;
    std::vector<int> params;
    if (timeout_ms > 0)
      params = {cv::CAP_PROP_OPEN_TIMEOUT_MSEC, timeout_ms, cv::CAP_PROP_READ_TIMEOUT_MSEC, timeout_ms};
    static std::mutex one;  // the environment belongs to the process
    const std::lock_guard<std::mutex> lock(one);
    options(want);
    if (!c->cap.open(cv::String(uri), cv::CAP_FFMPEG, params)) throw std::runtime_error("cannot be opened");
    return 0;
  });
  if (*err != nullptr) {
    delete c;
    return nullptr;
  }
  return c;
}

rvo_capture *rvo_capture_device(const char *path, int index, int width, int height, double fps, char **err) {
  rvo_capture *c = nullptr;
  guard(err, [&] {
    ready();
    c = new rvo_capture;
#ifdef __linux__
    const int api = cv::CAP_V4L2;
#else
    const int api = cv::CAP_ANY;
#endif
    const bool ok = path != nullptr ? c->cap.open(cv::String(path), api) : c->cap.open(index, api);
    if (!ok) throw std::runtime_error("cannot be opened");
    // A driver answers with the nearest it can: what it gives is read back by the caller.
    if (width > 0) c->cap.set(cv::CAP_PROP_FRAME_WIDTH, width);
    if (height > 0) c->cap.set(cv::CAP_PROP_FRAME_HEIGHT, height);
    if (fps > 0) c->cap.set(cv::CAP_PROP_FPS, fps);
    return 0;
  });
  if (*err != nullptr) {
    delete c;
    return nullptr;
  }
  return c;
}

void rvo_capture_free(rvo_capture *c) {
  char *err = nullptr;
  guard(&err, [&] {
    delete c;
    return 0;
  });
  std::free(err);
}

int rvo_capture_grab(rvo_capture *c, char **err) {
  return guard(err, [&] { return c->cap.grab() ? 1 : 0; });
}

int rvo_capture_retrieve(rvo_capture *c, void *dst, int *width, int *height, char **err) {
  return guard(err, [&] {
    cv::Mat target;
    if (dst != nullptr) target = cv::Mat(*height, *width, CV_8UC3, dst);
    cv::Mat &m = dst != nullptr ? target : c->held;
    if (!c->cap.retrieve(m) || m.empty()) return 0;
    if (m.depth() != CV_8U) throw std::runtime_error("picture is not 8 bits a channel");
    // A size or format other than the target's made OpenCV allocate: the picture is then kept for rvo_capture_copy.
    if (dst != nullptr && m.data != static_cast<uchar *>(dst)) c->held = m;
    *width = m.cols;
    *height = m.rows;
    return dst != nullptr && m.data == static_cast<uchar *>(dst) ? 1 : 2;
  });
}

int rvo_capture_copy(rvo_capture *c, void *dst, size_t len, char **err) {
  return guard(err, [&] {
    const cv::Mat &m = c->held;
    if (m.empty() || len != static_cast<size_t>(m.cols) * m.rows * 3) throw std::logic_error("no picture of that size is held");
    cv::Mat target(m.rows, m.cols, CV_8UC3, dst);
    switch (m.channels()) {
      case 3: m.copyTo(target); break;
      case 1: cv::cvtColor(m, target, cv::COLOR_GRAY2BGR); break;
      case 4: cv::cvtColor(m, target, cv::COLOR_BGRA2BGR); break;
      default: throw std::runtime_error("picture has " + std::to_string(m.channels()) + " channels");
    }
    return 0;
  });
}

double rvo_capture_get(rvo_capture *c, int prop, char **err) {
  double v = 0;
  guard(err, [&] {
    v = c->cap.get(prop);
    return 0;
  });
  return v;
}

rvo_hog *rvo_hog_people(char **err) {
  rvo_hog *h = nullptr;
  guard(err, [&] {
    ready();
    h = new rvo_hog;
    h->hog.setSVMDetector(cv::HOGDescriptor::getDefaultPeopleDetector());
    return 0;
  });
  if (*err != nullptr) {
    delete h;
    return nullptr;
  }
  return h;
}

void rvo_hog_free(rvo_hog *h) { delete h; }

int rvo_hog_detect(rvo_hog *h, const void *pix, int width, int height, int stride, int channels,
                   const rvo_hog_params *p, rvo_box *out, int max, char **err) {
  return guard(err, [&] {
    const cv::Mat src = header(pix, width, height, stride, channels);
    const cv::Size size(cvRound(width * p->enlarge), cvRound(height * p->enlarge));
    // A picture smaller than the window has no place for it.
    if (size.width < h->hog.winSize.width || size.height < h->hog.winSize.height) return 0;
    const cv::Mat *img = &src;
    if (size != src.size()) {
      cv::resize(src, h->scaled, size, 0, 0, cv::INTER_LINEAR);
      img = &h->scaled;
    }
    std::vector<cv::Rect> found;
    std::vector<double> weights;
    h->hog.detectMultiScale(*img, found, weights, p->threshold, cv::Size(p->stride, p->stride), cv::Size(0, 0), p->step,
                            p->group, false);
    const double sx = static_cast<double>(width) / img->cols, sy = static_cast<double>(height) / img->rows;
    int n = 0;
    for (size_t i = 0; i < found.size() && n < max; i++, n++)
      out[n] = {found[i].x * sx, found[i].y * sy, found[i].width * sx, found[i].height * sy,
                i < weights.size() ? weights[i] : 0};
    return n;
  });
}

rvo_cascade *rvo_cascade_load(const char *path, int *window_width, int *window_height, char **err) {
  rvo_cascade *c = nullptr;
  guard(err, [&] {
    ready();
    c = new rvo_cascade;
    if (!c->classifier.load(path) || c->classifier.empty()) throw std::runtime_error("is no cascade that OpenCV can read");
    const cv::Size w = c->classifier.getOriginalWindowSize();
    *window_width = w.width;
    *window_height = w.height;
    return 0;
  });
  if (*err != nullptr) {
    delete c;
    return nullptr;
  }
  return c;
}

void rvo_cascade_free(rvo_cascade *c) { delete c; }

int rvo_cascade_detect(rvo_cascade *c, const void *pix, int width, int height, int stride, int channels,
                       const rvo_cascade_params *p, rvo_box *out, int max, char **err) {
  return guard(err, [&] {
    const cv::Mat src = header(pix, width, height, stride, channels);
    const cv::Mat *img = &src;
    if (channels == 3) {
      cv::cvtColor(src, c->gray, cv::COLOR_BGR2GRAY);
      img = &c->gray;
    }
    std::vector<cv::Rect> found;
    std::vector<int> votes;
    c->classifier.detectMultiScale(*img, found, votes, p->step, p->neighbours, 0, cv::Size(p->min_side, p->min_side));
    int n = 0;
    for (size_t i = 0; i < found.size() && n < max; i++, n++)
      out[n] = {static_cast<double>(found[i].x), static_cast<double>(found[i].y), static_cast<double>(found[i].width),
                static_cast<double>(found[i].height), i < votes.size() ? static_cast<double>(votes[i]) : 0};
    return n;
  });
}

rvo_mog2 *rvo_mog2_new(double var_threshold, int shadows, char **err) {
  rvo_mog2 *m = nullptr;
  guard(err, [&] {
    ready();
    m = new rvo_mog2;
    m->model = cv::createBackgroundSubtractorMOG2(500, var_threshold, shadows != 0);
    return 0;
  });
  if (*err != nullptr) {
    delete m;
    return nullptr;
  }
  return m;
}

void rvo_mog2_free(rvo_mog2 *m) { delete m; }

int rvo_mog2_tune(rvo_mog2 *m, double var_threshold, int shadows, char **err) {
  return guard(err, [&] {
    m->model->setVarThreshold(var_threshold);
    m->model->setDetectShadows(shadows != 0);
    return 0;
  });
}

int rvo_mog2_apply(rvo_mog2 *m, void *src, void *mask, double rate, char **err) {
  return guard(err, [&] {
    m->model->apply(*static_cast<cv::Mat *>(src), *static_cast<cv::Mat *>(mask), rate);
    return 0;
  });
}

int rvo_jpeg(const void *pix, int width, int height, int stride, int channels, int quality, void **out, size_t *len,
             char **err) {
  return guard(err, [&] {
    ready();
    std::vector<uchar> buf;
    if (!cv::imencode(".jpg", header(pix, width, height, stride, channels), buf, {cv::IMWRITE_JPEG_QUALITY, quality}))
      throw std::runtime_error("encoder refused the picture");
    void *mem = std::malloc(buf.size());
    if (mem == nullptr) throw std::bad_alloc();
    std::memcpy(mem, buf.data(), buf.size());
    *out = mem;
    *len = buf.size();
    return 0;
  });
}

rvo_net *rvo_net_open(const void *weights, size_t n, const void *config, size_t m, char **err) {
  rvo_net *net = nullptr;
  guard(err, [&] {
    const uchar *w = static_cast<const uchar *>(weights), *c = static_cast<const uchar *>(config);
    std::vector<uchar> bytes(w, w + n);
    net = new rvo_net;
    if (m > 0)
      net->net = cv::dnn::readNetFromDarknet(std::vector<uchar>(c, c + m), bytes);
    else
      net->net = cv::dnn::readNetFromONNX(bytes);
    if (net->net.empty()) throw std::runtime_error("the network has no layers");
    net->net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
    net->net.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
    net->names = net->net.getUnconnectedOutLayersNames();
    return 1;
  });
  if (*err) {
    delete net;
    return nullptr;
  }
  return net;
}

void rvo_net_free(rvo_net *net) { delete net; }

int rvo_net_outputs(rvo_net *net) { return static_cast<int>(net->names.size()); }

const char *rvo_net_output(rvo_net *net, int i) { return net->names[i].c_str(); }

int rvo_net_run(rvo_net *net, const float *in, const int *shape, char **err) {
  return guard(err, [&] {
    cv::Mat blob(4, shape, CV_32F, const_cast<float *>(in));
    net->net.setInput(blob);
    net->out.clear();
    net->net.forward(net->out, net->names);
    for (cv::Mat &m : net->out) {
      if (m.depth() != CV_32F) throw std::runtime_error("an output is not of 32-bit floating point numbers");
      if (!m.isContinuous()) m = m.clone();
    }
    return 1;
  });
}

const float *rvo_net_result(rvo_net *net, int i, int *axes, int *shape) {
  const cv::Mat &m = net->out[i];
  *axes = m.dims < 8 ? m.dims : 8;
  for (int k = 0; k < *axes; k++) shape[k] = m.size[k];
  return m.ptr<float>();
}
