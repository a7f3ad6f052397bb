/* Which processor computes: the CPU, or a CUDA device through a module that is loaded when it is
 * asked for. The program itself links nothing of CUDA. */
#pragma once

#include "engine/backend/backend.h"

G_BEGIN_DECLS

#define SG_BACKEND_ERROR (g_quark_from_static_string("sg-backend-error-quark"))
typedef enum {
  SG_BACKEND_ERROR_NAME,   /* no such device name */
  SG_BACKEND_ERROR_MODULE, /* the module is not there or does not fit this program */
  SG_BACKEND_ERROR_DRIVER, /* no driver, or one too old */
  SG_BACKEND_ERROR_DEVICE, /* no such device */
  SG_BACKEND_ERROR_FAILED, /* a call did, the device works on */
  SG_BACKEND_ERROR_LOST,   /* it stopped working */
} SgBackendError;

/* `device` is "cpu", "cuda", "cuda:N", or "auto" (also NULL): the first CUDA device if there is one
 * that answers, else the CPU. What was named is what is used: NULL and error if it cannot be.
 * Borrowed; a device's back end is opened once and lives as long as the process. */
SgBackend *sg_backend_open(const char *device, GError **error);
/* Whether `device` is one of these names, of a device that may be missing. */
gboolean sg_backend_is_name(const char *device);
/* "fp32", "tf32", "bf16" or "fp16": of what is opened from now on. FALSE and error if `name` is
 * none of them. A back end that cannot do it is not opened. */
gboolean sg_backend_set_precision(const char *name, GError **error);
/* The same as a wish: what does not have it is opened in fp32. */
gboolean sg_backend_prefer_precision(const char *name, GError **error);
/* The name that is in force ("fp32" until set); *demanded (may be NULL): it is no mere wish. */
const char *sg_backend_precision(gboolean *demanded);
extern const char *const sg_precision_names[]; /* by SgPrecision; ends with NULL */

/* The back end of those who name none: the CPU until set. NULL: what "auto" finds when it is first
 * asked for. Who sets another one later moves nothing that has been made. */
SgBackend *sg_backend_default(void);
void sg_backend_set_default(SgBackend *b);

/* The CUDA devices, of SgDeviceInfo (id, name, total; nothing is started on them), to be unreffed.
 * Empty: `why_none` says what is missing. May take a second the first time. */
GPtrArray *sg_backend_devices(GError **why_none);
/* The device did not do what was asked of it, or has no room: another one may. */
gboolean sg_backend_is_device_error(const GError *error);

/* What the module exports under these names. `table` is its program's sizeof (SgBackend). */
#define SG_CUDA_OPEN "sg_cuda_open"
typedef SgBackend *(*SgCudaOpen)(gsize table, int device, GError **error);
/* Id, name and size of one of them. */
#define SG_CUDA_DEVICE "sg_cuda_device"
typedef gboolean (*SgCudaDevice)(gsize table, int device, SgDeviceInfo *info, GError **error);

G_END_DECLS
