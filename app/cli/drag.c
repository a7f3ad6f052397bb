/* vitrine drag: points of a face go where they are wanted. */
#include "app/cli/cli.h"
#include "engine/data/dataset.h"
#include "engine/data/square.h"
#include "engine/drag/drag.h"
#include "engine/explore/picture-model.h"
#include "engine/explore/vector-file.h"
#include "engine/film/film.h"
#include "engine/formats/format-error.h"
#include "engine/formats/writer.h"
#include "engine/pictures/picture.h"
#include <glib/gstdio.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILM_RATE 25 /* frames a second, one a step */

typedef struct {
  CliRecipeOptions recipe;
  char *network, *outdir, *mask, *film;
  char **handles, **targets, **free;
  int steps, layers, features;
  double rate, hold;
  gboolean json;
} Options;

typedef struct {
  const Options *opt;
  SgModel *model;
  SgRenderer *renderer;
  SgRecipe *face;
  SgDrag *drag;
  int n;
  SgDragPair pairs[SG_DRAG_MAX_PAIRS]; /* as asked for */
  guint8 *held;                        /* [height, width]; NULL: nothing is held */
  SgFilm *film;
  GArray *distances; /* of double: before each step */
  CliProgress progress;
} Job;

static void
options_clear(Options *o)
{
  cli_recipe_options_clear(&o->recipe);
  g_free(o->network);
  g_free(o->outdir);
  g_free(o->mask);
  g_free(o->film);
  g_strfreev(o->handles);
  g_strfreev(o->targets);
  g_strfreev(o->free);
}

static gboolean
check_options(const Options *o, int argc, char **argv, GError **error)
{
  guint handles = o->handles ? g_strv_length(o->handles) : 0;
  guint targets = o->targets ? g_strv_length(o->targets) : 0;

  if (argc > 1)
    cli_set_usage_error(error, "unexpected \"%s\"", argv[1]);
  else if (!o->network && !o->recipe.recipe)
    cli_set_usage_error(error, "which model? --network=FILE");
  else if (!o->outdir)
    cli_set_usage_error(error, "where to? --outdir=DIR");
  else if (handles == 0 || handles != targets)
    cli_set_usage_error(error,
                        "each --handle=X,Y needs its --target=X,Y: %u handles and %u targets were "
                        "given",
                        handles, targets);
  else if (handles > SG_DRAG_MAX_PAIRS)
    cli_set_usage_error(error, "at most %d points can be dragged together, found %u",
                        SG_DRAG_MAX_PAIRS, handles);
  else if (o->mask && o->free)
    cli_set_usage_error(error, "one of both: --mask=PICTURE or --free=X,Y,W,H");
  else
    return TRUE;
  return FALSE;
}

static gboolean
options_parse(Options *o, int argc, char **argv, GError **error)
{
  static const char *const without[] = {"faces", NULL};
  const GOptionEntry entries[] = {
      {"network", 0, 0, G_OPTION_ARG_FILENAME, &o->network,
       "the model; may be left out with --recipe", "FILE"},
      {"handle", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->handles,
       "a point of the face, in pixels from the top left; may be given again", "X,Y"},
      {"target", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->targets,
       "where the handle of the same place goes", "X,Y"},
      {"free", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->free,
       "a part of the picture that may change, all else is held; may be given again", "X,Y,W,H"},
      {"mask", 0, 0, G_OPTION_ARG_FILENAME, &o->mask,
       "the same as a picture: what is darker than middle grey is held", "PICTURE"},
      {"outdir", 0, 0, G_OPTION_ARG_FILENAME, &o->outdir, "where results go; made if missing",
       "DIR"},
      {"steps", 0, 0, G_OPTION_ARG_INT, &o->steps, "at most (300)", "N"},
      {"layers", 0, 0, G_OPTION_ARG_INT, &o->layers,
       "how many w, of the first layers, may move (6)", "N"},
      {"features", 0, 0, G_OPTION_ARG_INT, &o->features,
       "pixels of the layer that is looked at (a quarter of the picture's, from 32 to 128)", "N"},
      {"rate", 0, 0, G_OPTION_ARG_DOUBLE, &o->rate,
       "length of the steps, in deviations of w (0.005)", "R"},
      {"hold", 0, 0, G_OPTION_ARG_DOUBLE, &o->hold,
       "how strongly what is held is held (20 at 512 pixels, less below, from 4)", "WEIGHT"},
      {"film", 0, 0, G_OPTION_ARG_FILENAME, &o->film,
       "the way there as a film, a frame a step; a name without an ending is a folder of PNGs",
       "FILE"},
      {"json", 0, 0, G_OPTION_ARG_NONE, &o->json, "say what came out as JSON on standard output",
       NULL},
      {NULL}};
  static const CliRange ranges[] = {{"steps", 1, 100000},  {"layers", 1, SG_RECIPE_MAX_LAYERS},
                                    {"features", 4, 4096}, {"rate", 1e-6, 10},
                                    {"hold", 0, 1e6},      {NULL, 0, 0}};
  const CliHelp help = {
      .parameters = "",
      .summary = "Drags points of a face to where they are wanted (DragGAN).",
      .details =
          "DIR/drag.png is a face like any other: it opens in the window, with sliders, mixing and "
          "directions. dragged_w.npz has its w of each layer, drag.json how far the handles were "
          "from their targets before each step, and where they have come to. Faces may be "
          "generated, projected and tuned ones (--recipe=proj.png). It ends when all handles are "
          "there, or after --steps.\n"
          "  vitrine drag --network model.pkl --seed 3 --handle 20,34 --target 26,34 --outdir out",
      .ranges = ranges,
      .recipe = &o->recipe};

  *o = (Options){.steps = 300, .hold = -1};
  cli_recipe_options_init(&o->recipe, NULL, without);
  return cli_parse(&argc, &argv, entries, &help, error) && check_options(o, argc, argv, error);
}

/* ---- what is wanted -------------------------------------------------------------------------- */

static gboolean
parse_numbers(const char *option, const char *text, int n, double *v, const char *form,
              GError **error)
{
  g_auto(GStrv) parts = g_strsplit(text, ",", -1);

  if ((int)g_strv_length(parts) != n) {
    cli_set_usage_error(error, "--%s: expected %s, found \"%s\"", option, form, text);
    return FALSE;
  }
  for (int i = 0; i < n; i++)
    if (!cli_parse_number(option, parts[i], -1e6, 1e6, &v[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
parse_pairs(Job *job, GError **error)
{
  const Options *o = job->opt;

  for (; o->handles[job->n]; job->n++) {
    SgDragPair *p = &job->pairs[job->n];
    double from[2], to[2];
    if (!parse_numbers("handle", o->handles[job->n], 2, from, "X,Y", error) ||
        !parse_numbers("target", o->targets[job->n], 2, to, "X,Y", error))
      return FALSE;
    *p = (SgDragPair){{from[0], from[1]}, {to[0], to[1]}};
  }
  return TRUE;
}

static gboolean
take_free(Job *job, GError **error)
{
  int size = job->model->info.img_resolution;

  for (char **f = job->opt->free; *f; f++) {
    double v[4];
    if (!parse_numbers("free", *f, 4, v, "X,Y,W,H", error))
      return FALSE;
    if (v[0] < 0 || v[1] < 0 || v[2] < 1 || v[3] < 1 || v[0] + v[2] > size || v[1] + v[3] > size) {
      cli_set_usage_error(error, "--free: %s does not lie in a picture of %d × %d pixels", *f, size,
                          size);
      return FALSE;
    }
    for (int y = (int)v[1]; y < (int)(v[1] + v[3]); y++)
      memset(job->held + (gsize)y * (gsize)size + (gsize)v[0], 0, (gsize)v[2]);
  }
  return TRUE;
}

/* Stretched to the model's pictures. */
static gboolean
take_mask(Job *job, GError **error)
{
  int size = job->model->info.img_resolution;
  gsize n = (gsize)size * (gsize)size;
  g_autofree guint8 *grey = g_try_malloc(n);
  g_auto(SgPixels) p = {0};

  if (!grey)
    return sg_no_memory(error, "for the mask");
  if (!sg_pixels_load(&p, job->opt->mask, error))
    return FALSE;
  sg_picture_square(&p, 1, size, SG_TRANSFORM_STRETCH, grey);
  for (gsize i = 0; i < n; i++)
    job->held[i] = grey[i] < 128;
  return TRUE;
}

static gboolean
take_held(Job *job, GError **error)
{
  gsize n = (gsize)job->model->info.img_resolution * (gsize)job->model->info.img_resolution;

  if (!job->opt->mask && !job->opt->free)
    return TRUE;
  if (!(job->held = g_try_malloc(n)))
    return sg_no_memory(error, "for the mask");
  memset(job->held, 1, n);
  return job->opt->mask ? take_mask(job, error) : take_free(job, error);
}

/* ---- running --------------------------------------------------------------------------------- */

static gboolean
open_film(Job *job, GError **error)
{
  g_autoptr(SgPicture) p = sg_renderer_render(job->renderer, job->face, 0, error);
  SgFilmFormat format = {.fps_n = FILM_RATE, .fps_d = 1};

  if (!p)
    return FALSE;
  format.width = p->width;
  format.height = p->height;
  format.bytes = p->bytes;
  return (job->film = sg_film_new(job->opt->film, &format, error)) != NULL;
}

static gboolean
open_job(Job *job, GError **error)
{
  const Options *o = job->opt;
  SgDragOptions options;

  if (!parse_pairs(job, error) || (o->film && !sg_film_can_write(o->film, error)) ||
      !(job->model = cli_load_model_of(o->network, o->recipe.recipe, error)) ||
      !sg_info_require_square(&job->model->info, "dragging", error) || !take_held(job, error) ||
      !(job->face = cli_recipe_new(&o->recipe, "drag", job->model, error)))
    return FALSE;
  job->face->faces = 1;
  sg_drag_options_init(&options, &job->model->info);
  if (o->layers)
    options.layers = MIN(o->layers, job->model->info.num_ws);
  if (o->features)
    options.features = o->features;
  if (o->rate > 0)
    options.rate = o->rate;
  if (o->hold >= 0)
    options.hold = o->hold;
  if (g_mkdir_with_parents(o->outdir, 0777) != 0)
    return sg_file_failed(error, o->outdir, "cannot make this folder");
  return (job->renderer = sg_renderer_new(job->model, NULL, error)) &&
         (!o->film || open_film(job, error)) &&
         (job->drag = sg_drag_new(job->renderer, job->face, &options, error)) &&
         sg_drag_aim(job->drag, job->n, job->pairs, job->held, error);
}

static gboolean
add_frame(Job *job, GError **error)
{
  if (!job->film)
    return TRUE;
  g_autoptr(SgRecipe) face = sg_drag_recipe(job->drag);
  g_autoptr(SgPicture) p = sg_renderer_render(job->renderer, face, 0, error);
  g_autofree char *json = p ? sg_picture_recipe(face, job->model) : NULL;
  return p && sg_film_add(job->film, p->rgb, json, error);
}

/* The last look, after the last step, moves nothing. */
static gboolean
drag(Job *job, GError **error)
{
  cli_progress_begin(&job->progress, "steps", (gsize)job->opt->steps);
  for (int i = 0; i <= job->opt->steps; i++) {
    if (!sg_drag_step(job->drag, error) || !add_frame(job, error))
      return FALSE;
    double distance = sg_drag_distance(job->drag);
    g_array_append_val(job->distances, distance);
    if (sg_drag_is_there(job->drag))
      break;
    cli_progress_update(&job->progress, (gsize)i);
  }
  cli_progress_end(&job->progress);
  return !job->film || sg_film_finish(job->film, error);
}

/* ---- what is written ------------------------------------------------------------------------- */

static json_t *
place(SgPlace p)
{
  return json_pack("[f, f]", p.x, p.y);
}

static json_t *
describe(const Job *job, const char *picture)
{
  json_t *pairs = json_array(), *way = json_array(), *moved = json_array();
  int n;
  const SgDragPair *now = sg_drag_pairs(job->drag, &n);

  for (int i = 0; i < n; i++)
    json_array_append_new(pairs, json_pack("{s:o, s:o, s:o}", "from", place(job->pairs[i].handle),
                                           "target", place(now[i].target), "handle",
                                           place(now[i].handle)));
  for (guint i = 0; i < job->distances->len; i++)
    json_array_append_new(way, json_real(g_array_index(job->distances, double, i)));
  for (int l = 0; l < job->model->info.num_ws; l++)
    json_array_append_new(moved, json_real(sg_drag_moved(job->drag, l)));
  return json_pack("{s:s?, s:s, s:i, s:b, s:f, s:f, s:o, s:o, s:o}", "hash", job->model->hash,
                   "picture", cli_json_name(picture), "steps", sg_drag_done(job->drag), "there",
                   sg_drag_is_there(job->drag), "distance", sg_drag_distance(job->drag),
                   "percentile", sg_drag_percentile(job->drag), "points", pairs, "distances", way,
                   "moved", moved);
}

static gboolean
write_json(const Job *job, json_t *all, GError **error)
{
  g_autofree char *path = g_build_filename(job->opt->outdir, "drag.json", NULL);
  char *text = json_dumps(all, JSON_INDENT(2));
  gboolean ok = sg_write_file(path, text, strlen(text), error);

  free(text);
  return ok;
}

static void
print(const Job *job)
{
  int n;
  const SgDragPair *p = sg_drag_pairs(job->drag, &n);

  for (int i = 0; i < n; i++)
    printf("%g,%g is at %g,%g, %.1f pixels from its target\n", job->pairs[i].handle.x,
           job->pairs[i].handle.y, p[i].handle.x, p[i].handle.y,
           hypot(p[i].target.x - p[i].handle.x, p[i].target.y - p[i].handle.y));
  printf("%d steps; w lies farther out than %.1f %% of the model's\n", sg_drag_done(job->drag),
         sg_drag_percentile(job->drag));
  if (!sg_drag_is_there(job->drag))
    printf("not all of them have arrived: more --steps, more --layers or another handle may "
           "help\n");
}

static gboolean
report(const Job *job, GError **error)
{
  const char *dir = job->opt->outdir;
  g_autofree char *picture = g_build_filename(dir, "drag.png", NULL);
  g_autofree char *npz = g_build_filename(dir, "dragged_w.npz", NULL);
  g_autoptr(SgRecipe) face = sg_drag_recipe(job->drag);
  g_autoptr(SgPicture) p = sg_renderer_render(job->renderer, face, 0, error);
  g_autofree char *recipe = p ? sg_picture_recipe(face, job->model) : NULL;

  if (!p || !sg_vectors_write(npz, SG_SPACE_W, face->w_layers, face->w_dim, face->w_base, error) ||
      !sg_png_write_drawn(picture, p->rgb, p->width, p->height, p->channels, recipe, error))
    return FALSE;
  json_t *all = describe(job, picture);
  gboolean ok = write_json(job, all, error);
  if (ok && job->opt->json)
    cli_print_json(json_incref(all));
  else if (ok)
    print(job);
  json_decref(all);
  return ok;
}

static void
run(const Options *opt, GError **error)
{
  Job job = {.opt = opt, .distances = g_array_new(FALSE, FALSE, sizeof(double))};

  if (open_job(&job, error) && drag(&job, error))
    report(&job, error);
  cli_progress_end(&job.progress);
  g_array_unref(job.distances);
  sg_film_free(job.film);
  sg_drag_free(job.drag);
  g_free(job.held);
  g_clear_pointer(&job.face, sg_recipe_free);
  g_clear_pointer(&job.renderer, sg_renderer_free);
  g_clear_pointer(&job.model, sg_model_unref);
}

int
cli_drag(int argc, char **argv)
{
  GError *error = NULL;
  Options opt;

  if (options_parse(&opt, argc, argv, &error))
    run(&opt, &error);
  options_clear(&opt);
  return cli_finish("drag", error);
}
