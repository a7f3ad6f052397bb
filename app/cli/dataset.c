/* vitrine dataset: pictures of any kind to what trainings read fastest. */
#include "app/cli/cli.h"
#include "engine/data/dataset-export.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  char *source, *dest, *resolution, *transform, *crop;
  int width, height; /* of --resolution; 0: not given */
  int max_images, min_size;
  SgTransform how;
  gboolean labels, force, json, all_frames;
  gint64 subset_seed; /* -1: the first ones */
  char *labels_from, *frames;
} Options;

static const char *const transforms[] = {
    [SG_TRANSFORM_CENTER_CROP] = "center-crop",
    [SG_TRANSFORM_CENTER_CROP_WIDE] = "center-crop-wide",
    [SG_TRANSFORM_PAD] = "pad",
    [SG_TRANSFORM_STRETCH] = "stretch",
};

static void
show_progress(guint done, gpointer progress)
{
  cli_progress_update(progress, done);
}

/* ---- what was changed ------------------------------------------------------------------------ */

/* "3×3 (1), 32×32 (4)" */
static char *
sizes_of(GHashTable *from)
{
  g_autoptr(GString) text = g_string_new(NULL);
  g_autoptr(GList) sizes = g_list_sort(g_hash_table_get_keys(from), (GCompareFunc)strcmp);
  int n = 0;

  for (GList *at = sizes; at; at = at->next, n++)
    if (n < 8)
      g_string_append_printf(text, "%s%s (%u)", n ? ", " : "", (const char *)at->data,
                             GPOINTER_TO_UINT(g_hash_table_lookup(from, at->data)));
  if (n > 8)
    g_string_append_printf(text, " and %d other sizes", n - 8);
  return g_string_free(g_steal_pointer(&text), FALSE);
}

typedef struct {
  const char *key, *words;
  guint count;
} Change;

#define N_CHANGES 10

static void
list_changes(const SgExportReport *r, Change changes[N_CHANGES])
{
  const Change all[N_CHANGES] = {
      {"first_frames", "taken from the first frame of several", r->first_frames},
      {"turned", "turned upright, as their EXIF data say", r->turned},
      {"cropped", "cropped", r->cropped},
      {"padded", "padded with black", r->padded},
      {"stretched", "stretched out of proportion", r->stretched},
      {"shrunk", "made smaller", r->shrunk},
      {"enlarged", "enlarged", r->enlarged},
      {"flattened", "freed of alpha, over white", r->flattened},
      {"coloured", "grey, written as colour", r->coloured},
      {"greyed", "colour, written as grey", r->greyed},
  };
  memcpy(changes, all, sizeof all);
}

/* ---- reports --------------------------------------------------------------------------------- */

static json_t *
classes_to_json(const SgDataset *ds, const SgExportReport *report)
{
  json_t *classes = json_array();

  for (int k = 0; report->classes && k < ds->label_dim; k++) {
    json_t *c = json_pack("{s:i, s:I}", "class", k, "images", (json_int_t)report->classes[k]);
    if (ds->label_names)
      json_object_set_new(c, "name", json_string(ds->label_names[k]));
    json_array_append_new(classes, c);
  }
  return classes;
}

static json_t *
changes_to_json(const SgExportReport *report)
{
  Change changes[N_CHANGES];
  json_t *root = json_object(), *from = json_object();
  GHashTableIter iter;
  gpointer size, count;

  list_changes(report, changes);
  for (int i = 0; i < N_CHANGES; i++)
    json_object_set_new(root, changes[i].key, json_integer(changes[i].count));
  g_hash_table_iter_init(&iter, report->enlarged_from);
  while (g_hash_table_iter_next(&iter, &size, &count))
    json_object_set_new(from, size, json_integer(GPOINTER_TO_UINT(count)));
  json_object_set_new(root, "enlarged_from", from);
  return root;
}

static void
print_json(const Options *opt, const SgDataset *ds, const SgExportReport *report)
{
  json_t *refused = json_array(), *warnings = json_array();

  for (guint i = 0; i < ds->refused->len; i++) {
    const SgRefusal *r = ds->refused->pdata[i];
    json_array_append_new(refused, json_pack("{s:s, s:s}", "file", r->name, "reason", r->reason));
  }
  for (guint i = 0; i < ds->warnings->len; i++) {
    g_autofree char *text = g_utf8_make_valid(ds->warnings->pdata[i], -1);
    json_array_append_new(warnings, json_string(text));
  }
  const char *source = cli_json_name(opt->source), *dest = cli_json_name(opt->dest);
  json_t *root =
      json_pack("{s:s, s:s, s:s, s:I, s:i, s:i, s:i, s:b, s:o, s:o, s:o, s:o}", "source", source,
                "kind", ds->kind, "dest", dest, "images", (json_int_t)report->written, "resolution",
                ds->resolution, "channels", ds->channels, "label_dim", ds->label_dim, "one_hot",
                ds->one_hot, "classes", classes_to_json(ds, report), "changes",
                changes_to_json(report), "warnings", warnings, "refused", refused);
  cli_print_json(root);
}

/* As many as a person reads; --json has all. */
#define MOST_CLASSES 40

static void
print_classes(const SgDataset *ds, const SgExportReport *report)
{
  int shown = MIN(ds->label_dim, MOST_CLASSES);

  if (!report->classes)
    return;
  printf("class\timages\n");
  for (int k = 0; k < shown; k++)
    printf("%d%s%s\t%u\n", k, ds->label_names ? " " : "",
           ds->label_names ? cli_name(ds->label_names[k]) : "", report->classes[k]);
  if (shown < ds->label_dim)
    printf("… and %d other classes (--json lists them)\n", ds->label_dim - shown);
}

static void
print_text(const Options *opt, const SgDataset *ds, const SgExportReport *report)
{
  Change changes[N_CHANGES];
  g_autofree char *sizes = sizes_of(report->enlarged_from);

  printf("%s: %u images of %d×%d pixels, %s", cli_name(opt->dest), report->written, ds->resolution,
         ds->resolution, ds->channels == 1 ? "grey" : "colour");
  if (ds->one_hot)
    printf(", %d classes", ds->label_dim);
  else if (ds->label_dim > 0)
    printf(", %d numbers as label", ds->label_dim);
  printf(" (from a source of the kind: %s)\n", ds->kind);
  list_changes(report, changes);
  for (int i = 0; i < N_CHANGES; i++)
    if (changes[i].count > 0)
      printf("%u of %u were %s%s%s\n", changes[i].count, report->written, changes[i].words,
             g_str_equal(changes[i].key, "enlarged") ? ", from " : "",
             g_str_equal(changes[i].key, "enlarged") ? sizes : "");
  print_classes(ds, report);
  for (guint i = 0; i < ds->warnings->len; i++)
    printf("warning: %s\n", cli_name(ds->warnings->pdata[i]));
  if (ds->refused->len > 0)
    printf("not used: %u\n", ds->refused->len);
  for (guint i = 0; i < ds->refused->len; i++) {
    const SgRefusal *r = ds->refused->pdata[i];
    printf("  %s: %s\n", cli_name(r->name), cli_name(r->reason));
  }
}

/* ---- labels that were not asked for ---------------------------------------------------------- */

/* How long a label of the source is, where there are any: its first picture tells. 0: none. */
static int
labels_there(const Options *opt, const SgDatasetOptions *options)
{
  SgDatasetOptions one = *options;

  one.use_labels = TRUE;
  one.max_images = 1;
  one.drawn = FALSE;
  g_autoptr(SgDataset) ds = sg_dataset_open(opt->source, &one, NULL);
  return ds ? ds->label_dim : 0;
}

/* ---- the command ----------------------------------------------------------------------------- */

static void
run(const Options *opt, GError **error)
{
  const SgDatasetOptions options = {.resolution = opt->width,
                                    .use_labels = opt->labels,
                                    .labels = opt->labels_from,
                                    .max_images = (guint)opt->max_images,
                                    .drawn = opt->subset_seed >= 0,
                                    .subset_seed = (guint64)MAX(opt->subset_seed, 0),
                                    .all_frames = opt->all_frames,
                                    .transform = opt->how,
                                    .wide_height = opt->height,
                                    .min_size = opt->min_size};
  g_autoptr(SgDataset) ds = sg_dataset_open(opt->source, &options, error);
  g_auto(SgExportReport) report = {0};
  CliProgress progress;

  if (!ds)
    return;
  if (!opt->labels && labels_there(opt, &options) > 0)
    g_ptr_array_add(ds->warnings, g_strdup("its labels are left out; --labels keeps them"));
  cli_progress_begin(&progress, "images", ds->n);
  gboolean ok =
      sg_dataset_export(ds, opt->dest, opt->force, show_progress, &progress, &report, error);
  cli_progress_end(&progress);
  if (ok && opt->json)
    print_json(opt, ds, &report);
  else if (ok)
    print_text(opt, ds, &report);
}

/* "256" or, as NVlabs' tool has it, "256x256". */
static gboolean
read_resolution(Options *opt, GError **error)
{
  const char *text = opt->resolution;
  char *end;

  if (!text)
    return TRUE;
  gint64 width = g_ascii_strtoll(text, &end, 10), height = width;
  if (end != text && (*end == 'x' || *end == 'X')) {
    const char *second = end + 1;
    height = g_ascii_strtoll(second, &end, 10);
    end = end == second ? (char *)text : end;
  }
  if (end == text || *end)
    cli_set_usage_error(error, "--resolution: expected 256 or 256x256, found \"%s\"", text);
  else if (width < 4 || width > 2048 || (width & (width - 1)) != 0)
    cli_set_usage_error(
        error, "--resolution must be a power of two from 4 to 2048, found %" G_GINT64_FORMAT,
        width);
  else if (height != width && opt->how != SG_TRANSFORM_CENTER_CROP_WIDE)
    cli_set_usage_error(error,
                        "--resolution=%s: the networks here draw squares; "
                        "--transform=center-crop-wide puts pictures of this shape into one",
                        text);
  else if (height < 1 || height > width)
    cli_set_usage_error(error, "--resolution=%s: the height must be from 1 to the width", text);
  else {
    opt->width = (int)width;
    opt->height = (int)height;
    return TRUE;
  }
  return FALSE;
}

static gboolean
read_transform(Options *opt, GError **error)
{
  if (!opt->transform)
    return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS(transforms); i++)
    if (g_str_equal(opt->transform, transforms[i])) {
      opt->how = (SgTransform)i;
      if (opt->how == SG_TRANSFORM_CENTER_CROP_WIDE && !opt->resolution)
        cli_set_usage_error(error, "--transform=center-crop-wide needs --resolution=WIDTHxHEIGHT");
      return opt->how != SG_TRANSFORM_CENTER_CROP_WIDE || opt->resolution;
    }
  cli_set_usage_error(error,
                      "--transform: expected center-crop, center-crop-wide, pad or stretch, found "
                      "\"%s\"",
                      opt->transform);
  return FALSE;
}

static gboolean
check(Options *opt, int operands, GError **error)
{
  if (!opt->source)
    cli_set_usage_error(error, "which pictures? --source=FOLDER|ZIP|IDX");
  else if (!opt->dest || !*opt->dest)
    cli_set_usage_error(error, "where to? --dest=FILE.zip, or a new folder");
  else if (operands > 0)
    cli_set_usage_error(error, "one word too many; it takes --source and --dest");
  else if (opt->crop && !g_str_equal(opt->crop, "center"))
    cli_set_usage_error(error, "--crop: expected \"center\", found \"%s\"", opt->crop);
  else if (opt->max_images < 0)
    cli_set_usage_error(error, "--max-images must not be negative, found %d", opt->max_images);
  else if (opt->min_size < 0)
    cli_set_usage_error(error, "--min-size must not be negative, found %d", opt->min_size);
  else if (opt->subset_seed >= 0 && opt->max_images == 0)
    cli_set_usage_error(error,
                        "--subset-seed draws so many as --max-images says, which is missing");
  else if (opt->frames && !g_str_equal(opt->frames, "first") && !g_str_equal(opt->frames, "all"))
    cli_set_usage_error(error, "--frames: expected first or all, found \"%s\"", opt->frames);
  else {
    opt->all_frames = g_strcmp0(opt->frames, "all") == 0;
    return read_transform(opt, error) && read_resolution(opt, error);
  }
  return FALSE;
}

static gboolean
take_labels(const char *name, const char *value, gpointer options, GError **error)
{
  Options *opt = options;

  opt->labels = TRUE;
  g_free(opt->labels_from);
  opt->labels_from = value && *value ? g_strdup(value) : NULL;
  return TRUE;
}

int
cli_dataset(int argc, char **argv)
{
  Options opt = {.subset_seed = -1};
  GError *error = NULL;
  const GOptionEntry entries[] = {
      {"source", 0, 0, G_OPTION_ARG_FILENAME, &opt.source, "where the pictures are", "PATH"},
      {"dest", 0, 0, G_OPTION_ARG_FILENAME, &opt.dest, "FILE.zip, or a new folder", "PATH"},
      {"resolution", 0, 0, G_OPTION_ARG_STRING, &opt.resolution,
       "width and height, a power of two (what most pictures have)", "N"},
      {"transform", 0, 0, G_OPTION_ARG_STRING, &opt.transform,
       "what becomes of others than squares: center-crop (default), center-crop-wide, pad, stretch",
       "HOW"},
      {"crop", 0, 0, G_OPTION_ARG_STRING, &opt.crop, "the same as --transform=center-crop",
       "center"},
      {"min-size", 0, 0, G_OPTION_ARG_INT, &opt.min_size,
       "leave out what has fewer pixels on its shorter side", "N"},
      {"max-images", 0, 0, G_OPTION_ARG_INT, &opt.max_images, "only the first N usable ones", "N"},
      {"subset-seed", 0, 0, G_OPTION_ARG_INT64, &opt.subset_seed,
       "…or N drawn from all of them; the same SEED draws the same", "SEED"},
      {"frames", 0, 0, G_OPTION_ARG_STRING, &opt.frames,
       "of GIF, TIFF and WebP with several pictures: first (default) or all", "WHICH"},
      {"force", 0, 0, G_OPTION_ARG_NONE, &opt.force, "replace a data set that is there", NULL},
      {"json", 0, 0, G_OPTION_ARG_NONE, &opt.json, "write the report as JSON", NULL},
      {NULL}};
  const GOptionEntry with_value[] = {
      {"labels", 0, G_OPTION_FLAG_OPTIONAL_ARG | G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK,
       (gpointer)take_labels,
       "keep the labels; fails if there are none. Else: the folders are the classes, or a file has "
       "them",
       "folders|FILE.csv|FILE.json"},
      {NULL}};
  GOptionGroup *group = g_option_group_new("labels", "Labels:", "Labels", &opt, NULL);
  GOptionGroup *groups[] = {group, NULL};
  const CliRange ranges[] = {{"subset-seed", 0, (double)G_MAXINT}, {NULL}};
  const CliHelp help = {
      "", "Makes a data set of equally large squares, as NVlabs' dataset_tool lays it out.",
      "Reads a folder (searched deeply) or a zip of pictures; a CelebA folder; CIFAR's tarballs; "
      "IDX files\n"
      "of the MNIST family, also gzipped; LSUN's LMDB; TFRecords of NVlabs' StyleGAN and "
      "StyleGAN2.\n"
      "Labels are found in dataset.json, labels.csv, class folders.\n"
      "Says what it changed, counts the classes, and names every file it cannot use, and why.",
      groups, ranges};

  g_option_group_add_entries(group, with_value);
  if (cli_parse(&argc, &argv, entries, &help, &error) && check(&opt, argc - 1, &error))
    run(&opt, &error);
  g_free(opt.source);
  g_free(opt.dest);
  g_free(opt.resolution);
  g_free(opt.transform);
  g_free(opt.crop);
  g_free(opt.labels_from);
  g_free(opt.frames);
  return cli_finish("dataset", error);
}
