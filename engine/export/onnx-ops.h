/* What layers are made of, as ONNX operations. Pictures are [N, C, H, W], vectors [N, C]; N is
 * known when the graph runs, and 1 for what is the same for every sample. */
#pragma once

#include "engine/export/onnx-graph.h"
#include "engine/models/network.h"

G_BEGIN_DECLS

/* x · scale + bias through a matrix [out, in]; `bias` may be NULL. */
const char *sg_onnx_dense(SgOnnxGraph *g, const char *x, const char *matrix, const char *bias);
/* Leaky ReLU, gain, clamp (< 0: none). */
const char *sg_onnx_activate(SgOnnxGraph *g, const char *x, double slope, double gain,
                             double clamp);
/* The vector as [N, C, 1, 1]; the picture as [N, size]. */
const char *sg_onnx_as_planes(SgOnnxGraph *g, const char *x, int channels);
const char *sg_onnx_flat(SgOnnxGraph *g, const char *x, int size);
/* x / sqrt (mean (x²) + 1e-8), of a vector. */
const char *sg_onnx_normalize(SgOnnxGraph *g, const char *x);
/* 1 / sqrt (x + eps) */
const char *sg_onnx_rsqrt(SgOnnxGraph *g, const char *x, double eps);
/* The mean over axis `first` to 3 of four, kept as sizes of 1. */
const char *sg_onnx_mean(SgOnnxGraph *g, const char *x, int first);
/* The convolution of layer l; takes `w`: [O, I, k, k]. */
const char *sg_onnx_conv(SgOnnxGraph *g, const char *x, SgTensor *w, const SgLayer *l);
/* The filter over a picture of `channels` × h × w; h and w become those behind it. */
const char *sg_onnx_filter(SgOnnxGraph *g, const char *x, const SgFilter *f, int channels, int *h,
                           int *w);
/* Columns of a vector, or planes: from `first` up to `end` on axis 1. */
const char *sg_onnx_part(SgOnnxGraph *g, const char *x, int first, int end);

G_END_DECLS
