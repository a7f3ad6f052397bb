/* The other files of a run directory: pictures, snapshots, metrics. */
#include "engine/runs/run-reader-private.h"
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A directory with more entries is not a run's. */
#define MAX_ENTRIES 200000
#define MAX_METRIC  (16 * 1024 * 1024)

/* ---- names with a number --------------------------------------------------------------------- */

void
sg_run_file_free(SgRunFile *f)
{
  if (f)
    g_free(f->path);
  g_free(f);
}

SgRunFile *
sg_run_file_copy(const SgRunFile *f)
{
  SgRunFile *copy = g_new(SgRunFile, 1);
  copy->kimg = f->kimg;
  copy->path = g_strdup(f->path);
  return copy;
}

/* The number in PREFIX000123SUFFIX, or -1. */
static gint64
number_in(const char *name, const char *prefix, const char *suffix)
{
  gint64 n = 0;

  if (!g_str_has_prefix(name, prefix))
    return -1;
  const char *p = name + strlen(prefix);
  const char *digits = p;
  for (; g_ascii_isdigit(*p) && p - digits < 12; p++)
    n = n * 10 + (*p - '0');
  return p > digits && g_str_equal(p, suffix) ? n : -1;
}

/* -1: no snapshot's name. */
static gint64
snapshot_kimg(const char *name)
{
  return MAX(number_in(name, "network-snapshot-", ".safetensors"),
             number_in(name, "network-snapshot-", ".pkl"));
}

static void
add_file(GPtrArray *to, const char *dir, const char *name, gint64 kimg)
{
  SgRunFile *f = g_new(SgRunFile, 1);
  f->kimg = (double)kimg;
  f->path = g_build_filename(dir, name, NULL);
  g_ptr_array_add(to, f);
}

static void
file_free(gpointer f)
{
  sg_run_file_free(f);
}

/* fakes_init.png before fakes000000.png: both are at 0. */
static int
by_kimg(gconstpointer a, gconstpointer b)
{
  const SgRunFile *x = *(const SgRunFile *const *)a, *y = *(const SgRunFile *const *)b;
  gboolean x_init = g_str_has_suffix(x->path, "/fakes_init.png");
  gboolean y_init = g_str_has_suffix(y->path, "/fakes_init.png");

  if (x_init != y_init)
    return x_init ? -1 : 1;
  if (x->kimg != y->kimg)
    return x->kimg < y->kimg ? -1 : 1;
  return strcmp(x->path, y->path);
}

static int
by_name(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
take_entry(SgRunFiles *f, const char *dir, const char *name)
{
  gint64 grid = number_in(name, "fakes", ".png");
  gint64 snapshot = snapshot_kimg(name);

  if (grid >= 0 || g_str_equal(name, "fakes_init.png"))
    add_file(f->grids, dir, name, MAX(grid, 0));
  else if (snapshot >= 0)
    add_file(f->snapshots, dir, name, snapshot);
  else if (g_str_has_prefix(name, "metric-") && g_str_has_suffix(name, ".jsonl"))
    g_ptr_array_add(f->metrics, g_strdup(name));
  else if (g_str_equal(name, "reals.png"))
    f->reals = g_build_filename(dir, name, NULL);
  else if (g_str_equal(name, "control.sock"))
    f->has_socket = TRUE;
}

SgRunFiles *
sg_run_files_list(const char *path)
{
  g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
  guint n = 0;

  if (!dir)
    return NULL;
  SgRunFiles *f = g_new0(SgRunFiles, 1);
  f->grids = g_ptr_array_new_with_free_func(file_free);
  f->snapshots = g_ptr_array_new_with_free_func(file_free);
  f->metrics = g_ptr_array_new_with_free_func(g_free);
  for (const char *name; n++ < MAX_ENTRIES && (name = g_dir_read_name(dir));)
    take_entry(f, path, name);
  g_ptr_array_sort(f->grids, by_kimg);
  g_ptr_array_sort(f->snapshots, by_kimg);
  g_ptr_array_sort(f->metrics, by_name);
  return f;
}

void
sg_run_files_free(SgRunFiles *f)
{
  if (!f)
    return;
  g_ptr_array_unref(f->grids);
  g_ptr_array_unref(f->snapshots);
  g_ptr_array_unref(f->metrics);
  g_free(f->reals);
  g_free(f);
}

static gboolean
same_files(const GPtrArray *a, const GPtrArray *b)
{
  if (a->len != b->len)
    return FALSE;
  for (guint i = 0; i < a->len; i++)
    if (!g_str_equal(((SgRunFile *)a->pdata[i])->path, ((SgRunFile *)b->pdata[i])->path))
      return FALSE;
  return TRUE;
}

gboolean
sg_run_files_equal(const SgRunFiles *a, const SgRunFiles *b)
{
  return same_files(a->grids, b->grids) && same_files(a->snapshots, b->snapshots) &&
         g_strcmp0(a->reals, b->reals) == 0;
}

/* ---- reading whole small files --------------------------------------------------------------- */

/* At most `max` bytes from `offset` (from the end, if negative) of a regular file; NULL: none. */
static char *
read_part(const char *path, gint64 offset, gsize max, gsize *length)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat st;
  char *text = NULL;

  *length = 0;
  if (fd < 0)
    return NULL;
  if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
    gint64 from = offset >= 0 ? offset : MAX(0, st.st_size + offset);
    gsize n = (gsize)CLAMP(st.st_size - from, 0, (gint64)max);
    text = g_malloc(n + 1);
    while (*length < n) {
      gssize k = pread(fd, text + *length, n - *length, from + (gint64)*length);
      if (k < 0 && errno == EINTR)
        continue;
      if (k <= 0)
        break;
      *length += (gsize)k;
    }
    text[*length] = '\0';
  }
  close(fd);
  return text;
}

/* ---- metric-NAME.jsonl ----------------------------------------------------------------------- */

typedef struct {
  double kimg, value;
} Result;

static int
by_result(gconstpointer a, gconstpointer b)
{
  double x = ((const Result *)a)->kimg, y = ((const Result *)b)->kimg;
  return x < y ? -1 : x > y;
}

/* {"results": {"fid50k_full": 12.3}, …, "snapshot_pkl": "network-snapshot-000200.pkl"} */
static void
take_result(GHashTable *all, const char *line, gsize n)
{
  json_t *root = json_loadb(line, n, 0, NULL), *value;
  const char *pkl = json_string_value(json_object_get(root, "snapshot_pkl")), *name;
  const char *base = pkl ? strrchr(pkl, '/') : NULL;
  gint64 kimg = pkl ? snapshot_kimg(base ? base + 1 : pkl) : -1;

  if (kimg >= 0)
    json_object_foreach (json_object_get(root, "results"), name, value) {
      Result result = {(double)kimg, json_number_value(value)};
      if (!json_is_number(value) || strlen(name) > SG_STATS_MAX_NAME)
        continue;
      GArray *results = g_hash_table_lookup(all, name);
      if (!results && g_hash_table_size(all) >= SG_STATS_MAX_TAGS)
        continue;
      if (!results) {
        results = g_array_new(FALSE, FALSE, sizeof(Result));
        g_hash_table_insert(all, g_strdup(name), results);
      }
      g_array_append_val(results, result);
    }
  json_decref(root);
}

static void
results_free(gpointer results)
{
  g_array_unref(results);
}

static void
series_free(gpointer s)
{
  sg_series_unref(s);
}

/* Of a snapshot that was measured twice the later result counts; sorting keeps their order. */
static SgSeries *
series_of(GArray *results)
{
  SgSeries *s = sg_series_new();

  g_array_sort(results, by_result);
  for (guint i = 0; i < results->len; i++) {
    const Result *r = &g_array_index(results, Result, i);
    if (i + 1 == results->len || g_array_index(results, Result, i + 1).kimg > r->kimg)
      sg_series_append(s, 1, &r->kimg, &r->value);
  }
  return s;
}

GHashTable *
sg_run_metrics_read(const char *path)
{
  GHashTable *series = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, series_free);
  g_autoptr(GHashTable) all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, results_free);
  gsize n;
  g_autofree char *text = read_part(path, -MAX_METRIC, MAX_METRIC, &n);
  GHashTableIter iter;
  gpointer name, results;

  for (const char *p = text, *lf; p && (lf = memchr(p, '\n', (gsize)(text + n - p))); p = lf + 1)
    if (lf - p <= SG_STATS_MAX_LINE)
      take_result(all, p, (gsize)(lf - p));
  g_hash_table_iter_init(&iter, all);
  while (g_hash_table_iter_next(&iter, &name, &results))
    g_hash_table_insert(series, g_strconcat("Metrics/", name, NULL), series_of(results));
  return series;
}

/* ---- the log --------------------------------------------------------------------------------- */

#define MAX_TAIL (256 * 1024)

const char *
sg_run_last_lines(const char *text, gsize n, guint lines)
{
  const char *p = text + n;

  if (n > 0 && p[-1] == '\n')
    p--;
  for (; lines > 0 && p > text; lines--) {
    p = memrchr(text, '\n', (gsize)(p - text));
    if (!p)
      return text;
    if (lines == 1)
      return p + 1;
  }
  return lines == 0 ? text + n : text;
}

char *
sg_run_log_tail(const char *path, guint lines)
{
  gsize n;
  g_autofree char *text = read_part(path, -MAX_TAIL, MAX_TAIL, &n);

  if (!text)
    return NULL;
  /* NUL bytes (a crash of the machine leaves them) would end the text. */
  for (gsize i = 0; i < n; i++)
    if (text[i] == '\0')
      text[i] = ' ';
  const char *from = text;
  /* The first line of what was read is half a one, as far as anybody knows. */
  if (n == MAX_TAIL) {
    const char *lf = memchr(text, '\n', n);
    from = lf && lf + 1 < text + n ? lf + 1 : text;
  }
  from = sg_run_last_lines(from, (gsize)(text + n - from), lines);
  return g_utf8_make_valid(from, (gssize)(text + n - from));
}

char *
sg_run_log_head(const char *path, gsize bytes)
{
  gsize n;
  g_autofree char *text = read_part(path, 0, bytes, &n);
  return text ? g_utf8_make_valid(text, (gssize)strlen(text)) : NULL;
}
