#include "settings.h"

#include "log.h"
#include <string.h>

#define DEFAULT_PORT "8000"

static struct settings loaded;
static bool is_loaded;

/* A copy of the variable, or of `otherwise` when it is not set. Kept for the life of the process.
 */
static char* copy_of(const char* variable, const char* otherwise) {
    const char* value = getenv(variable);
    return strdup(value == NULL || *value == '\0' ? otherwise : value);
}

/* A core on another address than 127.0.0.1 tells it by the URI of credentials alone. */
static char* daemon_host(void) {
    static const char scheme[] = "http://";
    const char* uri = getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (uri == NULL || strncmp(uri, scheme, sizeof(scheme) - 1) != 0) {
        return strdup("localhost");
    }
    uri += sizeof(scheme) - 1;
    const bool bracketed = *uri == '[';
    uri += bracketed ? 1 : 0;
    const size_t size = strcspn(uri, bracketed ? "]" : ":/");
    return size == 0 ? strdup("localhost") : strndup(uri, size);
}

bool settings_can_be_sent(const char* text) {
    for (; *text != '\0'; ++text) {
        if (*text <= ' ' || *text > '~') {
            return false;
        }
    }
    return true;
}

/* The token is "Basic ..." and so may hold spaces. */
static bool is_header_value(const char* text) {
    for (; *text != '\0'; ++text) {
        if (*text < ' ' || *text > '~') {
            return false;
        }
    }
    return true;
}

static bool is_port(const char* text) {
    const size_t size = strlen(text);
    return size > 0 && size <= 5 && strspn(text, "0123456789") == size && atoi(text) > 0 &&
           atoi(text) <= 65535;
}

static gg_error refuse(const char* variable) {
    log_line(GG_LOG_FATAL,
             "The environment variable %s is missing or no good: a native function is started by "
             "a core.",
             variable);
    return GGE_INVALID_STATE;
}

static gg_error check(const struct settings* s) {
    const struct {
        const char* variable;
        const char* value;
    } names[] = {
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI", s->host},  {"MY_FUNCTION_ARN", s->function_arn},
        {"ROUTER_FUNCTION_ARN", s->router_arn},           {"SHADOW_FUNCTION_ARN", s->shadow_arn},
        {"SECRETS_MANAGER_FUNCTION_ARN", s->secrets_arn},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); ++i) {
        if (names[i].value == NULL) {
            return GGE_OUT_OF_MEMORY;
        }
        if (*names[i].value == '\0' || !settings_can_be_sent(names[i].value)) {
            return refuse(names[i].variable);
        }
    }
    if (s->token == NULL || s->port == NULL) {
        return GGE_OUT_OF_MEMORY;
    }
    if (*s->token == '\0' || !is_header_value(s->token)) {
        return refuse("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    }
    return is_port(s->port) ? GGE_SUCCESS : refuse("GG_DAEMON_PORT");
}

gg_error settings_load(void) {
    if (is_loaded) {
        return GGE_SUCCESS;
    }
    loaded.host = daemon_host();
    loaded.port = copy_of("GG_DAEMON_PORT", DEFAULT_PORT);
    loaded.token = copy_of("AWS_CONTAINER_AUTHORIZATION_TOKEN", "");
    loaded.function_arn = copy_of("MY_FUNCTION_ARN", "");
    loaded.router_arn = copy_of("ROUTER_FUNCTION_ARN", "arn:aws:lambda:::function:GGRouter");
    loaded.shadow_arn = copy_of("SHADOW_FUNCTION_ARN", "arn:aws:lambda:::function:GGShadowService");
    loaded.secrets_arn =
        copy_of("SECRETS_MANAGER_FUNCTION_ARN", "arn:aws:lambda:::function:GGSecretManager:1");
    const gg_error error = check(&loaded);
    is_loaded = error == GGE_SUCCESS;
    return error;
}

bool settings_are_loaded(void) {
    return is_loaded;
}

const struct settings* settings_get(void) {
    return &loaded;
}
