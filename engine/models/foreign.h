/* Networks that Vitrine does not run, called by their names. Private to models/. */
#pragma once

#include "engine/models/model.h"
#include "engine/models/unwrap.h"

G_BEGIN_DECLS

/* Sets `error` to what the networks of the archive are, as far as that is known; FALSE. */
gboolean sg_name_unknown_network(const SgArchive *a, const SgUnwrapped *u, GError **error);
/* A warning for the model if the file has a discriminator that no importer knows. */
void sg_warn_of_unknown_discriminator(const SgArchive *a, SgModel *m);

G_END_DECLS
