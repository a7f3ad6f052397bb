/* What an examination goes by: evidence, spectra, damage, provenance. Numbers of NumPy, SciPy and
 * Pillow (examine-table.py). */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "engine/examine/evidence.h"
#include "engine/examine/spectrum.h"
#include "engine/pictures/provenance.h"
#include "tests/unit/examine/examine-table.h"

#define R 64
#define N (R * R)

static void
fill(guint8 *planes)
{
  for (int c = 0; c < 3; c++)
    for (int y = 0; y < R; y++)
      for (int x = 0; x < R; x++)
        planes[c * N + y * R + x] =
            (guint8)(((x * x + 3 * y * y + 17 * c * x) / 7 + (x * y) % 31) & 255);
}

/* ---- evidence -------------------------------------------------------------------------------- */

static void
test_interval(void)
{
  double ones[30], zeros[25], low, high;

  for (int i = 0; i < 30; i++)
    ones[i] = ((i * 7919) % 101) / 50.0;
  for (int i = 0; i < 25; i++)
    zeros[i] = ((i * 104729) % 97) / 97.0;
  g_assert_cmpfloat_with_epsilon(sg_auc_interval(30, ones, 25, zeros, 1, &low, &high), TABLE_AUC,
                                 1e-9);
  g_assert_cmpfloat_with_epsilon(low, TABLE_AUC_LOW, 0.02);
  g_assert_cmpfloat_with_epsilon(high, TABLE_AUC_HIGH, 0.02);
  g_assert_true(isnan(sg_auc_interval(0, NULL, 25, zeros, 1, &low, &high)));
}

/* 0, 1, … n - 1, plus `from` */
static double *
ramp(int n, double from)
{
  double *v = g_new(double, n);

  for (int i = 0; i < n; i++)
    v[i] = from + i;
  return v;
}

static void
assert_says(const SgEvidence *e, double value, SgVerdict verdict, SgReason reason)
{
  SgTestimony t = sg_evidence_ask(e, value);

  g_assert_cmpint(t.reason, ==, reason);
  g_assert_cmpint(t.verdict, ==, verdict);
}

/* Generated pictures have 0 … 39, real ones 30 … 69. */
static void
test_verdicts(void)
{
  g_autofree double *generated = ramp(40, 0), *real = ramp(40, 30);
  g_autoptr(SgEvidence) e = sg_evidence_new(1, 40, real, 40, generated, FALSE);

  g_assert_true(e->separate);
  assert_says(e, 10, SG_VERDICT_FITS, SG_REASON_LIKE_GENERATED);
  assert_says(e, 60, SG_VERDICT_DOES_NOT_FIT, SG_REASON_LIKE_REAL);
  assert_says(e, 34, SG_VERDICT_CANNOT_TELL, SG_REASON_LIKE_BOTH);
  assert_says(e, 1000, SG_VERDICT_DOES_NOT_FIT, SG_REASON_LIKE_REAL);
  assert_says(e, -1000, SG_VERDICT_CANNOT_TELL, SG_REASON_LIKE_NEITHER);
  assert_says(e, NAN, SG_VERDICT_CANNOT_TELL, SG_REASON_NOT_MEASURED);
  /* 38 and 39 are at least as large, and the picture itself: 3 of 41. */
  g_assert_cmpfloat_with_epsilon(sg_evidence_ask(e, 38).p_generated, 3 / 41.0, 1e-12);
  g_assert_cmpfloat_with_epsilon(sg_evidence_ask(e, 31).p_real, 3 / 41.0, 1e-12);
}

/* Generated ones on the other side, with a gap between the kinds. */
static void
test_gap(void)
{
  g_autofree double *generated = ramp(40, 100), *real = ramp(40, 0);
  g_autoptr(SgEvidence) e = sg_evidence_new(1, 40, real, 40, generated, TRUE);

  g_assert_cmpfloat(e->auc, ==, 1);
  assert_says(e, 120, SG_VERDICT_FITS, SG_REASON_LIKE_GENERATED);
  assert_says(e, 70, SG_VERDICT_CANNOT_TELL, SG_REASON_LIKE_NEITHER);
  assert_says(e, 500, SG_VERDICT_CANNOT_TELL, SG_REASON_LIKE_NEITHER);
}

/* References that are alike, too few, or not there decide nothing. */
static void
test_no_verdict(void)
{
  g_autofree double *a = ramp(40, 0), *b = ramp(40, 1), *far = ramp(10, 500);
  g_autoptr(SgEvidence) alike = sg_evidence_new(1, 40, a, 40, b, TRUE);
  g_autoptr(SgEvidence) few = sg_evidence_new(1, 10, a, 10, far, TRUE);
  g_autoptr(SgEvidence) alone = sg_evidence_new(1, 0, a, 40, b, TRUE);

  assert_says(alike, 20, SG_VERDICT_CANNOT_TELL, SG_REASON_NO_DIFFERENCE);
  assert_says(alike, 1000, SG_VERDICT_CANNOT_TELL, SG_REASON_NO_DIFFERENCE);
  assert_says(few, 505, SG_VERDICT_CANNOT_TELL, SG_REASON_LIKE_BOTH); /* 1 of 11 is no rarity */
  assert_says(alone, 20, SG_VERDICT_CANNOT_TELL, SG_REASON_NO_REAL);
  g_assert_true(isnan(alone->auc));
}

/* What one treatment makes usual is not rare. */
static void
test_treatments(void)
{
  double real[80], generated[80];

  for (int i = 0; i < 40; i++) {
    real[i] = i;
    real[40 + i] = 100 + i; /* as JPEG */
    generated[i] = generated[40 + i] = 100 + i;
  }
  g_autoptr(SgEvidence) plain = sg_evidence_new(1, 40, real, 40, generated, TRUE);
  g_autoptr(SgEvidence) both = sg_evidence_new(2, 40, real, 40, generated, TRUE);
  assert_says(plain, 120, SG_VERDICT_FITS, SG_REASON_LIKE_GENERATED);
  assert_says(both, 120, SG_VERDICT_CANNOT_TELL, SG_REASON_LIKE_DAMAGED);
  assert_says(both, 20, SG_VERDICT_DOES_NOT_FIT, SG_REASON_LIKE_REAL);
}

static void
test_copies(void)
{
  g_autofree double *generated = ramp(40, 20), *real = ramp(40, 10);
  g_autoptr(SgEvidence) e = sg_evidence_new(1, 40, real, 40, generated, FALSE);

  g_assert_cmpint(sg_evidence_ask_copy(e, 0).reason, ==, SG_REASON_COPY);
  g_assert_cmpint(sg_evidence_ask_copy(e, 0).verdict, ==, SG_VERDICT_FITS);
  g_assert_cmpint(sg_evidence_ask_copy(e, 12).verdict, ==, SG_VERDICT_DOES_NOT_FIT);
}

/* ---- spectra --------------------------------------------------------------------------------- */

static void
test_spectrum(void)
{
  g_autofree guint8 *planes = g_malloc(3 * N);
  double bins[SG_SPECTRUM_BINS];

  if (!sg_spectrum_available()) {
    g_test_skip("built without kissfft");
    return;
  }
  fill(planes);
  g_assert_true(sg_spectrum(3, R, planes, bins));
  g_assert_cmpint(sg_spectrum_bins(R), ==, G_N_ELEMENTS(table_spectrum));
  for (gsize i = 0; i < G_N_ELEMENTS(table_spectrum); i++)
    g_assert_cmpfloat_with_epsilon(bins[i], table_spectrum[i], 1e-4);
}

/* Stripes of a period of 4 pixels have a peak at R / 4; one colour has nothing. */
static void
test_known_spectra(void)
{
  g_autofree guint8 *planes = g_malloc0(N);
  double bins[SG_SPECTRUM_BINS];
  int most = 0;

  if (!sg_spectrum_available()) {
    g_test_skip("built without kissfft");
    return;
  }
  g_assert_false(sg_spectrum(1, R, planes, bins));
  for (int i = 0; i < N; i++)
    planes[i] = i % 4 == 0 ? 200 : 100;
  g_assert_true(sg_spectrum(1, R, planes, bins));
  for (int i = 1; i < SG_SPECTRUM_BINS; i++)
    most = bins[i] > bins[most] ? i : most;
  g_assert_cmpint(most + 1, ==, R / 4);
}

static void
test_discriminant(void)
{
  double rows[24 * 4], same[24 * 4];

  for (int k = 0; k < 24; k++)
    for (int j = 0; j < 4; j++) {
      rows[4 * k + j] =
          sin(k * 1.7 + j * j * 0.9) + 0.3 * j * cos(k * 0.6) + (k >= 12 ? 0.4 * j : 0);
      same[4 * k + j] = j;
    }
  g_autoptr(SgDiscriminant) d = sg_discriminant_new(4, 12, rows, 12, rows + 48, 2, 2);
  for (int k = 0; k < 24; k++)
    g_assert_cmpfloat_with_epsilon(sg_discriminant_score(d, rows + 4 * k), table_scores[k], 1e-6);
  g_assert_null(sg_discriminant_new(4, 12, same, 12, same + 48, 1, -1));
}

/* ---- damage ---------------------------------------------------------------------------------- */

static guint8 *
damaged(SgDamageKind kind, double amount, const guint8 *planes)
{
  g_autoptr(GError) error = NULL;
  guint8 *out = sg_damage(&(SgDamage){kind, amount}, 3, R, planes, &error);

  g_assert_no_error(error);
  return out;
}

static double
change(const guint8 *a, const guint8 *b)
{
  double sum = 0;

  for (int i = 0; i < 3 * N; i++)
    sum += abs(a[i] - b[i]) / (3.0 * N);
  return sum;
}

static void
test_damage(void)
{
  g_autofree guint8 *planes = g_malloc(3 * N);

  fill(planes);
  g_autofree guint8 *blurred = damaged(SG_DAMAGE_BLUR, 1, planes);
  for (int x = 0; x < R; x++) /* SciPy rounds on the way */
    g_assert_cmpint(abs(blurred[N + 5 * R + x] - table_blurred[x]), <=, 1);
  g_autofree guint8 *jpeg90 = damaged(SG_DAMAGE_JPEG, 90, planes);
  g_autofree guint8 *jpeg50 = damaged(SG_DAMAGE_JPEG, 50, planes);
  g_assert_cmpfloat_with_epsilon(change(jpeg90, planes), TABLE_JPEG90, 0.01 * TABLE_JPEG90);
  g_assert_cmpfloat_with_epsilon(change(jpeg50, planes), TABLE_JPEG50, 0.01 * TABLE_JPEG50);
  g_autofree guint8 *none = damaged(SG_DAMAGE_NONE, 0, planes);
  g_assert_cmpmem(none, 3 * N, planes, 3 * N);
  /* One colour stays one at every size. */
  memset(planes, 77, 3 * N);
  for (int k = 0; k < SG_STRESS_COUNT; k++) {
    g_autofree guint8 *flat = damaged(sg_stress[k].kind, sg_stress[k].amount, planes);
    g_assert_cmpfloat(change(flat, planes), <, 1.01);
  }
}

static void
test_stress_names(void)
{
  g_autoptr(GError) error = NULL;
  guint bits;

  g_assert_true(sg_stress_parse("jpeg50,blur1", &bits, &error));
  g_assert_cmpuint(bits, ==, 1u << 2 | 1u << 7);
  g_assert_true(sg_stress_parse("all", &bits, &error));
  g_assert_cmpuint(bits, ==, SG_STRESS_ALL);
  g_assert_false(sg_stress_parse("jpeg55", &bits, &error));
  g_assert_nonnull(strstr(error->message, "jpeg55"));
}

/* ---- provenance ------------------------------------------------------------------------------ */

static void
segment(GByteArray *a, guint8 marker, const char *data, gsize n)
{
  const guint8 head[4] = {0xff, marker, (guint8)((n + 2) >> 8), (guint8)(n + 2)};

  g_byte_array_append(a, head, 4);
  g_byte_array_append(a, (const guint8 *)data, (guint)n);
}

static void
tables(GByteArray *a, const guint8 natural[64])
{
  /* The zigzag, walked: up to the right and down to the left in turns. */
  char data[65] = {0};
  int x = 0, y = 0;

  for (int i = 0; i < 64; i++) {
    data[1 + i] = (char)natural[8 * y + x];
    if ((x + y) % 2 == 0) {
      if (x == 7)
        y++;
      else if (y == 0)
        x++;
      else
        x++, y--;
    } else if (y == 7) {
      x++;
    } else if (x == 0) {
      y++;
    } else {
      x--, y++;
    }
  }
  segment(a, 0xdb, data, sizeof data);
}

static void
test_tables(void)
{
  static const struct {
    int quality;
    const guint8 *table;
  } cases[] = {{50, table_quality_50}, {75, table_quality_75}, {92, table_quality_92}};

  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GByteArray) a = g_byte_array_new();
    g_auto(SgProvenance) p;
    g_byte_array_append(a, (const guint8 *)"\xff\xd8", 2);
    tables(a, cases[i].table);
    sg_provenance_read(&p, a->data, a->len);
    g_assert_cmpint(p.tables, ==, 1);
    g_assert_cmpint(p.quality, ==, cases[i].quality);
    for (int k = 0; k < 64; k++)
      g_assert_cmpint(p.table[0][k], ==, cases[i].table[k]);
  }
}

static void
test_metadata(void)
{
  static const char xmp[] = "http://ns.adobe.com/xap/1.0/\0<x Iptc4xmpExt:DigitalSourceType="
                            "\"http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture\" "
                            "xmp:CreatorTool=\"A camera\"/>";
  g_autoptr(GByteArray) a = g_byte_array_new();
  g_auto(SgProvenance) p;

  g_byte_array_append(a, (const guint8 *)"\xff\xd8", 2);
  segment(a, 0xe1, xmp, sizeof xmp - 1);
  segment(a, 0xe1, "Exif\0\0II", 8);
  segment(a, 0xed, "Photoshop 3.0\0008BIM\x04\x04\0\0\0\0\0\0", 26);
  segment(a, 0xeb, "JP\0\1\0\0\0\1\0\0\0\x20jumbjumdc2pa", 24);
  sg_provenance_read(&p, a->data, a->len);
  g_assert_true(p.has_xmp && p.has_exif && p.has_iptc && p.has_c2pa && !p.has_recipe);
  g_assert_cmpstr(p.source_type, ==, "digitalCapture");
  g_assert_cmpstr(p.creator_tool, ==, "A camera");
  /* Cut anywhere, it says less and reads nothing outside. */
  for (guint n = 0; n < a->len; n++) {
    g_autofree guint8 *part = g_memdup2(a->data, n);
    g_auto(SgProvenance) q;
    sg_provenance_read(&q, part, n);
    g_assert_cmpint(q.tables, ==, 0);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/examine/interval", test_interval);
  g_test_add_func("/examine/verdicts", test_verdicts);
  g_test_add_func("/examine/gap", test_gap);
  g_test_add_func("/examine/no-verdict", test_no_verdict);
  g_test_add_func("/examine/treatments", test_treatments);
  g_test_add_func("/examine/copies", test_copies);
  g_test_add_func("/examine/spectrum", test_spectrum);
  g_test_add_func("/examine/known-spectra", test_known_spectra);
  g_test_add_func("/examine/discriminant", test_discriminant);
  g_test_add_func("/examine/damage", test_damage);
  g_test_add_func("/examine/stress-names", test_stress_names);
  g_test_add_func("/examine/tables", test_tables);
  g_test_add_func("/examine/metadata", test_metadata);
  return g_test_run();
}
