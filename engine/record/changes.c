#include "engine/record/changes.h"
#include "engine/formats/format-error.h"
#include "engine/formats/read-file.h"
#include "engine/formats/writer.h"
#include "engine/record/run-dir.h"
#include "engine/learn/snapshot.h"
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Some hundred thousand changes. */
#define MAX_CHANGES ((gsize)64 << 20)

/* None of them takes part in a shape, and the learning rates are read anew by every step. */
const char *const sg_change_names[] = {"snap", "tick",         "keep",         "kimg", "lr-g",
                                       "lr-d", "tick-seconds", "snap-minutes", NULL};
const char *const sg_change_resumable[] = {"kimg",         "snap",    "tick",      "tick-seconds",
                                           "snap-minutes", "keep",    "metrics",   "metric-images",
                                           "threads",      "workers", "device",    "precision",
                                           "data",         "nice",    "batch-gpu", NULL};

gboolean
sg_change_check(const char *name, const char *value, GError **error)
{
  if (!g_strv_contains(sg_change_names, name) && !g_str_equal(name, "lr")) {
    g_autofree char *names = g_strjoinv(", ", (char **)sg_change_names);
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                "while a training runs one of %s and lr can be set, but not “%s”", names, name);
    return FALSE;
  }
  g_autoptr(SgTrainOptions) any = sg_train_options_new("auto", error);
  return any && sg_train_options_set(any, name, value, error);
}

gboolean
sg_change_check_resumed(const char *name, const char *value, GError **error)
{
  if (!g_strv_contains(sg_change_resumable, name))
    return sg_broken(error, "a run that is resumed keeps “%s”", name);
  g_autoptr(SgTrainOptions) any = sg_train_options_new("auto", error);
  return any && sg_train_options_set(any, name, value, error);
}

SgChange *
sg_change_new(guint64 nimg, const char *name, const char *from, const char *to)
{
  SgChange *c = g_new(SgChange, 1);
  *c = (SgChange){.nimg = nimg,
                  .name = g_strdup(name),
                  .from = g_strdup(from),
                  .to = g_strdup(to),
                  .timestamp = (double)g_get_real_time() / G_USEC_PER_SEC};
  return c;
}

void
sg_change_free(SgChange *c)
{
  if (!c)
    return;
  g_free(c->name);
  g_free(c->from);
  g_free(c->to);
  g_free(c);
}

/* ---- reading --------------------------------------------------------------------------------- */

static char *
value_text(const json_t *v)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  if (json_is_string(v))
    return g_strdup(json_string_value(v));
  if (json_is_integer(v))
    return g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(v));
  return json_is_real(v) ? g_strdup(g_ascii_dtostr(text, sizeof text, json_real_value(v))) : NULL;
}

static SgChange *
parse_line(const char *line, gsize n, GError **error)
{
  json_t *o = json_loadb(line, n, JSON_REJECT_DUPLICATES, NULL);
  const json_t *nimg = json_object_get(o, "nimg"), *when = json_object_get(o, "timestamp");
  const char *name = json_string_value(json_object_get(o, "name"));
  g_autofree char *from = value_text(json_object_get(o, "from"));
  g_autofree char *to = value_text(json_object_get(o, "to"));
  gboolean resumed = json_is_true(json_object_get(o, "resumed"));
  SgChange *c = NULL;

  g_autofree char *shown = g_utf8_make_valid(line, (gssize)MIN(n, 80));
  if (!json_is_integer(nimg) || json_integer_value(nimg) < 0 || !name || !from || !to) {
    sg_broken(error, "expected an object with nimg, name, from and to, but found “%s”", shown);
  } else if (resumed ? sg_change_check_resumed(name, to, error)
                     : sg_change_check(name, to, error)) {
    c = sg_change_new((guint64)json_integer_value(nimg), name, from, to);
    c->resumed = resumed;
    c->timestamp = json_number_value(when);
  }
  json_decref(o);
  return c;
}

static gint
compare_changes(gconstpointer a, gconstpointer b)
{
  const SgChange *x = *(SgChange *const *)a, *y = *(SgChange *const *)b;
  return x->nimg < y->nimg ? -1 : x->nimg > y->nimg;
}

/* What the command line says counts from where the run was resumed on: changes that were recorded
 * before and lie beyond are void. */
static void
drop_void(GPtrArray *list, const SgChange *by)
{
  for (guint i = list->len; by->resumed && i-- > 0;) {
    const SgChange *c = list->pdata[i];
    if (c->nimg > by->nimg && g_str_equal(c->name, by->name))
      g_ptr_array_remove_index(list, i);
  }
}

static char *
path_in(const char *run_dir)
{
  return g_build_filename(run_dir, SG_CHANGES_NAME, NULL);
}

GPtrArray *
sg_changes_read(const char *run_dir, GError **error)
{
  g_autofree char *path = path_in(run_dir), *text = NULL;
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)sg_change_free);
  GError *why = NULL;
  gsize n = 0;

  if (!(text = sg_read_file(path, MAX_CHANGES, &n, &why))) {
    if (g_error_matches(why, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
      g_error_free(why);
      return g_steal_pointer(&list);
    }
    g_propagate_error(error, why);
    return NULL;
  }
  int number = 1;
  const char *lf;
  for (const char *p = text; (lf = memchr(p, '\n', (gsize)(text + n - p))); p = lf + 1, number++) {
    SgChange *c = parse_line(p, (gsize)(lf - p), error);
    if (!c) {
      g_prefix_error(error, "%s, line %d: ", path, number);
      return NULL;
    }
    drop_void(list, c);
    g_ptr_array_add(list, c);
  }
  g_ptr_array_sort(list, compare_changes); /* which is stable */
  return g_steal_pointer(&list);
}

SgTrainOptions *
sg_changes_options(const char *run_dir, GError **error)
{
  g_autofree char *path = g_build_filename(run_dir, "training_options.json", NULL), *json = NULL;
  if (!(json = sg_read_file(path, SG_TRAIN_OPTIONS_MAX, NULL, error)))
    return NULL;
  g_autoptr(SgTrainOptions) o = sg_train_options_from_json(path, json, error);
  g_autoptr(GPtrArray) changes = o ? sg_changes_read(run_dir, error) : NULL;
  if (!changes)
    return NULL;
  g_autofree char *name = sg_run_dir_newest_snapshot(run_dir);
  g_autofree char *snapshot = name ? g_build_filename(run_dir, name, NULL) : NULL;
  guint64 nimg = snapshot ? sg_snapshot_nimg(snapshot) : 0;

  for (guint i = 0; i < changes->len; i++) {
    const SgChange *c = changes->pdata[i];
    if (c->nimg <= nimg && !sg_train_options_set(o, c->name, c->to, error))
      return NULL;
  }
  return g_steal_pointer(&o);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* A number, or a text. */
static json_t *
value_json(const char *text)
{
  json_t *v = json_loads(text, JSON_DECODE_ANY, NULL);

  if (json_is_number(v))
    return v;
  json_decref(v);
  return json_string(text);
}

static char *
to_line(const SgChange *c)
{
  json_t *o = json_object(), *from = value_json(c->from), *to = value_json(c->to);

  json_object_set_new(o, "nimg", json_integer((json_int_t)c->nimg));
  json_object_set_new(o, "name", json_string(c->name));
  json_object_set_new(o, "from", from);
  json_object_set_new(o, "to", to);
  json_object_set_new(o, "timestamp", json_real(c->timestamp));
  if (c->resumed)
    json_object_set_new(o, "resumed", json_true());
  char *text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(17));
  char *line = g_strconcat(text, "\n", NULL);
  free(text);
  json_decref(o);
  return line;
}

/* Where the last whole line ends: what a kill left behind it was never in effect. */
static off_t
whole_lines(int fd)
{
  struct stat st;
  char byte;

  if (fstat(fd, &st) != 0)
    return -1;
  off_t end = st.st_size;
  while (end > 0 && pread(fd, &byte, 1, end - 1) == 1 && byte != '\n')
    end--;
  return end == st.st_size || ftruncate(fd, end) == 0 ? end : -1;
}

static gboolean
write_line(int fd, const char *line)
{
  gsize n = strlen(line), done = 0;
  off_t end = whole_lines(fd);

  while (end >= 0 && done < n) {
    gssize k = write(fd, line + done, n - done);
    if (k < 0 && errno == EINTR)
      continue;
    if (k <= 0)
      break;
    done += (gsize)k;
  }
  /* EINVAL, EROFS: a file system that cannot sync. */
  if (end >= 0 && done == n && (fsync(fd) == 0 || errno == EINVAL || errno == EROFS))
    return TRUE;
  int saved = errno;
  if (end >= 0)
    (void)!ftruncate(fd, end);
  errno = saved;
  return FALSE;
}

gboolean
sg_changes_append(const char *run_dir, const SgChange *change, GError **error)
{
  g_autofree char *path = path_in(run_dir), *line = to_line(change);
  int fd = sg_open_regular(path, O_RDWR | O_APPEND | O_CREAT, error);

  if (fd < 0)
    return FALSE;
  gboolean done = write_line(fd, line);
  if (!done)
    sg_file_failed(error, path, "cannot be written");
  close(fd);
  if (done)
    sg_sync_folder(run_dir); /* else a crash of the machine may lose the file's name */
  return done;
}
