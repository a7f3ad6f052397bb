#include "engine/data/dataset.h"
#include "engine/formats/format-error.h"
#include "engine/pictures/picture.h"
#include "engine/data/dataset-private.h"
#include <string.h>

/* Nearly every header ends within this; what is longer is read whole. */
#define PROBE_BYTES    4096
#define MIN_RESOLUTION 4
#define MAX_RESOLUTION 2048

void
sg_refuse(GPtrArray *refused, const char *name, const char *format, ...)
{
  SgRefusal *r = g_new0(SgRefusal, 1);
  va_list args;

  va_start(args, format);
  r->name = g_utf8_make_valid(name, -1);
  r->reason = g_strdup_vprintf(format, args);
  va_end(args);
  g_ptr_array_add(refused, r);
}

static void
free_refusal(gpointer refusal)
{
  SgRefusal *r = refusal;
  g_free(r->name);
  g_free(r->reason);
  g_free(r);
}

void
sg_dataset_free(SgDataset *ds)
{
  SgDatasetFull *full = (SgDatasetFull *)ds;

  if (!ds)
    return;
  g_free(ds->path);
  g_free(ds->name);
  g_free(ds->kind);
  g_strfreev(ds->label_names);
  g_ptr_array_unref(ds->refused);
  g_clear_pointer(&full->refs, g_array_unref);
  sg_files_free(full->files);
  sg_labels_free(full->labels);
  sg_idx_free(full->idx);
  g_free(full->reported);
  g_free(full);
}

char *
sg_dataset_image_name(const SgDatasetFull *full, guint index)
{
  if (full->idx)
    return g_strdup_printf("%s[%u]", full->idx->images_name, index);
  const SgImageRef *ref = &g_array_index(full->refs, SgImageRef, index);
  return g_utf8_make_valid(sg_files_name(full->files, ref->file), -1);
}

void
sg_dataset_refuse_image(SgDatasetFull *full, guint index, const char *message)
{
  g_autofree char *name = sg_dataset_image_name(full, index);
  gsize len = strlen(name);

  if (full->reported[index])
    return;
  full->reported[index] = TRUE;
  if (g_str_has_prefix(message, name) && g_str_has_prefix(message + len, ": "))
    message += len + 2;
  sg_refuse(full->set.refused, name, "%s", message);
}

/* ---- the resolution -------------------------------------------------------------------------- */

static int
power_below(guint side)
{
  return side > 0 ? g_bit_storage(side) - 1 : 0;
}

/* histogram[p]: images whose shorter side is in [2^p, 2^(p+1)). The largest power that more than
 * half of them have; the others are enlarged. */
static int
common_resolution(const guint histogram[32], guint n)
{
  guint have = 0;
  int p = 31;

  for (; p > 0; p--) {
    have += histogram[p];
    if (have > n / 2)
      break;
  }
  return CLAMP(1 << MIN(p, 30), MIN_RESOLUTION, MAX_RESOLUTION);
}

/* MNIST's 28 pixels are meant to become 32: half of 28's power below would be lost. */
static int
idx_resolution(const SgIdx *idx)
{
  guint side = MIN(idx->width, idx->height);
  int p = power_below(side);

  if (side >= (guint)7 << p >> 2)
    p += side != (guint)1 << p;
  return CLAMP(1 << p, MIN_RESOLUTION, MAX_RESOLUTION);
}

static gboolean
check_options(const SgDatasetOptions *o, GError **error)
{
  int r = o->resolution;

  if (r != 0 && (r < MIN_RESOLUTION || r > MAX_RESOLUTION || (r & (r - 1)) != 0))
    return sg_unsupported(error, "the resolution must be a power of two from %d to %d, found %d",
                          MIN_RESOLUTION, MAX_RESOLUTION, r);
  if (o->channels != 0 && o->channels != 1 && o->channels != 3)
    return sg_unsupported(error, "the number of channels must be 1 or 3, found %d", o->channels);
  return TRUE;
}

/* ---- labels ---------------------------------------------------------------------------------- */

static SgLabels *
parse_labels(SgDatasetFull *full, int file, gboolean celeba, GError **error)
{
  const char *name = sg_files_name(full->files, (guint)file), *slash = strrchr(name, '/');
  gsize size;
  g_autofree guint8 *text = sg_files_read(full->files, (guint)file, 0, &size, error);
  SgLabels *l = NULL;
  GError *why = NULL;

  if (text)
    l = celeba ? sg_labels_parse_celeba((char *)text, size, &why)
               : sg_labels_parse_json((char *)text, size, &why);
  if (text && !l && !why)
    sg_unsupported(&why, "expected labels for the pictures, found none");
  if (why)
    g_propagate_error(error, why);
  if (!l) {
    g_prefix_error(error, "%s: %s: ", full->set.path, name);
    return NULL;
  }
  if (!celeba && slash) {
    g_free(l->prefix);
    l->prefix = g_strndup(name, (gsize)(slash + 1 - name));
  }
  return l;
}

static int
find_celeba(const SgFiles *files)
{
  int found = sg_files_find(files, "list_attr_celeba.txt");
  return found >= 0 ? found : sg_files_find(files, "list_attr_celeba.csv");
}

/* The folder of the pictures itself was named: the list lies beside it. */
static char *
celeba_beside(const char *path)
{
  static const char *const places[] = {"list_attr_celeba.txt", "list_attr_celeba.csv",
                                       "../Anno/list_attr_celeba.txt"};
  g_autofree char *whole = g_canonicalize_filename(path, NULL);
  g_autofree char *base = g_path_get_basename(whole), *parent = g_path_get_dirname(whole);

  for (gsize i = 0; g_str_equal(base, "img_align_celeba") && i < G_N_ELEMENTS(places); i++) {
    g_autofree char *list = g_build_filename(parent, places[i], NULL);
    if (g_file_test(list, G_FILE_TEST_IS_REGULAR))
      return g_steal_pointer(&list);
  }
  return NULL;
}

static gboolean
load_labels(SgDatasetFull *full, int celeba, const char *beside, GError **error)
{
  int json = sg_files_find(full->files, "dataset.json");

  if (celeba < 0 && beside) {
    g_autofree char *text = NULL;
    gsize size;
    if (!g_file_get_contents(beside, &text, &size, error))
      return FALSE;
    full->labels = sg_labels_parse_celeba(text, size, error);
    if (!full->labels)
      g_prefix_error(error, "%s: ", beside);
  } else if (celeba < 0 && json < 0) {
    return sg_unsupported(error,
                          "%s: expected labels in dataset.json or list_attr_celeba.txt, found "
                          "neither of these files",
                          full->set.path);
  } else {
    full->labels = parse_labels(full, celeba >= 0 ? celeba : json, celeba >= 0, error);
  }
  if (!full->labels)
    return FALSE;
  full->set.label_dim = (int)full->labels->dim;
  full->set.one_hot = full->labels->one_hot;
  full->set.label_names = g_strdupv(full->labels->names);
  return TRUE;
}

/* ---- pictures in a folder or zip ------------------------------------------------------------- */

typedef struct {
  guint histogram[32], colour;
  gboolean only_celeba; /* the pictures are those in img_align_celeba/ */
} Survey;

/* Text that comes with data sets is no refused picture. */
static gboolean
is_side_file(const char *name)
{
  static const char *const endings[] = {".json", ".csv",  ".tsv", ".txt", ".md",
                                        ".html", ".yaml", ".xml", ".pdf", ".ini"};
  g_autofree char *lower = g_ascii_strdown(name, -1);
  const char *slash = strrchr(lower, '/'), *base = slash ? slash + 1 : lower;

  for (gsize i = 0; i < G_N_ELEMENTS(endings); i++)
    if (g_str_has_suffix(base, endings[i]))
      return TRUE;
  return g_str_equal(base, "readme") || g_str_equal(base, "license") ||
         g_str_equal(base, "thumbs.db");
}

static gboolean
in_celeba_folder(const char *name)
{
  return g_str_has_prefix(name, "img_align_celeba/") || strstr(name, "/img_align_celeba/");
}

static gboolean
probe_file(SgFiles *files, guint i, SgProbe *probe, GError **error)
{
  gsize size;
  g_autofree guint8 *data = sg_files_read(files, i, PROBE_BYTES, &size, error);
  SgProbeResult result =
      data ? sg_probe(data, size, size < PROBE_BYTES, probe, error) : SG_PROBE_BAD;

  if (result == SG_PROBE_MORE) {
    g_autofree guint8 *whole = sg_files_read(files, i, 0, &size, error);
    result = whole ? sg_probe(whole, size, TRUE, probe, error) : SG_PROBE_BAD;
  }
  return result == SG_PROBE_OK;
}

static void
survey_file(SgDatasetFull *full, guint i, Survey *survey)
{
  const char *name = sg_files_name(full->files, i);
  g_autoptr(GError) why = NULL;
  SgImageRef ref = {i, -1};
  SgProbe probe;

  if (is_side_file(name) || (survey->only_celeba && !in_celeba_folder(name)))
    return;
  if (!probe_file(full->files, i, &probe, &why)) {
    sg_refuse(full->set.refused, name, "%s", why->message);
    return;
  }
  if (full->labels && (ref.row = sg_labels_row(full->labels, name)) < 0) {
    sg_refuse(full->set.refused, name, "it has no label");
    return;
  }
  g_array_append_val(full->refs, ref);
  survey->histogram[power_below(MIN(probe.width, probe.height))]++;
  survey->colour += !probe.grey;
}

static gboolean
nothing_usable(SgDataset *ds, GError **error)
{
  if (ds->refused->len == 0)
    return sg_unsupported(error, "%s: expected PNG, JPEG or WebP pictures, found none", ds->path);
  const SgRefusal *r = ds->refused->pdata[0];
  return sg_unsupported(error,
                        "%s: expected PNG, JPEG or WebP pictures, found %u files of which none can "
                        "be used; %s: %s",
                        ds->path, ds->refused->len, r->name, r->reason);
}

static gboolean
open_pictures(SgDatasetFull *full, const SgDatasetOptions *o, GError **error)
{
  SgDataset *ds = &full->set;
  Survey survey = {0};

  full->refs = g_array_new(FALSE, FALSE, sizeof(SgImageRef));
  if (!(full->files = sg_files_open(ds->path, ds->refused, error)))
    return FALSE;
  const char *container = sg_files_is_zip(full->files) ? "zip" : "folder";
  int celeba = find_celeba(full->files);
  g_autofree char *beside = celeba < 0 ? celeba_beside(ds->path) : NULL;
  gboolean is_celeba = celeba >= 0 || beside;
  ds->kind = g_strdup_printf(is_celeba ? "CelebA %s" : "%s of images", container);
  if (o->use_labels && !load_labels(full, celeba, beside, error))
    return FALSE;
  for (guint i = 0; is_celeba && i < sg_files_count(full->files); i++)
    survey.only_celeba |= in_celeba_folder(sg_files_name(full->files, i));
  for (guint i = 0; i < sg_files_count(full->files); i++) {
    if (o->max_images && full->refs->len >= o->max_images)
      break;
    survey_file(full, i, &survey);
  }
  ds->n = full->refs->len;
  if (ds->n == 0)
    return nothing_usable(ds, error);
  ds->resolution = o->resolution ? o->resolution : common_resolution(survey.histogram, ds->n);
  ds->channels = o->channels ? o->channels : survey.colour > 0 ? 3 : 1;
  return TRUE;
}

/* ---- IDX ------------------------------------------------------------------------------------- */

static gboolean
open_idx(SgDatasetFull *full, const SgDatasetOptions *o, GError **error)
{
  SgDataset *ds = &full->set;
  SgIdx *idx = full->idx = sg_idx_open(ds->path, o->use_labels, error);
  int most = 0;

  if (!idx)
    return FALSE;
  ds->kind = g_strdup("IDX");
  ds->n = o->max_images ? MIN(o->max_images, idx->n) : idx->n;
  ds->resolution = o->resolution ? o->resolution : idx_resolution(idx);
  ds->channels = o->channels ? o->channels : 1;
  for (guint i = 0; idx->labels && i < idx->n; i++)
    most = MAX(most, idx->labels[i]);
  ds->label_dim = idx->labels ? most + 1 : 0;
  ds->one_hot = idx->labels != NULL;
  return TRUE;
}

/* Small pictures that almost have the resolution get a black border, which is what their own
 * ground is and keeps every pixel as it is: 28 -> 32, as NVlabs' dataset_tool does. */
static guint8 *
pad_idx(const guint8 *pixels, guint side, guint r)
{
  guint8 *padded = g_malloc0((gsize)r * r);
  guint border = (r - side) / 2;

  for (guint y = 0; y < side; y++)
    memcpy(padded + (gsize)(y + border) * r + border, pixels + (gsize)y * side, side);
  return padded;
}

static gboolean
read_idx(SgDatasetFull *full, guint index, guint8 *planes, GError **error)
{
  SgIdx *idx = full->idx;
  guint w = idx->width, h = idx->height, r = (guint)full->set.resolution;
  gsize plane = (gsize)r * r;
  g_autofree guint8 *pixels = g_try_malloc((gsize)w * h);

  if (!pixels)
    return sg_broken(error, "not enough memory for the picture");
  if (!sg_idx_read(idx, index, pixels, error))
    return FALSE;
  if (w == h && w < r && r - w <= r / 8) {
    guint8 *padded = pad_idx(pixels, w, r);
    g_free(pixels);
    pixels = padded;
    w = h = r;
  }
  sg_resize_square(pixels, (int)w, (int)h, 1, (int)r, planes);
  for (int c = 1; c < full->set.channels; c++)
    memcpy(planes + (gsize)c * plane, planes, plane);
  return TRUE;
}

/* ---- opening, reading ------------------------------------------------------------------------ */

static char *
name_of(const char *path)
{
  g_autofree char *whole = g_canonicalize_filename(path, NULL);
  char *base = g_path_get_basename(whole);

  if (g_file_test(path, G_FILE_TEST_IS_DIR))
    return base;
  if (g_str_has_suffix(base, ".gz"))
    base[strlen(base) - 3] = '\0';
  char *dot = strrchr(base, '.');
  if (dot && dot != base)
    *dot = '\0';
  return base;
}

SgDataset *
sg_dataset_open(const char *path, const SgDatasetOptions *options, GError **error)
{
  static const SgDatasetOptions defaults;
  const SgDatasetOptions *o = options ? options : &defaults;

  if (!check_options(o, error))
    return NULL;
  SgDatasetFull *full = g_new0(SgDatasetFull, 1);
  SgDataset *ds = &full->set;
  ds->path = g_strdup(path);
  ds->name = name_of(path);
  ds->refused = g_ptr_array_new_with_free_func(free_refusal);
  if (sg_idx_recognise(path) ? open_idx(full, o, error) : open_pictures(full, o, error)) {
    full->reported = g_malloc0(ds->n);
    return ds;
  }
  sg_dataset_free(ds);
  return NULL;
}

static gboolean
read_picture(SgDatasetFull *full, guint index, const char *name, guint8 *planes, GError **error)
{
  const SgImageRef *ref = &g_array_index(full->refs, SgImageRef, index);
  gsize size;
  g_autofree guint8 *data = sg_files_read(full->files, ref->file, 0, &size, error);
  g_auto(SgPixels) p = {0};

  if (!data) {
    g_prefix_error(error, "%s: ", name);
    return FALSE;
  }
  if (!sg_pixels_decode(&p, name, data, size, error))
    return FALSE;
  sg_pixels_convert(&p, full->set.channels);
  sg_resize_square(p.pixels, p.width, p.height, p.channels, full->set.resolution, planes);
  return TRUE;
}

gboolean
sg_dataset_read(SgDataset *ds, guint index, guint8 *pixels, GError **error)
{
  SgDatasetFull *full = (SgDatasetFull *)ds;

  g_return_val_if_fail(index < ds->n, FALSE);
  g_autofree char *name = sg_dataset_image_name(full, index);
  return full->idx ? read_idx(full, index, pixels, error)
                   : read_picture(full, index, name, pixels, error);
}

void
sg_dataset_label(SgDataset *ds, guint index, float *label)
{
  SgDatasetFull *full = (SgDatasetFull *)ds;
  gsize dim = (gsize)ds->label_dim;

  g_return_if_fail(index < ds->n);
  memset(label, 0, dim * sizeof *label);
  if (full->idx && full->idx->labels) {
    label[full->idx->labels[index]] = 1;
  } else if (full->labels) {
    gsize row = (gsize)g_array_index(full->refs, SgImageRef, index).row;
    if (ds->one_hot)
      label[full->labels->classes[row]] = 1;
    else
      memcpy(label, full->labels->values + row * dim, dim * sizeof *label);
  }
}
