/* What the tests of the run directory share: scratch folders, and a reader of TensorBoard's files
 * that shares no line with the writer. */
#pragma once

#include "engine/record/run-dir.h"

/* A fresh empty folder, and its end. */
char *make_root(void);
void remove_root(const char *root);

SgTrainOptions options_in(const char *outdir);
SgRunDir *create_in(const char *outdir);

/* Contents of a file in a folder; NULL if it is not there. */
char *read_file(const char *folder, const char *name, gsize *n);
void append_text(const char *folder, const char *name, const char *text);
guint count_lines(const char *folder, const char *name);
guint count_files(const char *folder);

/* sg_run_dir_log() but for the console: standard output is TAP's. */
void log_unseen(SgRunDir *r, const char *text);

/* ---- TensorBoard ---- */

/* Paths of the event files, oldest first. */
GPtrArray *event_files(const char *run_dir);
/* GBytes, one an event; asserts that lengths and checksums are right to the last byte. */
GPtrArray *read_events(const char *path);
void assert_events_are_whole(const char *run_dir, guint expected);
/* The CRC-32C of RFC 3720, most significant bit first: another way than the writer's. */
guint32 other_crc32c(const guint8 *data, gsize n);
