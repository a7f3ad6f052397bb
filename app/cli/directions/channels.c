/* vitrine channels: the faces that every channel of a layer answers to most and least. */
#include "app/cli/directions/direction-job.h"
#include "engine/directions/seeds.h"
#include "engine/explore/causes/channel-sample.h"
#include "engine/explore/nets.h"
#include "engine/formats/writer.h"
#include <errno.h>
#include <glib/gstdio.h>
#include <jansson.h>
#include <stdio.h>

/* Sheets of one call. */
#define MOST_SHEETS 512

typedef struct {
  char *network, *layer, *channels, *outdir;
  int samples, count, label;
  gboolean json;
} Options;

typedef struct {
  const Options *opt;
  DirectionJob base;
  SgChannelSample *sample;
  int stage;      /* < 0: all convolutions */
  GArray *chosen; /* of guint32: channels with a sheet; or NULL */
  gboolean cached;
} Job;

static gboolean
options_parse(Options *o, int argc, char **argv, GError **error)
{
  const GOptionEntry entries[] = {
      {"network", 0, 0, G_OPTION_ARG_FILENAME, &o->network, "the model", "FILE"},
      {"outdir", 0, 0, G_OPTION_ARG_FILENAME, &o->outdir, "where results go; made if missing",
       "DIR"},
      {"layer", 0, 0, G_OPTION_ARG_STRING, &o->layer,
       "which convolution (all), as \"vitrine layers\" calls it", "NAME"},
      {"channels", 0, 0, G_OPTION_ARG_STRING, &o->channels, "those of --layer that get a picture",
       "0-3,7"},
      {"samples", 0, 0, G_OPTION_ARG_INT, &o->samples, "faces that are looked at (2000)", "N"},
      {"count", 0, 0, G_OPTION_ARG_INT, &o->count, "most and least that are shown (9)", "N"},
      {"class", 0, 0, G_OPTION_ARG_INT, &o->label, "class of a conditional model (all, in turns)",
       "N"},
      {"json", 0, 0, G_OPTION_ARG_NONE, &o->json, "say what was found as JSON on standard output",
       NULL},
      {NULL}};
  const CliRange ranges[] = {{"samples", 10, 100000}, {"count", 1, 50}, {NULL}};
  const CliHelp help = {
      .parameters = "",
      .summary = "Finds the faces that each channel of a convolution answers to most and least.",
      .details =
          "What counts is a channel's mean activation over a face. The faces of seeds 0, 1, … are "
          "drawn once for a model and kept in the user's cache. DIR/channels.csv has mean and "
          "deviation of every channel with the seeds that excite it most and least; "
          "LAYER-CHANNEL.png those faces, for each of --channels.\n"
          "  vitrine channels --network model.pkl --layer LAYER --channels 0-3 --outdir out",
      .ranges = ranges};

  *o = (Options){.samples = 2000, .count = 9, .label = -1};
  if (!cli_parse(&argc, &argv, entries, &help, error))
    return FALSE;
  if (!direction_job_asked(argc, argv, o->network, o->outdir, error))
    return FALSE;
  if (o->channels && !o->layer)
    cli_set_usage_error(error, "--channels: of which convolution? --layer=NAME");
  else
    return TRUE;
  return FALSE;
}

/* ---- the run --------------------------------------------------------------------------------- */

static gboolean
show(gint64 done, gint64 total, gpointer data)
{
  cli_progress_update(data, (gsize)done);
  return TRUE;
}

/* That it cannot be kept is no error: it is drawn again. */
static void
keep(const Job *job, const char *path)
{
  g_autofree char *folder = g_path_get_dirname(path);

  if (g_mkdir_with_parents(folder, 0700) == 0)
    sg_channel_sample_save(job->sample, path, job->base.model->hash, NULL);
}

static gboolean
sample(Job *job, GError **error)
{
  g_autofree char *path =
      job->base.model->hash
          ? sg_channel_sample_path(job->base.model->hash, job->opt->samples, job->opt->label)
          : NULL;
  CliProgress *p = &job->base.progress;

  if (path)
    job->sample =
        sg_channel_sample_load(path, job->base.renderer, job->opt->samples, job->opt->label);
  job->cached = job->sample != NULL;
  if (job->cached)
    return TRUE;
  cli_progress_begin(p, "faces", (gsize)job->opt->samples);
  job->sample =
      sg_channel_sample_new(job->base.renderer, job->opt->samples, job->opt->label, show, p, error);
  cli_progress_end(p);
  if (job->sample && path)
    keep(job, path);
  return job->sample != NULL;
}

static gboolean
choose(Job *job, GError **error)
{
  job->stage = -1;
  if (!job->opt->layer)
    return TRUE;
  if ((job->stage = direction_job_conv(&job->base, job->opt->layer, error)) < 0)
    return FALSE;
  if (!job->opt->channels)
    return TRUE;
  const SgStage *stage = sg_synthesis_stage(job->base.nets->net, (guint)job->stage);
  job->chosen = cli_parse_numbers("channels", job->opt->channels, error);
  for (guint i = 0; job->chosen && i < job->chosen->len; i++)
    if (g_array_index(job->chosen, guint32, i) >= (guint32)stage->out_channels) {
      cli_set_usage_error(error, "--channels: %s has channels 0 to %d, found %u", stage->name,
                          stage->out_channels - 1, g_array_index(job->chosen, guint32, i));
      return FALSE;
    }
  if (!job->chosen || job->chosen->len <= MOST_SHEETS)
    return job->chosen != NULL;
  cli_set_usage_error(error, "--channels: more than %d pictures at once", MOST_SHEETS);
  return FALSE;
}

/* ---- what is written ------------------------------------------------------------------------- */

static void
put_seeds(const Job *job, GString *s, guint stage, int channel, gboolean most)
{
  g_autofree int *faces = g_new(int, job->opt->count);
  int n = sg_channel_sample_extremes(job->sample, stage, channel, most, job->opt->count, faces);

  for (int i = 0; i < n; i++)
    g_string_append_printf(s, "%s%d", i ? " " : ",", faces[i]);
}

static gboolean
write_table(const Job *job, GError **error)
{
  const SgSynthesis *net = job->base.nets->net;
  g_autoptr(GString) s = g_string_new("layer,channel,mean,deviation,most,least\n");
  g_autofree char *path = g_build_filename(job->opt->outdir, "channels.csv", NULL);

  for (guint i = 0; i < net->stages->len; i++) {
    const SgStage *stage = sg_synthesis_stage(net, i);
    if (stage->kind != SG_STAGE_CONV || (job->stage >= 0 && (guint)job->stage != i))
      continue;
    for (int c = 0; c < stage->out_channels; c++) {
      double mean, deviation;
      sg_channel_sample_moments(job->sample, i, c, &mean, &deviation);
      g_string_append_printf(s, "%s,%d,%.6g,%.6g", stage->name, c, mean, deviation);
      put_seeds(job, s, i, c, TRUE);
      put_seeds(job, s, i, c, FALSE);
      g_string_append_c(s, '\n');
    }
  }
  return sg_write_file(path, s->str, s->len, error);
}

static gboolean
add_row(Job *job, int channel, gboolean most, DirectionTiles *tiles, GError **error)
{
  g_autofree int *faces = g_new(int, job->opt->count);
  int n = sg_channel_sample_extremes(job->sample, (guint)job->stage, channel, most, job->opt->count,
                                     faces);

  direction_tiles_row(tiles, most ? "most" : "least");
  for (int i = 0; i < n; i++) {
    g_autofree char *text = g_strdup_printf("seed %d", faces[i]);
    int label = sg_seeds_label(job->base.nets->mapping, job->opt->label, faces[i]);
    if (!direction_tiles_face(tiles, &job->base, (guint32)faces[i], label, text, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
write_sheet(Job *job, int channel, GError **error)
{
  const char *layer = sg_synthesis_stage(job->base.nets->net, (guint)job->stage)->name;
  int columns = MIN(job->opt->count, job->opt->samples);
  g_autofree char *name = g_strdup_printf("%s-%d.png", layer, channel);
  g_autofree char *path = g_build_filename(job->opt->outdir, name, NULL);
  g_autofree char *title =
      g_strdup_printf("Channel %d of %s, over %d faces", channel, layer, job->opt->samples);
  g_autoptr(DirectionTiles) tiles = direction_tiles_new(&job->base, 2 * columns);

  return add_row(job, channel, TRUE, tiles, error) && add_row(job, channel, FALSE, tiles, error) &&
         direction_tiles_write(tiles, path, title, columns, error);
}

static gboolean
write_all(Job *job, GError **error)
{
  gboolean ok = write_table(job, error);

  cli_progress_begin(&job->base.progress, "pictures", job->chosen ? job->chosen->len : 0);
  for (guint i = 0; ok && job->chosen && i < job->chosen->len; i++) {
    ok = write_sheet(job, (int)g_array_index(job->chosen, guint32, i), error);
    cli_progress_update(&job->base.progress, i + 1);
  }
  cli_progress_end(&job->base.progress);
  return ok;
}

static json_t *
seeds_json(const Job *job, int channel, gboolean most)
{
  g_autofree int *faces = g_new(int, job->opt->count);
  json_t *all = json_array();
  int n = sg_channel_sample_extremes(job->sample, (guint)job->stage, channel, most, job->opt->count,
                                     faces);

  for (int i = 0; i < n; i++)
    json_array_append_new(all, json_integer(faces[i]));
  return all;
}

static void
print_json(const Job *job)
{
  json_t *all = json_array();

  for (guint i = 0; job->chosen && i < job->chosen->len; i++) {
    int channel = (int)g_array_index(job->chosen, guint32, i);
    json_array_append_new(all, json_pack("{s:i, s:o, s:o}", "channel", channel, "most",
                                         seeds_json(job, channel, TRUE), "least",
                                         seeds_json(job, channel, FALSE)));
  }
  cli_print_json(json_pack("{s:s, s:i, s:b, s:o}", "hash", job->base.model->hash, "faces",
                           job->opt->samples, "cached", job->cached, "channels", all));
}

static void
run(const Options *opt, GError **error)
{
  Job job = {.opt = opt};

  if (direction_job_open(&job.base, opt->network, NULL, opt->label, opt->outdir, error) &&
      choose(&job, error) && sample(&job, error) && write_all(&job, error) && opt->json)
    print_json(&job);
  cli_progress_end(&job.base.progress);
  sg_channel_sample_free(job.sample);
  g_clear_pointer(&job.chosen, g_array_unref);
  direction_job_close(&job.base);
}

int
cli_channels(int argc, char **argv)
{
  GError *error = NULL;
  Options opt;

  if (options_parse(&opt, argc, argv, &error))
    run(&opt, &error);
  g_free(opt.network);
  g_free(opt.layer);
  g_free(opt.channels);
  g_free(opt.outdir);
  return cli_finish("channels", error);
}
