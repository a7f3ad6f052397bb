/* XMP specification part 3 (Adobe 2020): 1.1.3 JPEG, its extension where a packet has more than 64
 * KiB; part 1 for the XML. A packet is found by its segment or chunk, and read by GLib's parser. */
#include "engine/pictures/picture-xmp.h"
#include "engine/formats/format-error.h"
#include "engine/formats/source.h"
#include "engine/pictures/picture.h"
#include <string.h>

#define ELEMENT   "vitrine:Recipe"
#define NAMESPACE "xmlns:vitrine=\"urn:vitrine:picture\""
#define STANDARD  "http://ns.adobe.com/xap/1.0/"
#define EXTENSION "http://ns.adobe.com/xmp/extension/"
#define GUID      32    /* characters: the MD5 of the extension */
#define MOST      65000 /* bytes of a packet in one segment, whose length has 16 bits */

/* ---- the packet ------------------------------------------------------------------------------ */

static char *
element_of(const char *recipe_json)
{
  g_autofree char *text = g_markup_escape_text(recipe_json, -1);

  return g_strconcat("<" ELEMENT ">", text, "</" ELEMENT ">", NULL);
}

/* The mark's packet with attributes and an element more. */
static char *
packet_with(const char *attributes, const char *element)
{
  gsize length;
  const char *mark = sg_picture_mark(&length), *end = strstr(mark, "/>\n </rdf:RDF>");

  return g_strdup_printf("%.*s\n    %s>\n   %s\n  </rdf:Description>%s", (int)(end - mark), mark,
                         attributes, element, end + strlen("/>"));
}

char *
sg_xmp_packet(const char *recipe_json)
{
  g_autofree char *element = element_of(recipe_json);

  return packet_with(NAMESPACE, element);
}

typedef struct {
  GString *text;
  gboolean inside, whole;
} Reading;

static void
start_cb(GMarkupParseContext *context, const char *name, const char **names, const char **values,
         gpointer data, GError **error)
{
  Reading *r = data;

  r->inside |= !r->whole && strcmp(name, ELEMENT) == 0;
}

static void
end_cb(GMarkupParseContext *context, const char *name, gpointer data, GError **error)
{
  Reading *r = data;

  r->whole |= r->inside;
  r->inside = FALSE;
}

static void
text_cb(GMarkupParseContext *context, const char *text, gsize length, gpointer data, GError **error)
{
  Reading *r = data;

  if (r->inside)
    g_string_append_len(r->text, text, (gssize)length);
}

char *
sg_xmp_recipe(const char *packet, gsize size, GError **error)
{
  static const GMarkupParser parser = {start_cb, end_cb, text_cb, NULL, NULL};
  Reading r = {g_string_new(NULL), FALSE, FALSE};
  GMarkupParseContext *context = g_markup_parse_context_new(&parser, 0, &r, NULL);

  g_markup_parse_context_parse(context, packet, (gssize)size, NULL);
  g_markup_parse_context_free(context);
  if (r.inside)
    sg_broken(error, "the recipe inside the picture is damaged");
  return g_string_free(r.text, !r.whole);
}

/* ---- JPEG ------------------------------------------------------------------------------------ */

static void
append_segment(GByteArray *out, const char *name, const guint8 *head, gsize n_head,
               const char *data, gsize size)
{
  gsize n_name = strlen(name) + 1, length = 2 + n_name + n_head + size;
  const guint8 start[] = {0xff, 0xe1, (guint8)(length >> 8), (guint8)length};

  g_byte_array_append(out, start, sizeof start);
  g_byte_array_append(out, (const guint8 *)name, (guint)n_name);
  if (n_head)
    g_byte_array_append(out, head, (guint)n_head);
  g_byte_array_append(out, (const guint8 *)data, (guint)size);
}

static void
put_be32(guint8 *to, gsize value)
{
  for (int i = 0; i < 4; i++)
    to[i] = (guint8)(value >> (24 - 8 * i));
}

/* A packet that names the extension, and the extension in parts. */
static void
append_extended(GByteArray *out, const char *element)
{
  g_autofree char *extension = g_strdup_printf(
      "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF "
      "xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description rdf:about=\"\" "
      "%s>%s</rdf:Description></rdf:RDF></x:xmpmeta>",
      NAMESPACE, element);
  gsize size = strlen(extension);
  g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_MD5, extension, (gssize)size);
  g_autofree char *guid = g_ascii_strup(sum, -1);
  g_autofree char *names = g_strdup_printf("xmlns:xmpNote=\"http://ns.adobe.com/xmp/note/\"\n"
                                           "    xmpNote:HasExtendedXMP=\"%s\"",
                                           guid);
  g_autofree char *packet = packet_with(names, "");
  guint8 head[GUID + 8];

  append_segment(out, STANDARD, NULL, 0, packet, strlen(packet));
  memcpy(head, guid, GUID);
  put_be32(head + GUID, size);
  for (gsize at = 0; at < size; at += MOST) {
    put_be32(head + GUID + 4, at);
    append_segment(out, EXTENSION, head, sizeof head, extension + at, MIN(MOST, size - at));
  }
}

GByteArray *
sg_xmp_segments(const char *recipe_json)
{
  GByteArray *out = g_byte_array_new();
  g_autofree char *element = recipe_json ? element_of(recipe_json) : NULL;
  gsize length;
  const char *mark = sg_picture_mark(&length);
  g_autofree char *packet = element ? packet_with(NAMESPACE, element) : NULL;

  if (!element)
    append_segment(out, STANDARD, NULL, 0, mark, length);
  else if (strlen(packet) <= MOST)
    append_segment(out, STANDARD, NULL, 0, packet, strlen(packet));
  else
    append_extended(out, element);
  return out;
}

/* A part of the extension. One that does not follow those before is not believed. */
static gboolean
take_part(GByteArray *extension, const guint8 *data, gsize size, GError **error)
{
  if (size < GUID + 8)
    return TRUE;
  gsize all = sg_be32(data + GUID), at = sg_be32(data + GUID + 4), n = size - GUID - 8;
  if (at != extension->len || n > all - MIN(all, at))
    return sg_broken(error, "the recipe inside the picture is damaged");
  g_byte_array_append(extension, data + GUID + 8, (guint)n);
  return TRUE;
}

static const guint8 *
behind(const guint8 *data, gsize *size, const char *name)
{
  gsize n = strlen(name) + 1;

  if (*size < n || memcmp(data, name, n) != 0)
    return NULL;
  *size -= n;
  return data + n;
}

/* Segments until the picture itself begins. */
char *
sg_xmp_of_jpeg(const guint8 *data, gsize size, GError **error)
{
  g_autoptr(GByteArray) extension = g_byte_array_new();
  char *recipe = NULL;
  GError *why = NULL;

  for (gsize at = 2; !recipe && !why && at + 4 <= size && data[at] == 0xff;) {
    guint8 marker = data[at + 1];
    gsize length = (gsize)data[at + 2] << 8 | data[at + 3];
    if (marker == 0xff) {
      at++;
      continue;
    }
    if (marker == 0xda || marker == 0xd9 || length < 2 || length > size - at - 2)
      break;
    gsize n = length - 2, m = n;
    const guint8 *standard = behind(data + at + 4, &n, STANDARD);
    const guint8 *part = behind(data + at + 4, &m, EXTENSION);
    if (marker == 0xe1 && standard)
      recipe = sg_xmp_recipe((const char *)standard, n, &why);
    else if (marker == 0xe1 && part)
      take_part(extension, part, m, &why);
    at += 2 + length;
  }
  if (!recipe && !why && extension->len > 0)
    recipe = sg_xmp_recipe((const char *)extension->data, extension->len, &why);
  if (why)
    g_propagate_error(error, why);
  return recipe;
}

/* ---- WebP ------------------------------------------------------------------------------------ */

char *
sg_xmp_of_webp(const guint8 *data, gsize size, GError **error)
{
  for (gsize at = 12; at + 8 <= size;) {
    gsize n = (gsize)data[at + 4] | (gsize)data[at + 5] << 8 | (gsize)data[at + 6] << 16 |
              (gsize)data[at + 7] << 24;
    gboolean xmp = memcmp(data + at, "XMP ", 4) == 0;
    if (n > size - at - 8) {
      if (xmp)
        sg_broken(error, "the picture ends too early");
      return NULL;
    }
    if (xmp)
      return sg_xmp_recipe((const char *)data + at + 8, n, error);
    at += 8 + n + (n & 1);
  }
  return NULL;
}
