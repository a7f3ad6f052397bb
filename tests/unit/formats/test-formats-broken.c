/* Files that are broken in one place, and what the reader says of each. */
#include "engine/formats/npy.h"
#include "engine/formats/npz.h"
#include "engine/formats/zip-writer.h"
#include "tests/unit/formats/formats-support.h"
#include <math.h>
#include <string.h>

/* A literal with whatever bytes it has. */
#define BYTES(text) text, sizeof(text) - 1

static void
assert_said(const char *what, const GError *error, const char *words)
{
  if (!error)
    g_error("“%s” was read", what);
  if (!strstr(error->message, words))
    g_error("“%s” does not contain “%s”", error->message, words);
}

static void
refused(const char *what, gconstpointer data, gsize n, const char *words)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgArchive) a = sg_archive_open_memory("file", data, n, &error);

  g_assert_true((a == NULL) == (error != NULL));
  assert_said(what, error, words);
}

/* ---- safetensors ----------------------------------------------------------------------------- */

static GByteArray *
safetensors(const char *header, gsize numbers)
{
  GByteArray *b = g_byte_array_new();
  guint64 length = GUINT64_TO_LE(strlen(header));

  g_byte_array_append(b, (const guint8 *)&length, 8);
  g_byte_array_append(b, (const guint8 *)header, (guint)strlen(header));
  g_byte_array_set_size(b, b->len + (guint)(4 * numbers));
  memset(b->data + b->len - 4 * numbers, 0, 4 * numbers);
  return b;
}

static void
test_safetensors(void)
{
  static const struct {
    const char *header, *words;
  } cases[] = {
      {"{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", "the tensor “a” has no dtype"},
      {"{\"a\":{\"dtype\":7,\"shape\":[1],\"data_offsets\":[0,4]}}", "has no dtype"},
      {"{\"a\":{\"dtype\":\"F4\",\"shape\":[1],\"data_offsets\":[0,4]}}", "the dtype F4"},
      {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", "has no shape of at most"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":4,\"data_offsets\":[0,4]}}", "has no shape of at most"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}",
       "has no shape of at most"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[\"1\"],\"data_offsets\":[0,4]}}", "is not a count"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", "is not a count"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[9223372036854775807,9],\"data_offsets\":[0,4]}}",
       "has impossible sizes"},
      {"{\"a\":[1]}", "“a” in the header is not a tensor"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", "has no valid data_offsets"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}",
       "has no valid data_offsets"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}",
       "has no valid data_offsets"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}",
       "has no valid data_offsets"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"__metadata__\":[]}",
       "__metadata__ is not a map of strings"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"__metadata__\":{\"k\":1}"
       "}",
       "“k” in __metadata__ is not a string"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}", "is not valid JSON"},
      {"{}", "holds no tensors"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GByteArray) b = safetensors(cases[i].header, 1);
    if (g_str_equal(cases[i].header, "{}"))
      g_byte_array_set_size(b, b->len - 4);
    refused(cases[i].header, b->data, b->len, cases[i].words);
  }
  g_autoptr(GByteArray) more =
      safetensors("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 3);
  refused("8 bytes too many", more->data, more->len, "8 bytes after the last tensor");
}

/* ---- numbers as they are stored -------------------------------------------------------------- */

static void
test_eight_bits(void)
{
  static const struct {
    const char *dtype;
    guint8 bits;
    double value;
  } cases[] = {/* OCP 8-bit floating point, revision 1.0, tables 1 and 2 */
               {"F8_E5M2", 0x3c, 1},         {"F8_E5M2", 0x7b, 57344}, {"F8_E5M2", 0x01, 0x1p-16},
               {"F8_E5M2", 0xfc, -INFINITY}, {"F8_E5M2", 0x7d, NAN},   {"F8_E4M3", 0x38, 1},
               {"F8_E4M3", 0x7e, 448},       {"F8_E4M3", 0xfe, -448},  {"F8_E4M3", 0x78, 256},
               {"F8_E4M3", 0x01, 0x1p-9},    {"F8_E4M3", 0x7f, NAN}};

  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *header = g_strdup_printf(
        "{\"a\":{\"dtype\":\"%s\",\"shape\":[1],\"data_offsets\":[0,1]}}", cases[i].dtype);
    g_autoptr(GByteArray) b = safetensors(header, 0);
    g_autoptr(GError) error = NULL;
    g_byte_array_append(b, &cases[i].bits, 1);
    g_autoptr(SgArchive) a = sg_archive_open_memory("file", b->data, b->len, &error);
    g_assert_no_error(error);
    double v = (double)sg_archive_tensor(a, "a")->data[0];
    g_assert_true(isnan(cases[i].value) ? isnan(v) : v == cases[i].value);
  }
}

/* ---- what is no model ------------------------------------------------------------------------ */

static void
test_others(void)
{
  static const struct {
    const char *head;
    gsize n;
    const char *words;
  } cases[] = {
      {BYTES("RIFF\x24\0\0\0WAVEfmt "), "a picture, sound or video (RIFF)"},
      {BYTES("\x89HDF\r\n\x1a\n"), "an HDF5 file (Keras)"},
      {BYTES("7z\xbc\xaf\x27\x1c\0\4"), "a compressed archive; unpack it first"},
      {BYTES("Rar!\x1a\7\1\0"), "a compressed archive; unpack it first"},
      {BYTES("%PDF-1.7\n"), "a PDF document"},
      {BYTES("\x7f"
             "ELF\2\1\1\0"),
       "a program, not a model"},
      {BYTES("GIF89a\1\0\1\0"), "a GIF picture"},
      {BYTES("GGUF\3\0\0\0"), "a GGUF file"},
      {BYTES("\x08\x07:\x05graph"), "an ONNX program"},
      {BYTES("version https://git-lfs.github.com/spec/v1\n"), "a Git LFS pointer"},
      {BYTES(" \n<!DOCTYPE html>"), "a web page"},
      {BYTES("  <html>"), "a web page"},
      {BYTES("(dp0\n."), "protocol 0 or 1"},
      {BYTES("hello"), "neither a safetensors file nor a pickle"},
      {BYTES(""), "the file is empty"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
    refused(cases[i].head, cases[i].head, cases[i].n, cases[i].words);
}

/* ---- pickles --------------------------------------------------------------------------------- */

static void
put(GByteArray *b, const char *text, gsize n)
{
  g_byte_array_append(b, (const guint8 *)text, (guint)n);
}

static void
test_pickles(void)
{
  static const struct {
    const char *pickle;
    gsize n;
    const char *words;
  } cases[] = {
      {BYTES("\x80\x02NNN\x93."), "uses something else as a name"},
      {BYTES("\x80\x02K\1."), "holds no tensors"},
      {BYTES("\x80\x02N"), "ends too early"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
    refused(cases[i].words, cases[i].pickle, cases[i].n, cases[i].words);
  /* A path of 602 letters, and a name that does not end. */
  g_autoptr(GByteArray) b = g_byte_array_new();
  put(b, BYTES("\x80\x02"));
  for (int depth = 0; depth < 3; depth++) {
    put(b, BYTES("}X\xc8\0\0\0"));
    for (int i = 0; i < 200; i++)
      put(b, "a", 1);
  }
  put(b, BYTES("K\1sss."));
  refused("a long name", b->data, b->len, "a name in it is 602 bytes long");
  g_byte_array_set_size(b, 0);
  put(b, BYTES("\x80\x02"
               "c"));
  for (int i = 0; i < 70000; i++)
    put(b, "a", 1);
  put(b, BYTES("\n\nR."));
  refused("a long module", b->data, b->len, "longer than");
  g_byte_array_set_size(b, 0);
  put(b, BYTES("\x80\x02\x8b\0\0\1\0"));
  g_byte_array_set_size(b, b->len + 65536);
  refused("a long number", b->data, b->len, "an integer of 65536 bytes");
}

/* ---- NumPy's files --------------------------------------------------------------------------- */

/* A .npy of version 1 with that dictionary and `n` bytes of data. */
static GByteArray *
npy(const char *header, gsize n)
{
  GByteArray *b = g_byte_array_new();
  const guint8 length[2] = {(guint8)strlen(header), (guint8)(strlen(header) >> 8)};

  put(b, BYTES("\x93NUMPY\1\0"));
  g_byte_array_append(b, length, 2);
  put(b, header, strlen(header));
  for (gsize i = 0; i < n; i++)
    g_byte_array_append(b, &(guint8){0}, 1);
  return b;
}

static void
test_npy(void)
{
  static const struct {
    const char *header, *words;
  } cases[] = {
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,)",
       "header of the .npy file is damaged"},
      {"('descr': '<f4')", "is damaged"},
      {"{descr: '<f4', 'fortran_order': False, 'shape': (2,)}", "is damaged"},
      {"{'descr: 4}", "is damaged"},
      {"{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2,)}", "is damaged"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': 2}", "is damaged"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2;)}", "is damaged"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}", "is damaged"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", "is damaged"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,2)}", "is damaged"},
      {"{'descr': '<f4', 'fortran_order': False, 'size': (2,)}", "is damaged"},
      {"{'fortran_order': False, 'shape': (2,)}", "is damaged"},
      {"{'descr': '<f4', 'shape': (2,)}", "is damaged"},
      {"{'descr': '<f4', 'fortran_order': False}", "is damaged"},
      {"{'descr': '<i4', 'fortran_order': False, 'shape': (2,)}", "the array's type is int32"},
      {"{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2,)}",
       "the array's type is a record"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", "reaches"},
  };
  g_autofree char *path = scratch("odd.npy");

  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GByteArray) b = npy(cases[i].header, 8);
    g_autoptr(GError) error = NULL;
    g_autoptr(SgTensor) t = sg_npy_read_memory("odd", b->data, b->len, &error);
    g_assert_null(t);
    assert_said(cases[i].header, error, i + 1 < G_N_ELEMENTS(cases) ? cases[i].words : "odd: ");
  }
  /* Double quotes, Python 2's long sizes, no comma, nothing in between. */
  g_autoptr(GByteArray) b = npy("{\"descr\":\"<f4\",\"fortran_order\":True,\"shape\":(1L,2L)}", 8);
  g_autoptr(SgTensor) t = sg_npy_read_memory("odd", b->data, b->len, NULL);
  g_assert_true(sg_tensor_has_shape(t, 2, (gint64)1, (gint64)2));
}

static void
test_npy_heads(void)
{
  static const struct {
    const char *bytes;
    gsize n;
    const char *words;
  } cases[] = {
      {BYTES(""), "the file is empty"},
      {BYTES("\x93NUMPY\1\0"), "this is not a NumPy array"},
      {BYTES("\x93NUMPX\1\0\2\0{}"), "of format 1 to 3"},
      {BYTES("\x93NUMPY\4\0\2\0{}"), "of format 1 to 3"},
      {BYTES("\x93NUMPY\2\0\0\0\0\7{}"), "claims 117440512 bytes"},
      {BYTES("\x93NUMPY\1\0\xff\0{}"), "end"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(SgTensor) t =
        sg_npy_read_memory("head", (const guint8 *)cases[i].bytes, cases[i].n, &error);
    g_assert_null(t);
    assert_said(cases[i].words, error, i + 1 < G_N_ELEMENTS(cases) ? cases[i].words : "head: ");
  }
}

/* Arrays of doubles: order, sizes, what is no number. */
static void
test_npy_doubles(void)
{
  g_autofree char *path = scratch("doubles.npy"), *none = scratch("none.npy");
  g_autoptr(GByteArray) b = npy("{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3), }", 0);
  const double stored[6] = {0, 3, 1, 4, 2, 5}; /* columns of [[0, 1, 2], [3, 4, 5]] */
  int ndim;
  gint64 shape[SG_MAX_DIMS];

  g_byte_array_append(b, (const guint8 *)stored, sizeof stored); /* little-endian machines */
  g_assert_true(g_file_set_contents(path, (const char *)b->data, b->len, NULL));
  g_autofree double *v = sg_npy_read_doubles(path, 6, &ndim, shape, NULL);
  g_assert_cmpint(ndim, ==, 2);
  for (int i = 0; i < 6; i++)
    g_assert_cmpfloat(v[i], ==, i);
  g_autoptr(GError) error = NULL;
  g_assert_null(sg_npy_read_doubles(path, 5, &ndim, shape, &error));
  assert_said("6 of 5", error, "the array is [2, 3], larger than any vector");
  g_clear_error(&error);
  g_assert_null(sg_npy_read_vector(path, 6, &error));
  assert_said("a matrix", error, "the array has 2 dimensions; expected a vector of 6 numbers");
  g_clear_error(&error);
  g_assert_null(sg_npy_read(none, &error));
  assert_said("none", error, "none.npy");
  g_clear_error(&error);
  double nan = NAN;
  memcpy(b->data + b->len - 8, &nan, 8);
  g_assert_true(g_file_set_contents(path, (const char *)b->data, b->len, NULL));
  g_assert_null(sg_npy_read_doubles(path, 6, &ndim, shape, &error));
  assert_said("NaN", error, "number 5 of the array is not finite");
}

static void
add_npy(SgZipWriter *z, const char *name, const char *header, gsize n)
{
  g_autoptr(GByteArray) b = npy(header, n);
  g_assert_true(sg_zip_writer_add(z, name, b->data, b->len, NULL));
}

static void
test_npz(void)
{
  static const char *const w[] = {"w", NULL}, *const both[] = {"z", "w", NULL},
                           *const large[] = {"large", NULL};
  g_autofree char *path = scratch("arrays.npz"), *empty = scratch("empty.npz");
  const char *key;
  int ndim;
  gint64 shape[SG_MAX_DIMS];
  g_autoptr(GError) error = NULL;
  g_autoptr(SgZipWriter) z = sg_zip_writer_new(path, NULL);

  add_npy(z, "large.npy", "{'descr': '<f8', 'fortran_order': False, 'shape': (10000,), }", 80000);
  add_npy(z, "w\t.npy", "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", 16);
  g_assert_true(sg_zip_writer_commit(z, NULL));
  g_assert_null(sg_npz_read(path, both, 10, &key, &ndim, shape, &error));
  assert_said("w", error, "expected an array z or w, found large.npy, w\\t.npy");
  g_clear_error(&error);
  g_assert_null(sg_npz_read(path, large, 10, &key, &ndim, shape, &error));
  assert_said("large", error, "larger than any vector of such a model");
  g_clear_error(&error);
  g_assert_true(g_file_set_contents(empty, "no zip at all", -1, NULL));
  g_assert_null(sg_npz_read(empty, w, 10, &key, &ndim, shape, &error));
  assert_said("none", error, "not a readable zip archive");
  g_clear_error(&error);
  g_assert_null(sg_npz_read("/nowhere/at/all.npz", w, 10, &key, &ndim, shape, &error));
  assert_said("nowhere", error, "/nowhere/at/all.npz");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/formats/broken/safetensors", test_safetensors);
  g_test_add_func("/formats/broken/eight-bits", test_eight_bits);
  g_test_add_func("/formats/broken/others", test_others);
  g_test_add_func("/formats/broken/pickles", test_pickles);
  g_test_add_func("/formats/broken/npy", test_npy);
  g_test_add_func("/formats/broken/npy-heads", test_npy_heads);
  g_test_add_func("/formats/broken/npy-doubles", test_npy_doubles);
  g_test_add_func("/formats/broken/npz", test_npz);
  int status = g_test_run();
  cleanup();
  return status;
}
