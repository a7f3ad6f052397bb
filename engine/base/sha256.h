/* SHA-256 by nettle: GLib's is ten times slower, and a model is hashed whenever it is opened. */
#pragma once

#include <glib.h>
#include <nettle/sha2.h>

/* Ends the sum: 64 lower-case hex digits, to be freed. */
char *sg_sha256_hex(struct sha256_ctx *sum);
