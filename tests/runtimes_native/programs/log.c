/* log: a line at each level and of each form. log early: one line, without gg_global_init. */
#include "greengrasssdk.h"
#include <errno.h>
#include <string.h>

int main(int count, char** arguments) {
    static char wide[100001];
    (void)arguments;
    if (count > 1) {
        return gg_log(GG_LOG_WARN, "early %d", 1);
    }
    if (gg_global_init(0) != GGE_SUCCESS) {
        return 1;
    }
    gg_log(GG_LOG_DEBUG, "debug");
    gg_log(GG_LOG_INFO, "info %s %d %%", "text", 42);
    gg_log(GG_LOG_WARN, "warn with its own line end\n");
    gg_log(GG_LOG_ERROR, "error");
    errno = ENOENT;
    gg_log(GG_LOG_FATAL, "fatal: %m");
    if (errno != ENOENT) {
        return 2;
    }
    memset(wide, 'w', sizeof(wide) - 1);
    return gg_log(GG_LOG_INFO, "%s", wide);
}
