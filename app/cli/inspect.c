/* vitrine inspect F: everything that is known of a file. */
#include "app/cli/cli.h"
#include "engine/formats/format-error.h"
#include "engine/base/visible.h"
#include "engine/explore/weights/weight-stats.h"
#include "engine/formats/archive.h"
#include "engine/models/family.h"
#include "engine/models/importer.h"
#include "engine/runs/run-network.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const container_names[] = {"safetensors", "pickle", "torch zip", "torch legacy",
                                              "npz"};
static const char *const arch_names[] = {"skip", "orig", "resnet"};

/* "G_ema" of a tensor's name with its prefix; "" without a dot. To be freed. */
static char *
network_of(const char *name)
{
  const char *dot = strchr(name, '.');
  return dot ? g_strndup(name, (gsize)(dot - name)) : g_strdup("");
}

/* Parameters (not buffers) per network, in the order of the file. */
static GPtrArray *
count_networks(const SgArchive *a, GHashTable *counts)
{
  GPtrArray *order = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < a->entries->len; i++) {
    const SgEntry *e = a->entries->pdata[i];
    g_autofree char *network = network_of(e->name);
    gsize *count = g_hash_table_lookup(counts, network);
    if (!count) {
      count = g_new0(gsize, 1);
      g_hash_table_insert(counts, g_strdup(network), count);
      g_ptr_array_add(order, g_strdup(network));
    }
    if (!sg_import_is_buffer(e->name))
      *count += e->tensor->numel;
  }
  return order;
}

static gint
compare_keys(gconstpointer a, gconstpointer b)
{
  return strcmp(a, b);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void
put_clamp(json_t *o, const char *key, double clamp)
{
  json_object_set_new(o, key, clamp < 0 ? json_null() : json_real(clamp));
}

static json_t *
architecture_to_json(const SgModelInfo *i)
{
  json_t *o = json_object();

  json_object_set_new(o, "family", json_string(i->family->name));
  json_object_set_new(o, "z_dim", json_integer(i->z_dim));
  json_object_set_new(o, "w_dim", json_integer(i->w_dim));
  json_object_set_new(o, "c_dim", json_integer(i->c_dim));
  json_object_set_new(o, "img_resolution", json_integer(i->img_resolution));
  json_object_set_new(o, "img_channels", json_integer(i->img_channels));
  json_object_set_new(o, "num_ws", json_integer(i->num_ws));
  json_object_set_new(o, "mapping_layers", json_integer(i->mapping_layers));
  json_object_set_new(o, "mapping_lr_mul", json_real(i->mapping_lr_mul));
  if (i->family->architectures)
    json_object_set_new(o, "g_architecture", json_string(arch_names[i->g_arch]));
  put_clamp(o, "g_conv_clamp", i->g_conv_clamp);
  json_object_set_new(o, "has_d", json_boolean(i->has_d));
  if (!i->has_d)
    return o;
  if (i->family->architectures)
    json_object_set_new(o, "d_architecture", json_string(arch_names[i->d_arch]));
  put_clamp(o, "d_conv_clamp", i->d_conv_clamp);
  json_object_set_new(o, "mbstd_group_size", json_integer(i->mbstd_group_size));
  json_object_set_new(o, "mbstd_num_channels", json_integer(i->mbstd_num_channels));
  return o;
}

static json_t *
tensor_to_json(const SgEntry *e, gboolean hashes)
{
  SgWeightStats s = sg_weight_stats_measure(e->tensor->data, e->tensor->numel);
  json_t *o = json_object(), *shape = json_array();

  for (int i = 0; i < e->tensor->ndim; i++)
    json_array_append_new(shape, json_integer(e->tensor->shape[i]));
  json_object_set_new(o, "name", json_string(e->name));
  json_object_set_new(o, "shape", shape);
  json_object_set_new(o, "dtype", json_string(e->dtype));
  json_object_set_new(o, "min", s.finite ? json_real(s.min) : json_null());
  json_object_set_new(o, "max", s.finite ? json_real(s.max) : json_null());
  json_object_set_new(o, "mean", s.finite ? json_real(s.mean) : json_null());
  json_object_set_new(o, "std", s.finite ? json_real(s.std) : json_null());
  json_object_set_new(o, "zeros", json_integer((json_int_t)s.zeros));
  json_object_set_new(o, "not_finite", json_integer((json_int_t)s.not_finite));
  if (hashes) {
    g_autofree char *hash = sg_tensor_sha256(e->tensor);
    json_object_set_new(o, "sha256", json_string(hash));
  }
  return o;
}

static json_t *
attributes_to_json(const SgArchive *a)
{
  json_t *o = json_object();
  g_autoptr(GList) keys = g_list_sort(g_hash_table_get_keys(a->attributes), compare_keys);
  for (GList *l = keys; l; l = l->next)
    json_object_set_new(o, l->data, json_string(g_hash_table_lookup(a->attributes, l->data)));
  return o;
}

static json_t *
warnings_to_json(const SgModel *model)
{
  json_t *o = json_array();
  for (guint i = 0; model && i < model->warnings->len; i++)
    json_array_append_new(o, json_string(model->warnings->pdata[i]));
  return o;
}

static json_t *
parameters_to_json(const SgArchive *a)
{
  json_t *o = json_object();
  g_autoptr(GHashTable) counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr(GPtrArray) order = count_networks(a, counts);
  for (guint i = 0; i < order->len; i++) {
    gsize *count = g_hash_table_lookup(counts, order->pdata[i]);
    json_object_set_new(o, order->pdata[i], json_integer((json_int_t)*count));
  }
  return o;
}

static void
print_json(const SgArchive *a, const SgModel *model, const GError *why, gboolean hashes)
{
  json_t *o = json_object(), *tensors = json_array();
  const char *path = cli_json_name(a->path);

  json_object_set_new(o, "path", json_string(path));
  json_object_set_new(o, "kind", json_string(model ? model->kind : a->kind));
  json_object_set_new(o, "container", json_string(container_names[a->container]));
  json_object_set_new(o, "architecture", model ? architecture_to_json(&model->info) : json_null());
  json_object_set_new(o, "hash", model ? json_string(model->hash) : json_null());
  json_object_set_new(o, "error", why ? json_string(why->message) : json_null());
  json_object_set_new(o, "warnings", warnings_to_json(model));
  json_object_set_new(o, "attributes", attributes_to_json(a));
  json_object_set_new(o, "parameters", parameters_to_json(a));
  for (guint i = 0; i < a->entries->len; i++)
    json_array_append_new(tensors, tensor_to_json(a->entries->pdata[i], hashes));
  json_object_set_new(o, "tensors", tensors);
  json_dumpf(o, stdout, JSON_INDENT(1));
  putchar('\n');
  json_decref(o);
}

/* ---- for people ------------------------------------------------------------------------------ */

static void
print_architecture(const SgModel *m)
{
  const SgModelInfo *i = &m->info;
  g_autofree char *summary = sg_model_summary(m);

  printf("%s\n", summary);
  printf("mapping network: %d layers, learning rate multiplier %g\n", i->mapping_layers,
         i->mapping_lr_mul);
  if (i->g_conv_clamp >= 0)
    printf("generator: activations clamped to ±%g\n", i->g_conv_clamp);
  if (i->has_d && i->family->architectures)
    printf("discriminator: %s\n", arch_names[i->d_arch]);
  if (i->has_d && i->mbstd_num_channels && i->mbstd_group_size)
    printf("minibatch standard deviation: %d channel(s) over groups of %d\n", i->mbstd_num_channels,
           i->mbstd_group_size);
  printf("weights: %s\n", m->hash);
}

/* Attributes that say something about the whole, not about one layer. */
static void
print_attributes(const SgArchive *a)
{
  g_autoptr(GList) keys = g_list_sort(g_hash_table_get_keys(a->attributes), compare_keys);
  for (GList *l = keys; l; l = l->next) {
    const char *key = l->data;
    if (g_str_has_prefix(key, "__metadata__."))
      key += strlen("__metadata__.");
    else if (!g_str_has_prefix(key, "training_set_kwargs.") && strchr(key, '.'))
      continue;
    g_autofree char *name = sg_visible(key);
    g_autofree char *value = sg_visible(g_hash_table_lookup(a->attributes, l->data));
    printf("  %s: %s\n", name, value);
  }
}

static void
print_tensors(const SgArchive *a, gboolean hashes)
{
  int width = 4;
  for (guint i = 0; i < a->entries->len; i++)
    width = MAX(width, (int)MIN(strlen(((SgEntry *)a->entries->pdata[i])->name), 60));
  printf("\n%-*s %-20s %-9s %11s %11s %11s %11s %8s\n", width, "tensor", "shape", "type", "min",
         "max", "mean", "std", "zeros");
  for (guint i = 0; i < a->entries->len; i++) {
    const SgEntry *e = a->entries->pdata[i];
    g_autofree char *shape = sg_shape_to_string(e->tensor->ndim, e->tensor->shape);
    SgWeightStats s = sg_weight_stats_measure(e->tensor->data, e->tensor->numel);
    g_autofree char *name = sg_visible(e->name);
    printf("%-*s %-20s %-9s", width, name, shape, e->dtype);
    if (s.finite)
      printf(" %11.4g %11.4g %11.4g %11.4g %8" G_GUINT64_FORMAT, s.min, s.max, s.mean, s.std,
             s.zeros);
    if (s.not_finite)
      printf("  %" G_GUINT64_FORMAT " not finite!", s.not_finite);
    if (hashes) {
      g_autofree char *hash = sg_tensor_sha256(e->tensor);
      printf("  %s", hash);
    }
    putchar('\n');
  }
}

static void
print_text(const SgArchive *a, const SgModel *model, const GError *why, gboolean hashes)
{
  g_autoptr(GHashTable) counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr(GPtrArray) order = count_networks(a, counts);

  g_autofree char *path = sg_visible(a->path);
  g_autofree char *kind = sg_visible(model ? model->kind : a->kind);

  printf("%s: %s\n", path, kind);
  if (model)
    print_architecture(model);
  for (guint i = 0; model && i < model->warnings->len; i++) {
    g_autofree char *warning = sg_visible(model->warnings->pdata[i]);
    printf("warning: %s\n", warning);
  }
  if (!model) {
    g_autofree char *reason = sg_visible(why->message);
    printf("not a model that Vitrine runs: %s\n", reason);
  }
  print_attributes(a);
  printf("parameters:");
  for (guint i = 0; i < order->len; i++) {
    g_autofree char *name = sg_visible(order->pdata[i]);
    printf("%s %s %" G_GSIZE_FORMAT, i ? "," : "", name[0] ? name : "(top level)",
           *(gsize *)g_hash_table_lookup(counts, order->pdata[i]));
  }
  putchar('\n');
  print_tensors(a, hashes);
}

/* ---- the command ----------------------------------------------------------------------------- */

typedef struct {
  gboolean json, hashes;
  char *csv; /* path, or NULL */
  int bins;
} Options;

/* Every tensor of the file, whether Vitrine can run it or not. */
static gboolean
write_csv(const SgArchive *a, const char *path, int bins, GError **error)
{
  g_autoptr(GString) csv = g_string_new(NULL);

  sg_weight_csv_header(csv, bins);
  for (guint i = 0; i < a->entries->len; i++) {
    const SgEntry *e = a->entries->pdata[i];
    sg_weight_csv_row(csv, e->name, e->tensor, bins);
  }
  return g_file_set_contents(path, csv->str, (gssize)csv->len, error);
}

static GError *
inspect(const char *path, const Options *o)
{
  GError *error = NULL;
  g_autoptr(GError) why = NULL;
  g_autofree char *file = sg_run_network(path, &error);
  g_autoptr(SgArchive) a = file ? sg_archive_open(file, &error) : NULL;

  if (!a)
    return error;
  g_autoptr(SgModel) model = sg_model_from_archive(a, &why);
  if (sg_is_shortage(why)) /* of which the file knows nothing */
    return g_steal_pointer(&why);
  if (o->csv && !write_csv(a, o->csv, o->bins, &error))
    return error;
  if (o->json)
    print_json(a, model, why, o->hashes);
  else if (!o->csv)
    print_text(a, model, why, o->hashes);
  if (fflush(stdout) != 0 || ferror(stdout))
    g_set_error(&error, G_FILE_ERROR, G_FILE_ERROR_IO, "the answer cannot be written");
  return error;
}

int
cli_inspect(int argc, char **argv)
{
  Options o = {0};
  const GOptionEntry entries[] = {
      {"json", 0, 0, G_OPTION_ARG_NONE, &o.json, "print one JSON object", NULL},
      {"hashes", 0, 0, G_OPTION_ARG_NONE, &o.hashes,
       "add the SHA-256 of each tensor (float32, C order)", NULL},
      {"csv", 0, 0, G_OPTION_ARG_FILENAME, &o.csv,
       "write the statistics of every tensor to this file instead", "FILE"},
      {"histogram", 0, 0, G_OPTION_ARG_INT, &o.bins,
       "add a histogram over min..max with so many bins to the CSV", "BINS"},
      {NULL}};
  const CliHelp help = {"FILE", "Shows what a model file holds, whether Vitrine can run it or not.",
                        "Names, shapes and types are as stored. Nothing in the file is executed."};
  const char *command = argv[0];
  GError *error = NULL;

  if (!cli_parse(&argc, &argv, entries, &help, &error))
    return cli_finish(command, error);
  if (argc != 2)
    cli_set_usage_error(&error, "expected one file");
  else if (o.bins < 0 || o.bins > SG_WEIGHT_CSV_MAX_BINS)
    cli_set_usage_error(&error, "--histogram: expected 1 to %d bins, found %d",
                        SG_WEIGHT_CSV_MAX_BINS, o.bins);
  else if (o.bins && !o.csv)
    cli_set_usage_error(&error, "--histogram goes with --csv=FILE");
  else
    error = inspect(argv[1], &o);
  g_free(o.csv);
  return cli_finish(command, error);
}
