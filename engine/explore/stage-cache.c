#include "engine/explore/stage-cache.h"
#include "engine/base/room.h"
#include "engine/base/debug.h"
#include "engine/base/random.h"
#include <string.h>

/* What a run of stages depends on beside ws: the same stages, buffers and noise again are the same
 * work again. */
typedef struct {
  guint from, to;
  SgBuf *x, *img, *block_in; /* what the run starts from */
  guint changes;             /* counts changes of the noise and of which styles are moved */
} RunKey;

/* A recorded run, with all that it reads or leaves (owned). */
typedef struct {
  RunKey key;
  SgReplay *replay;
  SgBuf **x, **img; /* [stages] as the cache's, of its stages */
  SgBuf *picture;
} Recorded;

struct _SgStageCache {
  const SgSynthesis *net;
  int first_face, n;
  gboolean *keep; /* [stages] whether a stage's output is kept */
  gsize budget;
  guint onward; /* of a picture that ends before the network does, the convolution that a larger one
                 * goes on from: kept until then, if it alone is within the budget. 0: none */
  SgBuf **x, **img; /* [stages] outputs of CONV and RGB stages, NULL where not kept */
  SgBuf **noise;    /* [stages] planes of noise_mode, made when first needed */
  float *ws;        /* [n, num_ws, w_dim] that x and img belong to */
  SgNoiseMode noise_mode;
  guint32 noise_seed;
  SgMotion motion;
  double *gain;            /* [num_convs] */
  SgTensor **maps;         /* [num_convs] or NULL each; owned */
  float **styles;          /* [stages] of [in_channels], NULL: nothing is added to that style */
  gboolean styles_changed; /* style_add is not theirs yet */
  SgBuf **style_add;       /* [stages] the same on the back end */
  void (*watch)(guint stage, SgBuf *x, SgBuf *img, gpointer data); /* or NULL */
  gpointer watch_data;
  guint valid; /* leading stages for which x and img are those of ws, noise and styles */
  SgBuf *w;    /* ws on the back end: SgPass.w */
  RunKey last; /* of the last run; its buffers are compared, never used */
  Recorded *recorded;
  guint changes;
  guint settings; /* the back end's */
  gboolean cannot_record;
};

static gsize
stage_bytes(const SgStageCache *c, const SgStage *stage)
{
  return sizeof(float) * (gsize)c->n * (gsize)stage->out_channels * (gsize)stage->resolution *
         (gsize)stage->width;
}

SgStageCache *
sg_stage_cache_new(const SgSynthesis *net, int first_face, int n, gsize budget)
{
  SgStageCache *c = g_new0(SgStageCache, 1);
  guint stages = net->stages->len;

  c->net = net;
  c->first_face = first_face;
  c->n = n;
  c->settings = net->backend->settings;
  c->budget = budget;
  c->cannot_record = !net->backend->record_begin;
  c->keep = g_new0(gboolean, stages);
  c->x = g_new0(SgBuf *, stages);
  c->img = g_new0(SgBuf *, stages);
  c->noise = g_new0(SgBuf *, stages);
  c->ws = g_new0(float, (gsize)n * net->num_ws * net->w_dim);
  c->maps = g_new0(SgTensor *, net->num_convs);
  c->styles = g_new0(float *, stages);
  c->style_add = g_new0(SgBuf *, stages);
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

static void
recorded_free(SgStageCache *c)
{
  Recorded *r = g_steal_pointer(&c->recorded);

  if (!r)
    return;
  if (r->replay)
    c->net->backend->replay_free(r->replay);
  for (guint i = 0; i < c->net->stages->len; i++) {
    drop(&r->x[i]);
    drop(&r->img[i]);
  }
  drop(&r->key.x);
  drop(&r->key.img);
  drop(&r->key.block_in);
  drop(&r->picture);
  g_free(r->x);
  g_free(r->img);
  g_free(r);
}

void
sg_stage_cache_free(SgStageCache *c)
{
  if (!c)
    return;
  recorded_free(c);
  drop(&c->w);
  for (guint i = 0; i < c->net->stages->len; i++) {
    drop(&c->x[i]);
    drop(&c->img[i]);
    drop(&c->noise[i]);
    drop(&c->style_add[i]);
    g_free(c->styles[i]);
  }
  for (int i = 0; i < c->net->num_convs; i++)
    sg_tensor_unref(c->maps[i]);
  g_free(c->maps);
  g_free(c->styles);
  g_free(c->style_add);
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

SgBuf *const *
sg_stage_cache_style_add(const SgStageCache *c)
{
  return c->style_add;
}

/* ---- noise ----------------------------------------------------------------------------------- */

SgBuf *
sg_stage_fixed_noise(const SgStage *stage, GError **error)
{
  SgRandomState state;
  int h = stage->resolution, w = stage->width;
  gsize size = (gsize)h * (gsize)w;
  g_autofree float *planes = sg_room(2 * size, sizeof *planes);

  if (!planes) {
    sg_room_check(error);
    return NULL;
  }
  sg_random_state_seed(&state, (guint32)stage->w_index + 1);
  sg_random_state_randn_f32(&state, 2 * size, planes);
  return sg_buf_from_floats(stage->backend, planes + (stage->up ? 0 : size), 1, 1, h, w, error);
}

static SgBuf *
map_plane(const SgStageCache *c, const SgStage *stage, const SgTensor *map, GError **error)
{
  return sg_buf_from_floats(c->net->backend, map->data, 1, 1, stage->resolution, stage->width,
                            error);
}

/* Fresh planes for every face, all stages at once: face i draws from RandomState (seed + i), stage
 * after stage. */
static gboolean
draw_random(SgStageCache *c, GError **error)
{
  g_autofree SgRandomState *states = g_new(SgRandomState, c->n);
  for (int i = 0; i < c->n; i++)
    sg_random_state_seed(&states[i], c->noise_seed + (guint32)(c->first_face + i));
  for (guint s = 0; s < c->net->stages->len; s++) {
    const SgStage *stage = sg_synthesis_stage(c->net, s);
    int h = stage->resolution, w = stage->width;
    gsize size = (gsize)h * (gsize)w;
    if (stage->kind != SG_STAGE_CONV)
      continue;
    g_autofree float *planes = sg_room(size * (gsize)c->n, sizeof *planes);
    if (!planes)
      return sg_room_check(error);
    for (int i = 0; i < c->n; i++)
      sg_random_state_randn_f32(&states[i], size, planes + (gsize)i * size);
    /* A map stands in for what is drawn, and changes nothing of what comes after it. */
    SgTensor *map = c->maps[stage->conv_index];
    c->noise[s] = map ? map_plane(c, stage, map, error)
                      : sg_buf_from_floats(c->net->backend, planes, c->n, 1, h, w, error);
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

  SgTensor *map = c->maps[stage->conv_index];

  if (c->noise_mode == SG_NOISE_NONE || stage->noise_strength == 0 ||
      c->gain[stage->conv_index] == 0)
    return NULL;
  if (c->noise_mode == SG_NOISE_CONST && stage->noise_const && !map)
    return sg_buf_ref(stage->noise_const);
  if (!c->noise[i] && c->noise_mode == SG_NOISE_CONST && !map)
    c->noise[i] = sg_stage_fixed_noise(stage, error);
  else if (!c->noise[i] && c->noise_mode == SG_NOISE_RANDOM && !draw_random(c, error))
    return NULL;
  if (!c->noise[i] && map)
    c->noise[i] = map_plane(c, stage, map, error);
  return c->noise[i] ? sg_buf_ref(c->noise[i]) : NULL;
}

/* ---- what has to run ------------------------------------------------------------------------- */

static gboolean
same_w(const SgStageCache *c, const float *ws, int w_index)
{
  gsize dim = (gsize)c->net->w_dim, step = dim * (gsize)c->net->num_ws;
  for (int n = 0; n < c->n && w_index >= 0; n++) {
    gsize at = (gsize)n * step + (gsize)w_index * dim;
    if (memcmp(ws + at, c->ws + at, dim * sizeof(float)) != 0)
      return FALSE;
  }
  return TRUE;
}

static SgTensor *
wanted_map(const SgStageEdits *e, int conv)
{
  return e->noise_maps ? e->noise_maps[conv] : NULL;
}

static double
wanted_gain(const SgStageEdits *e, int conv)
{
  return e->noise_gain ? e->noise_gain[conv] : 1;
}

/* Does the stage's noise differ from what its output was made with? */
static gboolean
noise_differs(const SgStageCache *c, const SgStage *stage, const SgStageEdits *e, gboolean planes)
{
  if (stage->kind != SG_STAGE_CONV || stage->noise_strength == 0)
    return FALSE;
  return planes || wanted_gain(e, stage->conv_index) != c->gain[stage->conv_index] ||
         wanted_map(e, stage->conv_index) != c->maps[stage->conv_index];
}

/* What the edits add to the style of stage i, [in_channels], to be freed; NULL: nothing. */
static float *
wanted_style(const SgStageCache *c, guint i, const SgStageEdits *e)
{
  int channels = sg_synthesis_stage(c->net, i)->style_channels;
  float *add = NULL;

  for (guint k = 0; e->styles && k < e->styles->len; k++) {
    const SgLayerOffset *o = &g_array_index(e->styles, SgLayerOffset, k);
    if (o->layer != (int)i || o->index >= channels)
      continue;
    if (!add)
      add = g_new0(float, channels);
    add[o->index] += (float)o->value;
  }
  return add;
}

static gboolean
style_differs(const SgStageCache *c, guint i, const float *style)
{
  gsize bytes = sizeof(float) * (gsize)sg_synthesis_stage(c->net, i)->style_channels;

  if (!style || !c->styles[i])
    return style != c->styles[i];
  return memcmp(style, c->styles[i], bytes) != 0;
}

static gboolean
motion_differs(const SgStageCache *c, const SgStage *stage, const SgStageEdits *e)
{
  const SgMotion *a = &c->motion, *b = &e->motion;
  return stage->fourier && (a->degrees != b->degrees || a->x != b->x || a->y != b->y);
}

static void
invalidate_from(SgStageCache *c, guint i)
{
  c->valid = i;
  for (; i < c->net->stages->len; i++) { /* their memory is what the new ones will use */
    drop(&c->x[i]);
    drop(&c->img[i]);
  }
}

/* Takes over the edits' styles, [stages] of them; what is added may change under a recorded run,
 * but not to which stage. */
static void
take_styles(SgStageCache *c, float **styles)
{
  for (guint i = 0; i < c->net->stages->len; i++) {
    if (!style_differs(c, i, styles[i])) {
      g_free(styles[i]);
      continue;
    }
    c->changes += !styles[i] || !c->styles[i];
    if (!styles[i])
      drop(&c->style_add[i]);
    g_free(c->styles[i]);
    c->styles[i] = styles[i];
    c->styles_changed = TRUE;
  }
}

static void
take_noise(SgStageCache *c, const SgStageEdits *e, gboolean planes)
{
  c->noise_mode = e->noise;
  c->noise_seed = e->noise_seed;
  c->changes += planes;
  for (guint s = 0; s < c->net->stages->len; s++) {
    const SgStage *stage = sg_synthesis_stage(c->net, s);
    if (stage->kind != SG_STAGE_CONV)
      continue;
    int k = stage->conv_index;
    SgTensor *map = wanted_map(e, k);
    gboolean other = map != c->maps[k];
    c->changes += other || wanted_gain(e, k) != c->gain[k];
    c->gain[k] = wanted_gain(e, k);
    if (other) {
      sg_tensor_unref(c->maps[k]);
      c->maps[k] = map ? sg_tensor_ref(map) : NULL;
    }
    if (planes || other)
      drop(&c->noise[s]);
  }
}

/* Takes over ws, noise and styles; what they change is no longer valid. */
static void
invalidate(SgStageCache *c, const float *ws, const SgStageEdits *e)
{
  gboolean planes =
      e->noise != c->noise_mode || (e->noise == SG_NOISE_RANDOM && e->noise_seed != c->noise_seed);
  guint i = 0, stages = c->net->stages->len;
  g_autofree float **styles = g_new0(float *, stages);

  for (guint k = 0; k < stages; k++)
    styles[k] = wanted_style(c, k, e);
  if (c->settings != c->net->backend->settings) { /* computed otherwise */
    c->settings = c->net->backend->settings;
    c->valid = 0;
    c->last = (RunKey){0}; /* the first run of its kind prepares what cannot be recorded */
    recorded_free(c);
  }
  for (; i < c->valid; i++) {
    const SgStage *stage = sg_synthesis_stage(c->net, i);
    if (!same_w(c, ws, stage->w_index) || motion_differs(c, stage, e) ||
        noise_differs(c, stage, e, planes) || style_differs(c, i, styles[i]))
      break;
  }
  invalidate_from(c, i);
  take_noise(c, e, planes);
  c->motion = e->motion;
  take_styles(c, styles);
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

/* The picture of the stages before `to` is to be. */
static void
choose_onward(SgStageCache *c, guint to)
{
  guint last = to < c->net->stages->len ? to - 1 : 0;

  while (last > 0 && sg_synthesis_stage(c->net, last)->kind != SG_STAGE_CONV)
    last--;
  if (stage_bytes(c, sg_synthesis_stage(c->net, last)) > c->budget)
    last = 0;
  c->onward = last;
}

/* What was kept for this picture alone. */
static void
drop_others(SgStageCache *c)
{
  for (guint i = 0; i < c->net->stages->len; i++)
    if (!c->keep[i] && (c->onward == 0 || i < c->onward)) {
      drop(&c->x[i]);
      drop(&c->img[i]);
    }
}

static void
stage_done(guint i, SgBuf *x, SgBuf *img, gpointer data)
{
  SgStageCache *c = data;
  gboolean keep = c->keep[i] || (c->onward > 0 && i >= c->onward);
  if (keep && sg_synthesis_stage(c->net, i)->kind == SG_STAGE_RGB) {
    drop(&c->img[i]);
    c->img[i] = sg_buf_ref(img);
  } else if (keep) {
    drop(&c->x[i]);
    c->x[i] = sg_buf_ref(x);
  }
  c->valid = i + 1;
  if (c->watch)
    c->watch(i, x, img, c->watch_data);
}

/* ---- running --------------------------------------------------------------------------------- */

/* c->ws to the back end, for all stages at once. */
static gboolean
upload_ws(SgStageCache *c, GError **error)
{
  const SgSynthesis *net = c->net;
  int rows = net->num_ws * c->n;
  g_autofree float *w = g_new(float, ((gsize)rows * (gsize)net->w_dim));

  if (!c->w && !(c->w = sg_buf_new(net->backend, SG_FMT_PLAIN, rows, net->w_dim, 1, 1, error)))
    return FALSE;
  sg_synthesis_order_ws(net, c->n, c->ws, w);
  net->backend->upload(c->w, w);
  return TRUE;
}

/* c->styles to the back end, for every sample the same. Buffers stay: a recorded run reads them. */
static gboolean
upload_styles(SgStageCache *c, GError **error)
{
  for (guint i = 0; c->styles_changed && i < c->net->stages->len; i++) {
    gsize channels = (gsize)sg_synthesis_stage(c->net, i)->style_channels;
    if (!c->styles[i])
      continue;
    if (!c->style_add[i])
      c->style_add[i] = sg_buf_new(c->net->backend, SG_FMT_PLAIN, c->n, (int)channels, 1, 1, error);
    if (!c->style_add[i])
      return FALSE;
    g_autofree float *rows = g_new(float, ((gsize)c->n * channels));
    for (int n = 0; n < c->n; n++)
      memcpy(rows + (gsize)n * channels, c->styles[i], sizeof(float) * channels);
    c->net->backend->upload(c->style_add[i], rows);
  }
  c->styles_changed = FALSE;
  return TRUE;
}

static SgBuf *
run(SgStageCache *c, const RunKey *k, gboolean recording, GError **error)
{
  SgPass pass = {.net = c->net,
                 .n = c->n,
                 .ws = c->ws,
                 .w = c->w,
                 .noise = stage_noise,
                 .noise_data = c,
                 .noise_gain = c->gain,
                 .style_add = c->style_add,
                 .motion = c->motion,
                 .whole = recording,
                 .stage_done = stage_done,
                 .data = c};
  return sg_synthesis_run(&pass, k->from, k->to, k->x, k->img, k->block_in, error);
}

static gboolean
same_run(const RunKey *a, const RunKey *b)
{
  return a->from == b->from && a->to == b->to && a->x == b->x && a->img == b->img &&
         a->block_in == b->block_in && a->changes == b->changes;
}

static SgBuf *
ref_or_null(SgBuf *buf)
{
  return buf ? sg_buf_ref(buf) : NULL;
}

/* What the recorded run leaves becomes what the cache holds. */
static void
take_recorded(SgStageCache *c)
{
  const Recorded *r = c->recorded;

  for (guint i = r->key.from; i < r->key.to; i++) {
    SgBuf *x = ref_or_null(r->x[i]), *img = ref_or_null(r->img[i]);
    drop(&c->x[i]);
    drop(&c->img[i]);
    c->x[i] = x;
    c->img[i] = img;
  }
  c->valid = r->key.to;
}

/* FALSE: it could not be, now or ever. What the cache holds is then to be computed. */
static gboolean
record(SgStageCache *c, const RunKey *k)
{
  SgBackend *b = c->net->backend;
  guint stages = c->net->stages->len;

  if (!b->record_begin(b, NULL))
    return FALSE;
  SgBuf *picture = run(c, k, TRUE, NULL);
  SgReplay *replay = b->record_end(b);
  if (!picture || !replay) {
    if (replay)
      b->replay_free(replay);
    sg_buf_unref(picture);
    c->cannot_record = TRUE;
    return FALSE;
  }
  Recorded *r = c->recorded = g_new0(Recorded, 1);
  *r = (Recorded){.key = *k, .replay = replay, .picture = picture};
  r->key.x = ref_or_null(k->x);
  r->key.img = ref_or_null(k->img);
  r->key.block_in = ref_or_null(k->block_in);
  r->x = g_new0(SgBuf *, stages);
  r->img = g_new0(SgBuf *, stages);
  for (guint i = k->from; i < k->to; i++) {
    r->x[i] = ref_or_null(c->x[i]);
    r->img[i] = ref_or_null(c->img[i]);
  }
  return TRUE;
}

/* The run, by what was recorded of it if it was. */
static SgBuf *
run_or_repeat(SgStageCache *c, const RunKey *k, GError **error)
{
  gboolean again = same_run(k, &c->last) && !c->cannot_record && !c->watch;

  c->last = *k;
  if (c->recorded && (!same_run(k, &c->recorded->key) || c->watch))
    recorded_free(c);
  if (!c->recorded && again && !record(c, k))
    invalidate_from(c, k->from);
  if (!c->recorded)
    return run(c, k, FALSE, error);
  c->net->backend->replay_run(c->recorded->replay);
  take_recorded(c);
  return sg_buf_ref(c->recorded->picture);
}

SgBuf *
sg_stage_cache_render(SgStageCache *c, const float *ws, const SgStageEdits *edits, guint to,
                      guint *first_run, GError **error)
{
  RunKey k = {.to = to};
  gboolean found;

  invalidate(c, ws, edits);
  k.changes = c->changes;
  k.from = MIN(c->valid, to);
  do {
    found = TRUE;
    k.x = newest(c, k.from, SG_STAGE_CONV, &found);
    k.img = newest(c, k.from, SG_STAGE_RGB, &found);
    k.block_in = k.from < to ? block_input(c, k.from, &found) : NULL;
    if (k.from == to)
      found = k.img != NULL;
  } while (!found && k.from-- > 0);
  if (first_run)
    *first_run = k.from;
  sg_debug(SG_DEBUG_CACHE, "%u of %u stages were there", k.from, to);
  if (k.from == to)
    return sg_buf_ref(k.img);
  c->valid = k.from;
  choose_onward(c, to);
  SgBuf *picture =
      upload_ws(c, error) && upload_styles(c, error) ? run_or_repeat(c, &k, error) : NULL;
  drop_others(c);
  return picture;
}
