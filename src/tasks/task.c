#include "tasks/task.h"

#include "base/memory.h"

#include <assert.h>

enum lattn_status task_open(struct lattn_task **ret_task, size_t bytes,
                            void (*next)(struct lattn_task *task, struct lattn_item *ret_item),
                            uint64_t seed)
{
    struct lattn_task *task = memory_zeroed(1, bytes);

    assert(bytes >= sizeof *task);
    if (task == NULL)
        return LATTN_NO_MEMORY;
    task->next = next;
    task->random.state = seed;
    *ret_task = task;
    return LATTN_OK;
}

enum lattn_status task_reserve(struct lattn_task *task, size_t count)
{
    assert(task->numbers == NULL);
    task->numbers = memory_zeroed(count, sizeof *task->numbers);
    return task->numbers == NULL ? LATTN_NO_MEMORY : LATTN_OK;
}

enum lattn_status task_finish(struct lattn_task *task, enum lattn_status status,
                              struct lattn_task **ret_task)
{
    if (status == LATTN_OK)
        *ret_task = task;
    else
        lattn_task_close(&task);
    return status;
}

void lattn_task_close(struct lattn_task **task)
{
    if (task == NULL || *task == NULL)
        return;
    lattn_model_close(&(*task)->truth);
    memory_release((*task)->numbers);
    memory_release(*task);
    *task = NULL;
}

void lattn_task_next(struct lattn_task *task, struct lattn_item *ret_item)
{
    task->next(task, ret_item);
}

const struct lattn_model *lattn_task_truth(const struct lattn_task *task)
{
    return task->truth;
}
