#include "engine/explore/stage-cache.h"
#include "engine/explore/random.h"
#include <string.h>

struct _SgStageCache {
  const SgSynthesis *net;
  int first_face, n;
  gboolean *keep;       /* [stages] whether a convolution's output is kept */
  SgBuf **x, **img;     /* [stages] outputs of CONV and RGB stages, NULL where not kept */
  SgBuf **noise;        /* [stages] planes of noise_key, made when first needed */
  float *ws;            /* [n, num_ws, w_dim] that x and img belong to */
  SgNoiseKey noise_key; /* its gain is the array below */
  double *gain;         /* [num_convs] */
  void (*watch)(guint stage, SgBuf *x, SgBuf *img, gpointer data); /* or NULL */
  gpointer watch_data;
  guint valid; /* leading stages for which x and img are those of ws and noise_key */
};

static gsize
stage_bytes(const SgStageCache *c, const SgStage *stage)
{
  return sizeof(float) * (gsize)c->n * (gsize)stage->out_channels * (gsize)stage->resolution *
         (gsize)stage->resolution;
}

SgStageCache *
sg_stage_cache_new(const SgSynthesis *net, int first_face, int n, gsize budget)
{
  SgStageCache *c = g_new0(SgStageCache, 1);
  guint stages = net->stages->len;

  c->net = net;
  c->first_face = first_face;
  c->n = n;
  c->keep = g_new0(gboolean, stages);
  c->x = g_new0(SgBuf *, stages);
  c->img = g_new0(SgBuf *, stages);
  c->noise = g_new0(SgBuf *, stages);
  c->ws = g_new0(float, (gsize)n * net->num_ws * net->w_dim);
  c->gain = g_new(double, net->num_convs);
  for (int i = 0; i < net->num_convs; i++)
    c->gain[i] = 1;
  for (guint i = 0; i < stages; i++) {
    gsize bytes = stage_bytes(c, sg_synthesis_stage(net, i));
    c->keep[i] = bytes <= budget;
    budget -= c->keep[i] ? bytes : 0;
  }
  return c;
}

static void
drop(SgBuf **slot)
{
  sg_buf_unref(*slot);
  *slot = NULL;
}

void
sg_stage_cache_free(SgStageCache *c)
{
  if (!c)
    return;
  for (guint i = 0; i < c->net->stages->len; i++) {
    drop(&c->x[i]);
    drop(&c->img[i]);
    drop(&c->noise[i]);
  }
  g_free(c->keep);
  g_free(c->x);
  g_free(c->img);
  g_free(c->noise);
  g_free(c->ws);
  g_free(c->gain);
  g_free(c);
}

void
sg_stage_cache_watch(SgStageCache *c,
                     void (*done)(guint stage, SgBuf *x, SgBuf *img, gpointer data), gpointer data)
{
  c->watch = done;
  c->watch_data = data;
}

int
sg_stage_cache_faces(const SgStageCache *c)
{
  return c->n;
}

/* ---- noise ----------------------------------------------------------------------------------- */

/* The plane a file does not hold, fixed all the same: RandomState (block).randn (2, r, r), block
 * counted from 1, the first plane for the convolution that doubles the resolution. */
static SgBuf *
fixed_plane(const SgStageCache *c, const SgStage *stage, GError **error)
{
  SgRandomState state;
  int r = stage->resolution;
  gsize size = (gsize)r * (gsize)r;
  g_autofree float *planes = g_new(float, 2 * size);

  sg_random_state_seed(&state, (guint32)stage->w_index + 1);
  sg_random_state_randn_f32(&state, 2 * size, planes);
  return sg_buf_from_floats(c->net->backend, planes + (stage->up ? 0 : size), 1, 1, r, r, error);
}

/* Fresh planes for every face, all stages at once: face i draws from RandomState (seed + i), stage
 * after stage. */
static gboolean
draw_random(SgStageCache *c, GError **error)
{
  g_autofree SgRandomState *states = g_new(SgRandomState, c->n);
  for (int i = 0; i < c->n; i++)
    sg_random_state_seed(&states[i], c->noise_key.seed + (guint32)(c->first_face + i));
  for (guint s = 0; s < c->net->stages->len; s++) {
    const SgStage *stage = sg_synthesis_stage(c->net, s);
    int r = stage->resolution;
    gsize size = (gsize)r * (gsize)r;
    if (stage->kind != SG_STAGE_CONV)
      continue;
    g_autofree float *planes = g_new(float, size *(gsize)c->n);
    for (int i = 0; i < c->n; i++)
      sg_random_state_randn_f32(&states[i], size, planes + (gsize)i * size);
    c->noise[s] = sg_buf_from_floats(c->net->backend, planes, c->n, 1, r, r, error);
    if (!c->noise[s])
      return FALSE;
  }
  return TRUE;
}

static SgBuf *
stage_noise(guint i, int n, gpointer data, GError **error)
{
  SgStageCache *c = data;
  const SgStage *stage = sg_synthesis_stage(c->net, i);

  if (c->noise_key.mode == SG_NOISE_NONE || stage->noise_strength == 0 ||
      c->gain[stage->conv_index] == 0)
    return NULL;
  if (c->noise_key.mode == SG_NOISE_CONST && stage->noise_const)
    return sg_buf_ref(stage->noise_const);
  if (!c->noise[i] && c->noise_key.mode == SG_NOISE_CONST)
    c->noise[i] = fixed_plane(c, stage, error);
  else if (!c->noise[i] && !draw_random(c, error))
    return NULL;
  return c->noise[i] ? sg_buf_ref(c->noise[i]) : NULL;
}

/* ---- what has to run ------------------------------------------------------------------------- */

static gboolean
same_w(const SgStageCache *c, const float *ws, int w_index)
{
  gsize dim = (gsize)c->net->w_dim, step = dim * (gsize)c->net->num_ws;
  for (int n = 0; n < c->n; n++) {
    gsize at = (gsize)n * step + (gsize)w_index * dim;
    if (memcmp(ws + at, c->ws + at, dim * sizeof(float)) != 0)
      return FALSE;
  }
  return TRUE;
}

/* Does the stage's noise differ from what its output was made with? */
static gboolean
noise_differs(const SgStageCache *c, const SgStage *stage, SgNoiseKey noise, gboolean planes)
{
  if (stage->kind != SG_STAGE_CONV || stage->noise_strength == 0)
    return FALSE;
  return planes || (noise.gain ? noise.gain[stage->conv_index] : 1) != c->gain[stage->conv_index];
}

/* Takes over ws and noise; what they change is no longer valid. */
static void
invalidate(SgStageCache *c, const float *ws, SgNoiseKey noise)
{
  gboolean noisy = noise.mode != c->noise_key.mode ||
                   (noise.mode == SG_NOISE_RANDOM && noise.seed != c->noise_key.seed);
  guint i = 0;

  for (; i < c->valid; i++) {
    const SgStage *stage = sg_synthesis_stage(c->net, i);
    if (!same_w(c, ws, stage->w_index) || noise_differs(c, stage, noise, noisy))
      break;
  }
  c->valid = i;
  for (; i < c->net->stages->len; i++) { /* their memory is what the new ones will use */
    drop(&c->x[i]);
    drop(&c->img[i]);
  }
  if (noisy) {
    c->noise_key = noise;
    for (guint s = 0; s < c->net->stages->len; s++)
      drop(&c->noise[s]);
  }
  for (int k = 0; k < c->net->num_convs; k++)
    c->gain[k] = noise.gain ? noise.gain[k] : 1;
  c->noise_key.gain = c->gain;
  memcpy(c->ws, ws, sizeof(float) * (gsize)c->n * (gsize)c->net->num_ws * (gsize)c->net->w_dim);
}

/* The newest output of `kind` among the stages before i; *found is FALSE if such a stage exists but
 * its output was not kept. */
static SgBuf *
newest(const SgStageCache *c, guint i, SgStageKind kind, gboolean *found)
{
  while (i-- > 0)
    if (sg_synthesis_stage(c->net, i)->kind == kind) {
      SgBuf *buf = kind == SG_STAGE_CONV ? c->x[i] : c->img[i];
      *found = *found && buf;
      return buf;
    }
  return NULL;
}

/* Input of the resnet block whose second convolution is stage i. */
static SgBuf *
block_input(const SgStageCache *c, guint i, gboolean *found)
{
  if (!sg_synthesis_stage(c->net, i)->skip)
    return NULL;
  while (!sg_synthesis_stage(c->net, i)->block_start)
    i--;
  return newest(c, i, SG_STAGE_CONV, found);
}

static void
stage_done(guint i, SgBuf *x, SgBuf *img, gpointer data)
{
  SgStageCache *c = data;
  if (sg_synthesis_stage(c->net, i)->kind == SG_STAGE_RGB) {
    drop(&c->img[i]);
    c->img[i] = sg_buf_ref(img);
  } else if (c->keep[i]) {
    drop(&c->x[i]);
    c->x[i] = sg_buf_ref(x);
  }
  c->valid = i + 1;
  if (c->watch)
    c->watch(i, x, img, c->watch_data);
}

SgBuf *
sg_stage_cache_render(SgStageCache *c, const float *ws, SgNoiseKey noise, guint to,
                      guint *first_run, GError **error)
{
  SgBuf *x = NULL, *img = NULL, *block_in = NULL;
  gboolean found;

  invalidate(c, ws, noise);
  guint from = MIN(c->valid, to);
  do {
    found = TRUE;
    x = newest(c, from, SG_STAGE_CONV, &found);
    img = newest(c, from, SG_STAGE_RGB, &found);
    block_in = from < to ? block_input(c, from, &found) : NULL;
    if (from == to)
      found = img != NULL;
  } while (!found && from-- > 0);
  if (first_run)
    *first_run = from;
  if (from == to)
    return sg_buf_ref(img);
  c->valid = from;
  SgPass pass = {.net = c->net,
                 .n = c->n,
                 .ws = c->ws,
                 .noise = stage_noise,
                 .noise_data = c,
                 .noise_gain = c->gain,
                 .stage_done = stage_done,
                 .data = c};
  return sg_synthesis_run(&pass, from, to, x, img, block_in, error);
}
