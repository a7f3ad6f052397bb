#include "app/cli/generate-gauge.h"
#include "engine/directions/gauge.h"
#include "engine/explore/nets.h"
#include "engine/explore/picture-model.h"
#include "engine/explore/vector-file.h"
#include "engine/pictures/picture.h"
#include "engine/projection/nearest-z.h"
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* For the moments of w, and as many for the percentiles. */
#define SAMPLES 10000
/* Past this percentile no z is likely to give the w. */
#define FAR 99.9

struct _GenerateGauge {
  SgRenderer *renderer;
  SgGauge *gauge;
  SgWeights *weights; /* NULL: no z is looked for */
  double deviation;   /* sqrt of the mean of |w - mean|² */
  CliProgress progress;
};

static gboolean
show(gint64 done, gint64 total, gpointer data)
{
  cli_progress_update(data, (gsize)done);
  return TRUE;
}

static SgNets *
nets_of(SgRenderer *r, GError **error)
{
  const SgPrune as_stored = {0};
  return sg_renderer_nets(r, &as_stored, error);
}

GenerateGauge *
generate_gauge_new(SgRenderer *r, int label, gboolean nearest, GError **error)
{
  g_autoptr(GenerateGauge) g = g_new0(GenerateGauge, 1);
  SgNets *nets = nets_of(r, error);
  double trace = 0;

  g->renderer = r;
  if (!nets)
    return NULL;
  cli_progress_begin(&g->progress, "samples", SAMPLES);
  g->gauge = sg_gauge_new(nets->mapping, SAMPLES, label, show, &g->progress, error);
  cli_progress_end(&g->progress);
  if (!g->gauge)
    return NULL;
  for (gsize j = 0, dim = (gsize)g->gauge->moments->dim; j < dim; j++)
    trace += g->gauge->moments->covariance[j * dim + j];
  g->deviation = sqrt(trace);
  if (nearest)
    g->weights =
        sg_weights_new_generator(sg_renderer_backend(r), sg_renderer_model(r), FALSE, error);
  return !nearest || g->weights ? g_steal_pointer(&g) : NULL;
}

void
generate_gauge_free(GenerateGauge *g)
{
  if (!g)
    return;
  cli_progress_end(&g->progress);
  sg_gauge_free(g->gauge);
  g_clear_pointer(&g->weights, sg_weights_free);
  g_free(g);
}

/* w of every layer as z would have to give it: before truncation. */
static double *
edited_ws(GenerateGauge *g, const SgRecipe *recipe, GError **error)
{
  g_autoptr(SgRecipe) whole = sg_recipe_copy(recipe);

  whole->psi = 1;
  return sg_renderer_ws(g->renderer, whole, error);
}

/* ---- the nearest z --------------------------------------------------------------------------- */

static gboolean
write_picture(GenerateGauge *g, const SgRecipe *recipe, const SgNearestZ *n, const char *path,
              GError **error)
{
  g_autoptr(SgRecipe) r = sg_recipe_unmodified(recipe);

  sg_recipe_drop_vectors(r);
  r->z_base = g_memdup2(n->z, (gsize)n->z_dim * sizeof(double));
  g_autoptr(SgTensor) image = sg_renderer_render_float(g->renderer, r, error);
  if (!image)
    return FALSE;
  int c = (int)image->shape[1], h = (int)image->shape[2], w = (int)image->shape[3];
  g_autofree guint8 *rgb = g_malloc(4 * (gsize)h * (gsize)w);
  g_autofree char *json = sg_picture_recipe(r, sg_renderer_model(g->renderer));
  sg_image_to_rgb8(image, rgb);
  return sg_png_write_drawn(path, rgb, w, h, c, json, error);
}

/* Layers that differ have no w in common; their mean is what is looked for, and what each is away
 * from it remains as well. */
static double
remaining(const SgNearestZ *n, int layers, const double *ws)
{
  double squares = 0;

  for (int k = 0; k < layers; k++)
    for (int j = 0; j < n->w_dim; j++) {
      double d = ws[k * n->w_dim + j] - n->w[j];
      squares += d * d / layers;
    }
  return sqrt(squares);
}

static double *
mean_w(int layers, int dim, const double *ws)
{
  double *w = g_new0(double, dim);

  for (int k = 0; k < layers; k++)
    for (int j = 0; j < dim; j++)
      w[j] += ws[k * dim + j] / layers;
  return w;
}

static gboolean
find_nearest(GenerateGauge *g, const SgRecipe *recipe, const double *ws, const char *outdir,
             const char *stem, gboolean silent, json_t *entry, GError **error)
{
  SgNets *nets = nets_of(g->renderer, error);
  int layers = nets ? nets->net->num_ws : 0, dim = g->gauge->moments->dim;
  g_autofree double *w = mean_w(layers, dim, ws);
  g_autofree char *z_name = g_strconcat(stem, "-nearest-z.npy", NULL);
  g_autofree char *png_name = g_strconcat(stem, "-nearest.png", NULL);
  g_autofree char *z_path = g_build_filename(outdir, z_name, NULL);
  g_autofree char *png_path = g_build_filename(outdir, png_name, NULL);

  if (!nets)
    return FALSE;
  cli_progress_begin(&g->progress, "steps", (gsize)sg_nearest_z_options.steps);
  g_autoptr(SgNearestZ) n = sg_nearest_z_new(nets->mapping, g->weights, w, recipe->label,
                                             &sg_nearest_z_options, show, &g->progress, error);
  cli_progress_end(&g->progress);
  if (!n || !sg_vectors_write(z_path, SG_SPACE_Z, 1, n->z_dim, n->z, error) ||
      !write_picture(g, recipe, n, png_path, error))
    return FALSE;
  double left = remaining(n, layers, ws), share = left / g->deviation;
  json_object_set_new(entry, "nearest",
                      json_pack("{s:s, s:s, s:f, s:f}", "z", cli_json_name(z_path), "png",
                                cli_json_name(png_path), "distance", left, "deviations", share));
  if (!silent)
    printf("%s: the nearest z leaves %.3g, that is %.2f deviations of w\n", cli_name(stem), left,
           share);
  return TRUE;
}

/* ---- how far out ----------------------------------------------------------------------------- */

gboolean
generate_gauge_face(GenerateGauge *g, const SgRecipe *recipe, const char *outdir, const char *stem,
                    gboolean silent, json_t *entry, GError **error)
{
  g_autofree double *ws = edited_ws(g, recipe, error);
  int layers = sg_renderer_model(g->renderer)->info.num_ws, dim = g->gauge->moments->dim;
  double percentile = 0, far = 0;

  if (!ws)
    return FALSE;
  for (int k = 0; k < layers; k++) {
    percentile = MAX(percentile, sg_gauge_percentile(g->gauge, ws + k * dim));
    far = MAX(far, sg_gauge_distance(g->gauge, ws + k * dim));
  }
  json_object_set_new(entry, "distance", json_real(far));
  json_object_set_new(entry, "percentile", json_real(percentile));
  if (!silent)
    printf("%s: %.2f from the mean w, farther than %.2f %% of %d\n", cli_name(stem), far,
           percentile, SAMPLES);
  if (percentile > FAR)
    fprintf(stderr,
            "vitrine generate: %s lies farther out than %.4g %% of sampled w: no z is likely to "
            "give this face\n",
            cli_name(stem), percentile);
  return !g->weights || find_nearest(g, recipe, ws, outdir, stem, silent, entry, error);
}
