/* Faces that come one after the other: each in its place, and until it comes what was there before,
 * as large as the others. */
#include "app/grid/vitrine-grid.h"
#include <string.h>

static void
put(VitrineGrid *g, int size, int face, guint8 value)
{
  g_autofree guint8 *rgb = g_malloc((gsize)(size * size * 3));

  memset(rgb, value, (gsize)(size * size * 3));
  g_assert_true(vitrine_grid_put(g, rgb, size, size, face, 1));
}

/* Grey of the middle of the cell in that column and row. */
static int
seen(VitrineGrid *g, int columns, int column, int row)
{
  g_autoptr(GdkTexture) t = vitrine_grid_texture(g);
  int w = gdk_texture_get_width(t), h = gdk_texture_get_height(t), side = w / columns;
  g_autofree guint8 *pixels = g_malloc((gsize)(w * h * 4));

  gdk_texture_download(t, pixels, (gsize)w * 4);
  return pixels[((row * side + side / 2) * w + column * side + side / 2) * 4];
}

static void
test_parts(void)
{
  VitrineGrid *g = vitrine_grid_new();

  vitrine_grid_begin(g, 4, 3);
  g_assert_null(vitrine_grid_texture(g));
  put(g, 8, 1, 100);
  g_assert_cmpint(vitrine_grid_drawn(g), ==, 1);
  g_assert_cmpint(seen(g, 2, 1, 0), ==, 100);
  g_assert_cmpint(seen(g, 2, 0, 0), ==, 0); /* nothing was there before */
  put(g, 8, 0, 50);
  put(g, 8, 2, 150);
  put(g, 8, 3, 200);
  g_assert_cmpint(vitrine_grid_drawn(g), ==, 4);
  /* The next one is larger: what has not come is enlarged; and is not forgotten when it is given
   * up for a smaller one. */
  vitrine_grid_begin(g, 4, 3);
  put(g, 32, 3, 201);
  g_assert_cmpint(seen(g, 2, 1, 1), ==, 201);
  g_assert_cmpint(seen(g, 2, 0, 1), ==, 150);
  vitrine_grid_begin(g, 4, 3);
  put(g, 4, 0, 51);
  g_assert_cmpint(vitrine_grid_drawn(g), ==, 1);
  g_assert_cmpint(seen(g, 2, 0, 0), ==, 51);
  g_assert_cmpint(seen(g, 2, 1, 0), ==, 100);
  g_assert_cmpint(seen(g, 2, 1, 1), ==, 201);
  /* Begun and given up before a face came. */
  vitrine_grid_begin(g, 4, 3);
  vitrine_grid_begin(g, 9, 3);
  put(g, 4, 8, 9);
  g_assert_cmpint(seen(g, 3, 2, 2), ==, 9);
  g_assert_cmpint(seen(g, 3, 1, 0), ==, 100);
  g_assert_cmpint(vitrine_grid_face(g, 8)[0], ==, 9);
  vitrine_grid_free(g);
}

/* Enlarged pixels lie between their neighbours, and a plain picture stays plain. */
static void
test_between(void)
{
  VitrineGrid *g = vitrine_grid_new();
  const guint8 two[12] = {0, 0, 0, 255, 255, 255, 0, 0, 0, 255, 255, 255};

  vitrine_grid_begin(g, 2, 3);
  g_assert_true(vitrine_grid_put(g, two, 2, 2, 0, 1));
  put(g, 2, 1, 77);
  vitrine_grid_begin(g, 2, 3);
  put(g, 8, 1, 77);
  g_autoptr(GdkTexture) t = vitrine_grid_texture(g);
  const guint8 *face = vitrine_grid_face(g, 0);
  for (int i = 1; i < 8; i++)
    g_assert_cmpint(face[3 * i], >=, face[3 * (i - 1)]);
  g_assert_cmpint(face[0], ==, 0);
  g_assert_cmpint(face[3 * 7], ==, 255);
  vitrine_grid_free(g);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/grid/parts", test_parts);
  g_test_add_func("/grid/between", test_between);
  return g_test_run();
}
