/* SgNetwork: what a network is made of, told once.
 *
 * A family (family-*.c) describes a network as a list of layers with edges between them, and as the
 * tensors that belong to them. It does so from a model's tensors, or from an architecture that
 * somebody wants to train. Whoever checks shapes, builds, runs, trains, prunes, counts or lists
 * loops over the description and knows no layer's name.
 *
 * A description says what is computed, whether this program can run it or not: layers have sizes of
 * their own (height and width, any number), filters are taps. Those who run it map that to what a
 * back end has, or refuse in a sentence. Immutable once made, and safe to share between threads. */
#pragma once

#include "engine/base/tensor.h"

G_BEGIN_DECLS

typedef struct _SgFamily SgFamily;
typedef struct _SgModel SgModel;

/* ---- layers ---------------------------------------------------------------------------------- */

/* What a layer computes of its input x. W, b: its weight and bias; s: its style, A w + b. */
typedef enum {
  SG_KIND_NORMALIZE, /* x / sqrt (mean (x²) + 1e-8), each sample by itself */
  SG_KIND_CONCAT,    /* x and what `second` gives, one behind the other */
  SG_KIND_DENSE,     /* act (W x lr / sqrt (in) + b lr); of a picture: of all its numbers */
  SG_KIND_AVERAGE,   /* x; remembers the mean of all of them, for truncation */
  SG_KIND_CONSTANT,  /* W, a learnt picture, for every sample the same */
  SG_KIND_FOURIER,   /* W times sines over the plane, which w moves and turns (StyleGAN3) */
  SG_KIND_MODULATED, /* act (d conv (s x, W) + noise + b), d = 1 / sqrt (sum (W s)² + eps) */
  SG_KIND_ADAIN,     /* x' = act (conv (x, W) + noise + b), normalised per plane, times s, + t;
                      * `style_offset` is added to s, the first half of the style */
  SG_KIND_TO_RGB,    /* conv (s x, W) + b, a picture; of ADAIN networks without style */
  SG_KIND_FROM_RGB,  /* act (conv (x, W) + b) of a picture */
  SG_KIND_CONV,      /* act (conv (x, W) + b) */
  SG_KIND_RESAMPLE,  /* the picture x through the filter `before` */
  SG_KIND_BATCH_STD, /* x and `features` planes of the standard deviation over groups of samples */
  SG_KIND_PROJECT,   /* x · (what `second` gives) / sqrt (in), of a label undivided: one number */
} SgLayerKind;

typedef enum { SG_SECTION_MAPPING, SG_SECTION_SYNTHESIS, SG_SECTION_DISCRIMINATOR } SgSection;

/* The three groups of styles of Karras et al. 2019, section 3.1, by what they draw. */
typedef enum { SG_STYLES_COARSE, SG_STYLES_MIDDLE, SG_STYLES_FINE } SgStyleGroup;

/* Where an input comes from that no layer gives. */
enum { SG_FROM_NOTHING = -1, SG_FROM_Z = -2, SG_FROM_LABEL = -3, SG_FROM_PICTURE = -4 };

/* Resampling along both axes: zeros between samples (up), padding (negative: cropping), the taps,
 * every down-th sample. n == 0: none. The taps' sum times gain is the mean's gain squared:
 * `gain` counts for both axes together, as upfirdn's. */
typedef struct {
  int n;              /* taps along an axis */
  const double *taps; /* [n], or where `radial` [n, n] */
  int up, down, pad, pad_end;
  double gain;
  gboolean radial;     /* not a product of two axes */
  gboolean clamp_edge; /* beyond the edge is the edge's pixel, else 0 */
} SgFilter;

/* What a tensor is to its layer. */
typedef enum {
  SG_ROLE_WEIGHT,
  SG_ROLE_BIAS,
  SG_ROLE_AFFINE_WEIGHT, /* of the style */
  SG_ROLE_AFFINE_BIAS,
  SG_ROLE_NOISE_STRENGTH,
  SG_ROLE_NOISE_CONST,
  SG_ROLE_AVERAGE,
  SG_ROLE_FREQUENCIES, /* of a Fourier input */
  SG_ROLE_PHASES,
  SG_ROLE_TRANSFORM, /* of a Fourier input: how the plane lies, [3, 3] */
  SG_ROLE_MAGNITUDE, /* mean square of what goes into a layer, during training */
  SG_ROLE_UP_FILTER, /* the taps of act_up and act_down */
  SG_ROLE_DOWN_FILTER,
  SG_N_ROLES
} SgRole;

typedef struct {
  char name[64];  /* as its tensors' names begin: "synthesis.b8.conv0" */
  char label[32]; /* for people and options: "b8.conv0" */
  char block[32]; /* as the names of the layers that belong to it begin: "synthesis.b8"; or "" */
  SgLayerKind kind;
  SgSection section;
  int input, second;            /* layers before it in `run`, or SG_FROM_… */
  int add;                      /* the layer whose result is added to this one's, or NOTHING */
  int in, out;                  /* channels, of DENSE numbers */
  int in_h, in_w, out_h, out_w; /* pixels of input and result; 1 for vectors */
  int kernel, pad, pad_end;     /* pixels, both axes */
  int stride_up, stride_down;   /* 2: a transposed, or a striding convolution; else 1 */
  gboolean in_first;            /* W is stored [I, O, k, k] */
  /* Else than 0: W runs as the sum of its four shifts by one pixel times this, [O, I, k + 1, k + 1]
   * (the fused resampling of Karras et al. 2018). */
  double widen;
  SgFilter before, after;    /* of the input; of what W leaves, ahead of noise and bias */
  SgFilter act_up, act_down; /* around the activation (StyleGAN3) */
  SgFilter add_filter;       /* of what is added */
  int w_index;               /* of the num_ws vectors, < 0: takes none */
  double style_offset;       /* is added to the style */
  gboolean bias_first;       /* ADAIN: b is added ahead of `after`, not behind it */
  gboolean equalised;        /* MODULATED: W runs divided by sqrt (fan in), else as stored */
  double demod_eps;          /* MODULATED; ADAIN: beside the variance */
  /* MODULATED, TO_RGB: s is divided by its root mean square, W's filters by theirs; and TO_RGB's
   * bias and clamp come before `branch` (StyleGAN3) */
  gboolean prenormalised;
  double lr;                 /* learning rate multiplier: 1, of mapping layers less */
  double wgain;              /* of W alone, beside lr / sqrt (fan in): 1, StyleGAN sqrt 2 */
  double slope;              /* of the activation: 0.2, linear 1 */
  double gain, clamp;        /* of the activation; clamp < 0: none */
  double branch;             /* factor behind both: √½ where two branches are added */
  SgStyleGroup group;        /* of layers that take a w */
  int features, batch_group; /* BATCH_STD; batch_group 0: the whole batch */
  double rate, bandwidth;    /* FOURIER: samples, and cycles, in a unit of the plane */
  int param[SG_N_ROLES];     /* index into params, < 0: none */
} SgLayer;

/* ---- tensors --------------------------------------------------------------------------------- */

typedef struct {
  char *name; /* in files, without the network's prefix: "synthesis.b8.conv0.weight" */
  int layer;
  SgRole role;
  int ndim;
  gint64 shape[4];
  guint free_axes;       /* bit i: the architecture leaves size i to the tensor */
  gboolean optional;     /* a file may lack it */
  gboolean buffer;       /* not learnt by gradients */
  double mean, std;      /* of the initial values, N (mean, std²) */
  gint64 fan_in;         /* weights: how many numbers one result sums; else 0 */
  int in_axis, out_axis; /* that counts the layer's input or output channels; -1: none does */
} SgParam;

typedef struct {
  gatomicrefcount ref;
  const SgFamily *family;
  int z_dim, c_dim, w_dim, num_ws;
  int channels; /* of a picture */
  int height,
      width;       /* of a picture; a generator's last layer may be larger: cropped at both sides */
  GArray *layers;  /* of SgLayer, in the order of files */
  GArray *params;  /* of SgParam, in the order of files */
  GArray *run;     /* of int: layers in the order in which they run */
  GArray *draw;    /* of int: layers in the order in which initial values are drawn */
  int output;      /* the layer that gives the picture or the logit */
  int mapped;      /* generator: the layer that gives w */
  GPtrArray *taps; /* memory of filters */
} SgNetwork;

static inline const SgLayer *
sg_network_layer(const SgNetwork *n, int i)
{
  return &g_array_index(n->layers, SgLayer, i);
}
static inline const SgParam *
sg_network_param(const SgNetwork *n, int i)
{
  return &g_array_index(n->params, SgParam, i);
}
/* The layer's tensor of a role; NULL: it has none. */
const SgParam *sg_layer_param(const SgNetwork *n, const SgLayer *layer, SgRole role);
/* The k-th layer that runs. */
static inline const SgLayer *
sg_network_running(const SgNetwork *n, guint k)
{
  return sg_network_layer(n, g_array_index(n->run, int, k));
}
static inline int
sg_layer_index(const SgNetwork *n, const SgLayer *layer)
{
  return (int)(layer - (const SgLayer *)(gpointer)n->layers->data);
}

SgNetwork *sg_network_ref(SgNetwork *n);
void sg_network_unref(SgNetwork *n); /* NULL allowed */

/* Finds a parameter by the name without prefix; NULL: the network has none. */
const SgParam *sg_network_find(const SgNetwork *n, const char *name);
/* The mapping network's memory of its mean w; NULL: it has none. */
const SgParam *sg_network_average(const SgNetwork *n);
/* What the run multiplies a stored weight with: lr / sqrt (fan in), else 1 (Karras et al. 2018,
 * 2019). A demodulated convolution divides any scale out again, but for its epsilon. */
double sg_param_scale(const SgNetwork *n, const SgParam *p);
/* Weights in the narrow sense: what pruning may take, what begins random. */
gboolean sg_param_is_weight(const SgNetwork *n, const SgParam *p);
/* Pixels along an axis behind a filter. */
int sg_filter_size(const SgFilter *f, int size);

/* Does it begin with Fourier features, whose plane can be moved and turned? */
gboolean sg_network_is_movable(const SgNetwork *n);
/* How many layers take noise, and their running indices; [n] layers in the order they run. */
GArray *sg_network_noise_layers(const SgNetwork *n);
/* Writes for each w [num_ws] the layer that tells it: the first convolution that takes it, or the
 * toRGB where no convolution does. */
void sg_network_style_layers(const SgNetwork *n, const SgLayer **layers);
/* Up to 8 pixels coarse, up to 32 middle, else fine (Karras et al. 2019, section 3.1). */
SgStyleGroup sg_style_group(int pixels);

/* ---- describing ------------------------------------------------------------------------------ */

/* For families. The order of calls is the order of files. */
SgNetwork *sg_network_new(const SgFamily *family);
/* A layer of that kind without a name, edges, style, activation: linear, unclamped, sizes of 1. */
SgLayer sg_layer_new(SgLayerKind kind, SgSection section);
/* What comes from `from`, and goes out in so many channels and pixels. */
void sg_layer_set_sizes(SgLayer *layer, const SgLayer *from, int out, int out_h, int out_w);
/* Appends a copy of `layer`, whose tensors come with sg_network_declare(). Returns its index. */
int sg_network_add(SgNetwork *n, const SgLayer *layer);
/* The same, and it runs next. */
int sg_network_add_next(SgNetwork *n, const SgLayer *layer);
SgLayer *sg_network_edit(SgNetwork *n, int layer);
/* Appends a tensor of the layer with what is usual for its role: initial values, fan-in, axes.
 * Borrowed until the next call. */
SgParam *sg_network_declare(SgNetwork *n, int layer, SgRole role, int ndim, const gint64 *shape,
                            const char *format, ...) G_GNUC_PRINTF(6, 7);
/* The layer runs next, and its initial values are drawn next. < 0: nothing happens. */
void sg_network_run_next(SgNetwork *n, int layer);
void sg_network_draw_next(SgNetwork *n, int layer);
/* Taps that live as long as the network. */
const double *sg_network_keep_taps(SgNetwork *n, const double *taps, int count);
/* [1, 3, 3, 1] / 8, the filter of StyleGAN and StyleGAN2. */
SgFilter sg_filter_binomial(int up, int down, int pad, int pad_end, double gain);
/* [1, 2, 1] / 4 per axis, the size stays: the blur of Karras et al. 2019. */
SgFilter sg_filter_blur(void);
/* Each pixel `times` times along both axes, and the mean of so many (at most 4096). */
SgFilter sg_filter_nearest(SgNetwork *n, int times);
SgFilter sg_filter_box(SgNetwork *n, int times);

/* Every edge leads to a layer that has run, channels and sizes fit along all edges and to the
 * tensors' shapes. FALSE: the family describes nonsense, and the error names the layer. */
gboolean sg_network_verify(const SgNetwork *n, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgNetwork, sg_network_unref)

G_END_DECLS
