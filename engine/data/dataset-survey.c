/* Pictures in a folder or zip: which files are pictures, where their labels are, and what size most
 * of them have. */
#include "engine/data/dataset-private.h"
#include "engine/formats/format-error.h"
#include <string.h>

/* Nearly every header ends within this; what is longer is read whole. */
#define PROBE_BYTES 4096
/* Labels of four million pictures take less. */
#define MAX_LABELS_FILE (256 * 1024 * 1024)

typedef struct {
  guint histogram[32], colour;
  gboolean only_celeba; /* the pictures are those in img_align_celeba/ */
  int celeba;           /* the list of attributes among the files, or -1 */
  char *beside;         /* the list where it lies beside the folder, or NULL */
  GArray *pictures;     /* of guint: files that may be pictures */
  int *rows;            /* [pictures] of labels, NULL without labels */
} Survey;

/* ---- labels ---------------------------------------------------------------------------------- */

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

/* Only regular files, and of them no more than a list can need. */
static guint8 *
read_text(const char *path, gsize *size, GError **error)
{
  g_autoptr(SgSource) source = sg_source_open(path, error);
  g_autofree guint8 *text = NULL;

  if (!source)
    return NULL;
  guint64 n = sg_source_size(source);
  if (n > MAX_LABELS_FILE)
    sg_unsupported(error,
                   "expected a list of labels, found %" G_GUINT64_FORMAT " MB; up to %d are read",
                   n >> 20, MAX_LABELS_FILE >> 20);
  else if (!(text = g_try_malloc(n + 1)))
    sg_no_memory(error, "for the labels");
  else if (sg_source_read(source, 0, text, n, error)) {
    *size = n;
    return g_steal_pointer(&text);
  }
  return NULL;
}

/* The name tells which kind of list it is. `shown`: the path for messages. */
static SgLabels *
parse_list(const char *name, const char *shown, const guint8 *text, gsize size, GError **error)
{
  g_autofree char *base = g_path_get_basename(name);
  g_autofree char *source = g_filename_display_name(base);
  GError *why = NULL;
  SgLabels *l;

  if (g_str_has_prefix(base, "list_attr_celeba"))
    l = sg_labels_parse_celeba(source, (const char *)text, size, &why);
  else if (g_str_has_suffix(base, ".json"))
    l = sg_labels_parse_json(source, (const char *)text, size, &why);
  else
    l = sg_labels_parse_table(source, (const char *)text, size, &why);
  if (!l && !why)
    sg_unsupported(&why, "expected labels for the pictures, found none");
  if (why)
    g_propagate_prefixed_error(error, why, "%s: ", shown);
  return l;
}

static SgLabels *
labels_in_set(SgDatasetFull *full, int file, GError **error)
{
  const char *name = sg_files_name(full->files, (guint)file), *slash = strrchr(name, '/');
  g_autofree char *shown = g_strdup_printf("%s: %s", full->set.path, name);
  gsize size;
  g_autofree guint8 *text = sg_files_read(full->files, (guint)file, 0, &size, error);

  if (!text) {
    g_prefix_error(error, "%s: ", shown);
    return NULL;
  }
  SgLabels *l = parse_list(name, shown, text, size, error);
  if (l && slash) {
    g_free(l->prefix);
    l->prefix = g_strndup(name, (gsize)(slash + 1 - name));
  }
  return l;
}

static SgLabels *
labels_at(const char *path, GError **error)
{
  gsize size;
  g_autofree guint8 *text = read_text(path, &size, error);

  if (!text) {
    g_prefix_error(error, "%s: ", path);
    return NULL;
  }
  return parse_list(path, path, text, size, error);
}

static SgLabels *
labels_of_folders(SgDatasetFull *full, const char *const *names, guint n, GError **error)
{
  g_autoptr(GError) why = NULL;
  gboolean asked = full->options.labels != NULL;
  SgLabels *l = sg_labels_from_folders(names, n, !asked, &why);

  if (!l && asked)
    sg_unsupported(error, "%s: expected a folder for each class: %s", full->set.path, why->message);
  else if (!l)
    sg_unsupported(error,
                   "%s: expected labels in dataset.json, labels.csv or list_attr_celeba.txt, found "
                   "none of these files; nor are the folders surely classes (%s): "
                   "--labels=folders takes them for such",
                   full->set.path, why->message);
  return l;
}

/* `names`: of the n files that may be pictures. */
static SgLabels *
find_labels(SgDatasetFull *full, const Survey *survey, const char *const *names, guint n,
            GError **error)
{
  const char *wanted = full->options.labels;
  int json = sg_files_find(full->files, "dataset.json"),
      csv = sg_files_find(full->files, "labels.csv");

  if (wanted && g_str_equal(wanted, "folders"))
    return labels_of_folders(full, names, n, error);
  if (wanted)
    return labels_at(wanted, error);
  if (survey->celeba >= 0)
    return labels_in_set(full, survey->celeba, error);
  if (survey->beside)
    return labels_at(survey->beside, error);
  if (json >= 0) {
    GError *none = NULL;
    SgLabels *l = labels_in_set(full, json, &none);
    /* A dataset.json that has no labels may lie beside a table that does. */
    if (l || csv < 0 || !g_error_matches(none, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED)) {
      if (none)
        g_propagate_error(error, none);
      return l;
    }
    g_error_free(none);
  }
  return csv >= 0 ? labels_in_set(full, csv, error) : labels_of_folders(full, names, n, error);
}

static gboolean
load_labels(SgDatasetFull *full, Survey *survey, GError **error)
{
  guint n = survey->pictures->len;
  g_autofree const char **names = g_try_new(const char *, MAX(n, 1));

  if (!names)
    return sg_no_memory(error, "for labels");
  for (guint i = 0; i < n; i++)
    names[i] = sg_files_name(full->files, g_array_index(survey->pictures, guint, i));
  full->labels = find_labels(full, survey, names, n, error);
  if (!full->labels)
    return FALSE;
  if (!(survey->rows = g_try_new(int, MAX(n, 1))))
    return sg_no_memory(error, "for labels");
  sg_labels_match(full->labels, names, n, survey->rows, full->set.warnings);
  if (full->labels->left_out)
    g_ptr_array_add(full->set.warnings, g_strdup(full->labels->left_out));
  full->set.label_dim = (int)full->labels->dim;
  full->set.one_hot = full->labels->one_hot;
  full->set.label_names = g_strdupv(full->labels->names);
  return TRUE;
}

/* ---- pictures -------------------------------------------------------------------------------- */

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

/* 1 for what has no several; what cannot be read will be refused when it is wanted. */
static guint
count_frames(SgFiles *files, guint i)
{
  gsize size;
  g_autofree guint8 *whole = sg_files_read(files, i, 0, &size, NULL);
  return whole ? sg_picture_frames(whole, size) : 1;
}

static const char *
label_problem(int row)
{
  switch (row) {
  case SG_LABEL_MISSING:
    return "it has no label";
  case SG_LABEL_NONE:
    return "its label is null";
  default:
    return "its name is not enough to tell its label: another picture or another label has the "
           "same; write the folder, too";
  }
}

/* FALSE: it could not be looked at, which says nothing about it. */
static gboolean
survey_file(SgDatasetFull *full, guint k, Survey *survey, GError **error)
{
  SgImageRef ref = {g_array_index(survey->pictures, guint, k), -1, 0};
  const char *name = sg_files_name(full->files, ref.file);
  guint smallest = (guint)MAX(full->options.min_size, 0);
  g_autoptr(GError) why = NULL;
  SgProbe probe;

  if (!probe_file(full->files, ref.file, &probe, &why)) {
    if (sg_is_shortage(why)) {
      g_propagate_prefixed_error(error, g_steal_pointer(&why), "%s: ", name);
      return FALSE;
    }
    sg_refuse(full->set.refused, name, "%s", why->message);
    return TRUE;
  }
  if (MIN(probe.width, probe.height) < smallest) {
    sg_refuse(full->set.refused, name, "it is %u×%u, smaller than the least size of %u",
              probe.width, probe.height, smallest);
    return TRUE;
  }
  if (survey->rows && (ref.row = survey->rows[k]) < 0) {
    sg_refuse(full->set.refused, name, "%s", label_problem(ref.row));
    return TRUE;
  }
  guint frames = full->options.all_frames ? count_frames(full->files, ref.file) : 1;
  for (; ref.frame < frames; ref.frame++)
    g_array_append_val(full->refs, ref);
  survey->histogram[g_bit_storage(MIN(probe.width, probe.height)) - 1]++;
  survey->colour += !probe.grey;
  return TRUE;
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
  return sg_dataset_power_below(1u << p);
}

static gboolean
nothing_usable(SgDataset *ds, GError **error)
{
  const char *warning = ds->warnings->len > 0 ? ds->warnings->pdata[0] : NULL;

  if (ds->refused->len == 0)
    return sg_unsupported(error, "%s: expected PNG, JPEG or WebP pictures, found none", ds->path);
  const SgRefusal *r = ds->refused->pdata[0];
  return sg_unsupported(error,
                        "%s: expected PNG, JPEG or WebP pictures, found %u files of which none can "
                        "be used; %s: %s%s%s",
                        ds->path, ds->refused->len, r->name, r->reason, warning ? "; " : "",
                        warning ? warning : "");
}

static void
list_pictures(SgDatasetFull *full, Survey *survey)
{
  survey->celeba = find_celeba(full->files);
  survey->beside = survey->celeba < 0 ? celeba_beside(full->set.path) : NULL;
  gboolean celeba = survey->celeba >= 0 || survey->beside;
  full->set.kind =
      g_strdup_printf(celeba ? "CelebA %s" : "%s of images", sg_files_kind(full->files));
  for (guint i = 0; celeba && i < sg_files_count(full->files); i++)
    survey->only_celeba |= in_celeba_folder(sg_files_name(full->files, i));
  for (guint i = 0; i < sg_files_count(full->files); i++) {
    const char *name = sg_files_name(full->files, i);
    if (!is_side_file(name) && (!survey->only_celeba || in_celeba_folder(name)))
      g_array_append_val(survey->pictures, i);
  }
}

/* What was asked for of what there is: the last file may have had more frames. */
static void
take_part(SgDatasetFull *full)
{
  const SgDatasetOptions *o = &full->options;
  GArray *all = full->refs;

  if (!o->max_images || all->len <= o->max_images)
    return;
  g_autofree guint *chosen =
      o->drawn ? sg_subset_draw(all->len, o->max_images, o->subset_seed) : NULL;
  for (guint i = 0; chosen && i < o->max_images; i++) /* rising: none is overwritten before */
    g_array_index(all, SgImageRef, i) = g_array_index(all, SgImageRef, chosen[i]);
  g_array_set_size(all, o->max_images);
}

static gboolean
survey_all(SgDatasetFull *full, Survey *survey, GError **error)
{
  SgDataset *ds = &full->set;
  const SgDatasetOptions *o = &full->options;

  list_pictures(full, survey);
  if (o->use_labels && !load_labels(full, survey, error))
    return FALSE;
  for (guint k = 0; k < survey->pictures->len; k++) {
    if (o->max_images && !o->drawn && full->refs->len >= o->max_images)
      break;
    if (!survey_file(full, k, survey, error))
      return FALSE;
  }
  take_part(full);
  ds->n = full->refs->len;
  if (ds->n == 0)
    return nothing_usable(ds, error);
  ds->resolution = o->resolution ? o->resolution : common_resolution(survey->histogram, ds->n);
  ds->channels = o->channels ? o->channels : survey->colour > 0 ? 3 : 1;
  return TRUE;
}

gboolean
sg_dataset_survey(SgDatasetFull *full, GError **error)
{
  Survey survey = {.pictures = g_array_new(FALSE, FALSE, sizeof(guint))};

  full->refs = g_array_new(FALSE, FALSE, sizeof(SgImageRef));
  full->files = sg_files_open(full->set.path, full->set.refused, error);
  gboolean ok = full->files && survey_all(full, &survey, error);
  g_array_unref(survey.pictures);
  g_free(survey.beside);
  g_free(survey.rows);
  return ok;
}
