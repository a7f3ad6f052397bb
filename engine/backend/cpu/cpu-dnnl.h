/* Shared by the two files that see oneDNN. Debian 12 has version 2.6 (descriptors are structs),
 * Debian 13 version 3.x (descriptors are handles). */
#pragma once

#include "engine/backend/cpu/cpu-private.h"
#include <dnnl.h>

#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t MemDesc;
typedef const_dnnl_memory_desc_t ConstMemDesc;
#  define MD_ARG(md) (md)
#else
typedef dnnl_memory_desc_t MemDesc;
typedef const dnnl_memory_desc_t *ConstMemDesc;
#  define MD_ARG(md) (&(md))
#endif

extern dnnl_engine_t sg_dnnl_engine;
extern dnnl_stream_t sg_dnnl_stream;

/* Makes the two above, once. */
gboolean sg_dnnl_start(GError **error);
gboolean sg_dnnl_check(dnnl_status_t status, const char *what, GError **error);
dnnl_status_t sg_dnnl_desc_new(MemDesc *md, int ndims, const dnnl_dim_t *dims,
                               dnnl_format_tag_t tag);
void sg_dnnl_desc_free(MemDesc *md);
gsize sg_dnnl_desc_size(ConstMemDesc md);
gboolean sg_dnnl_desc_equal(ConstMemDesc a, ConstMemDesc b);
