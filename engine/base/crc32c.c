#include "engine/base/crc32c.h"

static guint32 table[256];

static void
make_table(void)
{
  static gsize made;

  if (!g_once_init_enter(&made))
    return;
  for (guint32 i = 0; i < 256; i++) {
    guint32 crc = i;
    for (int k = 0; k < 8; k++)
      crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
    table[i] = crc;
  }
  g_once_init_leave(&made, 1);
}

guint32
sg_crc32c(gconstpointer data, gsize n)
{
  const guint8 *p = data;
  guint32 crc = 0xffffffff;

  make_table();
  for (gsize i = 0; i < n; i++)
    crc = crc >> 8 ^ table[(crc ^ p[i]) & 255];
  return ~crc;
}

guint32
sg_crc32c_masked(gconstpointer data, gsize n)
{
  guint32 crc = sg_crc32c(data, n);
  return (crc >> 15 | crc << 17) + 0xa282ead8u;
}
