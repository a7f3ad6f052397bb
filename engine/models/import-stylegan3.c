/* What NVlabs' StyleGAN3 modules keep among their attributes, and what follows from the names and
 * the filters where a file has tensors alone, as family-stylegan3.c reads it from the metadata. */
#include "engine/formats/format-error.h"
#include "engine/models/importer.h"
#include <stdio.h>
#include <string.h>

#define MAX_LAYERS 64
/* NVlabs' filters have so many taps for each factor. */
#define TAPS 6

typedef struct {
  const SgArchive *archive;
  const char *prefix; /* "G_ema." */
  SgModel *model;
  GError **error;
} Read;

static const char *
attribute(const Read *r, const char *layer, const char *key)
{
  g_autofree char *path =
      g_strconcat(r->prefix, "synthesis.", layer, layer[0] ? "." : "", key, NULL);
  return sg_archive_attribute(r->archive, path);
}

static const char *
own_attribute(const Read *r, const char *key)
{
  g_autofree char *path = g_strconcat(r->prefix, key, NULL);
  return sg_archive_attribute(r->archive, path);
}

/* "[9, 8]" to its parts, to be freed; of what is no list an empty one. */
static char **
list_of(const char *text)
{
  gsize length = text ? strlen(text) : 0;

  if (length < 2 || text[0] != '[' || text[length - 1] != ']')
    return g_new0(char *, 1);
  g_autofree char *inner = g_strndup(text + 1, length - 2);
  return g_strsplit(inner, ", ", 40000);
}

/* The two numbers of a list, which have to be the same. */
static const char *
square(char **list, guint first, guint second, guint length)
{
  return g_strv_length(list) == length && strcmp(list[first], list[second]) == 0 ? list[first]
                                                                                 : NULL;
}

static gboolean
missing(const Read *r, const char *layer, const char *what, const char *found)
{
  return sg_broken(r->error, "synthesis.%s%sstates “%s” for %s, which Vitrine cannot draw with",
                   layer, layer[0] ? " " : "", found ? found : "nothing", what);
}

static gboolean
add_layer(const Read *r, GString *plan, const char *layer)
{
  const char *up = attribute(r, layer, "up_factor"), *down = attribute(r, layer, "down_factor");
  const char *padding = attribute(r, layer, "padding"), *size = attribute(r, layer, "out_size");
  g_auto(GStrv) pads = list_of(padding);
  g_auto(GStrv) sizes = list_of(size);
  const char *before = square(pads, 0, 2, 4), *after = square(pads, 1, 3, 4);
  const char *edge = square(sizes, 0, 1, 2);

  if (!up || !down)
    return missing(r, layer, "up_factor and down_factor", up ? down : up);
  if (!before || !after)
    return missing(r, layer, "padding", padding);
  if (!edge)
    return missing(r, layer, "out_size", size);
  g_string_append_printf(plan, "%s%s %s %s %s %s %s", plan->len ? "|" : "", layer, up, down, before,
                         after, edge);
  return TRUE;
}

static void
remember(SgModel *m, const char *key, const char *text)
{
  g_hash_table_replace(m->metadata, g_strdup(key), g_strdup(text));
}

static gboolean
read_input(const Read *r)
{
  const char *size = attribute(r, "input", "size"), *rate = attribute(r, "input", "sampling_rate");
  const char *bandwidth = attribute(r, "input", "bandwidth");
  g_auto(GStrv) sizes = list_of(size);
  const char *edge = square(sizes, 0, 1, 2);

  if (!edge)
    return missing(r, "input", "size", size);
  if (!rate || !bandwidth)
    return missing(r, "input", "sampling_rate and bandwidth", rate ? bandwidth : rate);
  g_autofree char *text = g_strdup_printf("%s %s %s", edge, rate, bandwidth);
  remember(r->model, "input", text);
  return TRUE;
}

/* All layers of NVlabs' networks have one clamp. */
static gboolean
read_clamp(const Read *r, char **names)
{
  const char *first = attribute(r, names[0], "conv_clamp");

  for (char **name = names; *name; name++)
    if (g_strcmp0(attribute(r, *name, "conv_clamp"), first) != 0)
      return missing(r, *name, "conv_clamp, which the first layer states otherwise,",
                     attribute(r, *name, "conv_clamp"));
  return sg_read_clamp(first, &r->model->info.g_conv_clamp, r->error);
}

static gboolean
check_count(const Read *r, const char *key, int found)
{
  const char *text = own_attribute(r, key);
  int stated;

  return !text || (sg_parse_int(text, 0, G_MAXINT, &stated) && stated == found) ||
         sg_broken(r->error, "it states “%s” for %s, where its layers make %d", text, key, found);
}

static gboolean
read_attributes(const Read *r, const char *list)
{
  g_auto(GStrv) names = list_of(list);
  g_autoptr(GString) plan = g_string_new(NULL);
  const char *scale = attribute(r, "", "output_scale");
  guint n = g_strv_length(names);

  if (n < 2 || n > MAX_LAYERS)
    return sg_broken(r->error, "a StyleGAN3 generator has from 2 to %d layers, this one %u",
                     MAX_LAYERS, n);
  for (char **name = names; *name; name++) {
    const char *rgb = attribute(r, *name, "is_torgb");
    if (g_strcmp0(rgb, name[1] ? "False" : "True") != 0)
      return missing(r, *name, "is_torgb", rgb);
    if (!add_layer(r, plan, *name))
      return FALSE;
  }
  const SgTensor *rgb = sg_model_tensorf(r->model, r->prefix, "synthesis.%s.weight", names[n - 1]);
  if (!check_count(r, "num_ws", (int)n + 1) ||
      (rgb && rgb->ndim == 4 && !check_count(r, "img_channels", (int)MIN(rgb->shape[0], 1000000))))
    return FALSE;
  remember(r->model, "layers", plan->str);
  remember(r->model, "output_scale", scale ? scale : "0.25");
  return read_input(r) && read_clamp(r, names);
}

/* ---- from tensors alone ---------------------------------------------------------------------- */

/* How many taps the filter has for each of its factor; a layer without one has the factor 1. */
static int
factor_of(const Read *r, const char *layer, const char *filter)
{
  const SgTensor *t = sg_model_tensorf(r->model, r->prefix, "synthesis.%s.%s", layer, filter);
  gint64 taps = t && t->ndim > 0 ? t->shape[0] : TAPS;

  return taps % TAPS == 0 && taps <= 16 * TAPS ? (int)(taps / TAPS) : 1;
}

/* The padding that makes the size come out: what the convolution and both filters take from the
 * larger picture, shared out as NVlabs' code does (Karras et al. 2021, appendix F). */
static void
add_derived(const Read *r, GString *plan, const char *layer, int in, int out, gboolean last)
{
  const SgTensor *w = sg_model_tensorf(r->model, r->prefix, "synthesis.%s.weight", layer);
  int kernel = w && w->ndim == 4 ? (int)MIN(w->shape[2], 16) : 1;
  int up = last ? 1 : factor_of(r, layer, "up_filter");
  int down = last ? 1 : factor_of(r, layer, "down_filter");
  int taps = (up > 1 ? TAPS * up : 1) + (down > 1 ? TAPS * down : 1);
  int total = (out - 1) * down + 1 - (in + kernel - 1) * up + taps - 2;
  int before = (total + up) >= 0 ? (total + up) / 2 : -((-(total + up) + 1) / 2);

  g_string_append_printf(plan, "%s%s %d %d %d %d %d", plan->len ? "|" : "", layer, up, down, before,
                         total - before, out);
}

/* "synthesis.L3_52_512.weight" to "L3_52_512" and 52; to be freed, NULL: it is none. */
static char *
layer_name(const char *name, int *index, int *size)
{
  int channels, length = 0;

  if (sscanf(name, "synthesis.L%4d_%5d_%5d.weight%n", index, size, &channels, &length) != 3 ||
      length == 0 || name[length])
    return NULL;
  return g_strdup_printf("L%d_%d_%d", *index, *size, channels);
}

static gboolean
derive(const Read *r)
{
  g_autoptr(GString) plan = g_string_new(NULL);
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  int sizes[MAX_LAYERS] = {0};
  gsize skip = strlen(r->prefix);

  for (guint i = 0; i < r->archive->entries->len; i++) {
    const char *full = ((SgEntry *)r->archive->entries->pdata[i])->name;
    int index, size;
    if (strncmp(full, r->prefix, skip) != 0)
      continue;
    g_autofree char *name = layer_name(full + skip, &index, &size);
    if (!name)
      continue;
    if (index < 0 || index >= MAX_LAYERS || size < 1)
      return sg_broken(r->error, "it has a layer “%s”, which makes no sense", name);
    if ((guint)index >= names->len)
      g_ptr_array_set_size(names, index + 1);
    g_free(names->pdata[index]);
    names->pdata[index] = g_steal_pointer(&name);
    sizes[index] = size;
  }
  for (guint i = 0; i < names->len; i++) {
    if (!names->pdata[i])
      return sg_broken(r->error, "its layer L%u is missing", i);
    add_derived(r, plan, names->pdata[i], sizes[i ? i - 1 : 0], sizes[i], i + 1 == names->len);
  }
  /* NVlabs' networks begin with a cutoff of 2, have a margin of 10 pixels, and clamp at 256. */
  g_autofree char *input = g_strdup_printf("%d %d 2", sizes[0], MAX(sizes[0] - 20, 1));
  remember(r->model, "layers", plan->str);
  remember(r->model, "input", input);
  remember(r->model, "output_scale", "0.25");
  r->model->info.g_conv_clamp = 256;
  sg_model_warn(r->model,
                "The file has tensors alone: paddings, sampling rates and clamps are taken "
                "to be those of NVlabs' networks of such layers");
  return TRUE;
}

gboolean
sg_stylegan3_read_plan(const SgArchive *a, SgModel *m, const char *prefix, GError **error)
{
  Read r = {a, prefix, m, error};
  const char *list = attribute(&r, "", "layer_names");

  if (list)
    return read_attributes(&r, list);
  if (sg_archive_attribute(a, "__metadata__.layers")) /* our own */
    return TRUE;
  if (own_attribute(&r, "class_name"))
    return sg_broken(error, "its synthesis network has no list of layers (layer_names)");
  return derive(&r);
}
