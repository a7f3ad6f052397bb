/* The synthesis network as a list of stages, for every family of model.
 *
 * A stage is either a convolution with a style (it changes the activations x) or a toRGB (it
 * changes the picture img). synthesis-build.c makes them of the network's description
 * (models/network.h). Modulated convolution is scale -> shared-weight convolution -> scale, so no
 * weights are made per sample (StyleGAN2, eq. 1-3):
 *   y = d ⊙ conv (s ⊙ x, W),  s = A w + b,  d = 1 / sqrt (s² · ΣW² + eps) */
#pragma once

#include "engine/models/model.h"
#include "engine/nets/fourier.h"

G_BEGIN_DECLS

typedef enum { SG_STAGE_CONV, SG_STAGE_RGB } SgStageKind;

typedef struct {
  SgBackend *backend;
  SgStageKind kind;
  char name[32];  /* "b8.conv0", "b8.torgb", mystylegan "1.upconv" */
  int w_index;    /* which of the num_ws vectors */
  int conv_index; /* CONV: how many convolutions come before it */
  int resolution; /* of its output: its height */
  int width;
  int in_channels, out_channels;
  int style_channels;         /* in_channels; 0 without a style; AdaIN twice its out_channels */
  const SgLayer *layer;       /* the model's */
  SgBuf *affine_w, *affine_b; /* style: [style_channels, w_dim], [1, style_channels], or NULL */
  float affine_gain;

  /* CONV */
  SgTensor *weight; /* keeps what `conv` borrows */
  SgConv *conv;     /* NULL: what comes in goes on as it is */
  gboolean up;      /* conv doubles the resolution */
  SgBuf *squares;   /* [out, in]: sum of squared weights over the kernel */
  float demod_eps;
  SgBuf *bias;
  SgBuf *noise_const; /* PLAIN [1, 1, h, w] or NULL */
  float noise_strength;
  SgBuf *strength; /* [1, out] what the noise of each channel is multiplied with besides, or NULL */
  SgBuf *scale;    /* AdaIN: [1, out] what the convolution is multiplied with */
  float slope, gain, clamp; /* of the activation */
  SgConv *skip; /* resnet: 1×1 of the block's input, weights already scaled; on its last conv */
  SgTensor *skip_weight;
  gboolean block_start; /* resnet: this conv's input is also the skip's */

  SgFourier *fourier; /* of the stage that everything begins with instead of a constant, or NULL */

  /* RGB; `slope`, `gain` and `noise` are not for it */
  SgBuf *rgb_w, *rgb_b; /* [K, in] with 1 / sqrt (in) folded in, [1, K] */
  gboolean bilinear;    /* the picture so far is upsampled bilinearly, else by the FIR filter */
} SgStage;

typedef struct {
  SgBackend *backend;
  SgModel *model;
  int num_ws, num_convs, w_dim, channels, resolution, width; /* resolution: the height */
  int full_resolution; /* before the crop; == resolution for StyleGAN2 */
  GArray *stages;      /* of SgStage */
  SgBuf *constant;     /* ACT [1, C, h, w]; NULL: the first stage takes nothing */
} SgSynthesis;

SgSynthesis *sg_synthesis_new(SgBackend *b, SgModel *model, const char *prefix, GError **error);
void sg_synthesis_free(SgSynthesis *s);
static inline SgStage *
sg_synthesis_stage(const SgSynthesis *s, guint i)
{
  return &g_array_index(s->stages, SgStage, i);
}

/* What one pass over the stages of n samples works on. Filled by sg_pass_*; see synthesis.c. */
typedef struct {
  const SgSynthesis *net;
  int n;
  const float *ws; /* host, [n, num_ws, w_dim] */
  SgBuf *w; /* the same with its first two axes swapped, PLAIN [num_ws n, w_dim, 1, 1], or NULL */
  /* Noise of a conv stage: PLAIN [1 or n, 1, h, w], NULL for none. Called once a stage; transfer
   * full. */
  SgBuf *(*noise)(guint stage, int n, gpointer data, GError **error);
  gpointer noise_data;
  const double *noise_gain; /* [num_convs] factor of each convolution's noise; NULL: all 1 */
  /* [stages] what is added to the style of each, PLAIN [n, in_channels, 1, 1], or NULL; NULL: to
   * none. */
  SgBuf *const *style_add;
  SgMotion motion; /* of networks with Fourier features */
  gboolean whole;  /* is being recorded: ends early for nobody */
  /* Called after each stage with what there is then (borrowed: ref to keep). */
  void (*stage_done)(guint stage, SgBuf *x, SgBuf *img, gpointer data);
  gpointer data;
} SgPass;

/* Runs stages [from, to) and returns the picture after them, PLAIN [n, K, h, w]. For from > 0, x
 * and img are what the stages before left (img NULL if none drew yet), block_in the input of the
 * resnet block that `from` is in the middle of (else NULL). All borrowed. Ends after a stage where
 * base/interrupt.h says so. */
SgBuf *sg_synthesis_run(const SgPass *pass, guint from, guint to, SgBuf *x, SgBuf *img,
                        SgBuf *block_in, GError **error);

/* ws of a pass in the order of SgPass.w, to w [num_ws n, w_dim]. */
void sg_synthesis_order_ws(const SgSynthesis *net, int n, const float *ws, float *w);

/* The style s = A w + b (+ style_add) of stage i: PLAIN [n, in_channels, 1, 1]; transfer full. Of
 * the pass only net, n, ws, w and style_add are used. */
SgBuf *sg_synthesis_style(const SgPass *pass, guint i, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgSynthesis, sg_synthesis_free)

G_END_DECLS
