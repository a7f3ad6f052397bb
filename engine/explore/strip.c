#include "engine/explore/strip.h"
#include "engine/explore/nets.h"
#include "engine/explore/recipe-table.h"
#include <math.h>
#include <string.h>

struct _SgStrip {
  SgModel *model;
  SgRecipe *base;
  SgStripParameter parameter;
  int n;
  double *values; /* [n] */

  SgRenderer *renderer; /* its own: pictures that are shown elsewhere keep theirs */
  int num_convs;
  SgRecipe **rows;       /* [base->faces] */
  SgPicture **originals; /* [base->faces] each row as the base has it; the first work */
  int next;              /* tile, column after column; < 0: originals are still missing */
  SgStripTile *tile;     /* rendered, without its score */

  GArray *layers; /* of SgWeightLayer */
  guint64 weights;
  SgPrune counted; /* what `remaining` was counted for */
  double remaining;
  gboolean has_counted;
};

/* ---- recipes --------------------------------------------------------------------------------- */

SgRecipe *
sg_strip_row(const SgRecipe *base, int row)
{
  return sg_recipe_face(base, row);
}

static void
set_dimension(SgRecipe *r, const SgStripParameter *p, const double *w, double value)
{
  if (p->space == SG_SPACE_W) {
    r->w_offset[p->dim] = value - w[p->dim];
    return;
  }
  g_autofree double *z = g_new(double, r->z_dim);
  sg_recipe_base_z(r, 0, z);
  r->z_offset[p->dim] = value - z[p->dim];
}

/* Of w of some layers the value itself, as of a dimension; of all else what is added. */
static void
set_at(SgRecipe *r, const SgCoordinate *at, const double *w, double value)
{
  SgCoordinate one = *at;
  g_autofree float *mapped = g_new(float, r->w_dim);
  g_autofree double *base = g_new(double, r->w_dim);

  if (at->kind != SG_AT_W) {
    sg_coordinate_set(at, r, value);
    return;
  }
  for (int i = 0; i < r->w_dim; i++)
    mapped[i] = (float)w[i];
  for (int k = at->first; k <= at->last; k++) {
    sg_recipe_base_w(r, 0, k, mapped, base);
    one.first = one.last = k;
    sg_coordinate_set(&one, r, value - base[at->index] - r->w_offset[at->index]);
  }
}

static void
set_blend(SgRecipe *r, double value)
{
  g_autofree SgMixLayer *mix = g_memdup2(r->mix, sizeof *mix * (gsize)r->num_mix);

  for (int k = 0; k < r->num_mix; k++)
    if (mix[k].a != mix[k].b)
      mix[k].blend = value;
  sg_recipe_set_mix(r, r->num_mix, mix);
}

static void
set_noise(SgRecipe *r, int num_convs, double value)
{
  g_autofree double *gain = g_new(double, num_convs);

  for (int i = 0; i < num_convs; i++)
    gain[i] = value;
  sg_recipe_set_noise_gain(r, num_convs, gain);
}

SgRecipe *
sg_strip_recipe(const SgStripParameter *p, const SgRecipe *row, const double *w, int num_convs,
                double value)
{
  SgRecipe *r = sg_recipe_copy(row);

  switch (p->kind) {
  case SG_STRIP_SCALE:
    r->scale = value;
    break;
  case SG_STRIP_PRUNE:
    r->prune.threshold = value;
    break;
  case SG_STRIP_DIMENSION:
    set_dimension(r, p, w, value);
    break;
  case SG_STRIP_PSI:
    r->psi = value;
    break;
  case SG_STRIP_BLEND:
    set_blend(r, value);
    break;
  case SG_STRIP_NOISE:
    set_noise(r, num_convs, value);
    break;
  case SG_STRIP_AT:
    set_at(r, &p->at, w, value);
    break;
  case SG_STRIP_FIELD:
    sg_recipe_field_set(&sg_recipe_fields[p->field], r, value);
    break;
  }
  return r;
}

/* ---- the strip ------------------------------------------------------------------------------- */

void
sg_strip_tile_free(SgStripTile *tile)
{
  if (!tile)
    return;
  g_free(tile->rgb);
  g_free(tile);
}

SgStrip *
sg_strip_new(SgModel *model, const SgRecipe *base, const SgStripParameter *p, int n,
             const double *values)
{
  SgStrip *s = g_new0(SgStrip, 1);

  s->model = sg_model_ref(model);
  s->base = sg_recipe_copy(base);
  s->parameter = *p;
  s->n = n;
  s->values = g_memdup2(values, sizeof *values * (gsize)n);
  s->rows = g_new0(SgRecipe *, base->faces);
  s->originals = g_new0(SgPicture *, base->faces);
  for (int i = 0; i < base->faces; i++)
    s->rows[i] = sg_strip_row(base, i);
  s->next = -base->faces;
  return s;
}

void
sg_strip_free(SgStrip *s)
{
  if (!s)
    return;
  for (int i = 0; i < s->base->faces; i++) {
    sg_recipe_free(s->rows[i]);
    sg_picture_free(s->originals[i]);
  }
  g_free(s->rows);
  g_free(s->originals);
  sg_strip_tile_free(s->tile);
  g_clear_pointer(&s->layers, g_array_unref);
  sg_prune_clear(&s->counted);
  sg_renderer_free(s->renderer);
  sg_recipe_free(s->base);
  sg_model_unref(s->model);
  g_free(s->values);
  g_free(s);
}

int
sg_strip_rows(const SgStrip *s)
{
  return s->base->faces;
}

static gboolean
open_renderer(SgStrip *s, GError **error)
{
  const SgPrune none = {0};

  s->renderer = sg_renderer_new(s->model, NULL, error);
  if (!s->renderer)
    return FALSE;
  sg_renderer_set_cache_budget(s->renderer, 0); /* neighbours differ from the first layer on */
  s->num_convs = sg_renderer_nets(s->renderer, &none, NULL)->net->num_convs;
  s->layers = sg_weight_layers(s->model);
  for (guint i = 0; i < s->layers->len; i++)
    s->weights += g_array_index(s->layers, SgWeightLayer, i).tensor->numel;
  return TRUE;
}

/* Counted once for every column: the threshold is one for all rows. */
static double
count_remaining(SgStrip *s, const SgPrune *prune)
{
  guint64 left = 0;

  if (s->has_counted && sg_prune_equal(&s->counted, prune))
    return s->remaining;
  for (guint i = 0; i < s->layers->len; i++)
    left += sg_prune_remaining(&g_array_index(s->layers, SgWeightLayer, i), prune);
  sg_prune_clear(&s->counted);
  sg_prune_copy(&s->counted, prune);
  s->has_counted = TRUE;
  s->remaining = s->weights ? (double)left / (double)s->weights : 1;
  return s->remaining;
}

static double
mean_difference(const guint8 *a, const guint8 *b, gsize n)
{
  guint64 sum = 0;

  for (gsize i = 0; i < n; i++)
    sum += (guint64)ABS(a[i] - b[i]);
  return (double)sum / (double)n;
}

static SgStripTile *
render_tile(SgStrip *s, int column, int row, GError **error)
{
  const SgPicture *original = s->originals[row];
  g_autoptr(SgRecipe) r =
      sg_strip_recipe(&s->parameter, s->rows[row], original->w, s->num_convs, s->values[column]);
  g_autoptr(SgPicture) p = sg_renderer_render(s->renderer, r, 0, error);

  if (!p)
    return NULL;
  SgStripTile *tile = g_new0(SgStripTile, 1);
  tile->row = row;
  tile->column = column;
  tile->value = s->values[column];
  tile->width = p->width;
  tile->height = p->height;
  tile->change =
      mean_difference(p->rgb, original->rgb, (gsize)p->width * (gsize)p->height * (gsize)p->bytes);
  tile->bytes = p->bytes;
  tile->rgb = g_steal_pointer(&p->rgb);
  tile->logit = NAN;
  tile->remaining = count_remaining(s, &r->prune);
  return tile;
}

static gboolean
score_tile(SgStrip *s, GError **error)
{
  const SgModelInfo *info = &s->model->info;
  SgStripTile *tile = s->tile;

  if (!info->has_d)
    return TRUE;
  g_autoptr(SgTensor) image =
      sg_image_from_rgb8(tile->rgb, tile->width, tile->height, info->img_channels);
  return sg_renderer_score(s->renderer, image, info->c_dim ? &s->base->label : NULL, 1,
                           &tile->logit, error);
}

gboolean
sg_strip_step(SgStrip *s, SgStripTile **tile, GError **error)
{
  *tile = NULL;
  if (!s->renderer)
    return open_renderer(s, error);
  if (s->next < 0) {
    int row = s->base->faces + s->next;
    s->originals[row] = sg_renderer_render(s->renderer, s->rows[row], 0, error);
    s->next += s->originals[row] != NULL;
    return s->originals[row] != NULL;
  }
  if (!s->tile) {
    s->tile = render_tile(s, s->next / s->base->faces, s->next % s->base->faces, error);
    return s->tile != NULL;
  }
  if (!score_tile(s, error))
    return FALSE;
  *tile = g_steal_pointer(&s->tile);
  return ++s->next < s->n * s->base->faces;
}

/* ---- the table ------------------------------------------------------------------------------- */

/* Locale's decimal commas must not reach a file. */
static void
append_number(GString *csv, const char *format, double v)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_c(csv, ',');
  if (isfinite(v))
    g_string_append(csv, g_ascii_formatd(text, sizeof text, format, v));
}

char *
sg_strip_csv(const SgRecipe *base, int n, SgStripTile *const *tiles)
{
  GString *csv = g_string_new("face,seed,value,logit,sigmoid,remaining,change\n");

  for (int i = 0; i < base->faces * n; i++) {
    const SgStripTile *t = tiles[i];
    if (!t)
      continue;
    g_string_append_printf(csv, "%d,", t->row);
    if (t->row > 0 || (!base->z_base && !base->w_base))
      g_string_append_printf(csv, "%u", base->seed + (guint32)t->row);
    append_number(csv, "%.12g", t->value);
    append_number(csv, "%.6f", t->logit);
    append_number(csv, "%.6f", 1 / (1 + exp(-t->logit)));
    append_number(csv, "%.9f", t->remaining);
    append_number(csv, "%.6f", t->change);
    g_string_append_c(csv, '\n');
  }
  return g_string_free(csv, FALSE);
}
