/* StyleGAN3 (Karras et al. 2021), with the names of NVlabs' PyTorch code: Fourier features that w
 * moves and turns, and layers that filter around their activation. The model's metadata has what no
 * tensor tells:
 *   layers         "NAME UP DOWN PAD PAD_END SIZE", with bars between layers; the last one is toRGB
 *   input          "SIZE RATE BANDWIDTH" of the Fourier features
 *   output_scale   what the last layer is multiplied with
 * The discriminator is StyleGAN2's. */
#include "engine/formats/format-error.h"
#include "engine/models/family.h"
#include "engine/models/importer.h"
#include <math.h>
#include <string.h>

#define MAX_LAYERS 60
#define MAX_SIZE   16384
#define MAX_FACTOR 16
#define MAX_TAPS   128

/* ---- what the file says ---------------------------------------------------------------------- */

typedef struct {
  char name[40];
  int up, down, pad, pad_end, size;
} Stated;

typedef struct {
  Stated layers[MAX_LAYERS];
  int n, size;
  double rate, bandwidth, scale;
} Plan;

static gboolean
read_number(const char *text, double *value)
{
  char *end;

  if (!text)
    return FALSE;
  *value = g_ascii_strtod(text, &end);
  return end > text && !*end && isfinite(*value) && fabs(*value) < 1e9;
}

static gboolean
read_layer(const char *text, Stated *l)
{
  g_auto(GStrv) words = g_strsplit(text, " ", -1);

  if (g_strv_length(words) != 6 || strlen(words[0]) >= sizeof l->name)
    return FALSE;
  g_strlcpy(l->name, words[0], sizeof l->name);
  return sg_parse_int(words[1], 1, MAX_FACTOR, &l->up) &&
         sg_parse_int(words[2], 1, MAX_FACTOR, &l->down) &&
         sg_parse_int(words[3], -MAX_SIZE, MAX_SIZE, &l->pad) &&
         sg_parse_int(words[4], -MAX_SIZE, MAX_SIZE, &l->pad_end) &&
         sg_parse_int(words[5], 1, MAX_SIZE, &l->size);
}

static gboolean
read_input(const char *text, Plan *p)
{
  g_auto(GStrv) words = g_strsplit(text ? text : "", " ", -1);

  return g_strv_length(words) == 3 && sg_parse_int(words[0], 1, MAX_SIZE, &p->size) &&
         read_number(words[1], &p->rate) && read_number(words[2], &p->bandwidth) && p->rate > 0;
}

/* FALSE: the metadata makes no sense; the error says where. */
static gboolean
read_plan(const SgModel *m, Plan *p, GError **error)
{
  const char *layers = g_hash_table_lookup(m->metadata, "layers");
  const char *input = g_hash_table_lookup(m->metadata, "input");
  const char *scale = g_hash_table_lookup(m->metadata, "output_scale");
  g_auto(GStrv) rows = g_strsplit(layers ? layers : "", "|", MAX_LAYERS + 1);

  *p = (Plan){.n = (int)g_strv_length(rows)};
  if (p->n < 2 || p->n > MAX_LAYERS)
    return sg_broken(error, "a StyleGAN3 generator has from 2 to %d layers, this one %d",
                     MAX_LAYERS, p->n);
  for (int i = 0; i < p->n; i++)
    if (!read_layer(rows[i], &p->layers[i]))
      return sg_broken(error, "it describes a layer as “%s”, which makes no sense", rows[i]);
  if (!read_input(input, p))
    return sg_broken(error, "it describes the Fourier features as “%s”, which makes no sense",
                     input ? input : "nothing");
  return read_number(scale, &p->scale) ||
         sg_broken(error, "it scales the picture by “%s”, which is no number",
                   scale ? scale : "nothing");
}

/* ---- from tensors to an architecture --------------------------------------------------------- */

/* What goes into a layer has been measured in training; its weights are divided by the root. */
static gboolean
check_magnitudes(const SgModel *m, const char *prefix, const Plan *p, GError **error)
{
  for (int i = 0; i < p->n; i++) {
    const SgTensor *t =
        sg_model_tensorf(m, prefix, "synthesis.%s.magnitude_ema", p->layers[i].name);
    if (t && t->numel == 1 && !(t->data[0] > 0))
      return sg_broken(error,
                       "the tensor %ssynthesis.%s.magnitude_ema is %g, which should be above 0",
                       prefix, p->layers[i].name, (double)t->data[0]);
  }
  return TRUE;
}

static gboolean
infer_generator(const SgModel *m, const char *prefix, SgModelInfo *info, GError **error)
{
  g_autofree Plan *p = g_new0(Plan, 1);

  if (!read_plan(m, p, error) || !check_magnitudes(m, prefix, p, error))
    return FALSE;
  g_autofree char *rgb = g_strdup_printf("synthesis.%s.weight", p->layers[p->n - 1].name);
  info->img_resolution = p->layers[p->n - 1].size;
  info->img_channels = sg_family_size(m, prefix, 0, rgb);
  info->num_ws = p->n + 1;
  info->w_dim = sg_family_size(m, prefix, 1, "synthesis.input.affine.weight");
  if (info->w_dim <= 0)
    return sg_broken(error,
                     "the tensor %ssynthesis.input.affine.weight is missing or has no second size",
                     prefix);
  info->c_dim = MAX(sg_family_size(m, prefix, 1, "mapping.embed.weight"), 0);
  info->mapping_layers = sg_family_count(m, prefix, "mapping.fc", ".weight");
  int label = MAX(sg_family_size(m, prefix, 0, "mapping.embed.weight"), 0);
  info->z_dim =
      (info->mapping_layers ? sg_family_size(m, prefix, 1, "mapping.fc0.weight") : info->w_dim) -
      label;
  return TRUE;
}

static gboolean
infer(SgModel *m, const char *prefix, SgModelInfo *info, GError **error)
{
  return prefix[0] == 'D' ? sg_family_stylegan2.infer(m, prefix, info, error)
                          : infer_generator(m, prefix, info, error);
}

/* ---- describing ------------------------------------------------------------------------------ */

typedef struct {
  const SgBlueprint *b;
  SgNetwork *n;
} Describe;

static int
add_vector(const Describe *d, SgLayerKind kind, const char *name, int input, int second, int size)
{
  SgLayer l = sg_family_layer(kind, SG_SECTION_MAPPING, "mapping", "%s", name);

  l.input = input;
  l.second = second;
  l.in = l.out = size;
  return sg_network_add_next(d->n, &l);
}

static int
add_dense(const Describe *d, const char *name, int input, int in, double lr, gboolean linear)
{
  SgLayer l = sg_family_layer(SG_KIND_DENSE, SG_SECTION_MAPPING, "mapping", "%s", name);

  l.input = input;
  l.in = in;
  l.out = sg_blueprint_size(d->b, 0, d->b->info.w_dim, "%s.weight", l.name);
  l.lr = lr;
  l.slope = linear ? 1 : 0.2;
  l.gain = linear ? 1 : G_SQRT2;
  int i = sg_network_add_next(d->n, &l);
  sg_network_declare(d->n, i, SG_ROLE_WEIGHT, SHAPE(l.out, l.in), "%s.weight", l.name)->free_axes =
      1;
  sg_network_declare(d->n, i, SG_ROLE_BIAS, SHAPE(l.out), "%s.bias", l.name);
  return i;
}

/* As StyleGAN2's. */
static void
add_mapping(const Describe *d)
{
  const SgModelInfo *i = &d->b->info;
  int x = add_vector(d, SG_KIND_NORMALIZE, "z.normalize", SG_FROM_Z, SG_FROM_NOTHING, i->z_dim);

  if (i->c_dim > 0) {
    int label = add_dense(d, "embed", SG_FROM_LABEL, i->c_dim, 1, TRUE);
    int size = sg_network_layer(d->n, label)->out;
    label = add_vector(d, SG_KIND_NORMALIZE, "embed.normalize", label, SG_FROM_NOTHING, size);
    x = add_vector(d, SG_KIND_CONCAT, "concat", x, label, i->z_dim + size);
  }
  for (int k = 0; k < i->mapping_layers; k++) {
    g_autofree char *name = g_strdup_printf("fc%d", k);
    x = add_dense(d, name, x, sg_network_layer(d->n, x)->out, i->mapping_lr_mul, FALSE);
  }
  d->n->mapped = add_vector(d, SG_KIND_AVERAGE, "w_avg", x, SG_FROM_NOTHING, i->w_dim);
  sg_network_declare(d->n, d->n->mapped, SG_ROLE_AVERAGE, SHAPE(i->w_dim), "mapping.w_avg")
      ->optional = TRUE;
}

static void
declare_style(const Describe *d, int layer, int size)
{
  g_autofree char *name = g_strconcat(sg_network_layer(d->n, layer)->name, ".affine", NULL);

  sg_network_declare(d->n, layer, SG_ROLE_AFFINE_WEIGHT, SHAPE(size, d->n->w_dim), "%s.weight",
                     name);
  sg_network_declare(d->n, layer, SG_ROLE_AFFINE_BIAS, SHAPE(size), "%s.bias", name);
}

static int
add_input(const Describe *d, const Plan *p)
{
  SgLayer l = sg_family_layer(SG_KIND_FOURIER, SG_SECTION_SYNTHESIS, "synthesis", "input");

  l.in = l.out = sg_blueprint_size(d->b, 0, 0, "synthesis.input.weight");
  l.in_h = l.in_w = l.out_h = l.out_w = p->size;
  l.w_index = 0;
  l.rate = p->rate;
  l.bandwidth = p->bandwidth;
  l.group = SG_STYLES_COARSE;
  int i = sg_network_add_next(d->n, &l);
  sg_network_declare(d->n, i, SG_ROLE_WEIGHT, SHAPE(l.out, l.out), "%s.weight", l.name)->free_axes =
      3;
  sg_network_declare(d->n, i, SG_ROLE_TRANSFORM, SHAPE(3, 3), "%s.transform", l.name);
  sg_network_declare(d->n, i, SG_ROLE_FREQUENCIES, SHAPE(l.out, 2), "%s.freqs", l.name);
  sg_network_declare(d->n, i, SG_ROLE_PHASES, SHAPE(l.out), "%s.phases", l.name);
  declare_style(d, i, 4);
  return i;
}

/* A stored filter as one of the description's; the identity where there is none. */
static SgFilter
filter_of(const Describe *d, const char *layer, const char *what, int up, int down)
{
  static const double one[] = {1};
  const SgTensor *t = sg_model_tensorf(d->b->model, d->b->prefix, "synthesis.%s.%s", layer, what);
  SgFilter f = {.n = 1, .taps = one, .up = up, .down = down, .gain = 1};

  if (!t || t->ndim < 1 || t->ndim > 2 || t->numel == 0 || t->shape[0] > MAX_TAPS)
    return f;
  g_autofree double *taps = g_new(double, t->numel);
  for (gsize i = 0; i < t->numel; i++)
    taps[i] = t->data[i];
  f.n = (int)t->shape[0];
  f.radial = t->ndim == 2;
  f.taps = sg_network_keep_taps(d->n, taps, (int)t->numel);
  return f;
}

/* A filter of the file, which is [n] or [n, n]; the identity has no tensor. */
static void
declare_filter(const Describe *d, int layer, SgRole role, const SgFilter *f, const char *what)
{
  const char *name = sg_network_layer(d->n, layer)->name;

  if (f->n == 1)
    return;
  if (f->radial)
    sg_network_declare(d->n, layer, role, SHAPE(f->n, f->n), "%s.%s", name, what);
  else
    sg_network_declare(d->n, layer, role, SHAPE(f->n), "%s.%s", name, what);
}

/* What both kinds of layers have. */
static SgLayer
layer_of(const Describe *d, SgLayerKind kind, const Stated *s, int x, int k)
{
  const SgLayer *from = sg_network_layer(d->n, x);
  SgLayer l = sg_family_layer(kind, SG_SECTION_SYNTHESIS, "synthesis", "%s", s->name);

  l.input = x;
  l.in = from->out;
  l.in_h = l.in_w = from->out_h;
  l.out = sg_blueprint_size(d->b, 0, 0, "%s.weight", l.name);
  l.out_h = l.out_w = s->size;
  l.kernel = sg_blueprint_size(d->b, 2, 1, "%s.weight", l.name);
  l.w_index = k + 1;
  l.group = sg_style_group(s->size);
  l.clamp = d->b->info.g_conv_clamp;
  return l;
}

static void
declare_layer(const Describe *d, int i)
{
  const SgLayer *l = sg_network_layer(d->n, i);
  g_autofree char *name = g_strdup(l->name);
  int in = l->in, out = l->out, k = l->kernel;

  sg_network_declare(d->n, i, SG_ROLE_WEIGHT, SHAPE(out, in, k, k), "%s.weight", name)->free_axes =
      1;
  sg_network_declare(d->n, i, SG_ROLE_BIAS, SHAPE(out), "%s.bias", name);
  declare_style(d, i, in);
  sg_network_declare(d->n, i, SG_ROLE_MAGNITUDE, 0, NULL, "%s.magnitude_ema", name);
}

/* The convolution makes its result larger by k - 1; resampling crops it again. */
static int
add_layer(const Describe *d, const Stated *s, int x, int k)
{
  SgLayer l = layer_of(d, SG_KIND_MODULATED, s, x, k);

  l.pad = l.pad_end = l.kernel - 1;
  l.prenormalised = TRUE;
  l.demod_eps = 1e-8;
  l.slope = 0.2;
  l.gain = G_SQRT2;
  l.act_up = filter_of(d, s->name, "up_filter", s->up, 1);
  l.act_up.pad = s->pad;
  l.act_up.pad_end = s->pad_end;
  l.act_up.gain = (double)s->up * s->up;
  l.act_down = filter_of(d, s->name, "down_filter", 1, s->down);
  int i = sg_network_add_next(d->n, &l);
  declare_layer(d, i);
  declare_filter(d, i, SG_ROLE_UP_FILTER, &l.act_up, "up_filter");
  declare_filter(d, i, SG_ROLE_DOWN_FILTER, &l.act_down, "down_filter");
  return i;
}

static int
add_to_rgb(const Describe *d, const Plan *p, int x)
{
  int k = p->n - 1;
  SgLayer l = layer_of(d, SG_KIND_TO_RGB, &p->layers[k], x, k);

  l.branch = p->scale;
  int i = sg_network_add_next(d->n, &l);
  declare_layer(d, i);
  return i;
}

static SgNetwork *
describe_generator(const SgBlueprint *b)
{
  const SgModelInfo *i = &b->info;
  Describe d = {b, sg_network_new(&sg_family_stylegan3)};
  g_autofree Plan *p = g_new0(Plan, 1);

  d.n->z_dim = i->z_dim;
  d.n->c_dim = i->c_dim;
  d.n->w_dim = i->w_dim;
  d.n->num_ws = i->num_ws;
  d.n->channels = i->img_channels;
  d.n->height = d.n->width = i->img_resolution;
  if (!b->model || !read_plan(b->model, p, NULL))
    return d.n; /* without an output it is refused */
  add_mapping(&d);
  int x = add_input(&d, p);
  for (int k = 0; k + 1 < p->n; k++)
    x = add_layer(&d, &p->layers[k], x, k);
  d.n->output = add_to_rgb(&d, p, x);
  return d.n;
}

static SgNetwork *
describe_discriminator(const SgBlueprint *b)
{
  return sg_family_stylegan2.describe_discriminator(b);
}

/* ---- what must hold between tensors ---------------------------------------------------------- */

static gboolean
agree_filters(const SgNetwork *n, GError **error)
{
  for (guint k = 0; k < n->run->len; k++) {
    const SgLayer *l = sg_network_running(n, k);
    int size = l->in_h + l->pad + l->pad_end - l->kernel + 1;
    int wide = sg_filter_size(&l->act_up, size);
    if (l->act_up.n && (wide < 1 || wide > MAX_SIZE * 2 || wide < l->act_down.n))
      return sg_broken(error,
                       "the layer %s resamples %d pixels to %d, fewer than its filter of %d taps "
                       "needs or more than Vitrine draws",
                       l->name, size, wide, l->act_down.n);
    if (l->act_up.n && ((l->act_up.n == 1) != (l->act_up.up == 1) || l->act_up.radial))
      return sg_broken(error, "the layer %s has a factor of %d and an up_filter of %d taps",
                       l->name, l->act_up.up, l->act_up.n);
  }
  return TRUE;
}

static gboolean
agree(const SgNetwork *n, const char *prefix, SgModelInfo *info, GError **error)
{
  if (prefix[0] == 'D')
    return sg_family_stylegan2.agree(n, prefix, info, error);
  const SgLayer *average = sg_network_layer(n, n->mapped);
  if (info->z_dim <= 0 || sg_network_layer(n, average->input)->out != info->w_dim)
    return sg_broken(error, "the mapping network does not give the %d numbers that the styles take",
                     info->w_dim);
  return agree_filters(n, error);
}

static gboolean
recognise(const SgModel *m)
{
  return sg_model_tensor(m, "G_ema.", "synthesis.input.freqs") ||
         sg_model_tensor(m, "G.", "synthesis.input.freqs");
}

const SgFamily sg_family_stylegan3 = {
    .name = "stylegan3",
    .title = "StyleGAN3",
    .recognise = recognise,
    .infer = infer,
    .describe_generator = describe_generator,
    .describe_discriminator = describe_discriminator,
    .agree = agree,
};
