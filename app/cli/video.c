/* vitrine video: from face to face as a film. */
#include "app/cli/video-keys.h"
#include "engine/journey/recording.h"
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* Seconds from keyframe to keyframe, as NVlabs' 120 frames of 60 a second. */
#define USUAL_STEP 2.0
/* Pieces in which the way between two keyframes is measured. */
#define PIECES 64

typedef struct {
  char *network, *keys, *seeds, *fps, *grid, *space, *curve, *ease, *out;
  gint64 frames, step_frames;
  int num_keyframes, size, quality;
  gboolean loop, sharp, lossless, once, json;
  CliRecipeOptions recipe;
} Options;

typedef struct {
  Options *opt;
  SgModel *model;
  SgRenderer *renderer;
  GPtrArray *keys;   /* of VideoKey */
  int columns, rows; /* of journeys */
  int each;          /* keyframes of a journey */
  SgSpace space;
  SgCurve curve;
  SgEase ease;
  gboolean closed;
  double step;          /* seconds */
  SgJourney **journeys; /* [columns * rows] */
  SgRecordingOptions recording;
  guint64 frames;
  int width, height;
} Job;

/* ---- options --------------------------------------------------------------------------------- */

static void
options_clear(Options *o)
{
  g_free(o->network);
  g_free(o->keys);
  g_free(o->seeds);
  g_free(o->fps);
  g_free(o->grid);
  g_free(o->space);
  g_free(o->curve);
  g_free(o->ease);
  g_free(o->out);
  cli_recipe_options_clear(&o->recipe);
}

static gboolean
options_check(const Options *o, int argc, char **argv, GError **error)
{
  if (argc > 1)
    cli_set_usage_error(error, "unexpected \"%s\"", argv[1]);
  else if (!o->keys && !o->seeds)
    cli_set_usage_error(error, "from which face to which? --keys=0,7,face.png");
  else if (o->keys && o->seeds)
    cli_set_usage_error(error, "--seeds is --keys of seeds alone: give one of them");
  else if (!o->out)
    cli_set_usage_error(error, "where to? --out=FILE.webm, .mp4, .webp, .gif or a folder");
  else if (o->frames && o->step_frames)
    cli_set_usage_error(error, "give one of --frames (of the film) and --w-frames (a keyframe)");
  else
    return TRUE;
  return FALSE;
}

static gboolean
options_parse(Options *o, int argc, char **argv, GError **error)
{
  static const char *const without[] = {"seed", "faces", NULL};
  static const CliRange ranges[] = {
      {"frames", 1, 1e9}, {"w-frames", 1, 1e6}, {"num-keyframes", 1, SG_SPLINE_MAX},
      {"size", 1, 16384}, {"quality", 1, 100},  {NULL, 0, 0}};
  const GOptionEntry entries[] = {
      {"network", 0, 0, G_OPTION_ARG_FILENAME, &o->network, "the model", "FILE"},
      {"keys", 0, 0, G_OPTION_ARG_FILENAME, &o->keys,
       "keyframes: seeds and saved pictures, each perhaps with its second, like 0-2,face.png@9",
       "KEYS"},
      {"out", 0, 0, G_OPTION_ARG_FILENAME, &o->out,
       "FILE.webm, .mp4, .webp or .gif, or a folder for numbered PNGs", "FILE|DIR"},
      {"frames", 0, 0, G_OPTION_ARG_INT64, &o->frames, "of the whole film", "N"},
      {"fps", 0, 0, G_OPTION_ARG_STRING, &o->fps, "frames a second (30)", "N"},
      {"loop", 0, 0, G_OPTION_ARG_NONE, &o->loop, "comes back to the first keyframe", NULL},
      {"grid", 0, 0, G_OPTION_ARG_STRING, &o->grid,
       "so many films side by side, which share the keyframes out", "CxR"},
      {"space", 0, 0, G_OPTION_ARG_STRING, &o->space,
       "what moves: w (default), each layer's by itself, or z, over its sphere", "w|z"},
      {"curve", 0, 0, G_OPTION_ARG_STRING, &o->curve,
       "cubic (default): a spline; linear; circle: a full turn through two keyframes", "CURVE"},
      {"ease", 0, 0, G_OPTION_ARG_STRING, &o->ease,
       "linear (default), in, out, in-out, circular, back, bounce or hold", "EASE"},
      {"size", 0, 0, G_OPTION_ARG_INT, &o->size, "pixels of a face (as the model draws it)", "N"},
      {"sharp", 0, 0, G_OPTION_ARG_NONE, &o->sharp, "enlarged pixels stay squares", NULL},
      {"quality", 0, 0, G_OPTION_ARG_INT, &o->quality, "1 to 100, of WebM, MP4 and WebP", "N"},
      {"lossless", 0, 0, G_OPTION_ARG_NONE, &o->lossless, "WebP that keeps every pixel", NULL},
      {"once", 0, 0, G_OPTION_ARG_NONE, &o->once, "WebP and GIF are not played again and again",
       NULL},
      {"seeds", 0, 0, G_OPTION_ARG_STRING, &o->seeds,
       "keyframes as NVlabs' gen_video takes them: a closed loop through seeds", "SEEDS"},
      {"num-keyframes", 0, 0, G_OPTION_ARG_INT, &o->num_keyframes,
       "of each film of the grid (as many as there are)", "N"},
      {"w-frames", 0, 0, G_OPTION_ARG_INT64, &o->step_frames,
       "from a keyframe to the next (those of 2 seconds)", "N"},
      {"output", 0, 0, G_OPTION_ARG_FILENAME, &o->out, "the same as --out", "FILE|DIR"},
      {"json", 0, 0, G_OPTION_ARG_NONE, &o->json, "say what was written as JSON on standard output",
       NULL},
      {NULL}};
  const CliHelp help = {
      .parameters = "",
      .summary = "Makes a film from face to face.",
      .details = "Every number of a keyframe moves: w or z, truncation, scale, offsets, "
                 "directions, noise, "
                 "pruning. The file appears when all of it is there; a film of PNGs has the recipe "
                 "of each "
                 "frame inside. WebM and MP4 are written by GStreamer.\n"
                 "  vitrine video --network model.pkl --keys 0-3 --loop --size 512 --out loop.webm",
      .ranges = ranges,
      .recipe = &o->recipe};

  *o = (Options){0};
  cli_recipe_options_init(&o->recipe, NULL, without);
  return cli_parse(&argc, &argv, entries, &help, error) && options_check(o, argc, argv, error);
}

/* Which of the words; the first without a text. */
static gboolean
parse_word(const char *option, const char *text, const char *const *words, int *value,
           GError **error)
{
  for (int i = 0; text && words[i]; i++)
    if (g_ascii_strcasecmp(text, words[i]) == 0) {
      *value = i;
      return TRUE;
    }
  if (!text)
    return TRUE;
  g_autofree char *list = g_strjoinv(", ", (char **)words);
  cli_set_usage_error(error, "--%s: expected one of %s, found \"%s\"", option, list, text);
  return FALSE;
}

static gboolean
parse_grid(Job *job, GError **error)
{
  const char *text = job->opt->grid;
  g_auto(GStrv) sides = g_strsplit(text ? text : "1x1", "x", -1);
  gint64 across, down;

  if (g_strv_length(sides) == 2 && g_ascii_string_to_signed(sides[0], 10, 1, 64, &across, NULL) &&
      g_ascii_string_to_signed(sides[1], 10, 1, 64, &down, NULL)) {
    job->columns = (int)across;
    job->rows = (int)down;
    return TRUE;
  }
  cli_set_usage_error(
      error, "--grid: expected columns x rows like 4x2, at most 64x64, found \"%s\"", text);
  return FALSE;
}

static gboolean
parse_choices(Job *job, GError **error)
{
  const Options *o = job->opt;
  SgFilmFormat *f = &job->recording.film;
  int space = SG_SPACE_W, curve = SG_CURVE_CUBIC, ease = SG_EASE_LINEAR;

  if (!parse_word("space", o->space, sg_space_words, &space, error) ||
      !parse_word("curve", o->curve, sg_curve_words, &curve, error) ||
      !parse_word("ease", o->ease, sg_ease_words, &ease, error) || !parse_grid(job, error))
    return FALSE;
  if (!sg_film_rate(o->fps ? o->fps : "30", &f->fps_n, &f->fps_d)) {
    cli_set_usage_error(error, "--fps: expected 0.1 to 1000 frames a second, found \"%s\"", o->fps);
    return FALSE;
  }
  job->space = (SgSpace)space;
  job->curve = (SgCurve)curve;
  job->ease = (SgEase)ease;
  job->closed = o->loop || o->seeds || curve == SG_CURVE_CIRCLE;
  job->step = o->step_frames ? (double)o->step_frames * f->fps_d / f->fps_n : USUAL_STEP;
  f->lossless = o->lossless;
  f->once = o->once;
  f->quality = o->quality;
  job->recording.columns = job->columns;
  job->recording.rows = job->rows;
  job->recording.size = o->size;
  job->recording.sharp = o->sharp;
  job->recording.frames = (guint64)o->frames;
  job->recording.closed = job->closed;
  return TRUE;
}

/* ---- journeys -------------------------------------------------------------------------------- */

/* How many keyframes each film of the grid has. As in gen_video they go round where there are too
 * few. */
static gboolean
share_out(Job *job, GError **error)
{
  int cells = job->columns * job->rows, n = (int)job->keys->len;

  job->each = job->opt->num_keyframes ? job->opt->num_keyframes : n / cells;
  if (!job->opt->num_keyframes && n % cells)
    cli_set_usage_error(error,
                        "%d keyframes cannot be shared out to %d films evenly; say how many "
                        "each has with --num-keyframes",
                        n, cells);
  else if (job->each > SG_SPLINE_MAX)
    cli_set_usage_error(error, "a film has at most %d keyframes, found %d", SG_SPLINE_MAX,
                        job->each);
  else if (job->curve == SG_CURVE_CIRCLE && job->each != 2)
    cli_set_usage_error(error, "--curve=circle goes through two keyframes, found %d", job->each);
  else if (job->each == 1 && !job->opt->frames)
    cli_set_usage_error(error,
                        "one keyframe makes no film; give more, or --frames=N for a still one");
  else
    return TRUE;
  return FALSE;
}

/* Their seconds: as said, or a step after the one before. */
static gboolean
set_moments(const Job *job, int n, SgKeyframe *keys, double *end, GError **error)
{
  double last = 0;

  for (int i = 0; i < n; i++) {
    if (isnan(keys[i].at))
      keys[i].at = i ? last + job->step : 0;
    if (i && !(keys[i].at > last)) {
      cli_set_usage_error(
          error, "--keys: keyframe %d is at second %g, which is not after keyframe %d's %g", i + 1,
          keys[i].at, i, last);
      return FALSE;
    }
    last = keys[i].at;
  }
  *end = last + (job->closed ? (n > 1 ? (last - keys[0].at) / (n - 1) : job->step) : 0);
  if (job->curve == SG_CURVE_CIRCLE)
    *end = keys[0].at + 4 * (keys[1].at - keys[0].at);
  return TRUE;
}

static SgJourney *
make_journey(const Job *job, int cell, GError **error)
{
  g_autofree SgKeyframe *keys = g_new0(SgKeyframe, job->each);
  SgJourneyOptions o = {job->space, job->curve, job->closed, 0};

  for (int i = 0; i < job->each; i++) {
    const VideoKey *key = job->keys->pdata[(guint)(cell * job->each + i) % job->keys->len];
    keys[i] = (SgKeyframe){key->recipe, key->at, job->ease};
  }
  return set_moments(job, job->each, keys, &o.end, error)
             ? sg_journey_new(job->renderer, job->each, keys, &o, error)
             : NULL;
}

static gboolean
make_journeys(Job *job, GError **error)
{
  int cells = job->columns * job->rows;

  job->journeys = g_new0(SgJourney *, cells);
  for (int i = 0; i < cells; i++) {
    if (!(job->journeys[i] = make_journey(job, i, error)))
      return FALSE;
    if (fabs(sg_journey_duration(job->journeys[i]) - sg_journey_duration(job->journeys[0])) >
        1e-6) {
      cli_set_usage_error(error, "--keys: the films of a grid have to take the same time");
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
prepare(Job *job, GError **error)
{
  Options *o = job->opt;
  const char *text = o->keys ? o->keys : o->seeds;
  g_autofree char *first = video_keys_first_file(text);
  const char *recipe = first ? first : o->recipe.recipe;

  if (!o->network && !recipe) {
    cli_set_usage_error(error, "which model? --network=FILE");
    return FALSE;
  }
  job->model = cli_load_model_of(o->network, recipe, error);
  job->keys = job->model ? video_keys_parse(text, &o->recipe, job->model, error) : NULL;
  if (!job->keys || !share_out(job, error))
    return FALSE;
  job->renderer = sg_renderer_new(job->model, NULL, error);
  return job->renderer && make_journeys(job, error);
}

/* ---- recording ------------------------------------------------------------------------------- */

static volatile sig_atomic_t caught;

static void
on_signal(int number)
{
  caught = number;
}

/* Who is told to end takes the unfinished file along; a file system's limit is an error like a full
 * disk. */
static void
take_signals(void)
{
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART | (int)SA_RESETHAND};

  for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++)
    sigaction(numbers[i], &action, NULL);
  signal(SIGXFSZ, SIG_IGN);
}

static gboolean
record(Job *job, GError **error)
{
  g_autoptr(SgRecording) rec =
      sg_recording_new(job->renderer, job->journeys, &job->recording, job->opt->out, error);
  CliProgress progress;
  gboolean ok = rec != NULL;

  if (!rec)
    return FALSE;
  job->frames = sg_recording_frames(rec);
  sg_recording_size(rec, &job->width, &job->height);
  cli_progress_begin(&progress, "frames", job->frames);
  while (ok && !caught && sg_recording_done(rec) < job->frames) {
    ok = sg_recording_step(rec, error);
    cli_progress_update(&progress, sg_recording_done(rec));
  }
  cli_progress_end(&progress);
  if (!ok || sg_recording_done(rec) == job->frames)
    return ok;
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INTR,
              "%s: cancelled (%s); nothing of the film remains", job->opt->out,
              g_strsignal(caught));
  return FALSE;
}

static gboolean
print_json(const Job *job, double seconds, GError **error)
{
  const SgFilmFormat *f = &job->recording.film;
  json_t *w = json_array(), *z = json_array();

  for (int i = 0; i < job->columns * job->rows; i++) {
    double w_length, z_length, end = sg_journey_duration(job->journeys[i]);
    if (!sg_journey_length(job->journeys[i], job->renderer, 0, end, PIECES * job->each, &w_length,
                           &z_length, error)) {
      json_decref(w);
      json_decref(z);
      return FALSE;
    }
    json_array_append_new(w, json_real(w_length));
    json_array_append_new(z, job->space == SG_SPACE_Z ? json_real(z_length) : json_null());
  }
  cli_print_json(json_pack(
      "{s:s, s:s, s:s, s:I, s:f, s:f, s:i, s:i, s:i, s:o, s:o, s:f}", "network",
      job->model->path ? cli_json_name(job->model->path) : "", "hash",
      job->model->hash ? job->model->hash : "", "out", cli_json_name(job->opt->out), "frames",
      (json_int_t)job->frames, "fps", (double)f->fps_n / f->fps_d, "duration",
      (double)job->frames * f->fps_d / f->fps_n, "width", job->width, "height", job->height,
      "keyframes", job->each, "w_length", w, "z_length", z, "seconds", seconds));
  return TRUE;
}

static void
job_clear(Job *job)
{
  for (int i = 0; job->journeys && i < job->columns * job->rows; i++)
    sg_journey_free(job->journeys[i]);
  g_free(job->journeys);
  g_clear_pointer(&job->keys, g_ptr_array_unref);
  sg_renderer_free(job->renderer);
  g_clear_pointer(&job->model, sg_model_unref);
}

static void
run(Options *opt, GError **error)
{
  Job job = {.opt = opt};
  gint64 start = g_get_monotonic_time();

  take_signals();
  if (parse_choices(&job, error) && sg_film_can_write(opt->out, error) && prepare(&job, error) &&
      record(&job, error) && opt->json)
    print_json(&job, (double)(g_get_monotonic_time() - start) / 1e6, error);
  job_clear(&job);
}

int
cli_video(int argc, char **argv)
{
  GError *error = NULL;
  Options opt;

  if (options_parse(&opt, argc, argv, &error))
    run(&opt, &error);
  options_clear(&opt);
  return cli_finish("video", error);
}
