/* What users link against: the names and versions of the published SDK's stub, and nothing behind
   them. Whoever runs with this one at run time is told so. Arguments don't matter. */
#include <stdio.h>

#define STUB(name)                                                \
    int name(void);                                               \
    int name(void) {                                              \
        fputs("stub: " #name " has nothing behind it\n", stderr); \
        return 6; /* GGE_RESERVED_MAX */                          \
    }

STUB(gg_global_init)
STUB(gg_log)
STUB(gg_request_init)
STUB(gg_request_reuse)
STUB(gg_request_close)
STUB(gg_request_read)
STUB(gg_runtime_start)
STUB(gg_lambda_handler_read)
STUB(gg_lambda_handler_write_response)
STUB(gg_lambda_handler_write_error)
STUB(gg_invoke)
STUB(gg_publish)
STUB(gg_get_thing_shadow)
STUB(gg_update_thing_shadow)
STUB(gg_delete_thing_shadow)
STUB(gg_get_secret_value)
STUB(gg_publish_options_init)
STUB(gg_publish_options_free)
STUB(gg_publish_options_set_queue_full_policy)
STUB(gg_publish_with_options)
