/* What is the same for every back end: the life of a buffer. */
#include "engine/base/room.h"
#include "engine/backend/backend.h"
#include "engine/kernels/element.h"

SgBuf *
sg_buf_new(SgBackend *b, SgFormat fmt, int n, int c, int h, int w, GError **error)
{
  SgBuf *buf = g_new0(SgBuf, 1);
  *buf = (SgBuf){.backend = b, .ref = 1, .fmt = fmt, .n = n, .c = c, .h = h, .w = w};
  if (!b->buf_alloc(buf, error)) {
    g_free(buf);
    return NULL;
  }
  return buf;
}

SgBuf *
sg_buf_from_floats(SgBackend *b, const float *src, int n, int c, int h, int w, GError **error)
{
  SgBuf *buf = sg_buf_new(b, SG_FMT_PLAIN, n, c, h, w, error);
  if (buf)
    b->upload(buf, src);
  return buf;
}

SgBuf *
sg_buf_ref(SgBuf *buf)
{
  buf->ref++;
  return buf;
}

void
sg_buf_unref(SgBuf *buf)
{
  if (buf && --buf->ref == 0) {
    if (buf->whole)
      sg_buf_unref(buf->whole);
    else
      buf->backend->buf_release(buf);
    g_free(buf);
  }
}

gsize
sg_buf_count(const SgBuf *buf)
{
  return (gsize)buf->n * (gsize)buf->c * (gsize)buf->h * (gsize)buf->w;
}

SgBuf *
sg_buf_view(SgBuf *whole, gsize first, int n, int c, int h, int w)
{
  gsize element = whole->backend->element;
  SgBuf *view = g_new0(SgBuf, 1);
  *view = (SgBuf){.backend = whole->backend, .ref = 1, .n = n, .c = c, .h = h, .w = w};
  g_assert(whole->fmt == SG_FMT_PLAIN && first + sg_buf_count(view) <= sg_buf_count(whole));
  view->bytes = view->capacity = sg_buf_count(view) * element;
  view->data = (char *)whole->data + first * element;
  view->whole = sg_buf_ref(whole);
  return view;
}

gboolean
sg_buf_fill(SgBuf *buf, double value, GError **error)
{
  SgBackend *b = buf->backend;
  float v = (float)value;

  if (b->fill) {
    b->fill(buf, value);
    return TRUE;
  }
  g_autoptr(SgBuf) scalar = sg_buf_from_floats(b, &v, 1, 1, 1, 1, error);
  if (!scalar)
    return FALSE;
  if (buf->fmt == SG_FMT_PLAIN) {
    b->expand(buf, scalar);
    return TRUE;
  }
  g_autoptr(SgBuf) row = sg_buf_new(b, SG_FMT_PLAIN, 1, buf->c, 1, 1, error);
  if (!row)
    return FALSE;
  b->expand(row, scalar);
  b->expand(buf, row);
  return TRUE;
}

/* Writes one picture; `img` holds its planes from their first pixel that is seen on. */
static gboolean
rgb8_face(const float *img, gsize channels, gsize plane, gsize row, gsize h, gsize w, guint8 *rgb)
{
  unsigned bytes = k_drawn_bytes((unsigned)channels);
  gboolean finite = TRUE;

  for (gsize y = 0; y < h; y++)
    for (gsize k = 0; k < channels; k++)
      for (gsize x = 0; x < w; x++)
        finite &= isfinite(img[k * plane + y * row + x]) != 0;
  for (gsize y = 0; y < h; y++)
    for (gsize x = 0; x < w; x++)
      for (unsigned k = 0; k < bytes; k++)
        *rgb++ = k_rgb8(img[k_drawn_channel((unsigned)channels, k) * plane + y * row + x]);
  return finite;
}

void
sg_buf_rgb8(const SgBuf *img, int edge, int h, int w, guint8 *rgb, gboolean *finite)
{
  gsize row = (gsize)img->w, plane = (gsize)img->h * row, face = (gsize)img->c * plane;

  g_assert(img->fmt == SG_FMT_PLAIN && edge >= 0 && edge + h <= img->h && edge + w <= img->w);
  if (img->backend->rgb8) {
    img->backend->rgb8(img, edge, h, w, rgb, finite);
    return;
  }
  g_autofree float *v = sg_room(sg_buf_count(img), sizeof *v);
  *finite = TRUE;
  if (!v)
    return;
  img->backend->download(img, v);
  for (gsize n = 0; n < (gsize)img->n; n++)
    *finite &=
        rgb8_face(v + n * face + (gsize)edge * (row + 1), (gsize)img->c, plane, row, (gsize)h,
                  (gsize)w, rgb + n * (gsize)h * (gsize)w * k_drawn_bytes((unsigned)img->c));
}

double
sg_buf_mean(const SgBuf *buf)
{
  gsize n = sg_buf_count(buf);
  double sum = 0;

  if (buf->backend->element == sizeof(double)) { /* the reference's are [N, C, H, W] */
    for (gsize i = 0; i < n; i++)
      sum += ((const double *)buf->data)[i];
    return sum / (double)n;
  }
  g_autofree float *values = sg_room(n, sizeof *values);
  if (!values)
    return 0;
  buf->backend->download(buf, values);
  for (gsize i = 0; i < n; i++)
    sum += (double)values[i];
  return sum / (double)n;
}

char *
sg_backend_describe(const SgBackend *backend)
{
  return backend->describe(backend);
}

gboolean
sg_backend_device_info(SgBackend *backend, SgDeviceInfo *info)
{
  *info = (SgDeviceInfo){.id = ""};
  return backend->device_info && backend->device_info(backend, info);
}

char *
sg_backend_title(SgBackend *backend)
{
  static const char *const precision[] = {"", ", TF32", ", bf16", ", fp16"};
  SgDeviceInfo info;

  if (sg_backend_device_info(backend, &info))
    return g_strdup_printf("%s, %s%s", info.id, info.name, precision[info.precision]);
  return info.id[0] ? g_strdup_printf("%s, which does not answer", info.id)
                    : backend->describe(backend);
}

gboolean
sg_backend_check(SgBackend *backend, GError **error)
{
  return sg_room_check(error) && (!backend->check || backend->check(backend, error));
}
