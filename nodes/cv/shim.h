//go:build cgo && opencv

// The C face of what this package needs from OpenCV and gocv does not give, or gives without catching exceptions.
// Every function that can throw returns a text in *err instead (malloc'd, the caller frees it) and leaves its outputs
// untouched. No function keeps a pixel pointer past its return.
#ifndef RVO_CV_SHIM_H
#define RVO_CV_SHIM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rvo_capture rvo_capture;
typedef struct rvo_hog rvo_hog;
typedef struct rvo_cascade rvo_cascade;
typedef struct rvo_mog2 rvo_mog2;
typedef struct rvo_net rvo_net;

// One detection in pixels of the picture that was given, with the detector's own weight.
typedef struct {
  double x, y, w, h, weight;
} rvo_box;

typedef struct {
  double enlarge;    // the picture is scaled by this first
  double step;       // ratio of one pyramid level to the next
  double threshold;  // least SVM weight
  int stride;        // window step in pixels of the scaled picture
  double group;      // OpenCV's grouping threshold, 0 for none
} rvo_hog_params;

typedef struct {
  double step;
  int neighbours;
  int min_side;  // pixels
} rvo_cascade_params;

const char *rvo_version(void);
// The number of threads one call of OpenCV may use, for the whole process. It starts at 1.
char *rvo_set_threads(int n);
int rvo_get_threads(void);

// Opens a file or a URL through FFmpeg. want is what FFmpeg is told beside ("rtsp_transport;udp"), empty for nothing. A
// call waits for those before it.
rvo_capture *rvo_capture_uri(const char *uri, const char *want, int timeout_ms, char **err);
rvo_capture *rvo_capture_device(const char *path, int index, int width, int height, double fps, char **err);
void rvo_capture_free(rvo_capture *c);
// 1 there is a picture, 0 there is none, -1 an error.
int rvo_capture_grab(rvo_capture *c, char **err);
// Fetches the grabbed picture. 1: it is in dst, which has room for width x height x 3 bytes. 2: it has another size,
// now in width and height, or dst is null; it stays in c for rvo_capture_copy. 0: there is none. -1: an error.
int rvo_capture_retrieve(rvo_capture *c, void *dst, int *width, int *height, char **err);
// Copies the retrieved picture to dst as 3 bytes a pixel, rows without padding.
int rvo_capture_copy(rvo_capture *c, void *dst, size_t len, char **err);
double rvo_capture_get(rvo_capture *c, int prop, char **err);

rvo_hog *rvo_hog_people(char **err);
void rvo_hog_free(rvo_hog *h);
int rvo_hog_detect(rvo_hog *h, const void *pix, int width, int height, int stride, int channels,
                   const rvo_hog_params *p, rvo_box *out, int max, char **err);

rvo_cascade *rvo_cascade_load(const char *path, int *window_width, int *window_height, char **err);
void rvo_cascade_free(rvo_cascade *c);
int rvo_cascade_detect(rvo_cascade *c, const void *pix, int width, int height, int stride, int channels,
                       const rvo_cascade_params *p, rvo_box *out, int max, char **err);

rvo_mog2 *rvo_mog2_new(double var_threshold, int shadows, char **err);
void rvo_mog2_free(rvo_mog2 *m);
int rvo_mog2_tune(rvo_mog2 *m, double var_threshold, int shadows, char **err);
// src and mask are cv::Mat pointers; rate is the share of the new picture in the model, 0 to 1.
int rvo_mog2_apply(rvo_mog2 *m, void *src, void *mask, double rate, char **err);

// The result is malloc'd and the caller's.
int rvo_jpeg(const void *pix, int width, int height, int stride, int channels, int quality, void **out, size_t *len,
             char **err);

// Loads a network: an ONNX file, or Darknet's where config has bytes.
rvo_net *rvo_net_open(const void *weights, size_t n, const void *config, size_t m, char **err);
void rvo_net_free(rvo_net *net);
// How many outputs the network has, and the name of one.
int rvo_net_outputs(rvo_net *net);
const char *rvo_net_output(rvo_net *net, int i);
// Computes all outputs for one input of 32-bit numbers with 4 axes, which is read before the call returns. 0 is a failure.
int rvo_net_run(rvo_net *net, const float *in, const int *shape, char **err);
// An output of the last run: its numbers, which are valid until the next run, and its axes, at most 8.
const float *rvo_net_result(rvo_net *net, int i, int *axes, int *shape);

#ifdef __cplusplus
}
#endif
#endif
