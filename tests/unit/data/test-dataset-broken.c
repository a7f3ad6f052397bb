/* Data sets that are broken in one place, and what is said of each; and what the sets of other
 * tools call their pictures. */
#include "engine/data/align.h"
#include "engine/data/square.h"
#include "tests/unit/data/dataset-support.h"
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/* A literal with whatever bytes it has. */
#define BYTES(text) text, sizeof(text) - 1

static void
assert_refused(const char *path, gboolean use_labels, const char *labels, const char *words)
{
  const SgDatasetOptions options = {.use_labels = use_labels, .labels = labels};
  g_autoptr(GError) error = NULL;
  g_autoptr(SgDataset) ds = sg_dataset_open(path, &options, &error);

  if (ds)
    g_test_fail_printf("%s was opened, where “%s” should be said", path, words);
  else if (!strstr(error->message, words))
    g_test_fail_printf("“%s” does not contain “%s”", error->message, words);
}

/* Two pictures, 0.png and 1.png. */
static char *
make_pair(void)
{
  char *folder = make_folder();

  put_file(folder, "0.png", flat_png(8, 8, 3, (const guint8[]){255, 0, 0}));
  put_file(folder, "1.png", flat_png(8, 8, 3, (const guint8[]){0, 255, 0}));
  return folder;
}

/* ---- labels ---------------------------------------------------------------------------------- */

static void
test_json(void)
{
  static const struct {
    const char *json, *words;
  } cases[] = {
      {"{\"labels\": [[\"0.png\", {}], [\"1.png\", 0]]}", "an object"},
      {"{\"labels\": [[\"0.png\", [1, \"a\"]], [\"1.png\", [1, 2]]]}",
       "place 1 of its label, found a text"},
      {"{\"labels\": [[\"0.png\", [1, null]], [\"1.png\", [1, 2]]]}",
       "place 1 of its label, found null"},
      {"{\"labels\": [[\"0.png\", [[1], 2]], [\"1.png\", [1, 2]]]}",
       "place 0 of its label, found a list"},
      {"{\"labels\": [[\"0.png\", [true]], [\"1.png\", [1]]]}",
       "place 0 of its label, found true or false"},
      {"{\"labels\": [[\"0.png\", 0.5], [\"1.png\", 1]]}", "0.5"},
      {"{\"labels\": [[\"0.png\", -1], [\"1.png\", 1]]}", "-1"},
      {"{\"labels\": [[\"0.png\", []], [\"1.png\", []]]}", "numbers"},
      {"{\"labels\": [[\"0.png\", [1, 2]], [\"1.png\", [1]]]}", "numbers"},
      {"{\"labels\": [[\"0.png\", [1, 2]], [\"1.png\", 3]]}", "a list of numbers"},
      {"{\"labels\": [[\"0.png\"], [\"1.png\", 1]]}", "at place 0"},
      {"{\"labels\": [[7, 1], [\"1.png\", 1]]}", "at place 0"},
      {"{\"labels\": [\"0.png\", \"1.png\"]}", "at place 0"},
      {"{\"labels\": [{\"picture\": \"0.png\", \"label\": 1}]}",
       "found an object without “file_name” and “label”"},
      {"{\"labels\": []}", "found none"},
      {"{\"labels\": 7}", "to be a list or null, found a whole number"},
      {"{\"labels\": [[\"\", 1], [\"1.png\", 0]]}", "expected the name of a picture"},
      {"{\"labels\": [[\"0.png\", 1000000], [\"1.png\", 0]]}", "1000000"},
      {"7", "not readable as JSON: line 1"},
      {"{\"labels\": [", "near end of file"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    char *folder = make_pair();
    put_text(folder, "dataset.json", cases[i].json);
    assert_refused(folder, TRUE, NULL, cases[i].words);
    drop_folder(folder);
  }
}

/* A list that says null instead of labels is one of a set without any. */
static void
test_null(void)
{
  char *folder = make_pair();
  g_autoptr(SgDataset) ds = NULL;

  put_text(folder, "dataset.json", "{\"labels\": null}");
  assert_refused(folder, TRUE, NULL, "label");
  ds = sg_dataset_open(folder, NULL, NULL);
  g_assert_cmpuint(ds->n, ==, 2);
  drop_folder(folder);
}

static void
test_tables(void)
{
  static const char *const texts[] = {"file,label\n",
                                      "file,label\n0.png,1\n1.png\n",
                                      "file,label\n0.png,\"1\n",
                                      "name,a,b\n0.png,1,x\n1.png,2,y\n",
                                      "file,label\nzz.png,1\n",
                                      ""};

  for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
    char *folder = make_pair();
    g_autofree char *table = g_build_filename(folder, "my.csv", NULL);
    put_text(folder, "my.csv", texts[i]);
    g_autoptr(GError) error = NULL;
    const SgDatasetOptions options = {.use_labels = TRUE, .labels = table};
    g_autoptr(SgDataset) ds = sg_dataset_open(folder, &options, &error);
    g_assert_true((ds == NULL) == (error != NULL));
    if (error && !strstr(error->message, "my.csv"))
      g_error("“%s” does not name the table", error->message);
    drop_folder(folder);
  }
  char *folder = make_pair();
  g_autofree char *table = g_build_filename(folder, "my.csv", NULL);
  put_bytes(table, "file,label\n0.png,\0\n", 19);
  assert_refused(folder, TRUE, table, "found binary data");
  assert_refused(folder, TRUE, "/nowhere/labels.csv", "/nowhere/labels.csv");
  drop_folder(folder);
}

static void
test_celeba(void)
{
  static const struct {
    const char *text;
    gsize n;
    const char *words;
  } cases[] = {
      {BYTES("2\n0.png 1\n1.png 1\n"), "expected a file and 2 attributes, found 2 words"},
      {BYTES("2\nA B\n0.png 1\n1.png 1 1\n"), "line 3: expected a file and 2 attributes"},
      {BYTES("2\nA\n0.png x\n1.png 1\n"), "expected -1 or 1 for A, found “x”"},
      {BYTES("2\nA\n0.png 1\0\n"), "found binary data"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    char *folder = make_folder();
    g_autofree char *list = g_build_filename(folder, "list_attr_celeba.txt", NULL);
    put_file(folder, "img_align_celeba/0.png", flat_png(8, 8, 3, (const guint8[]){255, 0, 0}));
    put_file(folder, "img_align_celeba/1.png", flat_png(8, 8, 3, (const guint8[]){0, 255, 0}));
    put_bytes(list, cases[i].text, cases[i].n);
    assert_refused(folder, TRUE, NULL, cases[i].words);
    drop_folder(folder);
  }
}

/* ---- pictures -------------------------------------------------------------------------------- */

/* What is found in a JPEG before its frame. */
static void
test_jpeg_heads(void)
{
  static const struct {
    const char *bytes;
    gsize n;
    const char *words;
  } cases[] = {
      {BYTES("\xff\xd8\xff\xe0\0\4ab!!!!!!!!"), "a segment does not begin where it should"},
      {BYTES("\xff\xd8\xff\xd9!!!!!!!!!!!!"), "it has no frame header"},
      {BYTES("\xff\xd8\xff\xff\xda!!!!!!!!!!!"), "it has no frame header"},
      {BYTES("\xff\xd8\xff\xe0\0\1!!!!!!!!!!"), "a segment is shorter than its own length"},
      {BYTES("\xff\xd8\xff\xe0\0\x7f!!!!!!!!!!"), "the picture ends in its header"},
      {BYTES("\xff\xd8\xff\xd0\xff\xc0\0\x11\x08\0"), "the picture ends in its header"},
      {BYTES("\xff\xd8\xff\xc0\0\x11\x08\0\0\0\x08\3!!!!!!!!"), "0"},
      {BYTES("\x89PNG\r\n\x1a\n"), "the picture ends in its header"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    char *folder = make_pair();
    g_autofree char *path = g_build_filename(folder, "2.jpg", NULL);
    put_bytes(path, cases[i].bytes, cases[i].n);
    g_autoptr(SgDataset) ds = sg_dataset_open(folder, NULL, NULL);
    const SgRefusal *r = find_refusal(ds, "2.jpg");
    if (!r)
      g_test_fail_printf("a JPEG was taken, where “%s” should be said", cases[i].words);
    else if (!strstr(r->reason, cases[i].words))
      g_test_fail_printf("“%s” does not contain “%s”", r->reason, cases[i].words);
    drop_folder(folder);
  }
}

/* A folder in itself by 70 levels, a link that leads nowhere, one that leads out. */
static void
test_folders(void)
{
  char *folder = make_pair();
  g_autoptr(GString) deep = g_string_new("d");
  g_autofree char *dead = g_build_filename(folder, "dead.png", NULL);
  g_autofree char *round = g_build_filename(folder, "round", NULL);

  for (int i = 0; i < 70; i++)
    g_string_append(deep, "/d");
  g_string_append(deep, "/9.png");
  put_file(folder, deep->str, flat_png(8, 8, 3, (const guint8[]){1, 2, 3}));
  g_assert_cmpint(symlink("/nowhere/x.png", dead), ==, 0);
  g_assert_cmpint(symlink(folder, round), ==, 0);
  g_autoptr(SgDataset) ds = sg_dataset_open(folder, NULL, NULL);
  g_assert_cmpuint(ds->n, ==, 2);
  gboolean told = FALSE;
  for (guint i = 0; i < ds->refused->len; i++) {
    const SgRefusal *r = ds->refused->pdata[i];
    told |= strstr(r->reason, "nested too deeply") != NULL;
  }
  g_assert_true(told);
  g_assert_nonnull(find_refusal(ds, "dead.png"));
  drop_folder(folder);
}

/* ---- sets of other tools --------------------------------------------------------------------- */

static void
check_name(const char *path, const char *expected)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgDataset) ds = sg_dataset_open(path, NULL, &error);

  g_assert_no_error(error);
  g_autofree char *name = sg_dataset_picture_name(ds, 1);
  g_assert_cmpstr(name, ==, expected);
}

static void
test_idx(void)
{
  char *folder = make_folder();
  g_autofree char *a = g_build_filename(folder, "train-images-idx3-ubyte", NULL);
  g_autofree char *gz = g_build_filename(folder, "train-images-idx3-ubyte.gz", NULL);
  guint8 grey[2 * 64] = {0};
  GByteArray *idx = make_idx(0x803, 3, (const guint32[]){2, 8, 8}, grey, sizeof grey);

  put_bytes(a, idx->data, idx->len);
  check_name(folder, "train-images-idx3-ubyte[1]");
  assert_refused(folder, TRUE, NULL, "expected a file of labels beside it");
  put_bytes(gz, "x", 1);
  assert_refused(folder, FALSE, NULL, "found several: choose ");
  g_unlink(a);
  assert_refused(folder, FALSE, NULL, "not a gzip file, though its name says so");
  put_bytes(gz, "\x1f\x8b\x08\0\0\0\0\0\0\3\xff\xff\xff\xff\xff\xff", 16);
  assert_refused(folder, FALSE, NULL, "the gzip file is damaged or cut off");
  g_unlink(gz);
  for (int k = 0; k < 2; k++) {
    g_autofree char *name = g_strdup_printf("t%dk-images-idx3-ubyte", k);
    g_autofree char *path = g_build_filename(folder, name, NULL);
    put_bytes(path, idx->data, idx->len);
  }
  assert_refused(folder, FALSE, NULL, "found 2 others: choose one");
  g_byte_array_unref(idx);
  drop_folder(folder);
}

static void
test_cifar(void)
{
  static const struct {
    const char *bytes;
    gsize n;
    const char *words;
  } cases[] = {
      {BYTES("\x80\x02]K\1a."), "expected a dictionary with “data” and “labels”, found another"},
      {BYTES("\x80\x02}."), "data_batch_1"},
      {BYTES("\x80\x02}U\4dataU\3abcs."), "expected "},
      {BYTES("\x80\x02"), "data_batch_1"},
  };
  char *folder = make_folder();
  g_autofree char *python = g_build_filename(folder, "p", "cifar-10-batches-py", NULL);
  g_autofree char *binary = g_build_filename(folder, "b", NULL);
  g_autofree char *first = g_build_filename(python, "data_batch_1", NULL);
  g_autofree char *records = g_build_filename(binary, "data_batch_1.bin", NULL);
  g_autofree guint8 *two = g_malloc0(2 * 3073);

  g_mkdir_with_parents(python, 0777);
  g_mkdir_with_parents(binary, 0777);
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    put_bytes(first, cases[i].bytes, cases[i].n);
    assert_refused(python, TRUE, NULL, cases[i].words);
  }
  put_bytes(records, two, 3072);
  assert_refused(binary, FALSE, NULL, "expected records of 3073 bytes, found 3072 in all");
  put_bytes(records, two, 2 * 3073);
  check_name(binary, "picture 1");
  drop_folder(folder);
}

/* One byte of an LMDB database is another one. */
static void
test_lmdb(void)
{
  static const struct {
    gsize at;
    guint8 byte;
    const char *words;
  } cases[] = {
      {20, 9, "version 1"},    /* the format's version, of both pages */
      {16 + 24, 7, "damaged"}, /* the size of a page */
      {0x1000, 77, "damaged"}, /* the second meta page is another one */
  };
  g_autofree char *given =
      g_test_build_filename(G_TEST_DIST, "fixtures", "sets", "lsun", "data.mdb", NULL);
  g_autofree char *bytes = NULL;
  gsize n;
  char *folder = make_folder();
  g_autofree char *path = g_build_filename(folder, "data.mdb", NULL);

  g_assert_true(g_file_get_contents(given, &bytes, &n, NULL));
  for (gsize i = 0; i < 2; i++) {
    g_autofree char *other = g_memdup2(bytes, n);
    other[cases[i].at] = (char)cases[i].byte;
    put_bytes(path, other, n);
    assert_refused(folder, FALSE, NULL, cases[i].words);
  }
  /* Every byte of the head and of the first pages: it may fail, but says why. */
  for (gsize at = 0; at < MIN(n, 3 * 4096); at += at < 160 || (at >= 4096 && at < 4260) ? 1 : 61) {
    g_autofree char *other = g_memdup2(bytes, n);
    g_autoptr(GError) error = NULL;
    other[at] ^= (char)0xff;
    put_bytes(path, other, n);
    g_autoptr(SgDataset) ds = sg_dataset_open(folder, NULL, &error);
    g_assert_true((ds == NULL) == (error != NULL));
  }
  drop_folder(folder);
}

static void
test_records(void)
{
  g_autofree char *folder =
      g_test_build_filename(G_TEST_DIST, "fixtures", "sets", "tfrecords", NULL);

  check_name(folder, "noise-r03.tfrecords[1]");
}

/* ---- faces ----------------------------------------------------------------------------------- */

/* Eyes and mouth in a flat picture: what is cut out is flat, three times as fine, and the picture
 * is replaced; points that are none leave it. */
static void
test_align(void)
{
  const SgPoint face[3] = {{20, 24}, {44, 24}, {32, 48}}, none[3] = {{20, 24}, {20, 24}, {20, 24}};
  SgPixels p = {.pixels = g_malloc(64 * 64 * 3), .width = 64, .height = 64, .channels = 3};
  g_autoptr(GError) error = NULL;

  memset(p.pixels, 77, 64 * 64 * 3);
  g_assert_false(sg_align_face(&p, none, 16, &error));
  g_assert_nonnull(strstr(error->message, "three different places"));
  g_assert_cmpint(p.width, ==, 64);
  g_clear_error(&error);
  g_assert_true(sg_align_face(&p, face, 16, &error));
  g_assert_cmpint(p.width, ==, p.height);
  g_assert_cmpint(p.width % 16, ==, 0);
  for (int i = 0; i < p.width * p.height * 3; i++)
    g_assert_cmpuint(p.pixels[i], ==, 77);
  sg_pixels_clear(&p);
}

/* A flat picture stays flat, and a step stays a step: two pixels beside each other, four times as
 * large, are dark left and bright right. */
static void
test_enlarge(void)
{
  const guint8 step[2 * 2 * 3] = {10, 10, 10, 200, 200, 200, 10, 10, 10, 200, 200, 200};
  guint8 out[8 * 8 * 3];

  sg_picture_enlarge(step, 2, 2, 3, 8, out, 8 * 3);
  for (int y = 0; y < 8; y++) {
    g_assert_cmpint(out[y * 24], <, 30);
    g_assert_cmpint(out[y * 24 + 21], >, 180);
    for (int x = 1; x < 8; x++)
      g_assert_cmpint(out[(y * 8 + x) * 3], >=, out[(y * 8 + x - 1) * 3] - 12);
  }
  SgPixels p = {.pixels = g_malloc(6 * 4 * 3), .width = 6, .height = 4, .channels = 3};
  guint8 planes[2 * 4 * 4];
  memset(p.pixels, 90, 6 * 4 * 3);
  sg_picture_square(&p, 2, 4, SG_TRANSFORM_CENTER_CROP, planes);
  for (int i = 0; i < 16; i++) {
    g_assert_cmpint(planes[i], ==, 90);
    g_assert_cmpint(planes[16 + i], ==, 255);
  }
  sg_pixels_clear(&p);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/dataset/broken/json", test_json);
  g_test_add_func("/dataset/broken/null", test_null);
  g_test_add_func("/dataset/broken/tables", test_tables);
  g_test_add_func("/dataset/broken/celeba", test_celeba);
  g_test_add_func("/dataset/broken/jpeg-heads", test_jpeg_heads);
  g_test_add_func("/dataset/broken/folders", test_folders);
  g_test_add_func("/dataset/broken/idx", test_idx);
  g_test_add_func("/dataset/broken/cifar", test_cifar);
  g_test_add_func("/dataset/broken/lmdb", test_lmdb);
  g_test_add_func("/dataset/broken/records", test_records);
  g_test_add_func("/dataset/broken/align", test_align);
  g_test_add_func("/dataset/broken/enlarge", test_enlarge);
  return g_test_run();
}
