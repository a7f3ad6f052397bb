#include "engine/explore/probe.h"
#include "engine/explore/nets.h"
#include <string.h>

GArray *
sg_probe_stages(SgRenderer *r)
{
  static const SgPrune none;
  const SgSynthesis *net = sg_renderer_nets(r, &none, NULL)->net;
  GArray *stages = g_array_new(FALSE, TRUE, sizeof(SgProbeStage));

  for (guint i = 0; i < net->stages->len; i++) {
    const SgStage *s = sg_synthesis_stage(net, i);
    SgProbeStage one = {.kind = s->kind,
                        .w_index = s->w_index,
                        .conv_index = s->conv_index,
                        .resolution = s->resolution,
                        .width = s->width,
                        .in_channels = s->in_channels,
                        .out_channels = s->out_channels,
                        .noise_strength = (double)s->noise_strength};
    g_strlcpy(one.name, s->name, sizeof one.name);
    g_array_append_val(stages, one);
  }
  return stages;
}

void
sg_probe_free(SgProbe *p)
{
  if (!p)
    return;
  sg_tensor_unref(p->activation);
  sg_tensor_unref(p->contribution);
  sg_tensor_unref(p->style);
  g_free(p);
}

/* ---- one pass, watched ------------------------------------------------------------------- */

typedef struct {
  const SgSynthesis *net;
  const float *ws;  /* [num_ws, w_dim] */
  guint stage;      /* whose activation is wanted */
  SgBuf *x;         /* of it */
  GPtrArray *drawn; /* of SgTensor, what each toRGB added; or NULL */
  SgStageCache *pass;
  GError *error;
} Watch;

/* [1, C, h, w] as [C, h, w] */
static SgTensor *
download(const SgBuf *buf, GError **error)
{
  gint64 shape[] = {buf->c, buf->h, buf->w};
  SgTensor *t = sg_tensor_try_new(3, shape, error);
  if (t)
    buf->backend->download(buf, t->data);
  if (t && !sg_backend_check(buf->backend, error))
    g_clear_pointer(&t, sg_tensor_unref);
  return t;
}

/* toRGB stage i alone, on nothing. */
static SgTensor *
contribution(const Watch *w, guint i, SgBuf *x, GError **error)
{
  SgPass pass = {
      .net = w->net, .n = 1, .ws = w->ws, .style_add = sg_stage_cache_style_add(w->pass)};
  g_autoptr(SgBuf) img = sg_synthesis_run(&pass, i, i + 1, x, NULL, NULL, error);
  return img ? download(img, error) : NULL;
}

static void
stage_done(guint i, SgBuf *x, SgBuf *img, gpointer data)
{
  Watch *w = data;

  if (i == w->stage)
    w->x = sg_buf_ref(x);
  if (w->drawn && !w->error && sg_synthesis_stage(w->net, i)->kind == SG_STAGE_RGB) {
    SgTensor *t = contribution(w, i, x, &w->error);
    if (t)
      g_ptr_array_add(w->drawn, t);
  }
}

/* Runs the stages before `to` for face 0; FALSE and error when something could not be made. */
static gboolean
watch_pass(SgRenderer *r, const SgRecipe *recipe, guint to, Watch *w, GError **error)
{
  SgNets *nets = sg_renderer_nets_of(r, recipe, error);
  SgStageEdits edits;
  g_autoptr(GError) failed = NULL;

  if (!nets)
    return FALSE;
  w->net = nets->net;
  float *ws = g_new(float, ((gsize)w->net->num_ws * (gsize)w->net->w_dim));
  w->ws = ws;
  if (!sg_nets_single_ws(nets, recipe, ws, error) ||
      !sg_nets_stage_edits(nets, recipe, &edits, error))
    return FALSE;
  w->pass = sg_stage_cache_new(w->net, 0, 1, 0);
  sg_stage_cache_watch(w->pass, stage_done, w);
  /* Before the first toRGB there is no picture, and that is not an error. */
  g_autoptr(SgBuf) img =
      sg_stage_cache_render(w->pass, ws, &edits, MIN(to, w->net->stages->len), NULL, &failed);
  if (!failed)
    failed = g_steal_pointer(&w->error);
  if (failed)
    g_propagate_error(error, g_steal_pointer(&failed));
  return !error || !*error;
}

static void
watch_clear(Watch *w)
{
  g_free((gpointer)w->ws);
  sg_stage_cache_free(w->pass);
  sg_buf_unref(w->x);
  g_clear_error(&w->error);
}

static SgTensor *
stage_style(const Watch *w, guint stage, GError **error)
{
  SgPass pass = {
      .net = w->net, .n = 1, .ws = w->ws, .style_add = sg_stage_cache_style_add(w->pass)};
  const SgStage *of = sg_synthesis_stage(w->net, stage);
  gint64 n = of->in_channels;
  if (!of->style_channels) { /* nothing scales what it reads */
    SgTensor *ones = sg_tensor_try_new(1, &n, error);
    for (gint64 i = 0; ones && i < n; i++)
      ones->data[i] = 1;
    return ones;
  }
  g_autoptr(SgBuf) s = sg_synthesis_style(&pass, stage, error);
  n = s ? s->c : 0;
  SgTensor *t = s ? sg_tensor_try_new(1, &n, error) : NULL;
  if (t)
    s->backend->download(s, t->data);
  if (t && !sg_backend_check(s->backend, error))
    g_clear_pointer(&t, sg_tensor_unref);
  return t;
}

SgProbe *
sg_probe_run(SgRenderer *r, const SgRecipe *recipe, guint stage, GError **error)
{
  g_autoptr(SgProbe) p = g_new0(SgProbe, 1);
  GError *failed = NULL;
  Watch w = {.stage = stage};
  gboolean ok = watch_pass(r, recipe, stage + 1, &w, &failed);

  if (ok && w.x) {
    p->activation = download(w.x, &failed);
    p->style = p->activation ? stage_style(&w, stage, &failed) : NULL;
    if (p->style && sg_synthesis_stage(w.net, stage)->kind == SG_STAGE_RGB)
      p->contribution = contribution(&w, stage, w.x, &failed);
  }
  watch_clear(&w);
  if (!failed && p->style)
    return g_steal_pointer(&p);
  if (!failed)
    g_set_error(&failed, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                "the network has no stage %u", stage);
  g_propagate_error(error, failed);
  return NULL;
}

GPtrArray *
sg_probe_contributions(SgRenderer *r, const SgRecipe *recipe, GError **error)
{
  GError *failed = NULL;
  g_autoptr(GPtrArray) drawn = g_ptr_array_new_with_free_func((GDestroyNotify)sg_tensor_unref);
  Watch w = {.stage = G_MAXUINT, .drawn = drawn};
  gboolean ok = watch_pass(r, recipe, G_MAXUINT, &w, &failed);

  watch_clear(&w);
  if (ok)
    return g_steal_pointer(&drawn);
  g_propagate_error(error, failed);
  return NULL;
}
