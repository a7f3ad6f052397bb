#include "engine/data/dataset-export.h"
#include "engine/formats/format-error.h"
#include "engine/pictures/picture.h"
#include "engine/formats/writer.h"
#include "engine/formats/zip-writer.h"
#include "engine/data/dataset-private.h"
#include <glib/gstdio.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PER_FOLDER 1000

/* Where the files go: a zip, or a folder under a temporary name. */
typedef struct {
  SgZipWriter *zip;
  char *dest, *temporary;
  gboolean force;
} Sink;

/* ---- a folder -------------------------------------------------------------------------------- */

static gboolean
fail(const Sink *s, GError **error)
{
  return sg_file_failed(error, s->dest, "cannot be written");
}

static gboolean
write_plain(const Sink *s, const char *name, gconstpointer data, gsize size, GError **error)
{
  g_autofree char *path = g_build_filename(s->temporary, name, NULL);
  g_autofree char *folder = g_path_get_dirname(path);

  if (g_mkdir_with_parents(folder, 0777) < 0)
    return fail(s, error);
  FILE *f = fopen(path, "wbxe");
  if (!f)
    return fail(s, error);
  gboolean ok = fwrite(data, 1, size, f) == size;
  ok = fclose(f) == 0 && ok;
  return ok || fail(s, error);
}

/* Only what this file has written: the folder has a name nobody else uses. */
static void
remove_tree(const char *path)
{
  g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
  const char *base;

  while (dir && (base = g_dir_read_name(dir))) {
    g_autofree char *inside = g_build_filename(path, base, NULL);
    if (g_unlink(inside) < 0)
      remove_tree(inside);
  }
  g_rmdir(path);
}

static gboolean
is_empty_folder(const char *path)
{
  g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
  return dir && !g_dir_read_name(dir);
}

static gboolean
exists(const Sink *s, const char *what, GError **error)
{
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_EXIST, "%s: %s", s->dest, what);
  return FALSE;
}

/* Whether everything in it is what this file writes. */
static gboolean
is_data_set(const char *path)
{
  g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
  g_autofree char *json = g_build_filename(path, "dataset.json", NULL);
  const char *base;

  if (!dir || !g_file_test(json, G_FILE_TEST_IS_REGULAR))
    return FALSE;
  while ((base = g_dir_read_name(dir)))
    if (!g_str_equal(base, "dataset.json") &&
        (strlen(base) != 5 || strspn(base, "0123456789") != 5))
      return FALSE;
  return TRUE;
}

static gboolean
check_folder(const Sink *s, GError **error)
{
  if (!g_file_test(s->dest, G_FILE_TEST_EXISTS) || is_empty_folder(s->dest))
    return TRUE;
  if (!s->force)
    return exists(s,
                  "expected a new or an empty folder, found one with files in it (or a file); "
                  "--force replaces a data set",
                  error);
  return is_data_set(s->dest) ||
         exists(s, "holds other files than a data set's; it is not replaced", error);
}

static gboolean
open_folder(Sink *s, GError **error)
{
  if (!check_folder(s, error))
    return FALSE;
  g_autofree char *parent = g_path_get_dirname(s->dest);
  g_autofree char *temporary = g_strdup_printf("%s.%08x.tmp", s->dest, g_random_int());
  if (g_mkdir_with_parents(parent, 0777) < 0 || g_mkdir(temporary, 0777) < 0)
    return fail(s, error);
  s->temporary = g_steal_pointer(&temporary);
  return TRUE;
}

/* The old data set goes only once the new one stands in its place. */
static gboolean
commit_folder(Sink *s, GError **error)
{
  g_autofree char *old = g_strconcat(s->temporary, ".old", NULL);
  gboolean aside =
      s->force && g_file_test(s->dest, G_FILE_TEST_IS_DIR) && !is_empty_folder(s->dest);

  if (aside && g_rename(s->dest, old) < 0)
    return fail(s, error);
  /* Replaces an empty folder; fails if somebody has put something there meanwhile. */
  if (g_rename(s->temporary, s->dest) < 0) {
    fail(s, error);
    if (aside)
      g_rename(old, s->dest);
    return FALSE;
  }
  if (aside)
    remove_tree(old);
  g_clear_pointer(&s->temporary, g_free);
  return TRUE;
}

/* ---- either ---------------------------------------------------------------------------------- */

static gboolean
sink_open(Sink *s, const char *dest, gboolean force, GError **error)
{
  g_autofree char *whole = g_canonicalize_filename(dest, NULL);

  s->dest = g_steal_pointer(&whole);
  s->force = force;
  if (!g_str_has_suffix(s->dest, ".zip"))
    return open_folder(s, error);
  if (!force && g_file_test(s->dest, G_FILE_TEST_EXISTS))
    return exists(s, "there is such a file; --force replaces it", error);
  s->zip = sg_zip_writer_new(s->dest, error);
  return s->zip != NULL;
}

static gboolean
sink_add(Sink *s, const char *name, gconstpointer data, gsize size, GError **error)
{
  return s->zip ? sg_zip_writer_add(s->zip, name, data, size, error)
                : write_plain(s, name, data, size, error);
}

static gboolean
sink_commit(Sink *s, GError **error)
{
  if (s->zip)
    return sg_zip_writer_commit(s->zip, error);
  return commit_folder(s, error);
}

static void
sink_close(Sink *s)
{
  g_clear_pointer(&s->zip, sg_zip_writer_free);
  if (s->temporary)
    remove_tree(s->temporary);
  g_free(s->temporary);
  g_free(s->dest);
}

/* ---- pictures and labels --------------------------------------------------------------------- */

static GBytes *
encode(const SgDataset *ds, const guint8 *planes, guint8 *pixels, GError **error)
{
  int r = ds->resolution;
  gsize plane = (gsize)r * (gsize)r, channels = (gsize)ds->channels;

  for (gsize i = 0; i < plane; i++)
    for (gsize c = 0; c < channels; c++)
      pixels[channels * i + c] = planes[c * plane + i];
  return sg_png_encode_channels(pixels, r, r, ds->channels, NULL, error);
}

static void
append_label(GString *json, SgDataset *ds, guint index, const char *name, float *label,
             guint *classes)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  int dim = ds->label_dim, c = 0;

  sg_dataset_label(ds, index, label);
  g_string_append_printf(json, "%s\n[\"%s\", ", json->len ? "," : "", name);
  while (ds->one_hot && c < dim - 1 && label[c] == 0)
    c++;
  if (ds->one_hot)
    g_string_append_printf(json, "%d]", c);
  if (ds->one_hot)
    classes[c]++;
  for (int k = 0; !ds->one_hot && k < dim; k++)
    g_string_append_printf(json, "%s%s", k ? ", " : "[",
                           g_ascii_formatd(number, sizeof number, "%.9g", label[k]));
  if (!ds->one_hot)
    g_string_append(json, "]]");
}

/* NVlabs' tool writes null where there are no labels. */
static char *
finish_json(const SgDataset *ds, const GString *labels)
{
  GString *json = g_string_new("{");

  if (ds->label_names) {
    json_t *names = json_array();
    for (char **n = ds->label_names; *n; n++)
      json_array_append_new(names, json_string_nocheck(*n));
    char *text = json_dumps(names, 0);
    g_string_append_printf(json, "\"label_names\": %s,\n", text);
    free(text);
    json_decref(names);
  }
  if (ds->label_dim > 0)
    g_string_append_printf(json, "\"labels\": [%s\n]}\n", labels->str);
  else
    g_string_append(json, "\"labels\": null}\n");
  return g_string_free(json, FALSE);
}

void
sg_export_report_clear(SgExportReport *report)
{
  g_clear_pointer(&report->enlarged_from, g_hash_table_unref);
  g_clear_pointer(&report->classes, g_free);
}

static void
count_change(SgExportReport *report, const SgImageChange *c)
{
  report->first_frames += c->first_frame;
  report->turned += c->turned;
  report->cropped += c->cropped;
  report->padded += c->padded;
  report->stretched += c->stretched;
  report->enlarged += c->enlarged;
  report->shrunk += c->shrunk;
  report->flattened += c->flattened;
  report->coloured += c->coloured;
  report->greyed += c->greyed;
  if (c->enlarged) {
    char *from = g_strdup_printf("%d×%d", c->width, c->height);
    guint before = GPOINTER_TO_UINT(g_hash_table_lookup(report->enlarged_from, from));
    g_hash_table_replace(report->enlarged_from, from, GUINT_TO_POINTER(before + 1));
  }
}

static gboolean
export_to(SgDataset *ds, Sink *sink, SgExportProgress progress, gpointer user_data,
          SgExportReport *report, GError **error)
{
  gsize size = 4 * (gsize)ds->resolution * (gsize)ds->resolution;
  g_autofree guint8 *planes = g_try_malloc(size), *pixels = g_try_malloc(size);
  g_autofree float *label = g_try_new(float, MAX(ds->label_dim, 1));
  if (!planes || !pixels || !label)
    return sg_no_memory(error, "for a picture");
  g_autoptr(GString) labels = g_string_new(NULL);

  for (guint i = 0; i < ds->n; i++) {
    g_autoptr(GError) why = NULL;
    SgImageChange change;
    char name[64];
    if (progress)
      progress(i, user_data);
    if (!sg_dataset_read_change(ds, i, planes, &change, &why)) {
      if (sg_is_shortage(why)) { /* of which the picture knows nothing */
        g_propagate_error(error, g_steal_pointer(&why));
        return FALSE;
      }
      sg_dataset_refuse_image((SgDatasetFull *)ds, i, why->message);
      continue;
    }
    g_autoptr(GBytes) png = encode(ds, planes, pixels, error);
    g_snprintf(name, sizeof name, "%05u/img%08u.png", report->written / PER_FOLDER,
               report->written);
    if (!png || !sink_add(sink, name, g_bytes_get_data(png, NULL), g_bytes_get_size(png), error))
      return FALSE;
    if (ds->label_dim > 0)
      append_label(labels, ds, i, name, label, report->classes);
    count_change(report, &change);
    report->written++;
  }
  if (report->written == 0)
    return sg_broken(error, "%s: none of its %u images can be read", ds->path, ds->n);
  g_autofree char *json = finish_json(ds, labels);
  return sink_add(sink, "dataset.json", json, strlen(json), error);
}

gboolean
sg_dataset_export(SgDataset *ds, const char *dest, gboolean force, SgExportProgress progress,
                  gpointer user_data, SgExportReport *report, GError **error)
{
  Sink sink = {0};

  *report = (SgExportReport){.enlarged_from =
                                 g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                             .classes = ds->one_hot ? g_new0(guint, MAX(ds->label_dim, 1)) : NULL};
  gboolean ok = sink_open(&sink, dest, force, error) &&
                export_to(ds, &sink, progress, user_data, report, error) &&
                sink_commit(&sink, error);
  sink_close(&sink);
  return ok;
}
