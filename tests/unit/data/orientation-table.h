/* By orientation-table.py with Pillow: the upright picture, as numbers of the pixels stored. */
static const struct {
  int width, height;
  guint8 pixel[6];
} upright[8] = {
    {3, 2, {0, 1, 2, 3, 4, 5}}, {3, 2, {2, 1, 0, 5, 4, 3}}, {3, 2, {5, 4, 3, 2, 1, 0}},
    {3, 2, {3, 4, 5, 0, 1, 2}}, {2, 3, {0, 3, 1, 4, 2, 5}}, {2, 3, {3, 0, 4, 1, 5, 2}},
    {2, 3, {5, 2, 4, 1, 3, 0}}, {2, 3, {2, 5, 1, 4, 0, 3}},
};
