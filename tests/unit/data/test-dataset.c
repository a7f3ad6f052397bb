/* Data sets: what every kind of source and picture is read as. */
#include "tests/unit/data/dataset-support.h"
#include "engine/formats/archive.h"
#include <glib/gstdio.h>
#include <png.h>
#include <stdio.h>
#include <jpeglib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tests/unit/data/resize-table.h"

#define SIDE 16

static SgDataset *
open_ok(const char *path, const SgDatasetOptions *options)
{
  GError *error = NULL;
  SgDataset *ds = sg_dataset_open(path, options, &error);
  g_assert_no_error(error);
  g_assert_nonnull(ds);
  return ds;
}

/* Fails, and says each of the words. */
static void
assert_refused(const char *path, const SgDatasetOptions *options, const char *words)
{
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) parts = g_strsplit(words, "|", -1);
  g_autoptr(SgDataset) ds = sg_dataset_open(path, options, &error);

  g_assert_null(ds);
  g_assert_nonnull(error);
  for (char **p = parts; *p; p++)
    if (!strstr(error->message, *p))
      g_error("expected “%s” in: %s", *p, error->message);
}

static void
assert_colour(SgDataset *ds, guint index, int red, int green, int blue, int tolerance)
{
  gsize plane = (gsize)ds->resolution * (gsize)ds->resolution;
  g_autofree guint8 *pixels = g_malloc(3 * plane);
  const int expected[] = {red, green, blue};
  GError *error = NULL;

  sg_dataset_read(ds, index, pixels, &error);
  g_assert_no_error(error);
  for (int c = 0; c < ds->channels; c++)
    for (gsize i = 0; i < plane; i++)
      g_assert_cmpint(ABS(pixels[(gsize)c * plane + i] - expected[c]), <=, tolerance);
}

/* ---- every kind of picture ------------------------------------------------------------------- */

typedef struct {
  const char *name;
  int rgb[3], tolerance;
} Expected;

static void
put_pngs(const char *folder)
{
  guint8 grey16[SIDE * SIDE * 2], rgb16[SIDE * SIDE * 6], index[SIDE * SIDE] = {0};
  guint8 bits[SIDE * SIDE / 8];
  const guint8 palette[] = {9, 8, 7, 1, 1, 1};

  for (gsize i = 0; i < SIDE * SIDE; i++) {
    memcpy(grey16 + 2 * i, "\x80\x80", 2);
    memcpy(rgb16 + 6 * i, "\x40\x40\xc0\xc0\x10\x10", 6);
  }
  memset(bits, 0xff, sizeof bits);
  put_file(folder, "a-grey.png", flat_png(SIDE, SIDE, 1, (const guint8[]){77}));
  put_file(folder, "b-grey-alpha.png", flat_png(SIDE, SIDE, 2, (const guint8[]){0, 51}));
  put_file(folder, "c-rgb.png", flat_png(SIDE, SIDE, 3, (const guint8[]){10, 20, 30}));
  put_file(folder, "d-rgba.png", flat_png(SIDE, SIDE, 4, (const guint8[]){255, 0, 0, 102}));
  put_file(folder, "e-grey16.png",
           make_png(SIDE, SIDE, 16, PNG_COLOR_TYPE_GRAY, grey16, SIDE * 2, NULL, 0));
  put_file(folder, "f-rgb16.png",
           make_png(SIDE, SIDE, 16, PNG_COLOR_TYPE_RGB, rgb16, SIDE * 6, NULL, 0));
  put_file(folder, "g-palette.png",
           make_png(SIDE, SIDE, 8, PNG_COLOR_TYPE_PALETTE, index, SIDE, palette, 2));
  put_file(folder, "h-bits.png",
           make_png(SIDE, SIDE, 1, PNG_COLOR_TYPE_GRAY, bits, SIDE / 8, NULL, 0));
}

static void
put_others(const char *folder)
{
  put_file(folder, "deep/er/i-grey.jpg",
           flat_jpeg(SIDE, SIDE, JCS_GRAYSCALE, (const guint8[]){99}));
  put_file(folder, "j-rgb.JPEG", flat_jpeg(SIDE, SIDE, JCS_YCbCr, (const guint8[]){200, 100, 50}));
  /* Adobe's way: 255 is no ink. */
  put_file(folder, "k-cmyk.jpg",
           flat_jpeg(SIDE, SIDE, JCS_CMYK, (const guint8[]){255, 128, 0, 255}));
  put_file(folder, "l-ycck.jpg",
           flat_jpeg(SIDE, SIDE, JCS_YCCK, (const guint8[]){255, 128, 0, 255}));
  put_file(folder, "m.webp", flat_webp(SIDE, SIDE, 3, (const guint8[]){3, 200, 66}));
  put_file(folder, "n-alpha.webp", flat_webp(SIDE, SIDE, 4, (const guint8[]){0, 0, 0, 51}));
  /* The contents decide, not the name. */
  put_file(folder, "o-no-extension", flat_png(SIDE, SIDE, 3, (const guint8[]){1, 2, 3}));
}

static const Expected kinds[] = {
    {"a-grey.png", {77, 77, 77}, 0},
    {"b-grey-alpha.png", {204, 204, 204}, 0},
    {"c-rgb.png", {10, 20, 30}, 0},
    {"d-rgba.png", {255, 153, 153}, 0},
    {"deep/er/i-grey.jpg", {99, 99, 99}, 1},
    {"e-grey16.png", {128, 128, 128}, 0},
    {"f-rgb16.png", {64, 192, 16}, 0},
    {"g-palette.png", {9, 8, 7}, 0},
    {"h-bits.png", {255, 255, 255}, 0},
    {"j-rgb.JPEG", {200, 100, 50}, 3},
    {"k-cmyk.jpg", {255, 128, 0}, 3},
    {"l-ycck.jpg", {255, 128, 0}, 3},
    {"m.webp", {3, 200, 66}, 0},
    {"n-alpha.webp", {204, 204, 204}, 0},
    {"o-no-extension", {1, 2, 3}, 0},
};

static void
check_kinds(const char *path, const char *kind)
{
  g_autoptr(SgDataset) ds = open_ok(path, NULL);

  g_assert_cmpstr(ds->kind, ==, kind);
  g_assert_cmpuint(ds->n, ==, G_N_ELEMENTS(kinds));
  g_assert_cmpuint(ds->refused->len, ==, 0);
  g_assert_cmpint(ds->resolution, ==, SIDE);
  g_assert_cmpint(ds->channels, ==, 3);
  for (guint i = 0; i < ds->n; i++) {
    const Expected *e = &kinds[i];
    assert_colour(ds, i, e->rgb[0], e->rgb[1], e->rgb[2], e->tolerance);
  }
}

/* From a folder, a stored zip and a deflated one. */
static void
test_kinds(void)
{
  char *folder = make_folder(), *other = make_folder();
  g_autofree char *zip = g_build_filename(other, "set.zip", NULL);

  put_pngs(folder);
  put_others(folder);
  put_text(folder, "README.txt", "not a picture, and not meant to be one");
  put_text(folder, ".hidden.png", "not looked at");
  check_kinds(folder, "folder of images");
  for (int deflate = 0; deflate < 2; deflate++) {
    make_zip(zip, folder, deflate);
    check_kinds(zip, "zip of images");
  }
  const SgDatasetOptions grey = {.channels = 1, .max_images = 3};
  g_autoptr(SgDataset) ds = open_ok(zip, &grey);
  g_assert_cmpuint(ds->n, ==, 3);
  g_assert_cmpstr(ds->name, ==, "set");
  assert_colour(ds, 0, 77, 0, 0, 0);
  assert_colour(ds, 2, (10 * 299 + 20 * 587 + 30 * 114 + 500) / 1000, 0, 0, 0);
  drop_folder(folder);
  drop_folder(other);
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void
assert_reason(const SgDataset *ds, const char *name, const char *word)
{
  const SgRefusal *r = find_refusal(ds, name);
  if (!r)
    g_error("%s is not refused", name);
  if (!strstr(r->reason, word))
    g_error("%s: expected “%s” in: %s", name, word, r->reason);
}

static GByteArray *
shortened(GByteArray *bytes, guint size)
{
  return g_byte_array_set_size(bytes, size);
}

static void
put_bad(const char *folder)
{
  const guint8 grey = 5;
  GByteArray *huge = flat_png(SIDE, SIDE, 1, &grey);

  memcpy(huge->data + 16, "\x7f\xff\xff\xff\x7f\xff\xff\xff", 8);
  put_file(folder, "huge.png", huge);
  put_file(folder, "cut.png", shortened(flat_png(SIDE, SIDE, 1, &grey), 20));
  put_file(folder, "cut.jpg", shortened(flat_jpeg(SIDE, SIDE, JCS_GRAYSCALE, &grey), 30));
  put_file(folder, "cut.webp", shortened(flat_webp(SIDE, SIDE, 3, (const guint8[]){1, 2, 3}), 14));
  put_text(folder, "empty.png", "");
  put_text(folder, "text.png", "this only says that it is a picture");
  put_text(folder, "clip.gif", "GIF89a");
  g_autofree char *pipe = g_build_filename(folder, "pipe.png", NULL);
  g_autofree char *link = g_build_filename(folder, "link.png", NULL);
  g_autofree char *loop = g_build_filename(folder, "loop", NULL);
  g_assert_cmpint(mkfifo(pipe, 0600), ==, 0);
  g_assert_cmpint(symlink("nowhere", link), ==, 0);
  g_assert_cmpint(symlink(".", loop), ==, 0);
}

static void
test_refused(void)
{
  char *folder = make_folder();

  put_bad(folder);
  assert_refused(folder, NULL, "expected PNG, JPEG or WebP|none can be used|10 files");
  put_file(folder, "good.png", flat_png(SIDE, SIDE, 1, (const guint8[]){7}));
  /* Its header is sound: found out when it is read. */
  put_file(folder, "late.png", shortened(flat_png(SIDE, SIDE, 1, (const guint8[]){7}), 50));
  g_autoptr(SgDataset) ds = open_ok(folder, NULL);
  g_assert_cmpuint(ds->n, ==, 2);
  g_assert_cmpint(ds->channels, ==, 1);
  assert_colour(ds, 0, 7, 0, 0, 0);
  assert_reason(ds, "huge.png", "2147483647×2147483647");
  assert_reason(ds, "cut.png", "header");
  assert_reason(ds, "cut.jpg", "header");
  assert_reason(ds, "cut.webp", "header");
  assert_reason(ds, "empty.png", "empty");
  assert_reason(ds, "text.png", "neither");
  assert_reason(ds, "clip.gif", "GIF");
  assert_reason(ds, "loop", "in this set");
  assert_reason(ds, "pipe.png", "neither a file");
  assert_reason(ds, "link.png", "leads to no file");
  guint8 pixels[SIDE * SIDE];
  g_autoptr(GError) error = NULL;
  g_assert_false(sg_dataset_read(ds, 1, pixels, &error));
  g_assert_nonnull(strstr(error->message, "late.png: "));
  drop_folder(folder);
}

/* A folder by link is looked into once, and none that lies in the set. */
static void
test_linked_folders(void)
{
  char *folder = make_folder(), *other = make_folder();
  g_autofree char *link = g_build_filename(folder, "b", NULL);
  g_autofree char *again = g_build_filename(folder, "c", NULL);
  g_autofree char *back = g_build_filename(other, "back", NULL);

  put_file(folder, "a.png", flat_png(SIDE, SIDE, 1, (const guint8[]){1}));
  put_file(other, "deep/x.png", flat_png(SIDE, SIDE, 1, (const guint8[]){2}));
  g_assert_cmpint(symlink(other, link), ==, 0);
  g_assert_cmpint(symlink(other, again), ==, 0);
  g_assert_cmpint(symlink(folder, back), ==, 0);
  g_autoptr(SgDataset) ds = open_ok(folder, NULL);
  g_assert_cmpuint(ds->n, ==, 2);
  assert_colour(ds, 1, 2, 0, 0, 0);
  assert_reason(ds, "c", "already");
  assert_reason(ds, "b/back", "in this set");
  drop_folder(folder);
  drop_folder(other);
}

static void
test_nothing(void)
{
  char *folder = make_folder();
  const SgDatasetOptions odd = {.resolution = 48}, five = {.channels = 5};
  g_autofree char *text = g_build_filename(folder, "notes.txt", NULL);

  assert_refused("/nonexistent/set.zip", NULL, "/nonexistent/set.zip|No such file");
  assert_refused(folder, NULL, "expected PNG, JPEG or WebP|found none");
  put_text(folder, "notes.txt", "text");
  assert_refused(text, NULL, "notes.txt|expected a folder or a zip");
  put_file(folder, "a.png", flat_png(SIDE, SIDE, 1, (const guint8[]){7}));
  assert_refused(folder, &odd, "power of two|48");
  assert_refused(folder, &five, "from 1 to 4|5");
  drop_folder(folder);
}

/* ---- size ------------------------------------------------------------------------------------ */

static guint8 *
pattern(int width, int height, int channels)
{
  gsize n = (gsize)width * (gsize)height * (gsize)channels;
  guint8 *out = g_malloc(n);
  guint32 state = 12345;

  for (gsize i = 0; i < n; i++) {
    state = (guint32)(state * G_GUINT64_CONSTANT(1103515245) + 12345) & 0x7fffffff;
    out[i] = (guint8)((state >> 16 & 0x7f) + i * 128 / n);
  }
  return out;
}

/* Sums in another order may round to the next level. */
static void
check_resize(const char *folder, gsize k)
{
  int r = table[k].r, channels = table[k].channels;
  gsize n = (gsize)(r * r * channels), exact = 0;
  g_autofree guint8 *rows = pattern(table[k].width, table[k].height, channels);
  g_autofree guint8 *found = g_malloc(n);
  const SgDatasetOptions options = {
      .resolution = r, .transform = table[k].transform, .wide_height = table[k].wide_height};

  put_file(folder, "p.png",
           make_png(table[k].width, table[k].height, 8,
                    channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, rows,
                    (gsize)(table[k].width * channels), NULL, 0));
  g_autoptr(SgDataset) ds = open_ok(folder, &options);
  g_assert_cmpint(ds->channels, ==, channels);
  g_assert_true(sg_dataset_read(ds, 0, found, NULL));
  g_assert_cmpuint(strlen(table[k].planes), ==, 2 * n);
  for (gsize i = 0; i < n; i++) {
    const char *hex = table[k].planes + 2 * i;
    int expected = g_ascii_xdigit_value(hex[0]) * 16 + g_ascii_xdigit_value(hex[1]);
    g_assert_cmpint(ABS(found[i] - expected), <=, 1);
    exact += found[i] == expected;
  }
  g_assert_cmpuint(exact, >=, n * 99 / 100);
}

static void
test_resize(void)
{
  char *folder = make_folder();
  for (gsize k = 0; k < G_N_ELEMENTS(table); k++)
    check_resize(folder, k);
  drop_folder(folder);
}

static SgImageChange
change_of(const char *folder, const SgDatasetOptions *options)
{
  g_autoptr(SgDataset) ds = open_ok(folder, options);
  guint8 pixels[4 * 32 * 32];
  SgImageChange change;

  g_assert_true(sg_dataset_read_change(ds, 0, pixels, &change, NULL));
  return change;
}

/* Each says what it did. */
static void
test_changes(void)
{
  char *folder = make_folder();
  SgDatasetOptions options = {.resolution = 16};

  put_file(folder, "p.png", flat_png(40, 20, 2, (const guint8[]){9, 9}));
  SgImageChange crop = change_of(folder, &options);
  g_assert_true(crop.cropped && crop.shrunk && crop.flattened && crop.greyed == FALSE);
  g_assert_false(crop.padded || crop.stretched || crop.enlarged || crop.turned || crop.coloured);
  g_assert_cmpint(crop.width, ==, 40);
  options.transform = SG_TRANSFORM_PAD;
  SgImageChange pad = change_of(folder, &options);
  g_assert_true(pad.padded && pad.shrunk && !pad.cropped && !pad.stretched);
  options.transform = SG_TRANSFORM_STRETCH;
  options.resolution = 32;
  options.channels = 4;
  SgImageChange stretch = change_of(folder, &options);
  g_assert_true(stretch.stretched && stretch.enlarged && stretch.shrunk && stretch.coloured);
  g_assert_false(stretch.padded || stretch.cropped || stretch.flattened);
  options = (SgDatasetOptions){.resolution = 4, .min_size = 21};
  assert_refused(folder, &options, "p.png|40×20|least size of 21");
  options = (SgDatasetOptions){.transform = SG_TRANSFORM_CENTER_CROP_WIDE};
  assert_refused(folder, &options, "wide crop|height");
  drop_folder(folder);
}

/* What cannot be seen does not colour what can. */
static void
test_alpha(void)
{
  char *folder = make_folder();
  const SgDatasetOptions options = {.resolution = 4, .channels = 4};
  guint8 rows[8 * 8 * 4], pixels[4 * 16];

  for (int i = 0; i < 64; i++) /* red that is seen on the left, green that is not on the right */
    memcpy(rows + 4 * i, i % 8 < 4 ? "\xff\0\0\xff" : "\0\xff\0\0", 4);
  put_file(folder, "p.png", make_png(8, 8, 8, PNG_COLOR_TYPE_RGBA, rows, 32, NULL, 0));
  g_autoptr(SgDataset) ds = open_ok(folder, &options);
  g_assert_true(sg_dataset_read(ds, 0, pixels, NULL));
  for (int i = 0; i < 16; i++) {
    g_assert_cmpint(pixels[16 + i], ==, 0);
    g_assert_true(pixels[48 + i] == 0 || pixels[i] >= 254);
  }
  g_assert_cmpint(pixels[48], >=, 250);
  drop_folder(folder);
}

static void
test_resolution(void)
{
  char *folder = make_folder();
  const guint8 grey = 9;

  put_file(folder, "a.png", flat_png(1, 1, 1, &grey));
  put_file(folder, "b.png", flat_png(100, 70, 1, &grey));
  put_file(folder, "c.png", flat_png(64, 500, 1, &grey));
  g_autoptr(SgDataset) most = open_ok(folder, NULL);
  g_assert_cmpint(most->resolution, ==, 64);
  assert_colour(most, 0, 9, 0, 0, 0);
  assert_colour(most, 1, 9, 0, 0, 0);
  put_file(folder, "d.png", flat_png(63, 63, 1, &grey));
  g_autoptr(SgDataset) half = open_ok(folder, NULL);
  g_assert_cmpint(half->resolution, ==, 32);
  put_file(folder, "e.jpg", flat_jpeg(8, 8, JCS_YCbCr, (const guint8[]){9, 9, 9}));
  g_autoptr(SgDataset) colour = open_ok(folder, NULL);
  g_assert_cmpint(colour->channels, ==, 3);
  assert_colour(colour, 1, 9, 9, 9, 0);
  drop_folder(folder);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/dataset/kinds", test_kinds);
  g_test_add_func("/dataset/refused", test_refused);
  g_test_add_func("/dataset/nothing", test_nothing);
  g_test_add_func("/dataset/linked-folders", test_linked_folders);
  g_test_add_func("/dataset/resize", test_resize);
  g_test_add_func("/dataset/changes", test_changes);
  g_test_add_func("/dataset/alpha", test_alpha);
  g_test_add_func("/dataset/resolution", test_resolution);
  return g_test_run();
}
