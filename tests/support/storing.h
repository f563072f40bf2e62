#ifndef SUPPORT_STORING_H
#define SUPPORT_STORING_H

#include "support/diary.h"
#include "support/folder.h"

/* A folder, a diary that is to be kept below it, and why something was refused; one of each per
 * test. */
extern struct folder folder;
extern struct diary diary;
extern struct lattn_complaint complaint;

/* Of the course that the diary begins with. */
enum { STORING_COURSE = 2, STORING_SEED = 1 };

/* Before and after a test; the latter sees to it that nothing leaked. */
void storing_begin(void);
void storing_end(void);

/* Where the state lies; borrowed as of folder_file. */
const char *place(void);

/* Take steps of the diary, and make a checkpoint of where it is; what fails fails the test. */
void step(int count);
void checkpoint(void);

#endif
