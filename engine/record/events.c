/* TensorBoard's event files: TFRecords of protocol buffers, written by hand.
 *
 * tensorflow/core/util/event.proto and framework/summary.proto; the field numbers used are named
 * below. A TFRecord is length, checksum of the length, data, checksum of the data, all little
 * endian; the checksums are CRC-32C (Castagnoli), "masked". */
#include "engine/base/crc32c.h"
#include "engine/record/run-dir-private.h"
#include <math.h>
#include <string.h>

enum { WIRE_VARINT, WIRE_64, WIRE_BYTES, WIRE_32 = 5 };
enum {
  EVENT_WALL_TIME = 1,
  EVENT_STEP,
  EVENT_FILE_VERSION,
  EVENT_SUMMARY = 5,
  EVENT_SESSION_LOG = 7
};
enum { SESSION_LOG_STATUS = 1, SESSION_START = 1 };
enum { SUMMARY_VALUE = 1, VALUE_TAG = 1, VALUE_SIMPLE = 2, VALUE_HISTOGRAM = 5 };
enum {
  HISTO_MIN = 1,
  HISTO_MAX,
  HISTO_NUM,
  HISTO_SUM,
  HISTO_SUM_SQUARES,
  HISTO_LIMIT,
  HISTO_BUCKET
};

static void
put_varint(GByteArray *out, guint64 v)
{
  guint8 bytes[10];
  guint n = 0;

  for (; v >= 0x80; v >>= 7)
    bytes[n++] = (guint8)(v | 0x80);
  bytes[n++] = (guint8)v;
  g_byte_array_append(out, bytes, n);
}

static void
put_key(GByteArray *out, guint field, guint wire)
{
  put_varint(out, field << 3 | wire);
}

static void
put_u32(GByteArray *out, guint32 v)
{
  v = GUINT32_TO_LE(v);
  g_byte_array_append(out, (const guint8 *)&v, sizeof v);
}

static void
put_u64(GByteArray *out, guint64 v)
{
  v = GUINT64_TO_LE(v);
  g_byte_array_append(out, (const guint8 *)&v, sizeof v);
}

static void
put_double(GByteArray *out, double v)
{
  guint64 bits;
  memcpy(&bits, &v, sizeof bits);
  put_u64(out, bits);
}

static void
put_double_field(GByteArray *out, guint field, double v)
{
  put_key(out, field, WIRE_64);
  put_double(out, v);
}

static void
put_bytes_field(GByteArray *out, guint field, gconstpointer data, gsize n)
{
  put_key(out, field, WIRE_BYTES);
  put_varint(out, n);
  g_byte_array_append(out, data, (guint)n);
}

/* Frees `message`. */
static void
put_message(GByteArray *out, guint field, GByteArray *message)
{
  put_bytes_field(out, field, message->data, message->len);
  g_byte_array_unref(message);
}

static void
put_masked_crc(GByteArray *out, gconstpointer data, gsize n)
{
  put_u32(out, sg_crc32c_masked(data, n));
}

/* Frees `event`. */
static GByteArray *
to_record(GByteArray *event)
{
  GByteArray *out = g_byte_array_new();

  put_u64(out, event->len);
  put_masked_crc(out, out->data, 8);
  g_byte_array_append(out, event->data, event->len);
  put_masked_crc(out, event->data, event->len);
  g_byte_array_unref(event);
  return out;
}

static GByteArray *
event_new(double wall_time, gint64 step)
{
  GByteArray *event = g_byte_array_new();

  put_double_field(event, EVENT_WALL_TIME, wall_time);
  if (step != 0) { /* 0 is what an absent field reads as */
    put_key(event, EVENT_STEP, WIRE_VARINT);
    put_varint(event, (guint64)step);
  }
  return event;
}

GByteArray *
sg_event_version(double wall_time)
{
  static const char version[] = "brain.Event:2";
  GByteArray *event = event_new(wall_time, 0);

  put_bytes_field(event, EVENT_FILE_VERSION, version, sizeof version - 1);
  return to_record(event);
}

GByteArray *
sg_event_restart(double wall_time, gint64 step)
{
  GByteArray *event = event_new(wall_time, step), *log = g_byte_array_new();

  put_key(log, SESSION_LOG_STATUS, WIRE_VARINT);
  put_varint(log, SESSION_START);
  put_message(event, EVENT_SESSION_LOG, log);
  return to_record(event);
}

static GByteArray *
histogram_message(const SgHistogram *h)
{
  GByteArray *m = g_byte_array_new(), *limits = g_byte_array_new(), *buckets = g_byte_array_new();
  gboolean any = h->min <= h->max;

  put_double_field(m, HISTO_MIN, any ? h->min : h->lo);
  put_double_field(m, HISTO_MAX, any ? h->max : h->hi);
  put_double_field(m, HISTO_NUM, (double)h->num);
  put_double_field(m, HISTO_SUM, h->sum);
  put_double_field(m, HISTO_SUM_SQUARES, h->sumsq);
  for (guint i = 0; i < h->bins; i++) {
    double limit = h->lo + (h->hi - h->lo) * (i + 1) / h->bins;
    /* The last bin also has what lies beyond it. */
    put_double(limits, i + 1 == h->bins && any ? MAX(limit, h->max) : limit);
    put_double(buckets, (double)h->counts[i]);
  }
  put_message(m, HISTO_LIMIT, limits); /* packed doubles are framed as a message is */
  put_message(m, HISTO_BUCKET, buckets);
  return m;
}

static void
put_scalar(GByteArray *summary, const char *tag, double v)
{
  GByteArray *value = g_byte_array_new();
  float single = (float)v;
  guint32 bits;

  memcpy(&bits, &single, sizeof bits);
  put_bytes_field(value, VALUE_TAG, tag, strlen(tag));
  put_key(value, VALUE_SIMPLE, WIRE_32);
  put_u32(value, bits);
  put_message(summary, SUMMARY_VALUE, value);
}

GByteArray *
sg_event_summary(double wall_time, gint64 step, const SgStats *s)
{
  g_autoptr(GPtrArray) tags = sg_stats_tags(s);
  GByteArray *event = event_new(wall_time, step), *summary = g_byte_array_new();

  for (guint i = 0; i < tags->len; i++) {
    const char *tag = tags->pdata[i];
    const SgStat *stat = sg_stats_get(s, tag);
    if (stat->num > 0)
      put_scalar(summary, tag, stat->mean);
    if (stat->histogram) {
      GByteArray *value = g_byte_array_new();
      put_bytes_field(value, VALUE_TAG, tag, strlen(tag));
      put_message(value, VALUE_HISTOGRAM, histogram_message(stat->histogram));
      put_message(summary, SUMMARY_VALUE, value);
    }
  }
  put_message(event, EVENT_SUMMARY, summary);
  return to_record(event);
}
