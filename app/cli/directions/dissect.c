/* vitrine dissect: channels of a layer muted, left alone or added to, in a part of a face. */
#include "app/cli/directions/direction-job.h"
#include "engine/explore/causes/channel-edit.h"
#include "engine/explore/nets.h"
#include "engine/formats/writer.h"
#include "engine/kernels/element.h"
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  char *network, *layer, *mute, *solo, *add, *region, *mask, *outdir;
  gboolean each, json;
  CliRecipeOptions recipe;
} Options;

/* One edit and what became of it. */
typedef struct {
  char *name; /* "mute 5,7" */
  SgChannelAct act;
  GArray *channels; /* of int */
  double amount;
  SgTensor *picture;
  double logit;           /* NaN: the model has no discriminator */
  double inside, outside; /* root mean square change, levels; NaN: there is no such part */
} Edit;

typedef struct {
  const Options *opt;
  DirectionJob base;
  SgRecipe *face;
  int stage;
  SgMask *mask; /* NULL: everywhere */
  SgTensor *plain;
  double logit;
  GPtrArray *edits; /* of Edit */
} Job;

static void
edit_free(gpointer data)
{
  Edit *e = data;

  g_free(e->name);
  g_array_unref(e->channels);
  sg_tensor_unref(e->picture);
  g_free(e);
}

static gboolean
check_options(const Options *o, int argc, char **argv, GError **error)
{
  if (argc > 1)
    cli_set_usage_error(error, "unexpected \"%s\"", argv[1]);
  else if (!o->network && !o->recipe.recipe)
    cli_set_usage_error(error, "which model? --network=FILE");
  else if (!o->outdir)
    cli_set_usage_error(error, "where to? --outdir=DIR");
  else if (!o->layer)
    cli_set_usage_error(error, "which convolution? --layer=NAME");
  else if (!o->mute && !o->solo && !o->add && !o->each)
    cli_set_usage_error(error, "what is to be done? --mute=5,7, --solo=5, --add=5:+2 or --each");
  else if (o->region && o->mask)
    cli_set_usage_error(error, "one of both: --region=X,Y,W,H or --mask=PICTURE");
  else
    return TRUE;
  return FALSE;
}

static gboolean
options_parse(Options *o, int argc, char **argv, GError **error)
{
  static const char *const without[] = {"faces", NULL};
  const GOptionEntry entries[] = {
      {"network", 0, 0, G_OPTION_ARG_FILENAME, &o->network, "the model", "FILE"},
      {"outdir", 0, 0, G_OPTION_ARG_FILENAME, &o->outdir, "where results go; made if missing",
       "DIR"},
      {"layer", 0, 0, G_OPTION_ARG_STRING, &o->layer,
       "the convolution, as \"vitrine layers\" calls it", "NAME"},
      {"mute", 0, 0, G_OPTION_ARG_STRING, &o->mute, "these channels become 0", "0-3,7"},
      {"solo", 0, 0, G_OPTION_ARG_STRING, &o->solo, "all but these become 0", "0-3,7"},
      {"add", 0, 0, G_OPTION_ARG_STRING, &o->add,
       "is added to a channel, in deviations of the layer's activations", "CHANNEL:+2,…"},
      {"each", 0, 0, G_OPTION_ARG_NONE, &o->each, "also every channel muted by itself, in each.csv",
       NULL},
      {"region", 0, 0, G_OPTION_ARG_STRING, &o->region,
       "only in this part of the picture, pixels from the top left", "X,Y,W,H"},
      {"mask", 0, 0, G_OPTION_ARG_FILENAME, &o->mask,
       "only where this picture, as large as the model's, is white", "PICTURE"},
      {"json", 0, 0, G_OPTION_ARG_NONE, &o->json, "say what was found as JSON on standard output",
       NULL},
      {NULL}};
  const CliHelp help = {
      .parameters = "",
      .summary =
          "Mutes channels of a convolution, leaves them alone or adds to them, in a part of a "
          "face.",
      .details =
          "DIR/dissect.png shows the face, the part and every edit with the discriminator's score; "
          "dissect.csv by how many levels the picture changes inside of the part and outside, and "
          "the score before and after.\n"
          "  vitrine dissect --network model.pkl --seed 3 --layer LAYER --mute 5 --region "
          "20,24,12,6 --outdir out",
      .recipe = &o->recipe};

  *o = (Options){0};
  cli_recipe_options_init(&o->recipe, NULL, without);
  return cli_parse(&argc, &argv, entries, &help, error) && check_options(o, argc, argv, error);
}

/* ---- what is asked --------------------------------------------------------------------------- */

static Edit *
add_edit(Job *job, SgChannelAct act, const char *name)
{
  Edit *e = g_new0(Edit, 1);

  e->act = act;
  e->name = g_strdup(name);
  e->channels = g_array_new(FALSE, FALSE, sizeof(int));
  g_ptr_array_add(job->edits, e);
  return e;
}

static gboolean
add_channel(const Job *job, Edit *e, const char *option, guint32 channel, GError **error)
{
  const SgStage *stage = sg_synthesis_stage(job->base.nets->net, (guint)job->stage);
  int c = (int)MIN(channel, (guint32)G_MAXINT);

  if (c >= stage->out_channels) {
    cli_set_usage_error(error, "--%s: %s has channels 0 to %d, found %u", option, stage->name,
                        stage->out_channels - 1, channel);
    return FALSE;
  }
  g_array_append_val(e->channels, c);
  return TRUE;
}

static gboolean
add_list(Job *job, SgChannelAct act, const char *option, const char *text, GError **error)
{
  g_autoptr(GArray) list = text ? cli_parse_numbers(option, text, error) : NULL;
  g_autofree char *name = g_strdup_printf("%s %s", option, text);

  if (!text)
    return TRUE;
  if (!list)
    return FALSE;
  Edit *e = add_edit(job, act, name);
  for (guint i = 0; i < list->len; i++)
    if (!add_channel(job, e, option, g_array_index(list, guint32, i), error))
      return FALSE;
  return TRUE;
}

/* "5:+2,7:-1": an edit each. */
static gboolean
add_amounts(Job *job, GError **error)
{
  g_auto(GStrv) parts = job->opt->add ? g_strsplit(job->opt->add, ",", -1) : NULL;

  for (char **part = parts; part && *part; part++) {
    char *colon = strchr(*part, ':');
    guint64 channel;
    double amount;
    if (colon)
      *colon = '\0';
    if (!colon ||
        !g_ascii_string_to_unsigned(g_strstrip(*part), 10, 0, G_MAXUINT32, &channel, NULL)) {
      cli_set_usage_error(error, "--add: expected CHANNEL:AMOUNT like 5:+2, found \"%s\"",
                          job->opt->add);
      return FALSE;
    }
    if (!cli_parse_number("add", colon + 1, -1000, 1000, &amount, error))
      return FALSE;
    g_autofree char *name = g_strdup_printf("add %s:%+g", *part, amount);
    Edit *e = add_edit(job, SG_CHANNEL_ADD, name);
    e->amount = amount;
    if (!add_channel(job, e, "add", (guint32)channel, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
read_mask(Job *job, GError **error)
{
  int w = sg_info_width(&job->base.model->info), h = sg_info_height(&job->base.model->info);
  SgRegion r;

  if (job->opt->mask) {
    job->mask = sg_mask_read(job->opt->mask, h, w, error);
    return job->mask != NULL;
  }
  if (!job->opt->region)
    return TRUE;
  if (!direction_job_region(job->opt->region, &r, error))
    return FALSE;
  if (r.w < 1 || r.h < 1 || r.x > w - r.w || r.y > h - r.h) {
    cli_set_usage_error(error, "--region: it does not lie in pictures of %d × %d", w, h);
    return FALSE;
  }
  job->mask = sg_mask_new_region(h, w, &r);
  return TRUE;
}

/* ---- doing it -------------------------------------------------------------------------------- */

static gboolean
score(Job *job, const SgTensor *picture, double *logit, GError **error)
{
  *logit = NAN;
  return !job->base.model->info.has_d ||
         sg_renderer_score(job->base.renderer, picture, &job->face->label, 1, logit, error);
}

static gboolean
try_edit(Job *job, Edit *e, GError **error)
{
  const SgChannelEdit edit = {.stage = (guint)job->stage,
                              .act = e->act,
                              .n = (int)e->channels->len,
                              .channels = (const int *)(gpointer)e->channels->data,
                              .amount = e->amount,
                              .mask = job->mask};

  e->picture = sg_channel_edit_draw(job->base.renderer, job->face, &edit, error);
  if (!e->picture || !score(job, e->picture, &e->logit, error))
    return FALSE;
  e->inside = sg_mask_change(job->mask, e->picture, job->plain, TRUE);
  e->outside = sg_mask_change(job->mask, e->picture, job->plain, FALSE);
  return TRUE;
}

static gboolean
try_all(Job *job, GError **error)
{
  job->plain = sg_renderer_render_float(job->base.renderer, job->face, error);
  if (!job->plain || !score(job, job->plain, &job->logit, error))
    return FALSE;
  if (isnan(job->logit))
    fprintf(stderr, "vitrine dissect: this model has no discriminator: edits have no score\n");
  cli_progress_begin(&job->base.progress, "edits", job->edits->len);
  for (guint i = 0; i < job->edits->len; i++) {
    if (!try_edit(job, job->edits->pdata[i], error))
      return FALSE;
    cli_progress_update(&job->base.progress, i + 1);
  }
  cli_progress_end(&job->base.progress);
  return TRUE;
}

/* ---- what is written ------------------------------------------------------------------------- */

static void
put(GString *s, double v)
{
  g_string_append_c(s, ',');
  if (isfinite(v))
    g_string_append_printf(s, "%.6g", v);
}

static void
put_line(const Job *job, GString *s, const char *name, const Edit *e)
{
  g_string_append_printf(s, "\"%s\"", name);
  put(s, e->inside);
  put(s, e->outside);
  put(s, job->logit);
  put(s, e->logit);
  g_string_append_c(s, '\n');
}

static gboolean
write_table(const Job *job, GError **error)
{
  g_autoptr(GString) s = g_string_new("edit,inside,outside,logit_before,logit\n");
  g_autofree char *path = g_build_filename(job->opt->outdir, "dissect.csv", NULL);

  for (guint i = 0; i < job->edits->len; i++) {
    const Edit *e = job->edits->pdata[i];
    put_line(job, s, e->name, e);
  }
  return sg_write_file(path, s->str, s->len, error);
}

/* Every channel of the layer, muted by itself. */
static gboolean
write_each(Job *job, GError **error)
{
  const SgStage *stage = sg_synthesis_stage(job->base.nets->net, (guint)job->stage);
  g_autoptr(GString) s = g_string_new("channel,inside,outside,logit_before,logit\n");
  g_autofree char *path = g_build_filename(job->opt->outdir, "each.csv", NULL);

  if (!job->opt->each)
    return TRUE;
  cli_progress_begin(&job->base.progress, "channels", (gsize)stage->out_channels);
  for (int c = 0; c < stage->out_channels; c++) {
    Edit e = {.act = SG_CHANNEL_MUTE, .channels = g_array_new(FALSE, FALSE, sizeof(int))};
    g_autofree char *name = g_strdup_printf("%d", c);
    g_array_append_val(e.channels, c);
    gboolean ok = try_edit(job, &e, error);
    if (ok)
      put_line(job, s, name, &e);
    g_array_unref(e.channels);
    sg_tensor_unref(e.picture);
    if (!ok)
      return FALSE;
    cli_progress_update(&job->base.progress, (gsize)c + 1);
  }
  cli_progress_end(&job->base.progress);
  return sg_write_file(path, s->str, s->len, error);
}

/* As people see it, whatever the network's channels: RGB8. */
static void
add_tile(const Job *job, DirectionTiles *tiles, const SgTensor *picture, const char *name,
         double logit)
{
  gsize pixels = (gsize)(picture->shape[2] * picture->shape[3]);
  gsize bytes = k_drawn_bytes((unsigned)picture->shape[1]);
  g_autofree guint8 *drawn = g_malloc(bytes * pixels), *rgb = g_malloc(3 * pixels);
  g_autofree char *text =
      isnan(logit) ? g_strdup(name) : g_strdup_printf("%s\nscore %.2f", name, logit);

  sg_image_to_rgb8(picture, drawn);
  for (gsize i = 0; i < pixels; i++)
    memcpy(rgb + 3 * i, drawn + bytes * i, 3);
  direction_tiles_rgb(tiles, rgb, text);
}

static void
add_mask(const Job *job, DirectionTiles *tiles)
{
  gsize pixels = (gsize)job->mask->h * (gsize)job->mask->w;
  g_autofree guint8 *rgb = g_malloc(3 * pixels);

  for (gsize i = 0; i < pixels; i++)
    memset(rgb + 3 * i, (int)lround(255 * (double)job->mask->weight[i]), 3);
  direction_tiles_rgb(tiles, rgb, "where");
}

static gboolean
write_sheet(Job *job, GError **error)
{
  enum { COLUMNS = 6 };
  const char *layer = sg_synthesis_stage(job->base.nets->net, (guint)job->stage)->name;
  int n = (int)job->edits->len + 1 + (job->mask != NULL);
  g_autofree char *path = g_build_filename(job->opt->outdir, "dissect.png", NULL);
  g_autofree char *title = g_strdup_printf("Channels of %s", layer);
  g_autoptr(DirectionTiles) tiles = direction_tiles_new(&job->base, n);

  add_tile(job, tiles, job->plain, "the face", job->logit);
  if (job->mask)
    add_mask(job, tiles);
  for (guint i = 0; i < job->edits->len; i++) {
    const Edit *e = job->edits->pdata[i];
    add_tile(job, tiles, e->picture, e->name, e->logit);
  }
  for (int i = 0; i < n; i += COLUMNS)
    direction_tiles_row(tiles, "");
  return direction_tiles_write(tiles, path, title, MIN(n, COLUMNS), error);
}

static json_t *
number_or_null(double v)
{
  return isfinite(v) ? json_real(v) : json_null();
}

static void
print_edit(const Job *job, const Edit *e)
{
  printf("%-16s %6.2f levels inside", e->name, e->inside);
  if (isfinite(e->outside))
    printf(", %6.2f outside", e->outside);
  if (isfinite(e->logit))
    printf("; score %.3f, before %.3f", e->logit, job->logit);
  putchar('\n');
}

static void
print(const Job *job)
{
  json_t *all = json_array();

  for (guint i = 0; i < job->edits->len; i++) {
    const Edit *e = job->edits->pdata[i];
    json_array_append_new(
        all, json_pack("{s:s, s:o, s:o, s:o}", "edit", e->name, "inside", number_or_null(e->inside),
                       "outside", number_or_null(e->outside), "logit", number_or_null(e->logit)));
    if (!job->opt->json)
      print_edit(job, e);
  }
  if (job->opt->json)
    cli_print_json(json_pack("{s:s, s:o, s:O}", "hash", job->base.model->hash, "logit",
                             number_or_null(job->logit), "edits", all));
  json_decref(all);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static gboolean
prepare(Job *job, GError **error)
{
  const Options *o = job->opt;

  job->face = cli_recipe_new(&o->recipe, "dissect", job->base.model, error);
  if (!job->face || (job->stage = direction_job_conv(&job->base, o->layer, error)) < 0)
    return FALSE;
  job->face->faces = 1;
  return read_mask(job, error) && add_list(job, SG_CHANNEL_MUTE, "mute", o->mute, error) &&
         add_list(job, SG_CHANNEL_SOLO, "solo", o->solo, error) && add_amounts(job, error);
}

static void
run(const Options *opt, GError **error)
{
  Job job = {.opt = opt, .edits = g_ptr_array_new_with_free_func(edit_free)};

  job.base.model = cli_load_model_of(opt->network, opt->recipe.recipe, error);
  if (job.base.model && direction_job_begin(&job.base, opt->outdir, error) &&
      prepare(&job, error) && try_all(&job, error) && write_each(&job, error) &&
      write_table(&job, error) && write_sheet(&job, error))
    print(&job);
  cli_progress_end(&job.base.progress);
  g_ptr_array_unref(job.edits);
  sg_mask_free(job.mask);
  sg_tensor_unref(job.plain);
  g_clear_pointer(&job.face, sg_recipe_free);
  direction_job_close(&job.base);
}

int
cli_dissect(int argc, char **argv)
{
  GError *error = NULL;
  Options opt;

  if (options_parse(&opt, argc, argv, &error))
    run(&opt, &error);
  g_free(opt.network);
  g_free(opt.layer);
  g_free(opt.mute);
  g_free(opt.solo);
  g_free(opt.add);
  g_free(opt.region);
  g_free(opt.mask);
  g_free(opt.outdir);
  cli_recipe_options_clear(&opt.recipe);
  return cli_finish("dissect", error);
}
