#include "engine/data/dataset.h"
#include "engine/base/room.h"
#include "engine/base/visible.h"
#include "engine/formats/format-error.h"
#include "engine/pictures/picture.h"
#include "engine/data/dataset-private.h"
#include <string.h>

#define MIN_RESOLUTION 4
#define MAX_RESOLUTION 2048

void
sg_refuse(GPtrArray *refused, const char *name, const char *format, ...)
{
  SgRefusal *r = g_new0(SgRefusal, 1);
  va_list args;

  va_start(args, format);
  r->name = sg_visible(name);
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
  g_ptr_array_unref(ds->warnings);
  g_clear_pointer(&full->refs, g_array_unref);
  sg_files_free(full->files);
  sg_labels_free(full->labels);
  sg_store_free(full->store);
  g_free(full->chosen);
  g_free(full->reported);
  g_free(full);
}

/* Which of the store's pictures image `index` is. */
static guint
in_store(const SgDatasetFull *full, guint index)
{
  return full->chosen ? full->chosen[index] : index;
}

char *
sg_dataset_image_name(const SgDatasetFull *full, guint index)
{
  if (full->store)
    return full->store->name(full->store, in_store(full, index));
  const SgImageRef *ref = &g_array_index(full->refs, SgImageRef, index);
  g_autofree char *name = sg_visible(sg_files_name(full->files, ref->file));
  return ref->frame ? g_strdup_printf("%s[%u]", name, ref->frame) : g_steal_pointer(&name);
}

char *
sg_dataset_picture_name(SgDataset *ds, guint index)
{
  return sg_dataset_image_name((SgDatasetFull *)ds, index);
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

/* ---- options --------------------------------------------------------------------------------- */

static gboolean
check_options(const SgDatasetOptions *o, GError **error)
{
  int r = o->resolution;

  if (r != 0 && (r < MIN_RESOLUTION || r > MAX_RESOLUTION || (r & (r - 1)) != 0))
    return sg_unsupported(error, "the resolution must be a power of two from %d to %d, found %d",
                          MIN_RESOLUTION, MAX_RESOLUTION, r);
  if (o->channels < 0 || o->channels > 4)
    return sg_unsupported(error, "the number of channels must be from 1 to 4, found %d",
                          o->channels);
  if (o->transform == SG_TRANSFORM_CENTER_CROP_WIDE &&
      (r == 0 || o->wide_height < 1 || o->wide_height > r))
    return sg_unsupported(error,
                          "a wide crop needs a width, which is the resolution, and a height of at "
                          "most as much, found %d and %d",
                          r, o->wide_height);
  return TRUE;
}

int
sg_dataset_power_below(guint side)
{
  int p = side > 0 ? (int)g_bit_storage(side) - 1 : 0;
  return CLAMP(1 << MIN(p, 30), MIN_RESOLUTION, MAX_RESOLUTION);
}

/* ---- pictures by number ---------------------------------------------------------------------- */

void
sg_store_free(SgStore *store)
{
  if (!store)
    return;
  g_free(store->kind);
  g_free(store->classes);
  g_strfreev(store->label_names);
  store->free(store);
}

/* MNIST's 28 pixels are meant to become 32: half of 28's power below would be lost. */
static int
store_resolution(const SgStore *store)
{
  guint side = (guint)MIN(store->width, store->height);
  int below = sg_dataset_power_below(side);

  if (side >= (guint)below * 7 / 4 && (guint)below != side)
    return MIN(2 * below, MAX_RESOLUTION);
  return below;
}

static void
open_store(SgDatasetFull *full)
{
  SgDataset *ds = &full->set;
  const SgDatasetOptions *o = &full->options;
  const SgStore *store = full->store;

  ds->kind = g_strdup(store->kind);
  ds->n = o->max_images ? MIN(o->max_images, store->n) : store->n;
  if (o->drawn && ds->n < store->n)
    full->chosen = sg_subset_draw(store->n, ds->n, o->subset_seed);
  ds->resolution = o->resolution ? o->resolution : store_resolution(store);
  ds->channels = o->channels ? o->channels : store->channels;
  ds->label_dim = (int)store->label_dim;
  ds->one_hot = store->classes != NULL;
  ds->label_names = g_strdupv(store->label_names);
}

static gboolean
load_from_store(const SgDatasetFull *full, guint index, SgPixels *p, GError **error)
{
  SgStore *store = full->store;
  gsize n = (gsize)store->width * (gsize)store->height;

  /* As a picture file is decoded: grey has three equal colours. */
  p->pixels = g_try_malloc(3 * n);
  if (!p->pixels)
    return sg_no_memory(error, "for the picture");
  p->width = store->width;
  p->height = store->height;
  p->channels = 3;
  p->orientation = 1;
  p->frames = 1;
  p->grey = store->channels == 1;
  if (!store->read(store, in_store(full, index), p->pixels, error))
    return FALSE;
  for (gsize i = n; p->grey && i-- > 0;)
    memset(p->pixels + 3 * i, p->pixels[i], 3);
  return TRUE;
}

/* ---- opening --------------------------------------------------------------------------------- */

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

static gboolean
open_any(SgDatasetFull *full, GError **error)
{
  const char *path = full->set.path;

  if (sg_cifar_recognise(path))
    full->store = sg_cifar_open(path, full->options.use_labels, error);
  else if (sg_tfrecords_recognise(path))
    full->store = sg_tfrecords_open(path, full->options.use_labels, error);
  else if (sg_idx_recognise(path))
    full->store = sg_idx_open(path, full->options.use_labels, error);
  else
    return sg_dataset_survey(full, error);
  if (!full->store)
    return FALSE;
  open_store(full);
  return TRUE;
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
  full->options = *o;
  ds->path = g_strdup(path);
  g_autofree char *name = name_of(path);
  ds->name = sg_visible(name);
  ds->refused = g_ptr_array_new_with_free_func(free_refusal);
  ds->warnings = g_ptr_array_new_with_free_func(g_free);
  gboolean ok = open_any(full, error);
  full->options.labels = NULL; /* the caller's */
  if (ok) {
    full->reported = g_try_malloc0(MAX(ds->n, 1));
    ok = full->reported || sg_no_memory(error, "for a data set");
  }
  if (ok) {
    sg_dataset_warn_classes(full);
    return ds;
  }
  sg_dataset_free(ds);
  return NULL;
}

/* ---- reading --------------------------------------------------------------------------------- */

static gboolean
load_from_file(SgDatasetFull *full, guint index, SgPixels *p, GError **error)
{
  const SgImageRef *ref = &g_array_index(full->refs, SgImageRef, index);
  g_autofree char *name = sg_dataset_image_name(full, index);
  gsize size;
  g_autofree guint8 *data = sg_files_read(full->files, ref->file, 0, &size, error);

  if (!data) {
    g_prefix_error(error, "%s: ", name);
    return FALSE;
  }
  return sg_pixels_decode_frame(p, name, data, size, ref->frame, error);
}

static gboolean
is_opaque(const SgPixels *p)
{
  gsize n = (gsize)p->width * (gsize)p->height;

  for (gsize i = 0; p->channels == 4 && i < n; i++)
    if (p->pixels[4 * i + 3] != 255)
      return FALSE;
  return TRUE;
}

static SgImageChange
describe_change(const SgPixels *p, const SgFit *fit, int channels, int r, gboolean all_frames)
{
  return (SgImageChange){
      .width = p->width,
      .height = p->height,
      .first_frame = p->frames > 1 && !all_frames,
      .turned = p->orientation > 1,
      .cropped = fit->width < p->width || fit->height < p->height,
      .padded =
          fit->across < r || fit->down<r, .stretched = ABS((gint64)fit->width * fit->down -
                                                           (gint64)fit->height * fit->across)>
                                 MAX(fit->width, fit->height), /* a pixel's rounding is none */
      .enlarged = fit->across > fit->width || fit->down > fit->height,
      .shrunk = fit->across < fit->width || fit->down < fit->height,
      .flattened = channels % 2 == 1 && !is_opaque(p),
      .coloured = channels >= 3 && p->grey,
      .greyed = channels < 3 && !p->grey,
  };
}

gboolean
sg_dataset_read_change(SgDataset *ds, guint index, guint8 *pixels, SgImageChange *change,
                       GError **error)
{
  SgDatasetFull *full = (SgDatasetFull *)ds;
  g_auto(SgPixels) p = {0};

  g_return_val_if_fail(index < ds->n, FALSE);
  if (!(full->store ? load_from_store(full, index, &p, error)
                    : load_from_file(full, index, &p, error)))
    return FALSE;
  SgFit fit = sg_fit(p.width, p.height, ds->resolution, &full->options);
  if (full->store)
    sg_fit_border(&fit, ds->resolution);
  if (change)
    *change = describe_change(&p, &fit, ds->channels, ds->resolution, full->options.all_frames);
  sg_pixels_convert(&p, ds->channels);
  sg_resize(&p, &fit, ds->resolution, pixels);
  return sg_room_check(error);
}

gboolean
sg_dataset_read(SgDataset *ds, guint index, guint8 *pixels, GError **error)
{
  return sg_dataset_read_change(ds, index, pixels, NULL, error);
}

/* The class of an image whose labels are class numbers. */
static guint
class_of(const SgDatasetFull *full, guint index)
{
  return full->store ? full->store->classes[in_store(full, index)]
                     : full->labels->classes[g_array_index(full->refs, SgImageRef, index).row];
}

guint *
sg_dataset_class_counts(SgDataset *ds)
{
  guint *counts = ds->one_hot ? g_new0(guint, MAX(ds->label_dim, 1)) : NULL;

  for (guint i = 0; counts && i < ds->n; i++)
    counts[class_of((SgDatasetFull *)ds, i)]++;
  return counts;
}

void
sg_dataset_label(SgDataset *ds, guint index, float *label)
{
  SgDatasetFull *full = (SgDatasetFull *)ds;
  gsize dim = (gsize)ds->label_dim;

  g_return_if_fail(index < ds->n);
  memset(label, 0, dim * sizeof *label);
  if (ds->one_hot)
    label[class_of(full, index)] = 1;
  else if (full->labels)
    memcpy(label,
           full->labels->values + (gsize)g_array_index(full->refs, SgImageRef, index).row * dim,
           dim * sizeof *label);
}
