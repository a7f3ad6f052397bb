/* How large pictures are to be, with a clock of the test's own. */
#include "app/session/vitrine-sizes.h"

static const int sizes[] = {4, 8, 16, 32, 64, 128, 256, 512, 1024};
static const double shares[] = {0.001, 0.003, 0.01, 0.03, 0.07, 0.15, 0.3, 0.6, 1};

static VitrineSizes *
large(int faces)
{
  VitrineSizes *s = vitrine_sizes_new(9, sizes, shares);
  vitrine_sizes_set_faces(s, faces, 1);
  return s;
}

static int
first(VitrineSizes *s, gboolean can, gboolean *rough, gint64 now)
{
  gboolean unused;
  return vitrine_sizes_first(s, can, rough ? rough : &unused, now);
}

/* No larger than it is seen, nor than 16 million pixels of all faces. */
static void
test_last(void)
{
  static const struct {
    int faces;
    double needed;
    int last;
  } cases[] = {{1, 0, 1024},    {1, 604, 1024}, {1, 512, 512},   {1, 512.3, 512},  {1, 513, 1024},
               {1, 3000, 1024}, {32, 87, 128},  {32, 1024, 512}, {16, 1024, 1024}, {32, 3, 4}};

  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(VitrineSizes) s = large(cases[i].faces);
    vitrine_sizes_set_needed(s, cases[i].needed);
    g_assert_cmpint(vitrine_sizes_last(s), ==, cases[i].last);
    g_assert_cmpint(vitrine_sizes_whole(s), ==, 1024);
    g_assert_cmpint(vitrine_sizes_next(s, 4), ==, MIN(8, cases[i].last));
    g_assert_cmpint(vitrine_sizes_next(s, cases[i].last), ==, cases[i].last);
  }
}

/* Of a large model the very first picture is small, whatever it will take. */
static void
test_unknown(void)
{
  const int few[] = {64, 128};
  const double parts[] = {0.4, 1};
  g_autoptr(VitrineSizes) s = large(1), small = vitrine_sizes_new(2, few, parts);

  g_assert_cmpint(first(s, TRUE, NULL, 1), ==, 32);
  vitrine_sizes_set_faces(small, 1, 1);
  g_assert_cmpint(first(small, TRUE, NULL, 1), ==, 128);
}

/* As large as fits a frame: down, and up again; other numbers of faces begin with a guess. */
static void
test_fits(void)
{
  g_autoptr(VitrineSizes) s = large(1);
  gint64 now = G_USEC_PER_SEC;

  vitrine_sizes_took(s, 1024, FALSE, 0.1, now); /* 64: 7 ms, 128: 15 ms, 256: 30 ms */
  g_assert_cmpint(first(s, FALSE, NULL, now), ==, 128);
  vitrine_sizes_set_faces(s, 9, now);
  g_assert_cmpint(first(s, FALSE, NULL, now), ==, 32); /* 27 ms: no smaller one is drawn */
  vitrine_sizes_set_faces(s, 1, now);
  g_assert_cmpint(first(s, FALSE, NULL, now), ==, 128);
  for (int i = 0; i < 5; i++, now += 16000) /* something else is busy */
    vitrine_sizes_took(s, 128, FALSE, 0.06, now);
  g_assert_cmpint(first(s, FALSE, NULL, now), <, 128);
  now += 2 * G_USEC_PER_SEC;
  for (int i = 0; i < 5; i++, now += 16000)
    vitrine_sizes_took(s, 64, FALSE, 0.006, now);
  g_assert_cmpint(first(s, FALSE, NULL, now), ==, 128);
  vitrine_sizes_set_needed(s, 60);
  g_assert_cmpint(first(s, FALSE, NULL, now), ==, 64);
  vitrine_sizes_forget(s);
  g_assert_cmpint(vitrine_sizes_get_faces(s), ==, 0);
  g_assert_cmpint(first(s, FALSE, NULL, now), ==, 32);
}

/* In bf16 where that is larger, never where the exact one is whole or nothing else can. */
static void
test_rough(void)
{
  g_autoptr(VitrineSizes) s = large(1);
  gint64 now = G_USEC_PER_SEC;
  gboolean rough;

  vitrine_sizes_took(s, 1024, FALSE, 0.1, now);
  g_assert_cmpint(first(s, TRUE, &rough, now), ==, 256); /* half as long, until it was tried */
  g_assert_true(rough);
  g_assert_cmpint(first(s, FALSE, &rough, now), ==, 128);
  g_assert_false(rough);
  for (int i = 0; i < 5; i++, now += 16000)
    vitrine_sizes_took(s, 256, TRUE, 0.09, now); /* slower, as it turns out */
  g_assert_cmpint(first(s, TRUE, &rough, now), ==, 128);
  g_assert_false(rough);
  vitrine_sizes_set_needed(s, 100);
  g_assert_cmpint(first(s, TRUE, &rough, now), ==, 128);
  g_assert_false(rough);
}

/* Where not even the smallest fits a frame, what is sooner there. */
static void
test_too_slow(void)
{
  g_autoptr(VitrineSizes) s = large(1);
  gint64 now = G_USEC_PER_SEC;
  gboolean rough;

  vitrine_sizes_took(s, 1024, FALSE, 4, now); /* 32: 120 ms */
  g_assert_cmpint(first(s, TRUE, &rough, now), ==, 32);
  g_assert_true(rough);
  g_assert_cmpint(first(s, FALSE, &rough, now), ==, 32);
  g_assert_false(rough);
  for (int i = 0; i < 5; i++, now += 16000)
    vitrine_sizes_took(s, 32, TRUE, 0.2, now);
  g_assert_cmpint(first(s, TRUE, &rough, now), ==, 32);
  g_assert_false(rough);
}

/* A network that gives nothing before its last layer (orig, resnet) is drawn in bf16 while it
 * moves, unless that fits a frame as it is. */
static void
test_whole_only(void)
{
  static const int size = 1024;
  static const double share = 1;
  g_autoptr(VitrineSizes) s = vitrine_sizes_new(1, &size, &share);
  gint64 now = G_USEC_PER_SEC;
  gboolean rough;

  vitrine_sizes_set_faces(s, 1, now);
  vitrine_sizes_took(s, size, FALSE, 0.4, now);
  g_assert_cmpint(first(s, TRUE, &rough, now), ==, size);
  g_assert_true(rough);
  g_assert_cmpint(first(s, FALSE, &rough, now), ==, size);
  g_assert_false(rough);
  for (int i = 0; i < 5; i++, now += 16000)
    vitrine_sizes_took(s, size, FALSE, 0.01, now);
  g_assert_cmpint(first(s, TRUE, &rough, now), ==, size);
  g_assert_false(rough);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/sizes/last", test_last);
  g_test_add_func("/sizes/unknown", test_unknown);
  g_test_add_func("/sizes/fits", test_fits);
  g_test_add_func("/sizes/rough", test_rough);
  g_test_add_func("/sizes/too-slow", test_too_slow);
  g_test_add_func("/sizes/whole-only", test_whole_only);
  return g_test_run();
}
