#pragma once
#include "engine/tensor/tensor.h"
G_BEGIN_DECLS
typedef struct _SgBackend SgBackend;
/* The CPU back end (oneDNN, OpenMP). Never fails. Borrowed, lives as long as the process. */
SgBackend *sg_backend_cpu(void);
/* "CPU, 2 threads", to be freed. */
char *sg_backend_describe(const SgBackend *backend);
G_END_DECLS
