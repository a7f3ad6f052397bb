/* A tree of files, in a folder, a zip or an LMDB database: one sorted list of names, read by
 * number. */
#include "engine/formats/format-error.h"
#include "engine/data/dataset-private.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>

/* A photograph of the largest size Vitrine reads, stored plainly, is 200 MB. */
#define MAX_FILE  (256 * 1024 * 1024)
#define MAX_DEPTH 64

typedef struct {
  char *name;
  guint64 entry; /* in the zip; where it begins in the database */
  gsize size;    /* in the database */
} File;

struct _SgFiles {
  char *path;
  enum { FILES_FOLDER, FILES_ZIP, FILES_LMDB } kind;
  SgSource *database;
  GArray *files;
  guint64 zip_size;
  /* libzip's handles are for one thread at a time: whoever reads takes an idle one, or opens
   * another. So there are as many as threads have ever read at once. */
  GMutex lock;
  GPtrArray *idle; /* of zip_t */
};

static void
clear_file(gpointer file)
{
  g_free(((File *)file)->name);
}

static int
compare_files(gconstpointer a, gconstpointer b)
{
  return strcmp(((const File *)a)->name, ((const File *)b)->name);
}

static void
add_file(SgFiles *f, const char *name, guint64 entry)
{
  const File file = {g_strdup(name), entry, 0};
  g_array_append_val(f->files, file);
}

/* Hidden files, and what macOS puts into zips. */
static gboolean
is_clutter(const char *base)
{
  return base[0] == '.' || g_str_equal(base, "__MACOSX");
}

/* ---- folders --------------------------------------------------------------------------------- */

/* What a walk through folders has to remember. */
typedef struct {
  SgFiles *files;
  GPtrArray *refused;
  char *root;         /* where the set really lies */
  GHashTable *linked; /* where the folders that links led to really lie */
} Walk;

static void list_folder(Walk *w, const char *inside, int depth);

/* A link to a folder is followed once, and not if that folder is in the set: what it holds is there
 * already, and it may lead back here. */
static void
list_linked(Walk *w, const char *name, const char *path, int depth)
{
  g_autofree char *real = realpath(path, NULL);
  gsize n = strlen(w->root);

  if (!real)
    sg_refuse(w->refused, name, "%s", g_strerror(errno));
  else if (strncmp(real, w->root, n) == 0 && (real[n] == '/' || real[n] == '\0'))
    sg_refuse(w->refused, name, "a link to a folder in this set");
  else if (!g_hash_table_add(w->linked, g_strdup(real)))
    sg_refuse(w->refused, name, "a link to a folder that another link has led to already");
  else
    list_folder(w, name, depth + 1);
}

static void
list_entry(Walk *w, const char *name, int depth)
{
  g_autofree char *path = g_build_filename(w->files->path, name, NULL);
  struct stat st, target;

  if (lstat(path, &st) < 0)
    sg_refuse(w->refused, name, "%s", g_strerror(errno));
  else if (S_ISDIR(st.st_mode))
    list_folder(w, name, depth + 1);
  else if (S_ISREG(st.st_mode))
    add_file(w->files, name, 0);
  else if (!S_ISLNK(st.st_mode))
    sg_refuse(w->refused, name, "neither a file nor a folder");
  else if (stat(path, &target) < 0 || (!S_ISREG(target.st_mode) && !S_ISDIR(target.st_mode)))
    sg_refuse(w->refused, name, "a link that leads to no file");
  else if (S_ISDIR(target.st_mode))
    list_linked(w, name, path, depth);
  else
    add_file(w->files, name, 0);
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* In the order of the names: which of two links counts must not depend on the file system. */
static void
list_folder(Walk *w, const char *inside, int depth)
{
  g_autofree char *path = g_build_filename(w->files->path, inside, NULL);
  g_autoptr(GError) why = NULL;
  g_autoptr(GDir) dir = depth < MAX_DEPTH ? g_dir_open(path, 0, &why) : NULL;
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  const char *base;

  if (!dir) {
    sg_refuse(w->refused, *inside ? inside : w->files->path, "%s",
              why ? why->message : "the folders are nested too deeply");
    return;
  }
  while ((base = g_dir_read_name(dir)))
    if (!is_clutter(base))
      g_ptr_array_add(names, *inside ? g_strconcat(inside, "/", base, NULL) : g_strdup(base));
  g_clear_pointer(&dir, g_dir_close);
  g_ptr_array_sort(names, compare_names);
  for (guint i = 0; i < names->len; i++)
    list_entry(w, names->pdata[i], depth);
}

static void
list_root(SgFiles *f, GPtrArray *refused)
{
  Walk w = {f, refused, realpath(f->path, NULL),
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};

  if (!w.root)
    w.root = g_canonicalize_filename(f->path, NULL);
  list_folder(&w, "", 0);
  g_free(w.root);
  g_hash_table_unref(w.linked);
}

static guint8 *
read_from_folder(SgFiles *f, const File *file, gsize limit, gsize *size, GError **error)
{
  g_autofree char *path = g_build_filename(f->path, file->name, NULL);
  g_autoptr(SgSource) source = sg_source_open(path, error);

  if (!source)
    return NULL;
  guint64 n = sg_source_size(source);
  if (!limit && n > MAX_FILE) {
    sg_unsupported(error, "the file has %" G_GUINT64_FORMAT " MB; Vitrine reads up to %d", n >> 20,
                   MAX_FILE >> 20);
    return NULL;
  }
  *size = limit ? MIN(limit, n) : n;
  g_autofree guint8 *data = g_try_malloc(*size + 1);
  if (!data)
    sg_no_memory(error, "for the file");
  if (!data || !sg_source_read(source, 0, data, *size, error))
    return NULL;
  return g_steal_pointer(&data);
}

/* ---- zips ------------------------------------------------------------------------------------ */

static zip_t *
open_handle(const char *path, GError **error)
{
  int code;
  zip_t *zip = zip_open(path, ZIP_RDONLY, &code);

  if (!zip) {
    zip_error_t why;
    zip_error_init_with_code(&why, code);
    sg_broken(error, "%s: not a readable zip archive, probably cut off: %s", path,
              zip_error_strerror(&why));
    zip_error_fini(&why);
  }
  return zip;
}

static zip_t *
take_handle(SgFiles *f, GError **error)
{
  zip_t *zip = NULL;

  g_mutex_lock(&f->lock);
  if (f->idle->len > 0)
    zip = g_ptr_array_remove_index_fast(f->idle, f->idle->len - 1);
  g_mutex_unlock(&f->lock);
  return zip ? zip : open_handle(f->path, error);
}

static void
give_handle(SgFiles *f, zip_t *zip)
{
  g_mutex_lock(&f->lock);
  g_ptr_array_add(f->idle, zip);
  g_mutex_unlock(&f->lock);
}

/* Whether an entry may be unpacked: sizes in a zip are only claims. */
static const char *
entry_problem(const SgFiles *f, const zip_stat_t *st)
{
  const zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE;

  if ((st->valid & needed) != needed)
    return "the zip archive does not say how large it is";
  if (st->encryption_method != ZIP_EM_NONE)
    return "it is encrypted";
  if (st->comp_size > f->zip_size ||
      (st->comp_method == ZIP_CM_STORE && st->size != st->comp_size) ||
      (st->comp_method == ZIP_CM_DEFLATE && st->size / SG_MAX_DEFLATE_RATIO > st->comp_size))
    return "its size in the zip archive cannot be true";
  if (st->size > MAX_FILE)
    return "it is larger than Vitrine reads";
  return NULL;
}

static gboolean
inside_clutter(const char *name)
{
  g_auto(GStrv) parts = g_strsplit(name, "/", -1);
  for (char **p = parts; *p; p++)
    if (is_clutter(*p))
      return TRUE;
  return FALSE;
}

static void
list_zip(SgFiles *f, zip_t *zip, GPtrArray *refused)
{
  zip_int64_t n = zip_get_num_entries(zip, 0);

  for (zip_int64_t i = 0; i < n; i++) {
    zip_stat_t st;
    if (zip_stat_index(zip, (zip_uint64_t)i, 0, &st) < 0 || !(st.valid & ZIP_STAT_NAME))
      continue;
    gsize len = strlen(st.name);
    if (len == 0 || st.name[len - 1] == '/' || inside_clutter(st.name))
      continue;
    const char *problem = entry_problem(f, &st);
    if (problem)
      sg_refuse(refused, st.name, "%s", problem);
    else
      add_file(f, st.name, (guint64)i);
  }
}

static guint8 *
read_entry(zip_t *zip, guint64 entry, gsize limit, gsize *size, GError **error)
{
  zip_stat_t st;
  zip_file_t *file;

  if (zip_stat_index(zip, entry, 0, &st) < 0 || !(file = zip_fopen_index(zip, entry, 0))) {
    sg_broken(error, "cannot be unpacked: %s", zip_strerror(zip));
    return NULL;
  }
  gsize want = limit ? MIN(limit, st.size) : MIN(st.size, MAX_FILE);
  g_autofree guint8 *data = g_try_malloc(want + 1);
  zip_int64_t got = data ? zip_fread(file, data, want) : -1;
  /* One byte more than there is: only now libzip compares the checksum. */
  guint8 beyond;
  gboolean ok = got == (zip_int64_t)want && (limit || zip_fread(file, &beyond, 1) == 0);
  zip_fclose(file);
  if (!ok) {
    if (!data || zip_error_code_zip(zip_file_get_error(file)) == ZIP_ER_MEMORY)
      sg_no_memory(error, "for the file");
    else
      sg_broken(error, "is damaged in the zip archive");
    return NULL;
  }
  *size = want;
  return g_steal_pointer(&data);
}

static guint8 *
read_from_zip(SgFiles *f, const File *file, gsize limit, gsize *size, GError **error)
{
  zip_t *zip = take_handle(f, error);
  if (!zip)
    return NULL;
  guint8 *data = read_entry(zip, file->entry, limit, size, error);
  give_handle(f, zip);
  return data;
}

/* ---- databases ------------------------------------------------------------------------------- */

/* LSUN's keys are hexadecimal digests; other bytes are shown as such. */
static void
add_value(const guint8 *key, gsize key_size, guint64 at, gsize size, gpointer files)
{
  GString *name = g_string_new(NULL);

  for (gsize i = 0; i < key_size; i++)
    if (g_ascii_isalnum(key[i]) || strchr("-_.", key[i]))
      g_string_append_c(name, (char)key[i]);
    else
      g_string_append_printf(name, "%%%02x", key[i]);
  const File file = {g_string_free(name, FALSE), at, size};
  g_array_append_val(((SgFiles *)files)->files, file);
}

static gboolean
open_database(SgFiles *f, const char *file, GError **error)
{
  f->kind = FILES_LMDB;
  f->database = sg_source_open(file, error);
  if (f->database && sg_lmdb_list(f->database, add_value, f, error))
    return TRUE;
  g_prefix_error(error, "%s: ", file);
  return FALSE;
}

static guint8 *
read_value(SgFiles *f, const File *file, gsize limit, gsize *size, GError **error)
{
  *size = limit ? MIN(limit, file->size) : file->size;
  if (*size > MAX_FILE) {
    sg_unsupported(error, "the value has %" G_GSIZE_FORMAT " MB; Vitrine reads up to %d",
                   *size >> 20, MAX_FILE >> 20);
    return NULL;
  }
  g_autofree guint8 *data = g_try_malloc(*size + 1);
  if (!data)
    sg_no_memory(error, "for the file");
  return data && sg_source_read(f->database, file->entry, data, *size, error)
             ? g_steal_pointer(&data)
             : NULL;
}

/* ---- either ---------------------------------------------------------------------------------- */

static gboolean
open_zip(SgFiles *f, GPtrArray *refused, GError **error)
{
  g_autoptr(SgSource) source = sg_source_open(f->path, error);
  guint8 magic[4] = "";

  if (!source || (sg_source_size(source) >= 4 && !sg_source_read(source, 0, magic, 4, error))) {
    g_prefix_error(error, "%s: ", f->path);
    return FALSE;
  }
  f->kind = FILES_ZIP;
  f->zip_size = sg_source_size(source);
  if (memcmp(magic, "PK\3\4", 4) != 0 && memcmp(magic, "PK\5\6", 4) != 0)
    return sg_unsupported(error,
                          "%s: expected a folder or a zip archive of pictures, an IDX file, "
                          "TFRecords or an LMDB database; this is none of them",
                          f->path);
  zip_t *zip = open_handle(f->path, error);
  if (!zip)
    return FALSE;
  list_zip(f, zip, refused);
  give_handle(f, zip);
  return TRUE;
}

SgFiles *
sg_files_open(const char *path, GPtrArray *refused, GError **error)
{
  g_autoptr(SgFiles) f = g_new0(SgFiles, 1);
  g_autofree char *database = NULL;

  g_mutex_init(&f->lock);
  f->path = g_strdup(path);
  f->files = g_array_new(FALSE, FALSE, sizeof(File));
  g_array_set_clear_func(f->files, clear_file);
  f->idle = g_ptr_array_new();
  if (sg_lmdb_recognise(path, &database)) {
    if (!open_database(f, database, error))
      return NULL;
  } else if (g_file_test(path, G_FILE_TEST_IS_DIR))
    list_root(f, refused);
  else if (!open_zip(f, refused, error))
    return NULL;
  g_array_sort(f->files, compare_files);
  return g_steal_pointer(&f);
}

void
sg_files_free(SgFiles *f)
{
  if (!f)
    return;
  for (guint i = 0; i < f->idle->len; i++)
    zip_discard(f->idle->pdata[i]);
  g_ptr_array_unref(f->idle);
  g_clear_pointer(&f->database, sg_source_unref);
  g_array_unref(f->files);
  g_mutex_clear(&f->lock);
  g_free(f->path);
  g_free(f);
}

const char *
sg_files_kind(const SgFiles *f)
{
  static const char *const kinds[] = {"folder", "zip", "LMDB database"};
  return kinds[f->kind];
}

guint
sg_files_count(const SgFiles *f)
{
  return f->files->len;
}

const char *
sg_files_name(const SgFiles *f, guint i)
{
  return g_array_index(f->files, File, i).name;
}

guint8 *
sg_files_read(SgFiles *f, guint i, gsize limit, gsize *size, GError **error)
{
  const File *file = &g_array_index(f->files, File, i);
  switch (f->kind) {
  case FILES_ZIP:
    return read_from_zip(f, file, limit, size, error);
  case FILES_LMDB:
    return read_value(f, file, limit, size, error);
  default:
    return read_from_folder(f, file, limit, size, error);
  }
}

static int
depth_of(const char *name)
{
  int depth = 0;
  for (; *name; name++)
    depth += *name == '/';
  return depth;
}

int
sg_files_find(const SgFiles *f, const char *base)
{
  int found = -1, least = G_MAXINT;

  for (guint i = 0; i < f->files->len; i++) {
    const char *name = sg_files_name(f, i), *slash = strrchr(name, '/');
    if (g_str_equal(slash ? slash + 1 : name, base) && depth_of(name) < least) {
      found = (int)i;
      least = depth_of(name);
    }
  }
  return found;
}
