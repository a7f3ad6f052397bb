/* What the container readers share while they fill a SgArchive. Private to formats/. */
#pragma once

#include "engine/formats/archive.h"
#include "engine/formats/pickle.h"
#include "engine/formats/view.h"
#include "engine/formats/zip-reader.h"

G_BEGIN_DECLS

typedef struct {
  SgArchive *archive;
  SgSource *source;
  GPtrArray *storages; /* of SgStorage, owned */
  GPtrArray *views;    /* of SgView, owned, in file order */
  GHashTable *names;   /* view name -> SgView, borrowed */
  /* What may still be made from this file. Both are a multiple of the file's size, so that a small
   * file cannot ask for much memory, whatever sizes it claims and however often it repeats
   * itself. */
  guint64 elements_left;
  guint64 text_left;
  /* What the storages read from until all tensors are read: pickles (nodes, decoded bytes),
   * zips. */
  GPtrArray *pickles; /* of SgPickle, owned */
  SgZip *zip;         /* or NULL; owned */
} SgArchiveBuilder;

/* Takes the storage. */
SgStorage *sg_archive_builder_add_storage(SgArchiveBuilder *b, SgStorage *storage);
/* Copies `view` under `name` after checking it; a later tensor of the same name replaces an earlier
 * one, as in a Python dict. */
gboolean sg_archive_builder_add_view(SgArchiveBuilder *b, const char *name, const SgView *view,
                                     GError **error);
/* Copies both. */
gboolean sg_archive_builder_add_attribute(SgArchiveBuilder *b, const char *name, const char *text,
                                          GError **error);

/* Walks the tree under `root` and adds every tensor and every plain attribute it finds. Storages
 * have to be resolved (node->meaning of SG_PK_PERSISTENT nodes) before. */
gboolean sg_pickle_walk(SgArchiveBuilder *b, SgPickle *pickle, SgPickleNode *root, GError **error);

/* The container readers: each fills the builder from b->source and sets archive->kind. */
gboolean sg_safetensors_read(SgArchiveBuilder *b, GError **error);
/* TRUE for PyTorch's files, for TorchScript's and for zip archives that cannot be opened. */
gboolean sg_torch_zip_recognises(SgSource *source);
gboolean sg_torch_zip_read(SgArchiveBuilder *b, GError **error);
/* TRUE for zips that hold nothing but .npy files. */
gboolean sg_npz_recognises(SgSource *source);
gboolean sg_npz_archive_read(SgArchiveBuilder *b, GError **error);
gboolean sg_torch_legacy_read(SgArchiveBuilder *b, GError **error);
gboolean sg_pickle_file_read(SgArchiveBuilder *b, GError **error);

G_END_DECLS
