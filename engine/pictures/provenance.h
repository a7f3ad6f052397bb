/* What a picture's file says about where it comes from, and what its compression gives away. Read
 * and told, not believed: all of it can be added, taken away or copied from another file. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  const char *kind; /* "PNG", "JPEG"…, NULL: none that is known */
  gboolean has_exif, has_xmp, has_iptc;
  gboolean has_c2pa;   /* a manifest of the Coalition for Content Provenance and Authenticity; its
                         signature is not checked */
  char *source_type;   /* IPTC DigitalSourceType in the XMP: the last part of its address, as
                         "trainedAlgorithmicMedia"; NULL: none */
  char *creator_tool;  /* what XMP names; NULL: none */
  gboolean has_recipe; /* Vitrine's own */

  int tables;           /* JPEG: quantisation tables, at most 4 */
  guint16 table[4][64]; /* in natural order; the first is that of brightness */
  int quality;          /* of the tables that libjpeg makes (1…100); 0: they are others' */
} SgProvenance;

/* Of the file's bytes. What is damaged counts as not there. */
void sg_provenance_read(SgProvenance *p, const guint8 *data, gsize size);
void sg_provenance_clear(SgProvenance *p);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SgProvenance, sg_provenance_clear)

G_END_DECLS
