/* Where something acts: heat maps, over pictures of what it does. */
#include "app/cli/directions/influence.h"
#include "engine/explore/causes/heat-map.h"
#include "engine/formats/npy.h"
#include "engine/formats/writer.h"
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* One row of the sheet: the face moved back, as it is, moved on, and where. */
#define COLUMNS 4
/* A sheet of more is unwieldy. */
#define MOST 64

typedef struct {
  Mover *mover;
  SgHeatMap *map;
  SgHeatStats stats;
} Place;

static void
place_clear(gpointer data)
{
  sg_heat_map_free(((Place *)data)->map);
}

static Mover *
find(const InfluenceJob *job, const char *name)
{
  for (guint i = 0; i < job->movers->len; i++) {
    Mover *m = &g_array_index(job->movers, Mover, i);
    if (g_str_equal(m->name, name))
      return m;
  }
  return NULL;
}

static gboolean
choose(InfluenceJob *job, GArray *places, GError **error)
{
  g_auto(GStrv) names = g_strsplit(job->opt->where, ",", -1);

  for (char **name = names; *name; name++) {
    Place p = {.mover = find(job, g_strstrip(*name))};
    if (!p.mover || places->len == MOST) {
      cli_set_usage_error(error,
                          "--where: expected dimensions, channels of convolutions and directions "
                          "like w17,s7.123,beard (of --directions), at most %d, found \"%s\"",
                          MOST, *name);
      return FALSE;
    }
    g_array_append_val(places, p);
  }
  return TRUE;
}

static gboolean
add_face(InfluenceJob *job, Place *p, const SgRecipe *face, GError **error)
{
  g_autoptr(SgRecipe) up = influence_moved(face, p->mover, 1);
  g_autoptr(SgRecipe) down = influence_moved(face, p->mover, -1);
  g_autoptr(SgTensor) a = sg_renderer_render_float(job->base.renderer, up, error);
  g_autoptr(SgTensor) b = a ? sg_renderer_render_float(job->base.renderer, down, error) : NULL;

  if (!b)
    return FALSE;
  if (!p->map)
    p->map = sg_heat_map_new((int)a->shape[2], (int)a->shape[3]);
  sg_heat_map_add(p->map, (int)a->shape[1], a->data, b->data);
  return TRUE;
}

static gboolean
measure(InfluenceJob *job, GArray *places, GError **error)
{
  gsize done = 0;

  cli_progress_begin(&job->base.progress, "heat maps", (gsize)places->len * job->faces->len);
  for (guint i = 0; i < places->len; i++) {
    Place *p = &g_array_index(places, Place, i);
    for (guint f = 0; f < job->faces->len; f++) {
      if (!add_face(job, p, job->faces->pdata[f], error))
        return FALSE;
      cli_progress_update(&job->base.progress, ++done);
    }
    p->stats = sg_heat_map_stats(p->map);
  }
  cli_progress_end(&job->base.progress);
  return TRUE;
}

/* ---- what is written ------------------------------------------------------------------------- */

/* A name as part of a file's. */
static char *
file_name(const Mover *m, const char *end)
{
  g_autofree char *name = g_strdup(m->name);

  for (char *c = name; *c; c++)
    if (*c == G_DIR_SEPARATOR || g_ascii_iscntrl(*c))
      *c = '_';
  return g_strconcat("where-", name, end, NULL);
}

static gboolean
write_numbers(const InfluenceJob *job, const Place *p, GError **error)
{
  g_autofree char *name = file_name(p->mover, ".npy");
  g_autofree char *path = g_build_filename(job->opt->outdir, name, NULL);
  g_autoptr(SgTensor) t = sg_tensor_new(2, (gint64[]){p->map->h, p->map->w});

  for (gsize i = 0; i < t->numel; i++)
    t->data[i] = (float)p->map->change[i];
  return sg_npy_write(path, t, error);
}

static gboolean
write_table(const InfluenceJob *job, GArray *places, GError **error)
{
  g_autoptr(GString) s =
      g_string_new("name,sigma,mean,most,x,y,centre_x,centre_y,strongest_tenth\n");
  g_autofree char *path = g_build_filename(job->opt->outdir, "where.csv", NULL);

  for (guint i = 0; i < places->len; i++) {
    const Place *p = &g_array_index(places, Place, i);
    const SgHeatStats *h = &p->stats;
    g_autofree char *name = g_strdelimit(g_strdup(p->mover->name), ",\"\n\r", ' ');
    g_string_append_printf(s, "%s,%.6g,%.6g,%.6g,%d,%d,%.4g,%.4g,%.4g\n", name, p->mover->sigma,
                           h->mean, h->most, h->x, h->y, h->cx, h->cy, h->tenth);
  }
  return sg_write_file(path, s->str, s->len, error);
}

static gboolean
add_heat(InfluenceJob *job, const Place *p, DirectionTiles *tiles, const char *text, GError **error)
{
  g_autoptr(SgPicture) plain =
      sg_renderer_render(job->base.renderer, job->faces->pdata[0], 0, error);

  if (!plain)
    return FALSE;
  gsize pixels = (gsize)plain->width * (gsize)plain->height;
  g_autofree guint8 *rgb = g_malloc(3 * pixels);
  for (gsize i = 0; i < pixels; i++)
    memcpy(rgb + 3 * i, plain->rgb + (gsize)plain->bytes * i, 3);
  g_autofree guint8 *heat = sg_heat_map_draw(p->map, rgb, MAX(p->stats.most, 1e-9));
  direction_tiles_rgb(tiles, heat, text);
  return TRUE;
}

static gboolean
add_row(InfluenceJob *job, const Place *p, DirectionTiles *tiles, GError **error)
{
  static const char *const words[] = {"-1 σ", "the face", "+1 σ"};
  g_autofree char *text = g_strdup_printf("up to %.3g levels", p->stats.most);

  direction_tiles_row(tiles, p->mover->name);
  for (int i = 0; i < 3; i++) {
    g_autoptr(SgRecipe) r = influence_moved(job->faces->pdata[0], p->mover, i - 1);
    if (!direction_tiles_recipe(tiles, &job->base, r, words[i], error))
      return FALSE;
  }
  return add_heat(job, p, tiles, text, error);
}

static gboolean
write_all(InfluenceJob *job, GArray *places, GError **error)
{
  g_autofree char *path = g_build_filename(job->opt->outdir, "where.png", NULL);
  g_autofree char *title = g_strdup_printf("Where it acts, over %u face%s", job->faces->len,
                                           job->faces->len == 1 ? "" : "s");
  g_autoptr(DirectionTiles) tiles = direction_tiles_new(&job->base, (int)places->len * COLUMNS);

  for (guint i = 0; i < places->len; i++) {
    const Place *p = &g_array_index(places, Place, i);
    if (!write_numbers(job, p, error) || !add_row(job, p, tiles, error))
      return FALSE;
  }
  return write_table(job, places, error) &&
         direction_tiles_write(tiles, path, title, COLUMNS, error);
}

static void
print(const InfluenceJob *job, GArray *places)
{
  json_t *all = json_array();

  for (guint i = 0; i < places->len; i++) {
    const Place *p = &g_array_index(places, Place, i);
    const SgHeatStats *h = &p->stats;
    json_array_append_new(all, json_pack("{s:s, s:f, s:f, s:f, s:i, s:i, s:f}", "name",
                                         cli_json_name(p->mover->name), "sigma", p->mover->sigma,
                                         "mean", h->mean, "most", h->most, "x", h->x, "y", h->y,
                                         "strongest_tenth", isnan(h->tenth) ? 0 : h->tenth));
    if (!job->opt->json)
      printf("%-10s %6.2f levels on average, %6.2f at %d,%d\n", cli_name(p->mover->name), h->mean,
             h->most, h->x, h->y);
  }
  if (job->opt->json)
    cli_print_json(json_pack("{s:s, s:i, s:O}", "hash", job->base.model->hash, "faces",
                             (int)job->faces->len, "where", all));
  json_decref(all);
}

gboolean
influence_where(InfluenceJob *job, GError **error)
{
  g_autoptr(GArray) places = g_array_new(FALSE, TRUE, sizeof(Place));

  g_array_set_clear_func(places, place_clear);
  if (!choose(job, places, error) || !measure(job, places, error) || !write_all(job, places, error))
    return FALSE;
  print(job, places);
  return TRUE;
}
