/* vitrine dataset: pictures of any kind to what trainings read fastest. */
#include "app/cli/cli.h"
#include "engine/data/dataset-export.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  char *source, *dest, *crop;
  int resolution, max_images;
  gboolean labels, json;
} Options;

static void
show_progress(guint done, gpointer progress)
{
  cli_progress_update(progress, done);
}

static void
print_json(const Options *opt, const SgDataset *ds, guint written)
{
  json_t *refused = json_array();

  for (guint i = 0; i < ds->refused->len; i++) {
    const SgRefusal *r = ds->refused->pdata[i];
    json_array_append_new(refused, json_pack("{s:s, s:s}", "file", r->name, "reason", r->reason));
  }
  g_autofree char *source = g_filename_display_name(opt->source);
  g_autofree char *dest = g_filename_display_name(opt->dest);
  json_t *root = json_pack("{s:s, s:s, s:s, s:I, s:i, s:i, s:i, s:b, s:o}", "source", source,
                           "kind", ds->kind, "dest", dest, "images", (json_int_t)written,
                           "resolution", ds->resolution, "channels", ds->channels, "label_dim",
                           ds->label_dim, "one_hot", ds->one_hot, "refused", refused);
  cli_print_json(root);
}

static void
print_text(const Options *opt, const SgDataset *ds, guint written)
{
  printf("%s: %u images of %d×%d pixels, %s", opt->dest, written, ds->resolution, ds->resolution,
         ds->channels == 1 ? "grey" : "colour");
  if (ds->one_hot)
    printf(", %d classes", ds->label_dim);
  else if (ds->label_dim > 0)
    printf(", %d numbers as label", ds->label_dim);
  printf(" (from a source of the kind: %s)\n", ds->kind);
  if (ds->refused->len > 0)
    printf("not used: %u\n", ds->refused->len);
  for (guint i = 0; i < ds->refused->len; i++) {
    const SgRefusal *r = ds->refused->pdata[i];
    printf("  %s: %s\n", r->name, r->reason);
  }
}

static void
run(const Options *opt, GError **error)
{
  const SgDatasetOptions options = {.resolution = opt->resolution,
                                    .use_labels = opt->labels,
                                    .max_images = (guint)opt->max_images};
  g_autoptr(SgDataset) ds = sg_dataset_open(opt->source, &options, error);
  CliProgress progress;
  guint written;

  if (!ds)
    return;
  cli_progress_begin(&progress, "images", ds->n);
  gboolean ok = sg_dataset_export(ds, opt->dest, show_progress, &progress, &written, error);
  cli_progress_end(&progress);
  if (ok && opt->json)
    print_json(opt, ds, written);
  else if (ok)
    print_text(opt, ds, written);
}

static gboolean
check(const Options *opt, int operands, GError **error)
{
  int r = opt->resolution;

  if (!opt->source)
    cli_set_usage_error(error, "which pictures? --source=FOLDER|ZIP|IDX");
  else if (!opt->dest || !*opt->dest)
    cli_set_usage_error(error, "where to? --dest=FILE.zip, or a new folder");
  else if (operands > 0)
    cli_set_usage_error(error, "one word too many; it takes --source and --dest");
  else if (r != 0 && (r < 4 || r > 2048 || (r & (r - 1)) != 0))
    cli_set_usage_error(error, "--resolution must be a power of two from 4 to 2048, found %d", r);
  else if (opt->crop && !g_str_equal(opt->crop, "center"))
    cli_set_usage_error(error, "--crop: expected \"center\", found \"%s\"", opt->crop);
  else if (opt->max_images < 0)
    cli_set_usage_error(error, "--max-images must not be negative, found %d", opt->max_images);
  else
    return TRUE;
  return FALSE;
}

int
cli_dataset(int argc, char **argv)
{
  Options opt = {0};
  GError *error = NULL;
  const GOptionEntry entries[] = {
      {"source", 0, 0, G_OPTION_ARG_FILENAME, &opt.source, "where the pictures are", "PATH"},
      {"dest", 0, 0, G_OPTION_ARG_FILENAME, &opt.dest, "FILE.zip, or a new folder", "PATH"},
      {"resolution", 0, 0, G_OPTION_ARG_INT, &opt.resolution,
       "width and height, a power of two (what most pictures have)", "N"},
      {"crop", 0, 0, G_OPTION_ARG_STRING, &opt.crop, "what stays of others than squares (center)",
       "center"},
      {"max-images", 0, 0, G_OPTION_ARG_INT, &opt.max_images, "only the first N usable ones", "N"},
      {"labels", 0, 0, G_OPTION_ARG_NONE, &opt.labels, "keep the labels; fails if there are none",
       NULL},
      {"json", 0, 0, G_OPTION_ARG_NONE, &opt.json, "write the report as JSON", NULL},
      {NULL}};
  const CliHelp help = {
      "", "Makes a data set of equally large squares, as NVlabs' dataset_tool lays it out.",
      "Reads a folder (searched deeply) or a zip of PNG, JPEG and WebP pictures, with or without "
      "NVlabs'\n"
      "dataset.json; a CelebA folder; IDX files of the MNIST family, also gzipped. Names every "
      "file it\n"
      "cannot use, and why."};

  if (cli_parse(&argc, &argv, entries, &help, &error) && check(&opt, argc - 1, &error))
    run(&opt, &error);
  g_free(opt.source);
  g_free(opt.dest);
  g_free(opt.crop);
  return cli_finish("dataset", error);
}
