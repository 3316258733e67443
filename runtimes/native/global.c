#include "log.h"
#include "settings.h"
#include "stop.h"

gg_error gg_global_init(uint32_t opt) {
    if (opt != 0) {
        return GGE_INVALID_PARAMETER;
    }
    log_init();
    const gg_error error = stop_init();
    return error == GGE_SUCCESS ? settings_load() : error;
}
