/* Work of the CPU back end beside other programs: by fewer threads while those have processors. The
 * numbers that are computed do not depend on it. Belongs to the thread that works. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _SgCpuCrew SgCpuCrew;

/* Of as many threads as this one would use now. */
SgCpuCrew *sg_cpu_crew_new(void);
void sg_cpu_crew_free(SgCpuCrew *c); /* NULL allowed */
/* Around a piece of work. */
void sg_cpu_crew_begin(SgCpuCrew *c);
void sg_cpu_crew_end(SgCpuCrew *c);

G_END_DECLS
