#include "tests/support/run-dir-support.h"
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

char *
make_root(void)
{
  g_autoptr(GError) error = NULL;
  char *root = g_dir_make_tmp("vitrine-run-XXXXXX", &error);
  g_assert_no_error(error);
  return root;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
  return remove(path);
}

void
remove_root(const char *root)
{
  g_assert_cmpint(nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS), ==, 0);
}

SgTrainOptions
options_in(const char *outdir)
{
  return (SgTrainOptions){.outdir = (char *)outdir,
                          .name = (char *)"faces",
                          .resolution = 256,
                          .channels = 3,
                          .batch = 32,
                          .r1_gamma = 0.4096};
}

SgRunDir *
create_in(const char *outdir)
{
  SgTrainOptions o = options_in(outdir);
  g_autoptr(GError) error = NULL;
  SgRunDir *r = sg_run_dir_create(&o, &error);
  g_assert_no_error(error);
  return r;
}

char *
read_file(const char *folder, const char *name, gsize *n)
{
  g_autofree char *path = g_build_filename(folder, name, NULL);
  char *text = NULL;
  g_file_get_contents(path, &text, n, NULL);
  return text;
}

void
append_text(const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename(folder, name, NULL);
  FILE *f = fopen(path, "a");
  g_assert_nonnull(f);
  g_assert_cmpint(fputs(text, f), >=, 0);
  g_assert_cmpint(fclose(f), ==, 0);
}

guint
count_lines(const char *folder, const char *name)
{
  g_autofree char *text = read_file(folder, name, NULL);
  guint n = 0;
  g_assert_nonnull(text);
  for (const char *p = text; (p = strchr(p, '\n')); p++)
    n++;
  return n;
}

guint
count_files(const char *folder)
{
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  guint n = 0;
  while (g_dir_read_name(dir))
    n++;
  return n;
}

void
log_unseen(SgRunDir *r, const char *text)
{
  fflush(stdout);
  int console = dup(STDOUT_FILENO), nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  g_assert_cmpint(dup2(nowhere, STDOUT_FILENO), ==, STDOUT_FILENO);
  sg_run_dir_log(r, "%s", text);
  g_assert_cmpint(dup2(console, STDOUT_FILENO), ==, STDOUT_FILENO);
  close(nowhere);
  close(console);
}

/* ---- TensorBoard ----------------------------------------------------------------------------- */

static int
compare_paths(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *
event_files(const char *run_dir)
{
  g_autoptr(GDir) dir = g_dir_open(run_dir, 0, NULL);
  GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);

  for (const char *name; (name = g_dir_read_name(dir));)
    if (g_str_has_prefix(name, "events.out.tfevents."))
      g_ptr_array_add(paths, g_build_filename(run_dir, name, NULL));
  g_ptr_array_sort(paths, compare_paths);
  return paths;
}

static guint32
reflect(guint32 v, int bits)
{
  guint32 r = 0;
  for (int i = 0; i < bits; i++)
    r |= (v >> i & 1) << (bits - 1 - i);
  return r;
}

guint32
other_crc32c(const guint8 *data, gsize n)
{
  guint32 crc = 0xffffffff;
  for (gsize i = 0; i < n; i++) {
    crc ^= reflect(data[i], 8) << 24;
    for (int k = 0; k < 8; k++)
      crc = crc & 0x80000000 ? crc << 1 ^ 0x1edc6f41 : crc << 1;
  }
  return reflect(crc, 32) ^ 0xffffffff;
}

static guint32
load_le32(const guint8 *p)
{
  return p[0] | (guint32)p[1] << 8 | (guint32)p[2] << 16 | (guint32)p[3] << 24;
}

static void
assert_masked(const guint8 *data, gsize n, const guint8 *stored)
{
  guint32 rotated = load_le32(stored) - 0xa282ead8u;
  g_assert_cmphex(rotated >> 17 | rotated << 15, ==, other_crc32c(data, n));
}

GPtrArray *
read_events(const char *path)
{
  GPtrArray *events = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  g_autofree guint8 *data = NULL;
  gsize n, at = 0;

  g_assert_true(g_file_get_contents(path, (char **)&data, &n, NULL));
  while (at < n) {
    g_assert_cmpuint(n - at, >=, 16);
    guint32 length = load_le32(data + at);
    g_assert_cmpuint(load_le32(data + at + 4), ==, 0);
    assert_masked(data + at, 8, data + at + 8);
    g_assert_cmpuint(length, <=, n - at - 16);
    assert_masked(data + at + 12, length, data + at + 12 + length);
    g_ptr_array_add(events, g_bytes_new(data + at + 12, length));
    at += 16 + length;
  }
  return events;
}

void
assert_events_are_whole(const char *run_dir, guint expected)
{
  g_autoptr(GPtrArray) files = event_files(run_dir);
  guint n = 0;
  for (guint i = 0; i < files->len; i++) {
    g_autoptr(GPtrArray) events = read_events(files->pdata[i]);
    n += events->len;
  }
  g_assert_cmpuint(n, ==, expected);
}
