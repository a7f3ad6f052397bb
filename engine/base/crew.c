#include "engine/base/crew.h"
#include <math.h>

/* Of less work than this nothing is concluded. */
#define ENOUGH_SECONDS 0.01
/* The system itself takes a processor away now and then. */
#define USUAL_SHARE 0.3
/* Where each thread waits for more than this, so many programs wait for each processor that a
 * thread more is a share more of it: of long pieces of work, whose threads meet seldom, that makes
 * up for the waiting. */
#define CROWDED_SHARE 0.5
#define LONG_SECONDS  0.02
#define AGAIN_USEC    (G_USEC_PER_SEC / 2)

void
sg_crew_init(SgCrew *crew, int all)
{
  *crew = (SgCrew){.all = MAX(all, 1), .now = MAX(all, 1)};
}

int
sg_crew_threads(SgCrew *crew, gint64 now)
{
  return now - crew->decided >= AGAIN_USEC ? crew->all : crew->now;
}

/* In every second of the work so many seconds were waited for: about as many processors are other
 * programs'. */
void
sg_crew_worked(SgCrew *crew, int threads, double seconds, double waited, gint64 now)
{
  if (threads < crew->all)
    return;
  crew->worked += seconds;
  crew->waited += waited;
  crew->pieces++;
  if (crew->worked < ENOUGH_SECONDS)
    return;
  double share = crew->waited / crew->worked;
  gboolean crowded =
      share > CROWDED_SHARE * crew->all && crew->worked / crew->pieces > LONG_SECONDS;
  int others = share > USUAL_SHARE && !crowded ? (int)ceil(share - USUAL_SHARE) : 0;
  crew->now = MAX(crew->all - others, 1);
  if (crew->now < crew->all)
    crew->decided = now;
  crew->worked = crew->waited = 0;
  crew->pieces = 0;
}
