/* TensorBoard's event files, read back by a decoder of its own. */
#include "engine/base/crc32c.h"
#include "engine/record/run-dir-private.h"
#include "tests/support/run-dir-support.h"
#include <math.h>
#include <string.h>
#include <unistd.h>

/* ---- a decoder of protocol buffers ----------------------------------------------------------- */

typedef struct {
  guint field, wire;
  guint64 number; /* varint, or the bits of a fixed one */
  const guint8 *data;
  gsize n;
} Field;

static guint64
take_varint(const guint8 **p, const guint8 *end)
{
  guint64 v = 0;
  for (int shift = 0;; shift += 7) {
    g_assert_true(*p < end && shift < 64);
    guint8 byte = *(*p)++;
    v |= (guint64)(byte & 127) << shift;
    if (byte < 128)
      return v;
  }
}

static guint64
take_fixed(const guint8 **p, const guint8 *end, int bytes)
{
  guint64 v = 0;
  g_assert_true(end - *p >= bytes);
  for (int i = 0; i < bytes; i++)
    v |= (guint64) * (*p)++ << (8 * i);
  return v;
}

static GArray *
decode(const guint8 *data, gsize n)
{
  GArray *fields = g_array_new(FALSE, TRUE, sizeof(Field));
  const guint8 *p = data, *end = data + n;

  while (p < end) {
    guint64 key = take_varint(&p, end);
    Field f = {.field = (guint)(key >> 3), .wire = (guint)(key & 7)};
    switch (f.wire) {
    case 0:
      f.number = take_varint(&p, end);
      break;
    case 1:
      f.number = take_fixed(&p, end, 8);
      break;
    case 2:
      f.n = take_varint(&p, end);
      g_assert_true((gsize)(end - p) >= f.n);
      f.data = p;
      p += f.n;
      break;
    case 5:
      f.number = take_fixed(&p, end, 4);
      break;
    default:
      g_assert_not_reached();
    }
    g_array_append_val(fields, f);
  }
  return fields;
}

/* The k-th field of this number, or NULL. */
static const Field *
find(const GArray *fields, guint number, guint k)
{
  for (guint i = 0; i < fields->len; i++) {
    const Field *f = &g_array_index(fields, Field, i);
    if (f->field == number && k-- == 0)
      return f;
  }
  return NULL;
}

static double
double_of(guint64 bits)
{
  double v;
  memcpy(&v, &bits, sizeof v);
  return v;
}

static float
float_of(guint64 bits)
{
  guint32 low = (guint32)bits;
  float v;
  memcpy(&v, &low, sizeof v);
  return v;
}

static GArray *
decode_event(GPtrArray *events, guint i)
{
  gsize n;
  const guint8 *data = g_bytes_get_data(events->pdata[i], &n);
  return decode(data, n);
}

/* The value of a tag in an event's summary. */
static GArray *
value_of(const GArray *event, const char *tag)
{
  const Field *summary = find(event, 5, 0);
  g_assert_nonnull(summary);
  g_autoptr(GArray) values = decode(summary->data, summary->n);
  for (guint i = 0; i < values->len; i++) {
    const Field *v = find(values, 1, i);
    GArray *value = decode(v->data, v->n);
    const Field *name = find(value, 1, 0);
    if (name->n == strlen(tag) && memcmp(name->data, tag, name->n) == 0)
      return value;
    g_array_unref(value);
  }
  g_assert_not_reached();
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void
test_crc(void)
{
  guint8 zeros[32] = {0};

  g_assert_cmphex(sg_crc32c("123456789", 9), ==, 0xe3069283);
  g_assert_cmphex(sg_crc32c(zeros, 32), ==, 0x8a9136aa); /* RFC 3720, B.4 */
  g_assert_cmphex(sg_crc32c("", 0), ==, 0);
  g_assert_cmphex(other_crc32c((const guint8 *)"123456789", 9), ==, 0xe3069283);
}

static void
test_scalars(void)
{
  g_autofree char *root = make_root();
  g_autoptr(SgRunDir) r = create_in(root);
  double now = (double)g_get_real_time() / 1e6;

  sg_run_dir_report(r, "Loss/scores/real", 1);
  sg_run_dir_report(r, "Loss/scores/real", 2);
  sg_run_dir_report(r, "Loss/nan", NAN);
  g_assert_true(sg_run_dir_tick(r, 25000.0644, NULL));
  g_assert_true(sg_run_dir_tick(r, 25004, NULL));

  g_autoptr(GPtrArray) files = event_files(sg_run_dir_path(r));
  g_assert_cmpuint(files->len, ==, 1);
  g_autofree char *tail = g_strdup_printf(".%s.%d", g_get_host_name(), (int)getpid());
  g_assert_true(g_str_has_suffix(files->pdata[0], tail));
  g_autoptr(GPtrArray) events = read_events(files->pdata[0]);
  g_assert_cmpuint(events->len, ==, 3);
  g_autoptr(GArray) version = decode_event(events, 0), tick = decode_event(events, 1);
  const Field *text = find(version, 3, 0);
  g_assert_cmpmem(text->data, text->n, "brain.Event:2", 13);
  g_assert_cmpfloat(fabs(double_of(find(version, 1, 0)->number) - now), <, 60);
  g_assert_cmpuint(find(tick, 2, 0)->number, ==, 25000064);
  g_assert_cmpfloat(fabs(double_of(find(tick, 1, 0)->number) - now), <, 60);
  g_autoptr(GArray) scores = value_of(tick, "Loss/scores/real");
  g_assert_cmpuint(find(scores, 2, 0)->wire, ==, 5);
  g_assert_cmpfloat(float_of(find(scores, 2, 0)->number), ==, 1.5f);
  g_autoptr(GArray) nan = value_of(tick, "Loss/nan");
  g_assert_true(isnan(float_of(find(nan, 2, 0)->number)));
  g_autoptr(GArray) kimg = value_of(tick, "Progress/kimg");
  g_assert_cmpfloat(float_of(find(kimg, 2, 0)->number), ==, 25000.0644f);
  sg_run_dir_free(g_steal_pointer(&r));
  remove_root(root);
}

static void
assert_doubles(const Field *f, const double *expected, gsize n)
{
  const guint8 *p = f->data;
  g_assert_cmpuint(f->wire, ==, 2);
  g_assert_cmpuint(f->n, ==, n * 8);
  for (gsize i = 0; i < n; i++)
    g_assert_cmpfloat(double_of(take_fixed(&p, f->data + f->n, 8)), ==, expected[i]);
}

static void
test_histogram(void)
{
  g_autofree char *root = make_root();
  g_autoptr(SgRunDir) r = create_in(root);
  const float values[] = {-1, -0.5f, 0.25f, 0.5f, 3};

  sg_run_dir_histogram(r, "Weights", values, 5, -1, 1, 4);
  g_assert_true(sg_run_dir_tick(r, 0, NULL));
  g_autoptr(GPtrArray) files = event_files(sg_run_dir_path(r));
  g_autoptr(GPtrArray) events = read_events(files->pdata[0]);
  g_autoptr(GArray) tick = decode_event(events, 1), value = value_of(tick, "Weights");
  g_assert_null(find(value, 2, 0));
  const Field *message = find(value, 5, 0);
  g_autoptr(GArray) histo = decode(message->data, message->n);
  const double expected[] = {-1, 3, 5, 2.25, 10.5625}; /* min max num sum sum_squares */
  for (guint i = 0; i < 5; i++)
    g_assert_cmpfloat(double_of(find(histo, i + 1, 0)->number), ==, expected[i]);
  /* Limits are upper ends; the last bin holds what lies beyond. */
  assert_doubles(find(histo, 6, 0), (const double[]){-0.5, 0, 0.5, 3}, 4);
  assert_doubles(find(histo, 7, 0), (const double[]){1, 1, 1, 2}, 4);
  sg_run_dir_free(g_steal_pointer(&r));
  remove_root(root);
}

static void
test_reopen(void)
{
  g_autofree char *root = make_root();
  SgRunDir *r = create_in(root);
  g_autofree char *path = g_strdup(sg_run_dir_path(r));

  g_assert_true(sg_run_dir_tick(r, 4, NULL));
  g_assert_true(sg_run_dir_tick(r, 8, NULL));
  sg_run_dir_free(r);
  r = sg_run_dir_reopen(path, 4, NULL);
  g_assert_true(sg_run_dir_tick(r, 8, NULL));
  sg_run_dir_free(r);
  g_autoptr(GPtrArray) files = event_files(path);
  g_assert_cmpuint(files->len, ==, 2);
  g_autoptr(GPtrArray) events = read_events(files->pdata[1]);
  g_assert_cmpuint(events->len, ==, 3);
  g_autoptr(GArray) restart = decode_event(events, 1), tick = decode_event(events, 2);
  const Field *log = find(restart, 7, 0);
  g_assert_cmpmem(log->data, log->n, "\x08\x01", 2); /* status: START */
  g_assert_cmpuint(find(restart, 2, 0)->number, ==, 4001);
  g_assert_cmpuint(find(tick, 2, 0)->number, ==, 8000);
  remove_root(root);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/events/crc", test_crc);
  g_test_add_func("/events/scalars", test_scalars);
  g_test_add_func("/events/histogram", test_histogram);
  g_test_add_func("/events/reopen", test_reopen);
  return g_test_run();
}
