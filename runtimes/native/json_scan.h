#ifndef EVERGRASS_NATIVE_JSON_SCAN_H
#define EVERGRASS_NATIVE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Does the JSON object `text` have the member `name`, itself and not in something within it? Needs
 * no memory; of text that is no JSON any answer may come. Names with escapes are not found.
 */
bool json_has_member(const char* text, size_t size, const char* name);

#endif
